// An input of one's own: brought into the shape of a row, encoded, and placed on the map.
import { latest } from "../connection/client.js";
import { short } from "../maths.js";
import { isPicture } from "../model.js";
import { h } from "../dom.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */

const LARGEST = 20e6;

/** What encodes the newest state of a drawing. @param {Explorer} app @returns {(row: Float32Array) => Promise<void>} */
export function encoder(app) {
  const { drawing } = app.state;
  const encode = latest((/** @type {Float32Array} */ values) => app.client.ask({ do: "encode" }, { rows: { data: values, shape: [1, values.length] } }),
    ({ arrays }) => landed(app, arrays), (error) => app.fail(error));
  return (row) => {
    drawing.sent = drawing.centred && isPicture(app.meta) ? centred(row, app.meta) : Float32Array.from(row);
    return encode(drawing.sent);
  };
}

/** @param {Explorer} app @param {any} arrays */
function landed(app, arrays) {
  const { drawing } = app.state;
  const code = Float32Array.from(arrays.codes.data);
  app.change(drawing, { landed: { code, row: Float32Array.from(drawing.sent), arrays } }, "drawn");
  app.say(`The input lands at ${Array.from(code.slice(0, 3), short).join(", ")}.`);
}

/** A picture moved so that its centre of mass is in the middle. @param {Float32Array} row @param {any} meta */
function centred(row, meta) {
  const [channels, height, width] = meta.image_shape;
  let [sum, mx, my] = [0, 0, 0];
  for (let i = 0; i < row.length; i++) {
    const value = row[i] - meta.low[0];
    sum += value;
    mx += value * (i % width);
    my += value * (Math.floor(i / width) % height);
  }
  const out = new Float32Array(row.length).fill(meta.low[0]);
  if (!sum) return out;
  const [dx, dy] = [Math.round((width - 1) / 2 - mx / sum), Math.round((height - 1) / 2 - my / sum)];
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [sx, sy] = [x - dx, y - dy];
        if (sx >= 0 && sy >= 0 && sx < width && sy < height) out[(c * height + y) * width + x] = row[(c * height + sy) * width + sx];
      }
    }
  }
  return out;
}

/** A picture file, brought to the size and the channels of the rows. @param {Explorer} app @param {File} file
 * @param {(values: Float32Array) => void} put */
export async function openPicture(app, file, put) {
  const { meta } = app;
  const [channels, height, width] = meta.image_shape;
  try {
    if (file.size > LARGEST) throw new Error(`${file.name} is larger than 20 MB; make it smaller.`);
    const picture = await createImageBitmap(file);
    const canvas = h("canvas", { width, height });
    const ctx = canvas.getContext("2d");
    ctx.drawImage(picture, 0, 0, width, height);
    const { data } = ctx.getImageData(0, 0, width, height);
    const [low, span] = [meta.low[0], meta.high[0] - meta.low[0]];
    const values = new Float32Array(channels * height * width);
    for (let i = 0; i < height * width; i++) {
      const grey = (0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]) / 255;
      for (let c = 0; c < channels; c++) values[c * height * width + i] = low + span * (channels >= 3 ? data[4 * i + Math.min(c, 2)] / 255 : grey);
    }
    put(values);
  } catch (error) {
    app.fail(error instanceof DOMException ? new Error(`${file.name} is no picture that the browser can read.`) : error);
  }
}
