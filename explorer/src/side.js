// What is known of one model: its points, and everything that colours them.
import { unit } from "./maths.js";

export class Side {
  /** @param {number} index @param {any} meta */
  constructor(index, meta) {
    this.index = index;
    this.meta = meta;
    /** @type {Float32Array | null} */
    this.codes = null;
    /** @type {Map<number, ArrayLike<number>>} */
    this.columns = new Map();
    /** @type {Float32Array | null} */
    this.errors = null;
    this.errorUnit = "";
  }

  /** @param {import("./client.js").Answer} answer */
  take({ header, arrays }) {
    const floats = (/** @type {import("./frames.js").Tensor | undefined} */ tensor) => /** @type {Float32Array} */ (tensor?.data ?? null);
    this.rows = /** @type {Int32Array} */ (arrays.rows.data);
    this.codes = floats(arrays.codes);
    this.total = header.total;
    this.notFinite = header.not_finite;
    this.labels = floats(arrays.labels);
    this.mean = floats(arrays.plane_mean);
    const dim = this.meta.dim;
    const flat = floats(arrays.plane_axes);
    this.axes = Array.from({ length: flat.length / dim }, (_, i) => flat.slice(i * dim, i * dim + dim));
    this.places = new Int32Array(this.total).fill(-1);
    this.rows.forEach((row, i) => (this.places[row] = i));
    if (this.meta.labels?.kind === "class") {
      this.classValues = Object.keys(this.meta.label_names).map(Number).sort((a, b) => a - b);
      const index = new Map(this.classValues.map((value, i) => [value, i]));
      this.classes = Uint16Array.from(this.labels, (value) => index.get(value) ?? 0);
    }
  }

  get n() {
    return this.rows?.length ?? 0;
  }

  /** The place of a row among the points shown, or -1. @param {number} row */
  placeOf(row) {
    return this.places && row >= 0 ? this.places[row] ?? -1 : -1;
  }

  /** @param {number} i */
  code(i) {
    return this.codes.slice(i * this.meta.dim, (i + 1) * this.meta.dim);
  }

  /** The views there are, by name. @returns {[string, string][]} */
  get views() {
    const { dim, sphere } = this.meta;
    if (dim === 1) return [["strip", "strip (1 dimension)"]];
    const globe = sphere && dim === 3;
    const planes = [["dims", dim === 2 ? "plane (z0, z1)" : "two of them"]];
    if (dim > 2) planes.unshift(["pca", "PCA plane"]);
    const solid = dim > 2 ? [["turn", globe ? "globe (turn it)" : dim === 3 ? "3-D (turn it)" : "PCA in 3-D (turn it)"]] : [];
    const found = globe ? [...solid, ["world", "world map"], ...planes] : [...planes, ...solid];
    return /** @type {[string, string][]} */ (found);
  }

  /** @param {string} name @param {[number, number]} dims @returns {import("./maths.js").Projection} */
  projection(name, dims) {
    const { dim, sphere } = this.meta;
    const origin = new Float32Array(dim);
    const base = { origin, yaw: 0.5, pitch: 0.4, sphere, name };
    if (name === "strip") return { ...base, kind: "strip", axes: [unit(0, 1)] };
    if (name === "world") return { ...base, kind: "world", axes: [] };
    if (name === "turn") {
      const axes = dim === 3 ? [0, 1, 2].map((i) => unit(i, 3)) : this.axes;
      return { ...base, kind: "turn", axes, origin: sphere ? origin : this.mean };
    }
    if (name === "pca") return { ...base, kind: "plane", axes: this.axes.slice(0, 2), origin: this.mean };
    return { ...base, kind: "plane", axes: dims.map((i) => unit(Math.min(i, dim - 1), dim)) };
  }
}
