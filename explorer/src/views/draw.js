// An input of one's own: drawn, dropped, or set feature by feature; and where it lands.
import { canEncode } from "../commands/display.js";
import { encoder, openPicture } from "../commands/drawing.js";
import { moveProbe } from "../commands/probe.js";
import { clamp, short } from "../maths.js";
import { isPicture } from "../model.js";
import { button, check, h, panel } from "../dom.js";
import { paint, show } from "../pictures.js";
import { fact, triple } from "./reconstruction.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */

/** @param {Explorer} app */
export function drawPanel(app) {
  const { meta } = app;
  if (!canEncode(app)) {
    return panel("Draw an input", "draw", h("p", { className: "dx-note" }, "Where an input lands needs the encoder, which is not in this file: diabolo explore."));
  }
  const result = h("div", { className: "dx-result" });
  const row = Float32Array.from({ length: meta.n_features }, (_, i) => (isPicture(meta) ? meta.low[0] : meta.mean[i]));
  const send = encoder(app);
  const encode = () => send(row);
  const made = isPicture(meta) ? board(app, row, encode) : sliders(app, row, encode);
  app.on(["drawn"], () => result.replaceChildren(...landing(app)));
  app.on(["summons"], () => app.state.page.summons === "draw" && made.focus.focus());
  return panel(isPicture(meta) ? "Draw an input" : "Set an input", "draw", made.el, result);
}

/** @param {Explorer} app */
function landing(app) {
  const { meta, state: { drawing: { landed: { code, row, arrays } } } } = app;
  const at = Array.from(code.slice(0, 3), short).join(", ");
  const parts = [fact("lands at", `(${at}${code.length > 3 ? ", …" : ""})`)];
  if (arrays.reconstructed) {
    if (isPicture(meta)) parts.push(triple(meta, row, arrays.reconstructed.data, "of the drawing"));
    else parts.push(show(arrays.reconstructed.data, meta, "Reconstruction of the input"));
    parts.push(fact("error", `${short(arrays.errors.data[0])} (larger than ${arrays.percentiles.data[0].toFixed(0)} % of the rows)`));
  }
  return [...parts, button("Probe here", () => moveProbe(app, code))];
}

function board(app, row, encode) {
  const { meta } = app;
  const [channels, height, width] = meta.image_shape;
  const canvas = h("canvas", { className: "dx-picture dx-board", tabIndex: 0, role: "application", ariaLabel: "Drawing board: arrows move the brush, Space draws, or use the mouse" });
  let [erasing, at, last] = [false, [width / 2, height / 2], null];
  const size = Math.max(0.6, width / 26);
  const refresh = () => paint(canvas, row, meta);
  const dab = (cx, cy) => {
    for (let y = Math.floor(cy - 2 * size); y <= cy + 2 * size; y++) {
      for (let x = Math.floor(cx - 2 * size); x <= cx + 2 * size; x++) {
        if (x < 0 || y < 0 || x >= width || y >= height) continue;
        const ink = clamp(1.5 - Math.hypot(x + 0.5 - cx, y + 0.5 - cy) / size, 0, 1);
        const [low, high] = [meta.low[0], meta.high[0]];
        for (let c = 0; c < channels; c++) {
          const i = (c * height + y) * width + x;
          row[i] = erasing ? Math.min(row[i], high - ink * (high - low)) : Math.max(row[i], low + ink * (high - low));
        }
      }
    }
  };
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  };
  const stroke = (to) => {
    const from = last ?? to;
    const steps = Math.max(1, Math.ceil(Math.hypot(to[0] - from[0], to[1] - from[1]) * 2));
    for (let k = 1; k <= steps; k++) dab(from[0] + ((to[0] - from[0]) * k) / steps, from[1] + ((to[1] - from[1]) * k) / steps);
    last = to;
    refresh();
    encode();
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = null;
    stroke(place(event));
  });
  canvas.addEventListener("pointermove", (event) => event.buttons & 1 && stroke(place(event)));
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    if (step) at = [clamp(at[0] + step[0], 0, width - 1), clamp(at[1] + step[1], 0, height - 1)];
    if (event.key === " " || event.shiftKey) {
      last = null;
      stroke(at);
    }
    app.say(`Brush at column ${Math.round(at[0])}, line ${Math.round(at[1])}.`);
  });
  const put = (values) => {
    row.set(values);
    refresh();
    encode();
  };
  const file = h("input", { type: "file", accept: "image/*", hidden: true, onchange: () => file.files[0] && openPicture(app, file.files[0], put) });
  const wrap = h("div", { className: "dx-drop", ondragover: (event) => event.preventDefault(), ondrop: (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0]) openPicture(app, event.dataTransfer.files[0], put);
  } }, canvas);
  const eraser = button("Eraser", () => {
    erasing = !erasing;
    eraser.setAttribute("aria-pressed", String(erasing));
  }, { "aria-pressed": "false" });
  const tools = h("div", { className: "dx-line" }, eraser, button("Clear", () => put(new Float32Array(row.length).fill(meta.low[0]))),
    button("Pinned", () => app.state.focus.point && put(app.state.focus.point.arrays.input.data), { title: "Start from the pinned row" }), button("Open …", () => file.click(), { title: "A picture from a file; it can be dropped here, too" }), file,
    check("centre", false, (on) => {
      app.state.drawing.centred = on;
      encode();
    }, { title: "Move its centre of mass to the middle before it is encoded" }));
  refresh();
  return { el: h("div", {}, wrap, tools), focus: canvas };
}

/** One slider a feature, in the user's units. */
function sliders(app, row, encode) {
  const { meta } = app;
  const made = Array.from({ length: meta.n_features }, (_, i) => {
    const value = h("span", { className: "dx-number" }, short(row[i]));
    const [low, high] = [meta.low[i], meta.high[i]];
    const slider = h("input", { type: "range", min: low, max: high, step: (high - low) / 200 || 1, value: row[i], ariaLabel: meta.feature_names[i], oninput: () => {
      row[i] = Number(slider.value);
      value.textContent = short(row[i]);
      encode();
    } });
    const set = (x) => {
      row[i] = x;
      slider.value = String(x);
      value.textContent = short(x);
    };
    return { set, slider, el: h("li", {}, h("span", { className: "dx-bar-name", title: meta.feature_names[i] }, meta.feature_names[i]), slider, value) };
  });
  const put = (values) => {
    made.forEach((each, i) => each.set(values[i]));
    encode();
  };
  const tools = h("div", { className: "dx-line" }, button("Mean", () => put(meta.mean)), button("Pinned", () => app.state.focus.point && put(app.state.focus.point.arrays.input.data), { title: "Start from the pinned row" }));
  return { el: h("div", {}, tools, h("ul", { className: "dx-sliders" }, made.map((each) => each.el))), focus: made[0].slider };
}
