// The tools of the map, and how many points it shows.
import { fit, zoom } from "../commands/camera.js";
import { setTool } from "../commands/display.js";
import { showAll } from "../commands/points.js";
import { button, h } from "../dom.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */

const TOOLS = [["probe", "Probe", "P"], ["pan", "Pan", "V"], ["lasso", "Lasso", "L"], ["box", "Box", "X"], ["path", "Path", "A"]];

/** @param {Explorer} app */
export function toolbar(app) {
  const made = TOOLS.map(([name, label, key]) => button(label, () => setTool(app, name), { "data-tool": name, title: `${label} (${key})` }));
  app.on(["tool"], () => made.forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.tool === app.state.page.tool))));
  return h("div", { className: "dx-tools", role: "toolbar", ariaLabel: "Tools of the map" }, made,
    h("span", { className: "dx-gap" }),
    button("+", () => zoom(app, 1.4), { ariaLabel: "Zoom in", title: "Zoom in (+)" }),
    button("−", () => zoom(app, 1 / 1.4), { ariaLabel: "Zoom out", title: "Zoom out (-)" }),
    button("Fit", () => fit(app), { title: "Show everything (0)" }), counts(app));
}

/** @param {Explorer} app */
function counts(app) {
  const count = h("span", { className: "dx-count" });
  const all = button("show all", () => showAll(app));
  app.on(["points", "enclosed"], () => {
    const { model, meta, state: { selection: { enclosed } } } = app;
    const some = model.n < model.total - model.notFinite;
    all.hidden = !some || Boolean(meta.file);
    const bad = model.notFinite ? `; ${model.notFinite} codes are not finite and left out` : "";
    const now = enclosed >= 0 ? `${enclosed} points enclosed` : "";
    count.textContent = now || `${some ? "showing " : ""}${model.n.toLocaleString()}${some ? ` of ${model.total.toLocaleString()}` : ""} points${bad}`;
  });
  return h("span", { className: "dx-counts" }, count, all);
}
