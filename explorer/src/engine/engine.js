// A model in the browser: follows the operations of a plan, row by row. Sums are in double precision.

/** @typedef {{op: string, name?: string, slope?: number, out?: number, w?: number[], b?: number[], shape?: number[],
 *   kernel?: number[], stride?: number[], padding?: number[], extra?: number[], inner?: Operation[],
 *   outer?: Operation[]}} Operation */
/** @typedef {{encoder: Operation[], decoder: Operation[], latent: {kind: string, dim: number}, link: string,
 *   loss: {kind: string, variance: number | null}, scaling: {offset: number[], scale: number[]} | null}} Steps */
/** @typedef {{x: Float32Array, shape: number[]}} Flow */

/** The error function: its power series where that is short, else one; all terms are positive. @param {number} x */
export function erf(x) {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  let [term, sum] = [size, size];
  for (let n = 1; n < 200 && term > 1e-17 * sum; n++) {
    term *= (2 * size * size) / (2 * n + 1);
    sum += term;
  }
  return Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-size * size) * sum;
}

/** Logarithm of the gamma function for x > 0: Stirling's series after a shift. @param {number} x */
export function lgamma(x) {
  let shift = 0;
  for (; x < 9; x++) shift += Math.log(x);
  const r = 1 / (x * x);
  const series = (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r / 1680))) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series - shift;
}

/** @param {number} x */
const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

// The constants of SELU: G. Klambauer et al., Self-Normalizing Neural Networks, 2017, arXiv:1706.02515.
const [ALPHA, LAMBDA] = [1.6732632423543772, 1.0507009873554805];

/** @type {Record<string, (x: number, slope: number) => number>} */
const EACH = {
  none: (x) => x,
  relu: (x) => (x > 0 ? x : 0),
  prelu: (x, slope) => (x > 0 ? x : slope * x),
  leaky_relu: (x) => (x > 0 ? x : 0.01 * x),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  selu: (x) => LAMBDA * (x > 0 ? x : ALPHA * Math.expm1(x)),
  gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  silu: (x) => x * sigmoid(x),
  softplus: (x) => (x > 20 ? x : Math.log1p(Math.exp(x))),
  sigmoid,
  tanh: (x) => Math.tanh(x),
  exp: (x) => Math.exp(x),
};

/** Loss of one feature: a is the decoder's output, t the target, v the variance.
 * @type {Record<string, (a: number, t: number, v: number) => number>} */
export const LOSS = {
  squared: (a, t) => (a - t) ** 2,
  absolute: (a, t) => Math.abs(a - t),
  bernoulli: (a, t) => Math.max(a, 0) - a * t + Math.log1p(Math.exp(-Math.abs(a))),
  gaussian: (a, t, v) => 0.5 * ((a - t) ** 2 / v + Math.log(v) + Math.log(2 * Math.PI)),
  poisson: (a, t) => Math.exp(a) - t * a + lgamma(t + 1),
};

/** x log x. @param {number} x */
const xlogx = (x) => (x > 0 ? x * Math.log(x) : 0);

/** What of a loss depends on the target alone, where that is not 0. @type {Record<string, (t: number) => number>} */
const FLOOR = {
  bernoulli: (t) => -xlogx(t) - xlogx(1 - t),
  poisson: (t) => t - xlogx(t) + lgamma(t + 1),
};

/** Loss of a row above its floor. @param {{kind: string, variance: number | null}} loss @param {ArrayLike<number>} output
 * @param {ArrayLike<number>} target */
export function excess({ kind, variance }, output, target) {
  const floor = FLOOR[kind] ?? (() => 0);
  let sum = 0;
  for (let i = 0; i < target.length; i++) sum += LOSS[kind](output[i], target[i], variance) - floor(target[i]);
  return sum;
}

/** @param {Float32Array} x @param {string} name @param {number} [slope] */
function each(x, name, slope = 0) {
  const [out, f] = [new Float32Array(x.length), EACH[name]];
  for (let i = 0; i < x.length; i++) out[i] = f(x[i], slope);
  return out;
}

export class Engine {
  /** @param {Steps} steps @param {Float32Array} weights */
  constructor(steps, weights) {
    this.steps = steps;
    this.weights = weights;
  }

  /** @param {number[]} place */
  at([start, count]) {
    return this.weights.subarray(start, start + count);
  }

  /** @param {Operation[]} operations @param {Float32Array} x */
  run(operations, x) {
    /** @type {Flow} */
    let flow = { x, shape: [x.length] };
    for (const operation of operations) flow = this.step(operation, flow);
    return flow.x;
  }

  /** @param {Operation} operation @param {Flow} flow @returns {Flow} */
  step(operation, { x, shape }) {
    switch (operation.op) {
      case "dense":
        return { x: this.dense(operation, x), shape: [operation.out] };
      case "each":
        return { x: each(x, operation.name, operation.slope), shape };
      case "picture":
        return { x, shape: operation.shape };
      case "convolution":
        return this.convolution(operation, x, shape);
      case "transposed":
        return this.transposed(operation, x, shape);
      case "residue": {
        const outer = this.run(operation.outer ?? [], x);
        return { x: this.run(operation.inner, x).map((value, i) => value + outer[i]), shape: [outer.length] };
      }
      default:
        throw new Error(`this page has no operation ${operation.op}`);
    }
  }

