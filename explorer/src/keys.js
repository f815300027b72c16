// Everything by keyboard.
import { setTab } from "./layout.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 12;

/** @param {import("./app.js").App} app */
export function keys(app) {
  const actions = table(app);
  const page = app.el.ownerDocument;
  const press = (/** @type {KeyboardEvent} */ event) => {
    // In a notebook the keys of the page around are not ours.
    if (!app.el.contains(/** @type {Node} */ (event.target)) && !(app.page && event.target === document.body)) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) || target.closest("dialog");
    if (event.key === "Escape" && !app.help.open) return back(app);
    if (typing || event.ctrlKey || event.metaKey || !app.map?.ready) return;
    const onMap = target.closest(".dx-map") || target === document.body;
    if (ARROWS[event.key] && onMap) {
      event.preventDefault();
      return arrow(app, event);
    }
    if ((event.key === "Enter" || event.key === " ") && target.closest("button, a, canvas")) return;
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action || (event.key === "Enter" && !onMap)) return;
    event.preventDefault();
    action();
  };
  page.addEventListener("keydown", press);
  app.atClose(() => page.removeEventListener("keydown", press));
}

function table(app) {
  const { state } = app;
  return {
    n: () => app.walk(1), p: () => app.walk(-1), Enter: () => enter(app),
    a: () => app.setPath({ a: Float32Array.from(state.probe), b: null }), b: () => state.path.a && app.setPath({ b: Float32Array.from(state.probe) }),
    " ": () => app.play(), l: () => pen(app, "lasso"), x: () => pen(app, "box"), v: () => app.setTool("pan"), m: () => app.setTool("probe"),
    g: () => app.canGrid && app.setLayer("grid", !state.layers.grid), t: () => app.meta.image_shape && app.setLayer("thumbs", !state.layers.thumbs),
    e: () => app.meta.can_decode && app.setColour(state.colour === "error" && app.meta.labels ? "label" : "error"),
    d: () => app.focusDraw(), c: () => setTab(app, state.tab === "compare" ? "explore" : "compare"),
    "+": () => app.map.zoom(1.4), "=": () => app.map.zoom(1.4), "-": () => app.map.zoom(1 / 1.4), 0: () => app.map.fit(),
    "[": () => app.stepEpoch?.(-1), "]": () => app.stepEpoch?.(1), "/": () => app.search.focus(), s: () => app.exportSelection(), "?": () => app.help.showModal(),
  };
}

/** A lasso without a mouse: every arrow key moves the probe, Enter puts a corner there, Enter on the first closes it. */
function pen(app, tool) {
  app.setTool(tool);
  app.corners = [];
  app.map.el.focus();
  app.say(`${tool === "box" ? "Box" : "Lasso"}: move the probe with the arrows, Enter puts a corner, Enter twice at one place closes it.`);
}

function arrow(app, event) {
  const [dx, dy] = ARROWS[event.key];
  const size = STEP * (event.shiftKey ? 5 : 1) * (event.altKey ? 0.2 : 1);
  const { map, state } = app;
  app.walking = false;
  if (state.tool === "pan") return map.pan(-dx * size * 2, -dy * size * 2);
  const [x, y] = map.screenOf(state.probe);
  return app.moveProbe(map.codeAt(x + dx * size, y + dy * size));
}

function enter(app) {
  const { map, state } = app;
  if (state.tool === "lasso" || state.tool === "box") return corner(app);
  if (state.hover >= 0) return app.pin(state.hover);
  const i = map.pick(...map.screenOf(state.probe), 1e9);
  return i >= 0 ? app.pin(app.side.rows[i]) : undefined;
}

function corner(app) {
  const { map, state } = app;
  const here = map.fromScreen(...map.screenOf(state.probe));
  app.corners ??= [];
  const last = app.corners.at(-1);
  const again = last && Math.hypot(here[0] - last[0], here[1] - last[1]) * map.view.scale < 2;
  if (!again) app.corners.push(here);
  const box = state.tool === "box" && app.corners.length === 2;
  if (box || (again && app.corners.length > 2)) {
    const [[u0, v0], [u1, v1]] = app.corners;
    const polygon = box ? [[u0, v0], [u1, v0], [u1, v1], [u0, v1]] : app.corners;
    app.corners = [];
    map.lasso = null;
    app.choose(map, map.within(polygon), polygon, "set");
    return;
  }
  map.lasso = [...app.corners];
  app.counting(map.within(map.lasso).length);
  map.overlay();
}

/** Escape: one level back. */
function back(app) {
  const { state } = app;
  if (app.map?.lasso || app.corners?.length) {
    app.corners = [];
    app.map.lasso = null;
    app.counting(-1);
    app.map.overlay();
  } else if (state.tool !== "probe") app.setTool("probe");
  else if (state.pinned >= 0) app.pin(-1);
  else if (state.selection.size) app.select([]);
  else if (state.path.a) app.setPath({ a: null, b: null });
  else if (state.tab !== "explore") setTab(app, "explore");
  app.map?.el.focus({ preventScroll: true });
}
