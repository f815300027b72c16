// The camera of a map: coordinates of a view to pixels of the screen and back. Pure functions of a camera.
import { clamp } from "../maths.js";

/** The coordinates in the middle, pixels a unit across and (where it differs, else 0) upwards, and the size of the screen in CSS pixels.
 * @typedef {{x: number, y: number, scale: number, stretch: number, width: number, height: number}} Camera */
/** Left, bottom, right, top. @typedef {[number, number, number, number]} Box */

/** @returns {Camera} */
export const initialCamera = () => ({ x: 0, y: 0, scale: 1, stretch: 0, width: 0, height: 0 });

/** @param {Camera} camera @param {number} u @param {number} v @returns {[number, number]} */
export function toScreen(camera, u, v) {
  return [camera.width / 2 + (u - camera.x) * camera.scale, camera.height / 2 - (v - camera.y) * (camera.stretch || camera.scale)];
}

/** @param {Camera} camera @param {number} x @param {number} y @returns {[number, number]} */
export function fromScreen(camera, x, y) {
  return [(x - camera.width / 2) / camera.scale + camera.x, (camera.height / 2 - y) / (camera.stretch || camera.scale) + camera.y];
}

/** A camera that sees a box with a margin; a strip fills the height whatever its width.
 * @param {Camera} camera @param {Box} box @param {boolean} strip @returns {Camera} */
export function fitted(camera, [u0, v0, u1, v1], strip) {
  const across = (camera.width * 0.88) / (u1 - u0 || 1);
  const scale = strip ? across : Math.min(across, (camera.height * 0.86) / (v1 - v0 || 1));
  return { ...camera, x: (u0 + u1) / 2, y: (v0 + v1) / 2, scale, stretch: strip ? (camera.height * 0.7) / 2 : 0 };
}

/** Nearer or farther, with the place of the screen at (x, y) held. @param {Camera} camera @param {number} factor @param {number} x @param {number} y
 * @returns {Camera} */
export function zoomed(camera, factor, x, y) {
  const [u, v] = fromScreen(camera, x, y);
  const scale = clamp(camera.scale * factor, 1e-4, 1e7);
  return { ...camera, scale, x: u - (x - camera.width / 2) / scale, y: camera.stretch ? camera.y : v - (camera.height / 2 - y) / scale };
}

/** Moved by pixels, as the hand moves the ground. @param {Camera} camera @param {number} dx @param {number} dy @returns {Camera} */
export function panned(camera, dx, dy) {
  return { ...camera, x: camera.x - dx / camera.scale, y: camera.stretch ? camera.y : camera.y + dy / camera.scale };
}

/** Whether a box is partly out of sight, or so small that it wastes the screen. @param {Camera} camera @param {Box} box */
export function needsFit(camera, [u0, v0, u1, v1]) {
  const [[left, bottom], [right, top]] = [toScreen(camera, u0, v0), toScreen(camera, u1, v1)];
  const out = left < 2 || top < 2 || right > camera.width - 2 || bottom > camera.height - 2;
  return out || (right - left < 0.55 * camera.width && bottom - top < 0.55 * camera.height);
}

/** Centres of the tiles of the screen, line by line from the top, and their boxes. @param {Camera} camera @param {number} across @param {number} down */
export function tiles(camera, across, down) {
  /** @type {{box: Box, u: number, v: number}[]} */
  const made = [];
  for (let j = 0; j < down; j++) {
    for (let i = 0; i < across; i++) {
      const [u0, v1] = fromScreen(camera, (i * camera.width) / across, (j * camera.height) / down);
      const [u1, v0] = fromScreen(camera, ((i + 1) * camera.width) / across, ((j + 1) * camera.height) / down);
      made.push({ box: [u0, v0, u1, v1], u: (u0 + u1) / 2, v: (v0 + v1) / 2 });
    }
  }
  return made;
}
