// What the chosen points have in common: classes, errors, latent dimensions, features or the mean picture.
import { composition, histogram, meanCode, mostTypical, shifts } from "../explain.js";
import { pin } from "../commands/focus.js";
import { moveProbe } from "../commands/probe.js";
import { select } from "../commands/selection.js";
import { button, h, panel } from "../dom.js";
import { short } from "../maths.js";
import { isPicture } from "../model.js";
import { picture } from "../pictures.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */

/** Inputs of more rows are not fetched for a mean. */
const MOST = 256;

/** @param {Explorer} app */
export function explainPanel(app) {
  const body = h("div", {});
  const el = panel("Selection", "explain", body);
  app.on(["selection", "errors"], () => {
    const { model, state: { selection: { rows } } } = app;
    const chosen = Array.from(rows, (row) => model.indexOf(row)).filter((i) => i >= 0);
    el.hidden = !chosen.length;
    if (chosen.length) body.replaceChildren(...explained(app, chosen));
    el.dataset.explained = String(chosen.length);
  });
  el.hidden = true;
  return el;
}

/** @param {Explorer} app @param {number[]} chosen @returns {any[]} */
function explained(app, chosen) {
  const { model } = app;
  const shares = composition(model, chosen).filter((each) => each.chosen > 0).sort((a, b) => b.chosen - a.chosen).slice(0, 8);
  const [dim, shift] = shifts(model, chosen)[0];
  const pins = [["most typical", mostTypical(model, chosen)], ...(model.errors ? [["worst", worst(model, chosen)]] : [])];
  const apart = h("div", { className: "dx-apart" });
  setApart(app, chosen, apart);
  return [
    fact("points", `${chosen.length.toLocaleString()} of ${model.n.toLocaleString()} (${percent(chosen.length / model.n)})`),
    fact("set apart by", `z${dim}, ${shift < 0 ? "−" : "+"}${Math.abs(shift).toFixed(2)} standard deviations`),
    ...shares.map((each) => bar(each.name, each.chosen, each.whole)),
    shares.length ? h("p", { className: "dx-note" }, "Bars: share of the selection; marks: share of all.") : null,
    model.errors ? errors(app, chosen) : null,
    apart,
    h("div", { className: "dx-line" }, pins.map(([name, i]) => button(String(name), () => pin(app, model.rows[Number(i)]))),
      app.meta.can_decode ? button("decode its mean", () => moveProbe(app, meanCode(model, chosen))) : null),
  ].filter(Boolean);
}

const percent = (/** @type {number} */ share) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;

const fact = (/** @type {string} */ name, /** @type {string} */ value) => h("div", { className: "dx-fact" }, h("span", {}, name), h("strong", {}, value));

const bar = (/** @type {string} */ name, /** @type {number} */ mine, /** @type {number} */ all) => h("div", { className: "dx-share", title: `${percent(mine)} of the selection, ${percent(all)} of all` },
  h("span", { className: "dx-bar-name" }, name), h("span", { className: "dx-bar dx-marked" }, h("span", { className: "dx-bar-fill", style: { width: `${100 * mine}%` } }),
    h("span", { className: "dx-mark", style: { left: `${100 * all}%` } })), h("span", { className: "dx-number" }, percent(mine)));

/** @param {import("../model.js").ModelData} model @param {number[]} chosen */
const worst = ({ errors, rows }, chosen) => chosen.reduce((most, i) => (errors[rows[i]] > errors[rows[most]] ? i : most), chosen[0]);

/** The errors of all and of the chosen; a bin selects its points. @param {Explorer} app @param {number[]} chosen */
function errors(app, chosen) {
  const { model } = app;
  const values = Float32Array.from(model.rows, (row) => model.errors[row]);
  const { low, high, mine, all, bin } = histogram(values, chosen);
  const tallest = [Math.max(...mine) || 1, Math.max(...all) || 1];
  const bins = all.map((count, b) => h("button", { type: "button", className: "dx-bin", disabled: !count, ariaLabel: `error bin ${b + 1}: ${mine[b]} of ${count} points`,
    title: `${mine[b]} of ${count} points; click to select them`, onclick: () => select(app, Array.from(model.rows).filter((_, i) => bin(values[i]) === b)) },
  h("span", { className: "dx-bin-all", style: { height: `${(100 * count) / tallest[1]}%` } }), h("span", { className: "dx-bin-mine", style: { height: `${(100 * mine[b]) / tallest[0]}%` } })));
  return h("div", {}, h("h3", {}, "Reconstruction error"), h("div", { className: "dx-histogram" }, bins),
    h("div", { className: "dx-ends" }, h("span", {}, short(low)), h("span", {}, `${short(high)} and more`)));
}

/** The mean picture and its difference from that of all, or the features that differ most. @param {Explorer} app @param {number[]} chosen @param {any} el */
function setApart(app, chosen, el) {
  const { meta, model } = app;
  const step = Math.max(1, chosen.length / MOST);
  const some = Array.from({ length: Math.min(MOST, chosen.length) }, (_, k) => model.rows[chosen[Math.floor(k * step)]]);
  app.inputs.of(some).then((/** @type {[number, ArrayLike<number>][]} */ inputs) => {
    const mean = Float32Array.from(meta.mean, (_, k) => inputs.reduce((sum, [, x]) => sum + x[k], 0) / inputs.length);
    const said = inputs.length < chosen.length ? h("p", { className: "dx-note" }, `Means of ${inputs.length} of the selected.`) : "";
    el.replaceChildren(...(isPicture(meta) ? pictures(meta, mean) : features(meta, mean)), said);
  }, () => {});
}

/** @param {any} meta @param {Float32Array} mean */
function pictures(meta, mean) {
  const middle = (meta.low[0] + meta.high[0]) / 2;
  const apart = mean.map((x, k) => middle + (x - meta.mean[k]) / 2);
  const shown = (/** @type {Float32Array} */ values, /** @type {string} */ name) => h("figure", {}, picture(values, meta, name), h("figcaption", {}, name));
  return [h("div", { className: "dx-triple" }, shown(Float32Array.from(meta.mean), "mean of all"), shown(mean, "mean of these"), shown(apart, "difference (grey: none)"))];
}

/** @param {any} meta @param {Float32Array} mean */
function features(meta, mean) {
  const found = Array.from(mean, (x, k) => [k, x - meta.mean[k], (x - meta.mean[k]) / (meta.high[k] - meta.low[k] || 1)]);
  found.sort((a, b) => Math.abs(b[2]) - Math.abs(a[2]));
  return [h("h3", {}, "Features that differ most"), ...found.slice(0, 5).map(([k, by, share]) =>
    fact(meta.feature_names[k], `${by < 0 ? "−" : "+"}${short(Math.abs(by))} (${percent(Math.abs(share))} of its range)`))];
}
