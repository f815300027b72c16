// What colours the points, and the legend.
import { classesOf, valuesOf } from "../colouring.js";
import { classColour, ramp } from "../colours.js";
import { setColour } from "../commands/display.js";
import { isolate, mute } from "../commands/selection.js";
import { short } from "../maths.js";
import { h, panel, select } from "../dom.js";

/** @param {import("../explorer.js").Explorer} app */
export function colourPanel(app) {
  const { meta } = app;
  const legend = h("div", { className: "dx-legend" });
  /** @type {[string, string][]} */
  const options = [];
  if (meta.labels) options.push(["label", "label"]);
  if (meta.can_decode) options.push(["error", "reconstruction error"]);
  if (app.state.data.count > 1) options.push(["moved", "movement"]);
  options.push(["feature", "a feature"]);
  const feature = select("feature", meta.feature_names.slice(0, 4096).map((name, i) => [String(i), name]), (value) => setColour(app, "feature", Number(value)));
  const chooser = select("colour by", options, (value) => setColour(app, value), app.state.view.colour);
  if (app.state.view.colour === "feature") setTimeout(() => setColour(app, "feature"), 0);
  app.on(["colour", "points", "errors"], () => {
    chooser.querySelector("select").value = app.state.view.colour;
    feature.hidden = app.state.view.colour !== "feature";
    fillLegend(app, legend);
  });
  return panel("Colour", "colour", chooser, feature, legend);
}

/** @param {import("../explorer.js").Explorer} app @param {HTMLElement} legend */
function fillLegend(app, legend) {
  const { model, meta } = app;
  if (!model.loaded) return;
  const classes = classesOf(app.state, model);
  if (classes) {
    const counts = new Array(model.classValues.length).fill(0);
    classes.forEach((c) => counts[c]++);
    const focused = legend.contains(document.activeElement) ? [...legend.children].indexOf(document.activeElement) : -1;
    legend.replaceChildren(...model.classValues.map((value, i) => h("button", { type: "button", className: "dx-key", "aria-pressed": String(!app.state.selection.muted.has(i)),
      title: "Put into the background, or back; twice: only this class, selected", onclick: () => mute(app, i), ondblclick: () => isolate(app, i) },
    h("span", { className: `dx-swatch dx-shape-${i % 8}`, style: { background: classColour(i) } }), h("span", { className: "dx-key-name" }, meta.label_names[value]),
    h("span", { className: "dx-number" }, counts[i].toLocaleString()))));
    if (focused >= 0) /** @type {HTMLElement} */ (legend.children[focused])?.focus();
    return;
  }
  const values = valuesOf(app.state, model);
  if (!values) {
    legend.replaceChildren(h("p", { className: "dx-note" }, "computing …"));
    return;
  }
  const sorted = Float32Array.from(values).sort();
  const at = (q) => short(sorted[Math.round(q * (sorted.length - 1))]);
  const strip = h("canvas", { className: "dx-ramp", width: 64, height: 1, ariaHidden: "true" });
  const ctx = strip.getContext("2d");
  for (let i = 0; i < 64; i++) {
    ctx.fillStyle = `rgb(${ramp(i / 63).join(",")})`;
    ctx.fillRect(i, 0, 1, 1);
  }
  const unit = { error: model.errorUnit ?? "", moved: "distance after alignment, in units of the first map" }[app.state.view.colour] ?? "";
  legend.replaceChildren(strip, h("div", { className: "dx-ends" }, h("span", {}, at(0.02)), h("span", {}, at(0.5)), h("span", {}, at(0.98))), h("p", { className: "dx-note" }, unit ? `${unit}; ends at 2 % and 98 %` : "ends at 2 % and 98 % of the rows"));
}
