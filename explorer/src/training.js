// The course of training: losses by epoch, and the map as it was.
import { classColour } from "./colours.js";
import { h } from "./dom.js";
import { range, short } from "./maths.js";

/** @param {import("./app.js").App} app */
export function trainingPanel(app) {
  const { meta } = app;
  const names = Object.keys(meta.history);
  const empty = "This model carries no history of its training.";
  if (!names.length) return h("section", { className: "dx-training", ariaLabel: "Training" }, h("p", { className: "dx-note" }, empty));
  const n = meta.history[names[0]].length;
  const canvas = h("canvas", { className: "dx-curves", role: "img", ariaLabel: `Losses over ${n} epochs; the last ones: ${names.map((name) => `${name} ${short(meta.history[name][n - 1])}`).join(", ")}` });
  const words = h("span", { className: "dx-number" });
  const slider = h("input", { type: "range", min: 0, max: Math.max(1, meta.epochs), step: 1, value: meta.epochs, ariaLabel: "Epoch", disabled: !meta.epochs, oninput: () => set(Number(slider.value)) });
  const set = (value) => {
    words.textContent = value >= meta.epochs ? "as trained" : value === 0 ? "before training" : `after epoch ${value}`;
    app.setEpoch(value >= meta.epochs ? -1 : value).catch((error) => app.fail(error));
  };
  app.stepEpoch = (step) => {
    if (!meta.epochs) return;
    slider.value = String(Number(slider.value) + step);
    set(Number(slider.value));
  };
  const note = meta.file ? "An exported file keeps the losses; codes by epoch need Python: diabolo explore." : meta.epochs ? `the first ${meta.snapshot_rows} rows, epoch by epoch` : "No codes were kept while it trained: Training(snapshots=2000) keeps those of 2000 rows.";
  const key = h("p", { className: "dx-line" }, names.map((name, i) => h("span", {}, h("span", { className: "dx-swatch", style: { background: classColour(i) } }), ` ${name} ${short(meta.history[name][n - 1])}`)));
  app.onChange((changed) => ["tab", "theme"].includes(changed) && draw(app, canvas, names));
  return h("section", { className: "dx-training", ariaLabel: "Training" }, key, canvas, h("div", { className: "dx-line" }, h("span", {}, "epoch"), slider, words), h("p", { className: "dx-note" }, note));
}

function draw(app, canvas, names) {
  if (app.state.tab !== "training") return;
  const box = canvas.getBoundingClientRect();
  if (!box.width) return;
  [canvas.width, canvas.height] = [box.width * 2, box.height * 2];
  const ctx = canvas.getContext("2d");
  ctx.setTransform(2, 0, 0, 2, 0, 0);
  const all = names.flatMap((name) => app.meta.history[name]);
  const [low, high] = range(all);
  const x = (i, n) => 44 + ((box.width - 54) * i) / Math.max(1, n - 1);
  const y = (value) => box.height - 18 - ((box.height - 26) * (value - low)) / (high - low || 1);
  ctx.fillStyle = ctx.strokeStyle = app.dark ? "#9aa4b0" : "#5d6670";
  ctx.font = "11px system-ui, sans-serif";
  for (const value of [low, (low + high) / 2, high]) ctx.fillText(short(value), 2, y(value) + 4);
  ctx.fillText("1", x(0, 2), box.height - 4);
  ctx.fillText(String(app.meta.history[names[0]].length), box.width - 24, box.height - 4);
  names.forEach((name, k) => {
    const values = app.meta.history[name];
    ctx.strokeStyle = classColour(k);
    ctx.lineWidth = 1.8;
    ctx.beginPath();
    values.forEach((value, i) => ctx[i ? "lineTo" : "moveTo"](x(i, values.length), y(value)));
    ctx.stroke();
  });
}
