// How everything is shown: colours, view, layers, tool, tab, light or dark.
import { coloursOf, dimmedOf } from "../colouring.js";
import { isPicture } from "../model.js";
import { fit, setProjection } from "./camera.js";
import { secondProjection } from "./comparison.js";
import { refreshLayersSoon } from "./layers.js";
import { loadColumn, loadErrors } from "./points.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */

export const TABS = [["explore", "Explore"], ["compare", "Compare"], ["training", "Training"], ["table", "Table"]];

/** Colours of all points, since what they mean or which are in the background has changed. @param {Explorer} app */
export function recolour(app) {
  for (const map of app.maps) {
    if (map.model.loaded) Object.assign(map, { colours: coloursOf(app.state, map.model), dimmed: dimmedOf(app.state, map.model) });
  }
  app.change(app.state.view, {}, "colour");
}

/** @param {Explorer} app @param {string} colour @param {number} [feature] */
export async function setColour(app, colour, feature = app.state.view.feature) {
  Object.assign(app.state.view, { colour, feature });
  if (colour === "error" && !app.model.errors && app.meta.live) await loadErrors(app, app.model);
  if (colour === "feature" && !app.model.columns.has(feature)) await loadColumn(app, feature);
  recolour(app);
}

/** @param {Explorer} app @param {string} name @param {[number, number]} [dims] */
export function setView(app, name, dims = app.state.view.dims) {
  Object.assign(app.state.view, { name, dims });
  setProjection(app, app.map, app.model.projection(name, dims));
  if (app.maps[1]) setProjection(app, app.maps[1], secondProjection(app));
  app.change(app.state.view, {}, "view");
}

/** @param {Explorer} app @param {keyof import("../state.js").State["view"]["layers"]} name @param {boolean} on */
export function setLayer(app, name, on) {
  const { layers } = app.state.view;
  if (on && name === "density") layers.cycle = false;
  if (on && name === "cycle") layers.density = false;
  refreshLayersSoon(app, app.map);
  app.change(layers, { [name]: on }, "layers");
}

/** @param {Explorer} app @param {number} gridOpacity */
export const setGridOpacity = (app, gridOpacity) => app.change(app.state.view, { gridOpacity }, "layers");

/** @param {Explorer} app */
export const canGrid = ({ meta }) => meta.can_decode && isPicture(meta);

/** Whether codes can be computed here, and not only looked up. @param {Explorer} app */
export const canEncode = ({ meta }) => meta.can_encode !== false;

/** @param {Explorer} app @param {string} tool */
export const setTool = (app, tool) => app.change(app.state.page, { tool }, "tool");

/** @param {Explorer} app @param {string} tab */
export function setTab(app, tab) {
  app.change(app.state.page, { tab }, "tab");
  // The map has another size now.
  requestAnimationFrame(() => requestAnimationFrame(() => fit(app)));
}

/** Give the focus to a part of the page, which does it itself. @param {Explorer} app @param {"search" | "draw" | "help" | "map" | "lasso"} summons */
export const summon = (app, summons) => app.change(app.state.page, { summons }, "summons");

/** Light or dark as the system has it, until somebody chooses. @param {Explorer} app */
export function systemTheme(app) {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const { page } = app.state;
  const follow = () => {
    if (!page.theme) app.change(page, { dark: system.matches }, "theme");
  };
  page.dark = system.matches;
  system.addEventListener("change", follow);
  app.atClose(() => system.removeEventListener("change", follow));
}

/** @param {Explorer} app */
export function toggleTheme(app) {
  const { page } = app.state;
  app.change(page, { dark: !page.dark, theme: page.dark ? "light" : "dark" }, "theme");
}
