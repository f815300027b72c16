// What is known of one model: its points, everything that colours them, and the views of them that there are.
import { noNumbers, short, unit } from "./maths.js";

/** @param {any} meta */
export const isPicture = (meta) => Boolean(meta.image_shape);

export class ModelData {
  loaded = false;
  /** @type {Int32Array} the row of every point */
  rows = new Int32Array(0);
  codes = noNumbers();
  mean = noNumbers();
  total = 0;
  notFinite = 0;
  /** @type {Float32Array | null} */
  labels = null;
  /** Classes are numbered in the order of their values. @type {Uint16Array | null} */
  classes = null;
  /** @type {number[]} */
  classValues = [];
  /** Principal axes. @type {Float32Array[]} */
  axes = [];
  /** The index of every row among the points, or -1. */
  indices = new Int32Array(0);
  /** @type {Map<number, ArrayLike<number>>} */
  columns = new Map();
  /** By row; null until they are there. @type {Float32Array | null} */
  errors = null;
  errorUnit = "";

  /** @param {number} index @param {any} meta */
  constructor(index, meta) {
    this.index = index;
    this.meta = meta;
  }

  /** @param {import("./connection/client.js").Answer} answer */
  setPoints({ header, arrays }) {
    const floats = (/** @type {import("./connection/protocol.js").Tensor | undefined} */ tensor) => /** @type {Float32Array} */ (tensor?.data ?? null);
    this.rows = /** @type {Int32Array} */ (arrays.rows.data);
    this.codes = floats(arrays.codes);
    this.loaded = true;
    this.total = header.total;
    this.notFinite = header.not_finite;
    this.labels = floats(arrays.labels);
    this.mean = floats(arrays.plane_mean);
    const dim = this.meta.dim;
    const flat = floats(arrays.plane_axes);
    this.axes = Array.from({ length: flat.length / dim }, (_, i) => flat.slice(i * dim, i * dim + dim));
    this.indices = new Int32Array(this.total).fill(-1);
    this.rows.forEach((row, i) => (this.indices[row] = i));
    if (this.meta.labels?.kind === "class") {
      this.classValues = Object.keys(this.meta.label_names).map(Number).sort((a, b) => a - b);
      const index = new Map(this.classValues.map((value, i) => [value, i]));
      this.classes = Uint16Array.from(this.labels, (value) => index.get(value) ?? 0);
    }
  }

  get n() {
    return this.rows.length;
  }

  /** The index of a row among the points shown, or -1. @param {number} row */
  indexOf(row) {
    return row >= 0 ? this.indices[row] ?? -1 : -1;
  }

  /** @param {number} i */
  code(i) {
    return this.codes.slice(i * this.meta.dim, (i + 1) * this.meta.dim);
  }

  /** Label of a row in words. @param {number} row */
  labelText(row) {
    const i = this.indexOf(row);
    if (i < 0 || !this.labels) return `row ${row}`;
    const value = this.labels[i];
    return `label ${this.meta.label_names?.[value] ?? short(value)}`;
  }

  /** All points by their distance from a code. @param {Float32Array} z @returns {number[]} */
  nearest(z) {
    const { dim } = this.meta;
    const far = Array.from({ length: this.n }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < dim; k++) sum += (this.codes[i * dim + k] - z[k]) ** 2;
      return sum;
    });
    return Array.from(far.keys()).sort((a, b) => far[a] - far[b]);
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
