// The maps' cameras and projections: fitted, zoomed, moved, turned.
import { needsFit, fitted, panned, zoomed } from "../map/camera.js";
import { bounds, extent, located, ready } from "../map/geometry.js";
import { clamp } from "../maths.js";
import { refreshLayersSoon } from "./layers.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */
/** @typedef {import("../map/state.js").MapState} MapState */

/** @param {Explorer} app @param {MapState} map @param {Partial<MapState>} values */
function moved(app, map, values) {
  app.change(map, values, "camera");
  refreshLayersSoon(app, map);
}

/** Show everything. @param {Explorer} app @param {MapState[]} maps */
export function fit(app, maps = app.maps) {
  for (const map of maps) {
    if (ready(map)) moved(app, map, { chosen: false, camera: fitted(map.camera, extent(map), map.projection.kind === "strip") });
  }
}

/** Show everything again when points have left the view or use little of it, unless somebody has chosen the view.
 * @param {Explorer} app @param {MapState} map */
export function keepInView(app, map) {
  if (map.chosen || !ready(map) || map.projection.kind === "world") return;
  if (needsFit(map.camera, bounds(map))) fit(app, [map]);
}

/** @param {Explorer} app @param {MapState} map @param {number} width @param {number} height in CSS pixels */
export function resize(app, map, width, height) {
  const first = !map.camera.width;
  map.camera = { ...map.camera, width, height };
  if (map.model.loaded && (first || !map.chosen)) fit(app, [map]);
  moved(app, map, {});
}

/** Find the points' coordinates again. @param {Explorer} app @param {MapState} map */
export const locate = (app, map) => app.change(map, located(map), "codes");

/** @param {Explorer} app @param {MapState} map @param {import("../maths.js").Projection} projection */
export function setProjection(app, map, projection) {
  map.projection = projection;
  locate(app, map);
  fit(app, [map]);
}

/** @param {Explorer} app @param {number} factor @param {MapState} map @param {number} x @param {number} y the place that is held */
export function zoom(app, factor, map = app.map, x = map.camera.width / 2, y = map.camera.height / 2) {
  moved(app, map, { chosen: true, camera: zoomed(map.camera, factor, x, y) });
}

/** @param {Explorer} app @param {MapState} map @param {number} dx @param {number} dy in pixels */
export function pan(app, map, dx, dy) {
  const { projection } = map;
  if (projection.kind !== "turn") {
    moved(app, map, { chosen: true, camera: panned(map.camera, dx, dy) });
    return;
  }
  projection.yaw += dx * 0.008;
  projection.pitch = clamp(projection.pitch + dy * 0.008, -Math.PI / 2, Math.PI / 2);
  moved(app, map, located(map));
}
