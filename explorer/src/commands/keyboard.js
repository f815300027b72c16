// What only the keyboard does: moves by arrows, Enter, a lasso without a mouse, and Escape.
import { codeAt, pick, screenOf } from "../map/geometry.js";
import { pan } from "./camera.js";
import { setTab, setTool, summon } from "./display.js";
import { pin } from "./focus.js";
import { setPath } from "./path.js";
import { anchorOf, moveProbe } from "./probe.js";
import { dropLasso, putCorner, select } from "./selection.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */

const STEP = 12;

/** Move the probe, or the ground with the tool Pan. @param {Explorer} app @param {[number, number]} direction @param {KeyboardEvent} event */
export function nudge(app, [dx, dy], event) {
  const size = STEP * (event.shiftKey ? 5 : 1) * (event.altKey ? 0.2 : 1);
  const { map, state: { page, probe } } = app;
  probe.walk = [];
  if (page.tool === "pan") {
    pan(app, map, -dx * size * 2, -dy * size * 2);
    return;
  }
  const [x, y] = screenOf(map, probe.code);
  moveProbe(app, codeAt(map, x + dx * size, y + dy * size, anchorOf(app, map.model)));
}

/** A lasso without a mouse: every arrow key moves the probe, Enter puts a corner there, Enter on the last closes it.
 * @param {Explorer} app @param {"lasso" | "box"} tool */
export function startLasso(app, tool) {
  setTool(app, tool);
  app.state.selection.corners = [];
  summon(app, "lasso");
  app.say(`${tool === "box" ? "Box" : "Lasso"}: move the probe with the arrows, Enter puts a corner, Enter twice at one place closes it.`);
}

/** Put a corner, or pin the point that is looked at. @param {Explorer} app */
export function enter(app) {
  const { map, state: { page, focus, probe } } = app;
  if (page.tool === "lasso" || page.tool === "box") putCorner(app);
  else if (focus.hover >= 0) pin(app, focus.hover);
  else {
    const i = pick(map, ...screenOf(map, probe.code), 1e9);
    if (i >= 0) pin(app, app.model.rows[i]);
  }
}

/** One level back. @param {Explorer} app */
export function back(app) {
  const { page, selection, focus, path } = app.state;
  if (app.map?.lasso.length || selection.corners.length) dropLasso(app);
  else if (page.tool !== "probe") setTool(app, "probe");
  else if (focus.pinned >= 0) pin(app, -1);
  else if (selection.rows.size) select(app, []);
  else if (path.a) setPath(app, { a: null, b: null });
  else if (page.tab !== "explore") setTab(app, "explore");
  summon(app, "map");
}
