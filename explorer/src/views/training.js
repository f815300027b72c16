// The course of training: every term of the loss by epoch, and the map as it was.
import { setEpoch } from "../commands/training.js";
import { range, short } from "../maths.js";
import { h } from "../dom.js";

const [TRAINED, HELD] = ["#0072b2", "#d55e00"];
const HELD_OUT = "val_";

/** @param {import("../explorer.js").Explorer} app */
export function trainingPanel(app) {
  const { meta } = app;
  const charts = h("div", { className: "dx-charts", tabIndex: 0, role: "group", ariaLabel: "Losses by epoch" });
  const none = h("p", { className: "dx-note" }, meta.live ? "The losses appear after the first epoch." : "This model carries no history of its training.");
  const show = () => {
    const names = termsOf(meta.history);
    none.hidden = names.length > 0;
    charts.hidden = key.hidden = !names.length;
    key.lastChild.hidden = !Object.keys(meta.history).some((name) => name.startsWith(HELD_OUT));
    if (app.state.page.tab !== "training" || !names.length) return;
    while (charts.children.length > names.length) charts.lastChild.remove();
    while (charts.children.length < names.length) charts.append(h("figure", {}, h("figcaption"), h("canvas", { role: "img" })));
    names.forEach((name, k) => chart(app, charts.children[k], name, names.length === 1));
  };
  app.on(["tab", "theme", "history"], show);
  const resized = new ResizeObserver(show);
  resized.observe(charts);
  app.atClose(() => resized.disconnect());
  const key = h("p", { className: "dx-note" }, swatch(TRAINED), " rows that are trained on ", h("span", { className: "dx-held" }, swatch(HELD), " rows held out"));
  const scrub = Object.keys(meta.history).length && !meta.live ? scrubber(app) : [];
  return h("section", { className: "dx-training", ariaLabel: "Losses" }, none, charts, key, scrub);
}

/** The terms there are; without penalties the reconstruction is the loss. @param {Record<string, any>} history */
function termsOf(history) {
  const names = Object.keys(history).filter((name) => !name.startsWith(HELD_OUT));
  return names.length === 2 && names.includes("reconstruction") ? ["reconstruction"] : names;
}

/** The map by epoch, where codes were kept. @param {import("../explorer.js").Explorer} app */
function scrubber(app) {
  const { meta } = app;
  const { epochs } = meta;
  const words = h("span", { className: "dx-number" });
  const slider = h("input", { type: "range", min: 0, max: Math.max(1, epochs), step: 1, value: epochs, ariaLabel: "Epoch", disabled: !epochs, oninput: () => {
    const epoch = Number(slider.value);
    setEpoch(app, epoch >= epochs ? -1 : epoch).catch((error) => app.fail(error));
  } });
  app.on(["epoch"], () => {
    const { epoch } = app.state.training;
    slider.value = String(epoch < 0 ? epochs : epoch);
    words.textContent = epoch < 0 ? "as trained" : epoch === 0 ? "before training" : `after epoch ${epoch}`;
  });
  const note = meta.file ? "An exported file keeps the losses; codes by epoch need Python: diabolo explore." : meta.epochs ? `the first ${meta.snapshot_rows} rows, epoch by epoch` : "No codes were kept while it trained: Training(snapshots=2000) keeps those of 2000 rows.";
  return [h("div", { className: "dx-line" }, h("span", {}, "epoch"), slider, words), h("p", { className: "dx-note" }, note)];
}

const swatch = (colour) => h("span", { className: "dx-swatch", style: { background: colour } });

/** One term, on the rows that are trained on and on those held out.
 * @param {import("../explorer.js").Explorer} app @param {any} figure @param {string} name @param {boolean} only whether it is the whole loss */
function chart(app, figure, name, only) {
  const [caption, canvas] = figure.children;
  const [trained, held] = [app.meta.history[name], app.meta.history[HELD_OUT + name]];
  const title = only ? `${name}, which is the whole loss` : name;
  caption.replaceChildren(h("strong", {}, title), " ", swatch(TRAINED), ` ${short(trained.at(-1))} `, ...(held ? [swatch(HELD), ` ${short(held.at(-1))}`] : []));
  canvas.setAttribute("aria-label", `${title} over ${trained.length} epochs; the last: ${short(trained.at(-1))}${held ? `, held out ${short(held.at(-1))}` : ""}`);
  const box = canvas.getBoundingClientRect();
  if (!box.width) return;
  const scale = Math.min(2, window.devicePixelRatio || 1);
  [canvas.width, canvas.height] = [Math.round(box.width * scale), Math.round(box.height * scale)];
  const ctx = canvas.getContext("2d");
  ctx.setTransform(scale, 0, 0, scale, 0, 0);
  curves(ctx, box, [[held ?? [], HELD], [trained, TRAINED]], app.state.page.dark);
}

function curves(ctx, { width, height }, lines, dark) {
  const [low, high] = range(lines.flatMap(([values]) => values.filter((value) => value !== null)));
  const n = Math.max(...lines.map(([values]) => values.length));
  ctx.font = "11px system-ui, sans-serif";
  const marks = [low, (low + high) / 2, high];
  const left = Math.max(44, ...marks.map((value) => ctx.measureText(short(value)).width + 8));
  const x = (i) => left + ((width - 8 - left) * i) / Math.max(1, n - 1);
  const y = (value) => height - 18 - ((height - 26) * (value - low)) / (high - low || 1);
  ctx.fillStyle = dark ? "#9aa4b0" : "#5d6670";
  ctx.strokeStyle = dark ? "#363d47" : "#d5d9de";
  for (const value of marks) {
    ctx.fillText(short(value), 2, y(value) + 4);
    ctx.beginPath();
    ctx.moveTo(left, y(value));
    ctx.lineTo(width - 8, y(value));
    ctx.stroke();
  }
  ctx.fillText("1", left, height - 4);
  const last = n.toLocaleString();
  if (n > 1) ctx.fillText(last, width - 8 - ctx.measureText(last).width, height - 4);
  for (const [values, colour] of lines) {
    ctx.strokeStyle = ctx.fillStyle = colour;
    ctx.lineWidth = 1.8;
    ctx.beginPath();
    values.forEach((value, i) => value !== null && ctx[i ? "lineTo" : "moveTo"](x(i), y(value)));
    ctx.stroke();
    if (values.length === 1 && values[0] !== null) ctx.fillRect(x(0) - 2, y(values[0]) - 2, 4, 4);
  }
}
