// The pinned row with something done to it: by what, how much, and what the model makes of it.
import { setCorruption } from "../commands/corruption.js";
import { short } from "../maths.js";
import { isPicture } from "../model.js";
import { button, h, select } from "../dom.js";
import { picture } from "../pictures.js";
import { fact, featureTable } from "./reconstruction.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */

/** @param {Explorer} app @param {HTMLElement} result where the corrupted row is shown */
export function corruptionControls(app, result) {
  const { meta, state: { corruption } } = app;
  Object.assign(corruption, { kind: corruption.kind || meta.corruptions[0], amount: 0 });
  const amount = h("input", { type: "range", min: 0, max: 1, step: 0.02, value: 0, ariaLabel: "Amount of corruption",
    oninput: () => setCorruption(app, { amount: Number(amount.value) }) });
  const kind = select("corrupt by", meta.corruptions.map((/** @type {string} */ name) => [name, name.replaceAll("_", " ")]), (value) => setCorruption(app, { kind: value }), corruption.kind);
  const again = button("draw anew", () => setCorruption(app, { seed: corruption.seed + 1 }));
  return h("div", { className: "dx-corrupt" }, h("h3", {}, "corruption"), kind, h("div", { className: "dx-line" }, amount, again), result);
}

/** @param {Explorer} app */
export function corruptedRow(app) {
  const { result } = app.state.corruption;
  if (!result) return [];
  const { arrays } = result;
  return [isPicture(app.meta)
    ? h("div", { className: "dx-triple" }, [["rows", "corrupted"], ["reconstructed", "reconstruction"]].map(([key, label]) =>
      h("figure", {}, picture(arrays[key].data, app.meta, `${label} input`), h("figcaption", {}, label))))
    : featureTable(app.meta, arrays.rows.data, arrays.reconstructed.data), fact("error", `${short(arrays.errors.data[0])} (larger than ${arrays.percentiles.data[0].toFixed(0)} %)`)];
}
