// Which colour a point has, and whether it is in the background: functions of the state.
import { classColour, ramp, rgb } from "./colours.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./model.js").ModelData} ModelData */

export const GREY = [128, 136, 146];

/** The classes that colour the points, or null for numbers. @param {State} state @param {ModelData} model */
export const classesOf = ({ view }, model) => (view.colour === "label" ? model.classes : null);

/** The numbers that colour the points of a model, or null for classes. @param {State} state @param {ModelData} model */
export function valuesOf({ view, comparison, data }, model) {
  const byRow = (/** @type {ArrayLike<number> | null | undefined} */ values) => (values ? Float32Array.from(model.rows, (row) => values[row]) : null);
  if (view.colour === "label") return model.classes ? null : model.labels;
  if (view.colour === "error") return byRow(model.errors);
  if (view.colour === "moved") return byRow(comparison.ready ? comparison.distances : null);
  return byRow(data.models[0].columns.get(view.feature));
}

/** A colour for each point. @param {State} state @param {ModelData} model @returns {number[][]} */
export function coloursOf(state, model) {
  const classes = classesOf(state, model);
  if (classes) {
    const table = model.classValues.map((_, i) => rgb(classColour(i)));
    return Array.from(classes, (c) => table[c]);
  }
  const values = valuesOf(state, model);
  if (!values) return Array(model.n).fill(GREY);
  const sorted = Float32Array.from(values).sort();
  const [low, high] = [sorted[Math.floor(0.02 * (model.n - 1))], sorted[Math.ceil(0.98 * (model.n - 1))]];
  const table = Array.from({ length: 256 }, (_, i) => ramp(i / 255));
  return Array.from(values, (x) => table[Math.max(0, Math.min(255, Math.round((255 * (x - low)) / (high - low || 1))))]);
}

/** Which points are in the background: outside the selection, the classes looked at, or the neighbourhood.
 * @param {State} state @param {ModelData} model @returns {Uint8Array | null} */
export function dimmedOf({ selection: { rows, muted }, focus: { pinned, neighbours } }, model) {
  const near = pinned >= 0 ? new Set([pinned, ...neighbours]) : null;
  if (!rows.size && !muted.size && !near) return null;
  const out = new Uint8Array(model.n);
  for (let i = 0; i < model.n; i++) {
    const row = model.rows[i];
    const outside = (rows.size && !rows.has(row)) || (muted.size && model.classes && muted.has(model.classes[i]));
    out[i] = outside || (near && !rows.size && !near.has(row)) ? 1 : 0;
  }
  return out;
}
