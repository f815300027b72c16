// Colours: Okabe and Ito's for classes (told apart by colour-blind readers), a blue-to-yellow ramp for numbers.
import { clamp } from "./maths.js";

/** M. Okabe, K. Ito, Color Universal Design, 2008; black is replaced by a grey that shows on both grounds. */
const CLASSES = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#b8ab00", "#888888", "#7b4ec4", "#a0522d"];

const RAMP = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
const DIVERGING = [[33, 102, 172], [247, 247, 247], [178, 24, 43]];

/** @param {number[][]} stops @param {number} t in [0, 1] @returns {[number, number, number]} */
function along(stops, t) {
  const at = clamp(Number.isFinite(t) ? t : 0, 0, 1) * (stops.length - 1);
  const [i, rest] = [Math.min(Math.floor(at), stops.length - 2), at - Math.min(Math.floor(at), stops.length - 2)];
  const mixed = stops[i].map((a, k) => Math.round(a + rest * (stops[i + 1][k] - a)));
  return [mixed[0], mixed[1], mixed[2]];
}

/** @param {number} t */
export const ramp = (t) => along(RAMP, t);
/** @param {number} t in [-1, 1] */
export const diverging = (t) => along(DIVERGING, (t + 1) / 2);
/** @param {number} i */
export const classColour = (i) => CLASSES[i % CLASSES.length];
/** @param {string} hex @returns {[number, number, number]} */
export const rgb = (hex) => [parseInt(hex.slice(1, 3), 16), parseInt(hex.slice(3, 5), 16), parseInt(hex.slice(5, 7), 16)];
/** @param {number[]} c @param {number} alpha */
export const pixel = (c, alpha = 255) => ((alpha << 24) | (c[2] << 16) | (c[1] << 8) | c[0]) >>> 0;

const disc = (x, y, r) => x * x + y * y <= (r + 0.3) ** 2;
const SHAPES = [
  disc,
  (x, y, r) => Math.max(Math.abs(x), Math.abs(y)) <= r * 0.85,
  (x, y, r) => Math.abs(x) + Math.abs(y) <= r * 1.2,
  (x, y, r) => y >= -r && y <= r * 0.8 && Math.abs(x) <= (y + r) * 0.65,
  (x, y, r) => (Math.abs(x) <= r * 0.4 && Math.abs(y) <= r * 1.1) || (Math.abs(y) <= r * 0.4 && Math.abs(x) <= r * 1.1),
  (x, y, r) => y <= r && y >= -r * 0.8 && Math.abs(x) <= (r - y) * 0.65,
  (x, y, r) => disc(x, y, r) && !disc(x, y, r * 0.45),
  (x, y, r) => Math.abs(Math.abs(x) - Math.abs(y)) <= r * 0.45 && Math.max(Math.abs(x), Math.abs(y)) <= r,
];

/** Offsets of the pixels of a class's mark; all marks are discs when they are small. @param {number} i @param {number} r */
export function mark(i, r) {
  const fits = r >= 3 ? SHAPES[i % SHAPES.length] : disc;
  /** @type {[number, number][]} */
  const found = [];
  const reach = Math.ceil(r * 1.2);
  for (let y = -reach; y <= reach; y++) for (let x = -reach; x <= reach; x++) if (fits(x, y, r)) found.push([x, y]);
  return found;
}
