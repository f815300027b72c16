// Codes on the screen and back. Every view is linear but the world map, so that what is shown decodes exactly.

/** @typedef {{kind: "plane" | "turn" | "world" | "strip", origin: Float32Array, axes: Float32Array[], name: string,
 *   yaw: number, pitch: number, sphere: boolean}} Projection */

/** What holds numbers later. @returns {Float32Array} */
export const noNumbers = () => new Float32Array(0);

export const dot = (a, b, at = 0) => {
  let sum = 0;
  for (let i = 0; i < b.length; i++) sum += a[at + i] * b[i];
  return sum;
};
export const norm = (z) => Math.sqrt(dot(z, z));
export const clamp = (x, low, high) => Math.min(high, Math.max(low, x));

/** @param {number} i @param {number} dim */
export function unit(i, dim) {
  const axis = new Float32Array(dim);
  axis[i] = 1;
  return axis;
}

/** A fixed scatter for a strip of points, by the row's number. @param {number} row */
export const jitter = (row) => (((row * 2654435761) >>> 8) % 1000) / 1000 - 0.5;

/** The axes as they are turned: for a plane, those of the plane. @param {Projection} p @returns {Float32Array[]} */
export function turned(p) {
  if (p.kind !== "turn") return p.axes;
  const [x, y, z] = p.axes;
  const [cy, sy, cp, sp] = [Math.cos(p.yaw), Math.sin(p.yaw), Math.cos(p.pitch), Math.sin(p.pitch)];
  const mix = (a, b, c) => x.map((_, i) => a * x[i] + b * y[i] + c * z[i]);
  return [mix(cy, -sy, 0), mix(sy * sp, cy * sp, cp), mix(-sy * cp, -cy * cp, sp)];
}

/** Coordinates of codes: u to the right, v up, w towards the viewer.
 * @param {Projection} p @param {Float32Array} codes @param {number} dim @param {Int32Array} rows */
export function project(p, codes, dim, rows) {
  const n = codes.length / dim;
  const [u, v, w] = [new Float32Array(n), new Float32Array(n), new Float32Array(p.kind === "turn" ? n : 0)];
  const axes = turned(p);
  const shift = axes.map((axis) => dot(p.origin, axis));
  for (let i = 0; i < n; i++) {
    const at = i * dim;
    if (p.kind === "world") {
      u[i] = Math.atan2(codes[at + 1], codes[at]);
      v[i] = Math.asin(clamp(codes[at + 2], -1, 1));
      continue;
    }
    u[i] = dot(codes, axes[0], at) - shift[0];
    v[i] = p.kind === "strip" ? jitter(rows[i]) : dot(codes, axes[1], at) - shift[1];
    if (p.kind === "turn") w[i] = dot(codes, axes[2], at) - shift[2];
  }
  return { u, v, w };
}

/** @param {Projection} p @param {Float32Array} z @returns {[number, number]} */
export function projectOne(p, z) {
  const { u, v } = project(p, z, z.length, new Int32Array([0]));
  return [u[0], p.kind === "strip" ? 0 : v[0]];
}

/** The code at a place of the screen that is nearest to an anchor; keeps the anchor's part outside the view.
 * @param {Projection} p @param {number} u @param {number} v @param {Float32Array} anchor */
export function unproject(p, u, v, anchor) {
  if (p.kind === "world") {
    const lat = clamp(v, -Math.PI / 2, Math.PI / 2);
    return new Float32Array([Math.cos(lat) * Math.cos(u), Math.cos(lat) * Math.sin(u), Math.sin(lat)]);
  }
  const axes = turned(p);
  const z = Float32Array.from(anchor);
  if (p.sphere && p.kind === "turn" && z.length === 3) {
    const r = Math.hypot(u, v);
    const [a, b] = r > 1 ? [u / r, v / r] : [u, v];
    const c = Math.sqrt(Math.max(0, 1 - a * a - b * b));
    return z.map((_, i) => a * axes[0][i] + b * axes[1][i] + c * axes[2][i]);
  }
  const [nowU, nowV] = projectOne(p, anchor);
  for (let i = 0; i < z.length; i++) {
    z[i] += (u - nowU) * axes[0][i] + (p.kind === "strip" ? 0 : (v - nowV) * axes[1][i]);
  }
  return p.sphere ? onSphere(z) : z;
}

/** @param {Float32Array} z */
export function onSphere(z) {
  const length = norm(z) || 1;
  return z.map((x) => x / length);
}

/** Codes from a to b: straight, or with a constant turn about the origin while the length changes evenly.
 * @param {Float32Array} a @param {Float32Array} b @param {number} t @param {"straight" | "spherical"} way */
export function between(a, b, t, way) {
  const [la, lb] = [norm(a), norm(b)];
  const cosine = clamp(dot(a, b) / (la * lb || 1), -1, 1);
  const angle = Math.acos(cosine);
  if (way === "straight" || angle < 1e-6 || Math.PI - angle < 1e-6) return a.map((x, i) => x + t * (b[i] - x));
  const [wa, wb] = [Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle)];
  const length = la + t * (lb - la);
  return a.map((x, i) => length * ((wa * x) / la + (wb * b[i]) / lb));
}

/** Even-odd rule. @param {number} x @param {number} y @param {[number, number][]} polygon */
export function inside(x, y, polygon) {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i];
    const [xj, yj] = polygon[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) odd = !odd;
  }
  return odd;
}

/** Smallest and largest finite value. @param {ArrayLike<number>} values */
export function range(values) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  return low <= high ? [low, high] : [0, 1];
}

/** A short number. @param {number} x */
export function short(x) {
  if (x === null || x === undefined || !Number.isFinite(x)) return "–";
  const size = Math.abs(x);
  if (size < 1e-7) return "0";
  if (size < 0.001 || size >= 1e6) return x.toExponential(1);
  return Number(x.toPrecision(3)).toString();
}
