// The host of an exported page: it answers from what is in the file.
import { Engine, fromHalf } from "../engine/engine.js";
import { onSphere } from "../maths.js";
import { arraysOf, split, unjoin } from "./protocol.js";
import { Host } from "./host.js";
import { joined, OnnxEngine } from "../engine/onnx.js";

/** @typedef {import("./protocol.js").Tensor} Tensor */
/** @typedef {Record<string, Tensor>} Tensors */
/** @typedef {{header?: any, arrays?: Tensors}} Made */

const TURN = 12;

/** Let the page draw and listen; quicker than a timer. */
const pause = () => new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => resolve(undefined);
  port2.postMessage(0);
});

/** The bytes in the page: base64 of a compressed message. @param {string} text */
async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

/** How many of sorted values are smaller. @param {ArrayLike<number>} sorted @param {number} x */
export function below(sorted, x) {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @param {number[] | Float32Array} data @param {number[]} shape @returns {Tensor} */
const floats = (data, shape) => ({ data: data instanceof Float32Array ? data : Float32Array.from(data), shape });

/** A value for each row, with pauses. @template T @param {Float32Array[]} rows @param {(row: Float32Array) => T} value */
async function paced(rows, value) {
  const out = [];
  let since = performance.now();
  for (const row of rows) {
    out.push(value(row));
    if (performance.now() - since < TURN) continue;
    await pause();
    since = performance.now();
  }
  return out;
}

/** The page's own engine, for many rows. */
class PlainEngine {
  /** @param {any} facts @param {any} weights */
  constructor(facts, weights) {
    this.engine = new Engine(facts.steps, facts.half ? fromHalf(weights) : weights);
  }

  /** @param {Float32Array[]} rows */
  encode(rows) {
    return paced(rows, (row) => this.engine.encode(row));
  }

  /** @param {Float32Array[]} codes */
  decode(codes) {
    return paced(codes, (code) => this.engine.decode(code));
  }

  /** @param {Float32Array[]} rows */
  errors(rows) {
    return paced(rows, (row) => this.engine.error(row));
  }
}

/** Engines by their name in the file. @type {Record<string, (facts: any, values: any, runtime: string | undefined) => Promise<PlainEngine | OnnxEngine>>} */
const ENGINES = {
  plain: async (facts, values) => new PlainEngine(facts, values.weights),
  onnx: async (facts, values, runtime) => {
    const graphs = Object.fromEntries(["encoder", "decoder", "loss"].filter((name) => values[name]).map((name) => [name, values[name]]));
    return OnnxEngine.open(facts.steps, graphs, await unpacked(runtime), pause);
  },
};

/** What an exported file holds: some rows, their codes, and what decodes. */
class ExportedFile {
  /** @param {ArrayBuffer} buffer */
  constructor(buffer) {
    const { content, view } = unjoin(buffer);
    /** @type {any} */ this.header = content;
    this.tensors = arraysOf(content, view);
    /** @type {Record<string, any>} */
    this.values = Object.fromEntries(Object.entries(this.tensors).map(([name, { data }]) => [name, data]));
    /** @type {any} */ this.meta = content.meta;
    /** @type {any} */ this.facts = this.meta.file;
    /** @type {number} */ this.dim = this.meta.dim;
    /** @type {number} */ this.width = this.meta.n_features;
    /** @type {number} */ this.n = this.values.rows.length;
    /** @type {Map<number, number>} */
    this.indices = new Map(Array.from(this.values.rows, (row, i) => [row, i]));
    this.meta.can_encode = Object.hasOwn(ENGINES, this.facts.engine);
    /** @type {PlainEngine | OnnxEngine | null} */ this.engine = null;
    this.sortedErrors = Float32Array.from(this.values.errors ?? []).filter(Number.isFinite).sort();
  }

  /** @param {ArrayBuffer} buffer @param {string | undefined} runtime */
  static async open(buffer, runtime) {
    const made = new ExportedFile(buffer);
    if (made.meta.can_encode) made.engine = await ENGINES[made.facts.engine](made.facts, made.values, runtime);
    return made;
  }

  /** @param {number} row */
  indexOf(row) {
    const i = this.indices.get(row);
    if (i === undefined) throw new Error(`row ${row} is not in this file, which holds ${this.n} of ${this.facts.total} rows.`);
    return i;
  }

  /** @param {number} i */
  code(i) {
    return this.values.codes.subarray(i * this.dim, (i + 1) * this.dim);
  }

  /** Numbers that were kept in levels, or as they are. @param {string} name @param {number} i @param {number} low @param {number} high */
  line(name, i, low, high) {
    const found = this.values[name].subarray(i * this.width, (i + 1) * this.width);
    return found instanceof Uint8Array ? Float32Array.from(found, (level) => low + ((high - low) * level) / 255) : found;
  }

  /** @param {number} i @returns {Float32Array} */
  input(i) {
    return this.line("inputs", i, this.meta.low[0], this.meta.high[0]);
  }

  /** Values of the kept rows at the places of all rows. @param {(i: number) => number} value */
  spread(value) {
    const out = new Float32Array(this.facts.total).fill(NaN);
    this.values.rows.forEach((row, i) => (out[row] = value(i)));
    return floats(out, [out.length]);
  }

  /** @param {Float32Array[]} codes @returns {Promise<Float32Array[]>} */
  async decode(codes) {
    if (this.engine) return this.engine.decode(codes);
    if (this.facts.engine !== "atlas") throw new Error(`codes cannot be decoded: ${this.facts.why}.`);
    return paced(codes, (code) => this.line("atlas", this.nearest(this.values.atlas_codes, code, 1)[0].i, this.facts.low, this.facts.high));
  }

  /** @param {Float32Array[]} rows @returns {Promise<Float32Array[]>} */
  async encode(rows) {
    if (!this.engine) throw new Error("this page cannot encode; run `diabolo explore` for that.");
    return this.engine.encode(rows);
  }

  /** @param {Float32Array[]} codes */
  async cycles(codes) {
    const again = await this.encode(await this.decode(codes));
    return again.map((z, k) => Math.sqrt(z.reduce((sum, value, i) => sum + (value - codes[k][i]) ** 2, 0)));
  }

  /** The nearest of some codes. @param {Float32Array} codes @param {Float32Array} z @param {number} k */
  nearest(codes, z, k) {
    /** @type {{i: number, distance: number}[]} */
    const best = [];
    for (let i = 0, at = 0; at < codes.length; i++, at += this.dim) {
      let sum = 0;
      for (let j = 0; j < this.dim; j++) sum += (codes[at + j] - z[j]) ** 2;
      if (best.length === k && sum >= best[k - 1].distance) continue;
      let place = best.length;
      while (place > 0 && best[place - 1].distance > sum) place--;
      best.splice(place, 0, { i, distance: sum });
      if (best.length > k) best.pop();
    }
    return best.map(({ i, distance }) => ({ i, distance: Math.sqrt(distance) }));
  }

  /** Log-density of a bump on every kept code: per volume, on a sphere per area. @param {Float32Array} z */
  density(z) {
    const { widths, peak } = this.header.kernel;
    const at = this.meta.sphere ? onSphere(z) : z;
    const [codes, powers] = [this.values.codes, new Float64Array(this.n)];
    let most = -Infinity;
    for (let i = 0; i < this.n; i++) {
      let sum = 0;
      for (let j = 0; j < this.dim; j++) sum += ((codes[i * this.dim + j] - at[j]) / widths[j]) ** 2;
      powers[i] = -0.5 * sum;
      most = Math.max(most, powers[i]);
    }
    const total = powers.reduce((sum, power) => sum + Math.exp(power - most), 0);
    return most + Math.log(total / this.n) + peak;
  }

  /** Percentiles as a Float32Array. @param {number} error */
  percentile(error) {
    return (100 * below(this.sortedErrors, error)) / Math.max(1, this.sortedErrors.length);
  }

  /** Rows of numbers as one tensor. @param {Float32Array[]} rows */
  stack(rows) {
    return floats(joined(rows), [rows.length, rows[0].length]);
  }
}

/** The rows of a tensor. @param {Tensor} tensor @returns {Float32Array[]} */
const rowsOf = ({ data, shape }) => Array.from({ length: shape[0] }, (_, i) => /** @type {Float32Array} */ (data.subarray(i * shape[1], (i + 1) * shape[1])));

/** @param {ExportedFile} model @param {any} asked @returns {Promise<Made>} */
async function row(model, asked) {
  const i = model.indexOf(asked.row);
  const z = model.code(i);
  const near = model.nearest(model.values.codes, z, 13).filter((each) => each.i !== i).slice(0, 12);
  /** @type {Tensors} */
  const arrays = {
    input: floats(model.input(i), [1, model.width]), codes: floats(z, [1, model.dim]), distances: floats(near.map((each) => each.distance), [near.length]),
    neighbours: { data: Int32Array.from(near, (each) => model.values.rows[each.i]), shape: [near.length] },
  };
  if (model.meta.can_decode) {
    const error = model.values.errors[i];
    // An atlas begins with the decodes of the rows.
    const made = model.engine ? (await model.decode([z]))[0] : model.line("atlas", i, model.facts.low, model.facts.high);
    Object.assign(arrays, { reconstructed: floats(made, [1, model.width]), errors: floats([error], [1]), percentiles: floats([model.percentile(error)], [1]) });
  }
  return { header: { row: asked.row, name: nameOf(model, i) }, arrays };
}

/** @param {ExportedFile} model @param {number} i */
const nameOf = (model, i) => model.header.names?.[i] ?? String(model.values.rows[i]);

/** @param {ExportedFile} model @param {Tensors} given @returns {Promise<Made>} */
async function judge(model, given) {
  const z = /** @type {Float32Array} */ (given.codes.data);
  const near = model.nearest(model.values.codes, z, 5);
  /** @type {Record<string, number>} */
  const values = { density: model.density(z), distance: near.at(-1).distance };
  if (model.meta.can_encode) [values.cycle] = await model.cycles([z]);
  const usual = (name) => model.values[`typical_${name}`];
  const ranks = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, (100 * below(usual(name), value)) / usual(name).length]));
  const far = values.distance > 1.5 * usual("distance")[Math.floor(0.99 * (usual("distance").length - 1))];
  return { header: { values, ranks, far, nearest: model.values.rows[near[0].i] } };
}

