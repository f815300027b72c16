// The layers of the map: which are drawn, and what the colours of heat mean.
import { canEncode, canGrid, setGridOpacity, setLayer } from "../commands/display.js";
import { short } from "../maths.js";
import { check, h, panel } from "../dom.js";

/** @param {import("../explorer.js").Explorer} app */
export function layerPanel(app) {
  const { meta } = app;
  const picture = Boolean(meta.image_shape);
  /** @type {[keyof import("../state.js").State["view"]["layers"], string, boolean, string][]} */
  const list = [["points", "points", true, ""], ["thumbs", "pictures of the rows", picture, "rows are no pictures"],
    ["grid", "decoder grid", canGrid(app), "needs pictures and a decoder"], ["density", "density of the codes", true, ""],
    ["cycle", "cycle error", meta.can_decode && canEncode(app), "needs an encoder and a decoder"]];
  const boxes = new Map();
  const made = list.map(([name, label, can, why]) => {
    const el = check(label, app.state.view.layers[name], (on) => setLayer(app, name, on), { disabled: !can, title: can ? "" : why });
    boxes.set(name, el.querySelector("input"));
    return el;
  });
  const opacity = h("input", { type: "range", min: 0.1, max: 1, step: 0.05, value: app.state.view.gridOpacity, ariaLabel: "Opacity of the decoder grid",
    oninput: () => setGridOpacity(app, Number(opacity.value)) });
  const heat = h("p", { className: "dx-note", hidden: true });
  app.on(["layers", "heat"], (topic) => {
    const { layers } = app.state.view;
    for (const [name, box] of boxes) box.checked = layers[name];
    opacity.hidden = !layers.grid;
    const range = app.map.heat?.range;
    heat.hidden = !(layers.density || layers.cycle) || !range;
    if (topic === "heat") heat.textContent = `${layers.density ? "log-density, nats" : "‖enc(dec(z)) − z‖"}: ${range.map(short).join(" to ")}`;
  });
  opacity.hidden = true;
  return panel("Layers", "layers", made, opacity, heat);
}