  /** @param {Operation} operation @param {Float32Array} x */
  dense(operation, x) {
    const [w, n] = [this.at(operation.w), operation.out];
    const sum = new Float64Array(this.at(operation.b));
    for (let i = 0; i < x.length; i++) {
      const value = x[i];
      if (value === 0) continue;
      const row = i * n;
      for (let j = 0; j < n; j++) sum[j] += value * w[row + j];
    }
    return new Float32Array(sum);
  }

  /** Kernels are (outputs, inputs, height, width). @param {Operation} operation @param {Float32Array} x @param {number[]} shape @returns {Flow} */
  convolution(operation, x, [channels, height, width]) {
    const [w, b, [kh, kw], [sh, sw], [ph, pw]] = [this.at(operation.w), this.at(operation.b), operation.kernel, operation.stride, operation.padding];
    const [rows, columns] = [Math.floor((height + 2 * ph - kh) / sh) + 1, Math.floor((width + 2 * pw - kw) / sw) + 1];
    const y = new Float32Array(operation.out * rows * columns);
    for (let o = 0, at = 0; o < operation.out; o++) {
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++, at++) {
          let sum = b[o];
          for (let i = 0; i < channels; i++) {
            for (let u = Math.max(0, ph - r * sh); u < kh && r * sh - ph + u < height; u++) {
              const [from, kernel] = [(i * height + r * sh - ph + u) * width + c * sw - pw, ((o * channels + i) * kh + u) * kw];
              for (let v = Math.max(0, pw - c * sw); v < kw && c * sw - pw + v < width; v++) sum += x[from + v] * w[kernel + v];
            }
          }
          y[at] = sum;
        }
      }
    }
    return { x: y, shape: [operation.out, rows, columns] };
  }

  /** Kernels are (inputs, outputs, height, width); each input pixel is spread over the output.
   * @param {Operation} operation @param {Float32Array} x @param {number[]} shape @returns {Flow} */
  transposed(operation, x, [channels, height, width]) {
    const [w, b, [kh, kw], [sh, sw], [ph, pw]] = [this.at(operation.w), this.at(operation.b), operation.kernel, operation.stride, operation.padding];
    const [rows, columns] = [(height - 1) * sh - 2 * ph + kh + operation.extra[0], (width - 1) * sw - 2 * pw + kw + operation.extra[1]];
    const y = new Float64Array(operation.out * rows * columns);
    for (let o = 0; o < operation.out; o++) y.fill(b[o], o * rows * columns, (o + 1) * rows * columns);
    for (let i = 0, at = 0; i < channels; i++) {
      for (let r = 0; r < height; r++) {
        for (let c = 0; c < width; c++, at++) {
          const value = x[at];
          if (value === 0) continue;
          for (let o = 0; o < operation.out; o++) {
            for (let u = 0; u < kh; u++) {
              const row = r * sh - ph + u;
              if (row < 0 || row >= rows) continue;
              const [to, kernel] = [(o * rows + row) * columns + c * sw - pw, ((i * operation.out + o) * kh + u) * kw];
              for (let v = Math.max(0, pw - c * sw); v < kw && c * sw - pw + v < columns; v++) y[to + v] += value * w[kernel + v];
            }
          }
        }
      }
    }
    return { x: new Float32Array(y), shape: [operation.out, rows, columns] };
  }

  /** A row as the model sees it. @param {Float32Array} row */
  scaled(row) {
    const { scaling } = this.steps;
    return scaling ? row.map((value, i) => (value - scaling.offset[i]) / scaling.scale[i]) : row;
  }

  /** The code of a row in the user's units. @param {Float32Array} row @returns {Float32Array} */
  encode(row) {
    const h = this.run(this.steps.encoder, this.scaled(row));
    const { kind, dim } = this.steps.latent;
    if (kind === "first") return h.slice(0, dim);
    if (kind !== "sphere") return h;
    const length = Math.sqrt(h.reduce((sum, value) => sum + value * value, 0));
    return length > 0 ? h.map((value) => value / length) : h.map((_, i) => (i ? 0 : 1));
  }

  /** The row that a code stands for, in the user's units. @param {Float32Array} code */
  decode(code) {
    const { link, scaling } = this.steps;
    const x = each(this.run(this.steps.decoder, code), link);
    return scaling ? x.map((value, i) => value * scaling.scale[i] + scaling.offset[i]) : x;
  }

  /** Loss of a row above the least that any output can have, summed over features. @param {Float32Array} row */
  error(row) {
    return excess(this.steps.loss, this.run(this.steps.decoder, this.encode(row)), this.scaled(row));
  }
}

/** Numbers of 16 bits as float32. @param {Uint8Array} bytes */
export function fromHalf(bytes) {
  const given = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const table = new Float32Array(65536);
  for (let i = 0; i < 65536; i++) {
    const [sign, power, rest] = [i >> 15 ? -1 : 1, (i >> 10) & 31, i & 1023];
    table[i] = sign * (power === 0 ? rest * 2 ** -24 : power === 31 ? (rest ? NaN : Infinity) : (1 + rest / 1024) * 2 ** (power - 15));
  }
  return Float32Array.from({ length: bytes.byteLength / 2 }, (_, i) => table[given.getUint16(2 * i, true)]);
}
