// Rows on canvases: pictures pixel for pixel, tables as one bar a feature.
import { diverging } from "./colours.js";
import { clamp, short } from "./maths.js";
import { isPicture } from "./model.js";
import { h } from "./dom.js";

/** Put a row's pixels on a canvas of the picture's own size; the style sheet enlarges it.
 * @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} row @param {any} meta @param {"plain" | "difference"} kind */
export function paint(canvas, row, meta, kind = "plain") {
  const [channels, height, width] = meta.image_shape;
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const image = new ImageData(width, height);
  const [low, span] = [meta.low[0], meta.high[0] - meta.low[0] || 1];
  const plane = height * width;
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) {
      const value = row[(channels >= 3 ? c : 0) * plane + i];
      image.data[4 * i + c] = kind === "plain" ? Math.round(255 * clamp((value - low) / span, 0, 1)) : diverging(value / span)[c];
    }
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** A canvas with a picture; without a label it is part of something that has one. @param {ArrayLike<number>} row @param {any} meta @param {string} label
 * @param {"plain" | "difference"} kind */
export function picture(row, meta, label, kind = "plain") {
  const named = label ? { role: "img", ariaLabel: label } : { ariaHidden: "true" };
  const canvas = h("canvas", { className: "dx-picture", ...named });
  paint(canvas, row, meta, kind);
  return canvas;
}

/** A list of features with a bar each; `update` changes the numbers in place.
 * @param {any} meta @param {string} label */
export function bars(meta, label) {
  const shown = Math.min(meta.n_features, 200);
  const rows = [];
  for (let i = 0; i < shown; i++) {
    const [fill, value] = [h("span", { className: "dx-bar-fill" }), h("span", { className: "dx-number" })];
    rows.push({ fill, value, line: h("li", {}, h("span", { className: "dx-bar-name", title: meta.feature_names[i] }, meta.feature_names[i]),
      h("span", { className: "dx-bar" }, fill), value) });
  }
  const rest = meta.n_features > shown ? h("p", { className: "dx-note" }, `showing ${shown} of ${meta.n_features} features`) : null;
  const el = h("div", { className: "dx-bars", role: "group", tabIndex: 0, ariaLabel: label }, h("ul", {}, rows.map((r) => r.line)), rest);
  /** @param {ArrayLike<number>} row */
  const update = (row) => rows.forEach(({ fill, value }, i) => {
    const span = meta.high[i] - meta.low[i] || 1;
    fill.style.width = `${(100 * clamp((row[i] - meta.low[i]) / span, 0, 1)).toFixed(1)}%`;
    value.textContent = short(row[i]);
  });
  return { el, update };
}

/** A row as an element: a picture, or bars. @param {ArrayLike<number>} row @param {any} meta @param {string} label
 * @param {"plain" | "difference"} [kind] */
export function show(row, meta, label, kind = "plain") {
  if (isPicture(meta)) return picture(row, meta, label, kind);
  const made = bars(meta, label);
  made.update(row);
  return made.el;
}
