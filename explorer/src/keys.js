// Which key does what: names of commands, and which keys on the page are the explorer's.
import { fit, zoom } from "./commands/camera.js";
import { canGrid, setColour, setLayer, setTab, setTool, summon } from "./commands/display.js";
import { back, enter, nudge, startLasso } from "./commands/keyboard.js";
import { setPath, togglePlay } from "./commands/path.js";
import { walk } from "./commands/probe.js";
import { exportSelection } from "./commands/selection.js";
import { stepEpoch } from "./commands/training.js";
import { ready } from "./map/geometry.js";

/** @typedef {import("./explorer.js").Explorer} Explorer */

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** @type {Record<string, (app: Explorer) => unknown>} */
const KEYS = {
  n: (app) => walk(app, 1), p: (app) => walk(app, -1), Enter: enter,
  a: (app) => setPath(app, { a: Float32Array.from(app.state.probe.code), b: null }),
  b: (app) => app.state.path.a && setPath(app, { b: Float32Array.from(app.state.probe.code) }),
  " ": togglePlay, l: (app) => startLasso(app, "lasso"), x: (app) => startLasso(app, "box"), v: (app) => setTool(app, "pan"), m: (app) => setTool(app, "probe"),
  g: (app) => canGrid(app) && setLayer(app, "grid", !app.state.view.layers.grid),
  t: (app) => app.meta.image_shape && setLayer(app, "thumbs", !app.state.view.layers.thumbs),
  e: (app) => app.meta.can_decode && setColour(app, app.state.view.colour === "error" && app.meta.labels ? "label" : "error"),
  d: (app) => summon(app, "draw"), c: (app) => setTab(app, app.state.page.tab === "compare" ? "explore" : "compare"),
  "+": (app) => zoom(app, 1.4), "=": (app) => zoom(app, 1.4), "-": (app) => zoom(app, 1 / 1.4), 0: (app) => fit(app, [app.map]),
  "[": (app) => stepEpoch(app, -1), "]": (app) => stepEpoch(app, 1), "/": (app) => summon(app, "search"), s: (app) => exportSelection(app), "?": (app) => summon(app, "help"),
};

/** @param {Explorer} app */
export function keys(app) {
  const page = app.el.ownerDocument;
  const press = (/** @type {KeyboardEvent} */ event) => {
    // In a notebook the keys of the page around are not ours.
    if (!app.el.contains(/** @type {Node} */ (event.target)) && !(app.alone && event.target === document.body)) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || target.closest("dialog");
    if (event.key === "Escape" && !app.el.querySelector("dialog[open]")) {
      back(app);
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || !app.map || !ready(app.map)) return;
    const onMap = target.closest(".dx-map") || target === document.body;
    if (ARROWS[event.key] && onMap) {
      event.preventDefault();
      nudge(app, ARROWS[event.key], event);
      return;
    }
    if ((event.key === "Enter" || event.key === " ") && target.closest("button, a, canvas")) return;
    const command = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!command || (event.key === "Enter" && !onMap)) return;
    event.preventDefault();
    command(app);
  };
  page.addEventListener("keydown", press);
  app.atClose(() => page.removeEventListener("keydown", press));
}