/** @param {ExportedFile} model @param {Tensors} given @returns {Made} */
function csv(model, given) {
  const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const { names } = model.header;
  const { labels, errors } = model.values;
  const head = [quoted(model.meta.id_name), ...(names ? ["place"] : []), ...(labels ? ["label"] : []), ...(errors ? ["reconstruction_error"] : []),
    ...Array.from({ length: model.dim }, (_, j) => `z${j}`)];
  const lines = Array.from(given.rows.data, (row) => {
    const i = model.indexOf(row);
    return [quoted(nameOf(model, i)), ...(names ? [row] : []), ...(labels ? [labels[i]] : []), ...(errors ? [errors[i]] : []), ...model.code(i)].join(",");
  });
  const data = new TextEncoder().encode([head.join(","), ...lines, ""].join("\n"));
  return { arrays: { file: { data, shape: [data.length] } } };
}

/** What can be asked, as the page's server answers it. @type {Record<string, (model: ExportedFile, asked: any, given: Tensors) => Made | Promise<Made>>} */
const ANSWERS = {
  hello: (model) => ({ header: model.meta }),
  points: (model) => {
    const { rows, codes, labels, plane_mean, plane_axes } = model.tensors;
    return { header: { total: model.facts.total, not_finite: model.header.not_finite }, arrays: { rows, codes, ...(labels ? { labels } : {}), plane_mean, plane_axes } };
  },
  errors: (model) => ({ header: { unit: model.header.error_unit }, arrays: { values: model.spread((i) => model.values.errors[i]) } }),
  column: (model, { column }) => ({ arrays: { values: model.spread((i) => model.input(i)[column]) } }),
  decode: async (model, _, { codes }) => ({ arrays: { rows: model.stack(await model.decode(rowsOf(codes))) } }),
  encode: async (model, _, { rows }) => {
    const codes = await model.encode(rowsOf(rows));
    const errors = await model.engine.errors(rowsOf(rows));
    const shape = [errors.length];
    return { arrays: { codes: model.stack(codes), reconstructed: model.stack(await model.decode(codes)), errors: floats(errors, shape),
      percentiles: floats(errors.map((error) => model.percentile(error)), shape) } };
  },
  row,
  names: (model, _, { rows }) => ({ header: { names: Array.from(rows.data, (row) => nameOf(model, model.indexOf(row))) } }),
  find: (model, { text }) => {
    const [sought, { names }] = [text.trim().toLowerCase(), model.header];
    const found = Array.from(model.values.rows).filter((row, i) => (names ? names[i].toLowerCase().includes(sought) : String(row) === sought)).slice(0, 1000);
    return { arrays: { rows: { data: Int32Array.from(found), shape: [found.length] } } };
  },
  inputs: (model, _, { rows }) => ({ arrays: { rows, inputs: model.stack(Array.from(rows.data, (row) => model.input(model.indexOf(row)))) } }),
  judge: (model, _, given) => judge(model, given),
  heat: async (model, { kind }, { codes }) => {
    const values = await (kind === "density" ? paced(rowsOf(codes), (z) => model.density(z)) : model.cycles(rowsOf(codes)));
    return { header: { kind }, arrays: { values: floats(values, [values.length]) } };
  },
  export: (model, { format }, given) => {
    if (format !== "csv") throw new Error(`an exported page cannot write ${format}; run \`diabolo explore\` for that.`);
    return csv(model, given);
  },
};

/** The host of an exported page, as a widget's model looks. */
export class ExportedModel extends Host {
  /** @param {string} text the data in the page @param {string} [runtime] onnxruntime's WebAssembly in the page, packed likewise */
  constructor(text, runtime) {
    super();
    this.ready = unpacked(text).then((buffer) => ExportedFile.open(buffer, runtime));
  }

  /** @param {any} content @param {unknown} _callbacks @param {Uint8Array[]} buffers */
  async send(content, _callbacks, buffers) {
    const { id } = content;
    /** @type {Made} */
    let made;
    try {
      const file = await this.ready;
      const body = buffers[0];
      const given = arraysOf(content, body && new DataView(body.buffer, body.byteOffset, body.byteLength));
      if (!Object.hasOwn(ANSWERS, content.do)) throw new Error(`an exported page cannot answer ${content.do}; run \`diabolo explore\`.`);
      made = await ANSWERS[content.do](file, content, given);
    } catch (error) {
      made = { header: { error: error.message } };
    }
    const { content: header, body } = split({ ...made.header, id }, made.arrays);
    this.emit("msg:custom", header, [new DataView(body.buffer)]);
  }
}
