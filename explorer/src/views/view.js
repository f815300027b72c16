// Which view of the latent space is shown.
import { setView } from "../commands/display.js";
import { h, panel, select } from "../dom.js";

/** @param {import("../explorer.js").Explorer} app */
export function viewPanel(app) {
  const { meta, model } = app;
  const names = Array.from({ length: meta.dim }, (_, i) => /** @type {[string, string]} */ ([String(i), `z${i}`]));
  const views = select("view", model.views, (value) => setView(app, value), app.state.view.name);
  const [first, second] = [0, 1].map((k) => select(k ? "up" : "across", names, (value) => {
    const dims = [...app.state.view.dims];
    dims[k] = Number(value);
    setView(app, "dims", /** @type {any} */ (dims));
  }, String(app.state.view.dims[k])));
  const pair = h("div", { className: "dx-pair" }, first, second);
  const note = h("p", { className: "dx-note" });
  const show = () => {
    views.querySelector("select").value = app.state.view.name;
    pair.hidden = app.state.view.name !== "dims" || meta.dim < 3;
    note.textContent = noteOf(app);
    note.hidden = !note.textContent;
  };
  app.on(["view", "points"], show);
  show();
  return panel("View", "view", views, pair, note);
}

/** @param {import("../explorer.js").Explorer} app */
function noteOf(app) {
  const { name: view } = app.state.view;
  const { dim, sphere } = app.meta;
  if (view === "turn") return "Turn it with the tool Pan. Codes are seen along the line of sight.";
  if (view === "world") return "Longitude and latitude of the codes, in degrees.";
  if (dim > 2) return `A plane of ${dim} dimensions: what it does not show keeps the probe's value${sphere ? ", and the probe stays on the sphere" : ""}.`;
  return "";
}
