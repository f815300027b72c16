// What the pointer does on a map: hover, click, drag, wheel; each gesture ends in a command.
import { fit, pan, zoom } from "../commands/camera.js";
import { hover, pin } from "../commands/focus.js";
import { putPathEnd } from "../commands/path.js";
import { anchorOf, moveProbe } from "../commands/probe.js";
import { choose, drawLasso } from "../commands/selection.js";
import { fromScreen } from "./camera.js";
import { boxOf, codeAt, pick, ready, screenOf } from "./geometry.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */
/** @typedef {import("./state.js").MapState} MapState */
/** A button that is down. `ground` is the probe's tool beside the probe. @typedef {{kind: string, x: number, y: number, x0: number, y0: number, moved: boolean, shift: boolean, alt: boolean}} Drag */

/** Pixels within which the probe snaps to a point, the pointer means one, and it takes hold of the probe; beyond the last a click is a drag. */
const [SNAP, NEAR, GRIP, STILL] = [8, 14, 22, 3];
/** Among more points than this a snap would always hold. */
const SPARSE = 3000;

/** @param {Explorer} app @param {MapState} map @param {HTMLElement} el */
export function gestures(app, map, el) {
  /** @type {Drag | null} */
  let drag = null;
  const first = map.model.index === 0;
  const codeUnder = (/** @type {number} */ x, /** @type {number} */ y) => codeAt(map, x, y, anchorOf(app, map.model));
  const at = (/** @type {MouseEvent} */ event) => {
    const box = el.getBoundingClientRect();
    return /** @type {[number, number]} */ ([event.clientX - box.left, event.clientY - box.top]);
  };

  el.addEventListener("pointerdown", (event) => {
    if (!ready(map) || event.button > 1) return;
    const [x, y] = at(event);
    el.setPointerCapture?.(event.pointerId);
    el.focus({ preventScroll: true });
    hover(app, map, -1);
    const kind = kindOf(app, map, event.button, x, y);
    drag = { kind, x, y, x0: x, y0: y, moved: false, shift: event.shiftKey, alt: event.altKey };
    if (kind === "lasso" || kind === "box") app.change(map, { lasso: [fromScreen(map.camera, x, y)] }, "enclosed");
    if (kind === "pan") map.frames.length = 0;
  });

  el.addEventListener("pointermove", (event) => {
    if (!ready(map)) return;
    const [x, y] = at(event);
    if (drag) follow(event, drag, x, y);
    else {
      if (event.altKey && first) moveProbe(app, codeUnder(x, y));
      hover(app, map, pick(map, x, y, NEAR));
    }
  });

  /** @param {PointerEvent} event @param {Drag} held @param {number} x @param {number} y */
  function follow(event, held, x, y) {
    const { kind, x0, y0 } = held;
    if (Math.hypot(x - x0, y - y0) > STILL) held.moved = true;
    const [dx, dy] = [x - held.x, y - held.y];
    [held.x, held.y] = [x, y];
    if (kind === "probe" || (kind === "ground" && held.moved && first)) dragProbe(event, x, y);
    else if (kind === "pan") pan(app, map, dx, dy);
    else if (kind === "lasso") drawLasso(app, map, [...map.lasso, fromScreen(map.camera, x, y)]);
    else if (kind === "box") drawLasso(app, map, boxOf(fromScreen(map.camera, x0, y0), fromScreen(map.camera, x, y)));
  }

  /** @param {PointerEvent} event @param {number} x @param {number} y */
  function dragProbe(event, x, y) {
    const since = performance.now();
    const near = event.shiftKey || !app.state.probe.snap || map.u.length > SPARSE ? -1 : pick(map, x, y, SNAP);
    moveProbe(app, near >= 0 ? map.model.code(near) : codeUnder(x, y), since);
  }

  for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) {
    el.addEventListener(name, (event) => {
      const held = drag;
      drag = null;
      if (held && map.lasso.length) release(held);
      else if (held && !held.moved) click(held.kind, ...at(event));
    });
  }

  /** @param {Drag} held */
  function release(held) {
    if (map.lasso.length > 2) choose(app, map, map.lasso, held.shift ? "add" : held.alt ? "subtract" : "set");
    else {
      app.change(map, { lasso: [] }, "enclosed");
      app.say("Nothing was enclosed: keep the button down and draw around the points.");
    }
  }

  /** @param {string} kind @param {number} x @param {number} y */
  function click(kind, x, y) {
    const near = pick(map, x, y, NEAR);
    if (kind === "path") {
      // A path is one of the first model, whichever map shows its ends.
      const i = near < 0 ? -1 : app.model.indexOf(map.model.rows[near]);
      if (i >= 0) putPathEnd(app, app.model.code(i));
      else if (first) putPathEnd(app, codeUnder(x, y));
    } else if (near >= 0) pin(app, map.model.rows[near]);
    else if (kind === "ground" && first) moveProbe(app, codeUnder(x, y), performance.now());
    else pin(app, -1);
  }

  el.addEventListener("pointerleave", () => hover(app, map, -1));
  el.addEventListener("wheel", (event) => {
    event.preventDefault();
    if (ready(map)) zoom(app, Math.exp(-event.deltaY * 0.0015), map, ...at(event));
  }, { passive: false });
  el.addEventListener("dblclick", () => fit(app, [map]));
}

/** What a button that goes down at a place begins. @param {Explorer} app @param {MapState} map @param {number} button @param {number} x @param {number} y */
function kindOf({ state }, map, button, x, y) {
  const first = map.model.index === 0;
  const { page: { tool: chosen }, probe } = state;
  const tool = button === 1 || (chosen === "probe" && !first) ? "pan" : chosen;
  if (tool === "lasso" || tool === "box" || tool === "path") return tool;
  if (first && probe.code.length) {
    const [px, py] = screenOf(map, probe.code);
    if (Math.hypot(x - px, y - py) < GRIP) return "probe";
  }
  return tool === "probe" ? "ground" : tool;
}
