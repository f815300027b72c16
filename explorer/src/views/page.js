// The page: where every view stands, and what there is when nothing can be shown.
import { setTab, setTool } from "../commands/display.js";
import { mapView } from "../map/map.js";
import { banner } from "./banner.js";
import { colourPanel } from "./colour.js";
import { comparisonPanel } from "./comparison.js";
import { dimsPanel } from "./dims.js";
import { h } from "../dom.js";
import { drawPanel } from "./draw.js";
import { explainPanel } from "./explain.js";
import { filePanel } from "./file.js";
import { filmstrip } from "./film.js";
import { header } from "./header.js";
import { helpDialog } from "./help.js";
import { layerPanel } from "./layers.js";
import { liveBar } from "./live.js";
import { pointPanel } from "./point.js";
import { probePanel } from "./probe.js";
import { selectionBar } from "./selection.js";
import { tablePanel } from "./table.js";
import { toolbar } from "./toolbar.js";
import { trainingPanel } from "./training.js";
import { viewPanel } from "./view.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */

/** @param {Explorer} app */
export function page(app) {
  const { el } = app;
  const there = (/** @type {any[]} */ ...made) => made.filter(Boolean);
  const left = h("aside", { className: "dx-left", ariaLabel: "What is shown" }, ...there(colourPanel(app), viewPanel(app), layerPanel(app), dimsPanel(app), filePanel(app)));
  const centre = h("div", { className: "dx-centre" },
    ...there(liveBar(app), toolbar(app), banner(app), maps(app), comparisonPanel(app), tablePanel(app), filmstrip(app), trainingPanel(app)));
  const right = h("aside", { className: "dx-right", ariaLabel: "What it decodes to" }, explainPanel(app), probePanel(app), pointPanel(app), drawPanel(app));
  const hint = h("p", { className: "dx-sr", id: "dx-map-help" }, "Press the question mark for all keys.");
  el.replaceChildren(header(app), centre, left, right, selectionBar(app), spoken(app), hint, helpDialog(app));
  app.on(["tab", "tool", "theme"], () => {
    const { tab, tool, theme } = app.state.page;
    Object.assign(el.dataset, { tab, tool, ...(theme ? { theme } : {}) });
  });
  setTool(app, app.state.page.tool);
  setTab(app, app.state.page.tab);
}

/** One map for each model. @param {Explorer} app */
function maps(app) {
  const el = h("div", { className: "dx-maps" }, mapView(app, app.map, "Latent map: arrow keys move the probe, N and P go from point to point, Enter pins"));
  app.on(["maps"], () => el.append(mapView(app, app.maps[1], `Latent map of the second model, ${app.maps[1].model.meta.model}`)));
  return el;
}

/** What those hear who listen rather than look, at most once a second. @param {Explorer} app */
function spoken(app) {
  const el = h("p", { className: "dx-sr", ariaLive: "polite", role: "status" });
  let waiting = false;
  app.on(["words"], () => {
    if (waiting) return;
    waiting = true;
    setTimeout(() => {
      waiting = false;
      el.textContent = app.state.page.words;
    }, 1000);
  });
  return el;
}

/** Nothing is there to be shown yet. @param {HTMLElement} el @param {string} words */
export function wait(el, words) {
  const shown = el.querySelector(".dx-loading");
  if (shown) shown.textContent = `Opening the explorer: ${words} …`;
}

/** Nothing can be shown. @param {HTMLElement} el @param {Error} error */
export function refusal(el, error) {
  el.replaceChildren(h("div", { className: "dx-stop" }, h("h1", {}, "The explorer cannot be opened"), h("p", { role: "alert" }, error.message)));
}
