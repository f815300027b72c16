// Where the points, codes and lassos of a map are: pure functions of its state.
import { inside, project, projectOne, range, unproject } from "../maths.js";
import { fromScreen, toScreen } from "./camera.js";

/** @typedef {import("./state.js").MapState} MapState */

/** @param {MapState} map */
export const ready = (map) => map.model.loaded && map.located && map.camera.width > 0;

/** Width of the codes shown. @param {MapState} map */
export const dimOf = (map) => map.laid?.dim ?? map.model.meta.dim;

/** Whether points on the far side are out of sight. @param {MapState} map */
export const isGlobe = (map) => map.projection.sphere && map.projection.kind === "turn";

/** Coordinates of all points in the view. @param {MapState} map */
export const located = (map) => ({ ...project(map.projection, map.laid?.codes ?? map.model.codes, dimOf(map), map.model.rows), located: true });

/** What has to be seen for everything to be seen. @param {MapState} map @returns {import("./camera.js").Box} */
export function extent(map) {
  if (map.projection.kind === "world") return [-Math.PI, -Math.PI / 2, Math.PI, Math.PI / 2];
  if (isGlobe(map)) return [-1, -1, 1, 1];
  const [left, bottom, right, top] = bounds(map);
  return map.projection.kind === "strip" ? [left, -1, right, 1] : [left, bottom, right, top];
}

/** The box of all points. @param {MapState} map @returns {import("./camera.js").Box} */
export function bounds({ u, v }) {
  const [[left, right], [bottom, top]] = [range(u), range(v)];
  return [left, bottom, right, top];
}

/** @param {MapState} map @param {Float32Array} z @returns {[number, number]} */
export const screenOf = (map, z) => toScreen(map.camera, ...projectOne(map.projection, z));

/** @param {MapState} map @param {number} i a point's index among those shown @returns {[number, number]} */
export const screenOfPoint = (map, i) => toScreen(map.camera, map.u[i], map.v[i]);

/** The code under a place of the screen; what the view does not show is the anchor's. @param {MapState} map @param {number} x @param {number} y
 * @param {Float32Array} anchor */
export const codeAt = (map, x, y, anchor) => unproject(map.projection, ...fromScreen(map.camera, x, y), anchor);

/** The nearest point within a distance, or -1; only points on the near side of a globe.
 * @param {MapState} map @param {number} x @param {number} y @param {number} reach in pixels */
export function pick(map, x, y, reach) {
  if (!ready(map)) return -1;
  const { u, v, w, camera: { x: middleU, y: middleV, scale, stretch: tall, width, height } } = map;
  const hide = isGlobe(map);
  let [best, found] = [reach * reach, -1];
  const stretch = tall || scale;
  const [cx, cy] = [width / 2 - middleU * scale - x, height / 2 + middleV * stretch - y];
  for (let i = 0; i < u.length; i++) {
    const dx = cx + u[i] * scale;
    const dy = cy - v[i] * stretch;
    const far = dx * dx + dy * dy;
    if (far <= best && !(hide && w[i] < 0)) [best, found] = [far, i];
  }
  return found;
}

/** Points inside a polygon of coordinates. @param {MapState} map @param {[number, number][]} polygon */
export function within(map, polygon) {
  const found = [];
  const hide = isGlobe(map);
  for (let i = 0; i < map.u.length; i++) if (!(hide && map.w[i] < 0) && inside(map.u[i], map.v[i], polygon)) found.push(i);
  return found;
}

/** The corners of a box between two opposite ones. @param {[number, number]} a @param {[number, number]} b @returns {[number, number][]} */
export const boxOf = ([u0, v0], [u1, v1]) => [[u0, v0], [u1, v0], [u1, v1], [u0, v1]];

/** Frames a second while the view was last moved. @param {MapState} map */
export function framesPerSecond({ frames }) {
  const gaps = frames.slice(1).map((t, i) => t - frames[i]).filter((gap) => gap < 250);
  return gaps.length ? 1000 / (gaps.reduce((a, b) => a + b, 0) / gaps.length) : 0;
}
