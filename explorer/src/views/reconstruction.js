// A row beside what the model makes of it.
import { short } from "../maths.js";
import { isPicture } from "../model.js";
import { h } from "../dom.js";
import { picture } from "../pictures.js";

/** @param {string} name @param {string} text */
export const fact = (name, text) => h("p", { className: "dx-fact" }, h("span", {}, name), h("strong", {}, text));

/** Input, reconstruction and difference side by side; a table as one list with three numbers.
 * @param {any} meta @param {ArrayLike<number>} input @param {ArrayLike<number>} out @param {string} of */
export function triple(meta, input, out, of) {
  if (!isPicture(meta)) return featureTable(meta, input, out);
  const difference = Float32Array.from(out, (value, i) => value - input[i]);
  const figure = (row, label, kind) => h("figure", {}, picture(row, meta, `${label} ${of}`, kind), h("figcaption", {}, label));
  return h("div", { className: "dx-triple" }, figure(input, "input", "plain"), figure(out, "reconstruction", "plain"), figure(difference, "difference", "difference"));
}

/** @param {any} meta @param {ArrayLike<number>} input @param {ArrayLike<number>} out */
export function featureTable(meta, input, out) {
  const shown = Math.min(meta.n_features, 60);
  const head = h("tr", {}, ["feature", "input", "recon.", "diff."].map((text) => h("th", { scope: "col" }, text)));
  const lines = Array.from({ length: shown }, (_, i) => h("tr", {}, h("th", { scope: "row" }, meta.feature_names[i]),
    [input[i], out[i], out[i] - input[i]].map((value) => h("td", {}, short(value)))));
  const note = shown < meta.n_features ? h("p", { className: "dx-note" }, `the first ${shown} of ${meta.n_features} features`) : null;
  return h("div", { className: "dx-scroll", tabIndex: 0, role: "group", ariaLabel: "Input and reconstruction" }, h("table", {}, h("thead", {}, head), h("tbody", {}, lines)), note);
}
