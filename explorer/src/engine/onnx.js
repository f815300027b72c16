// A model in the browser, for networks that the page's own engine does not know: ONNX graphs in onnxruntime-web.
import { excess } from "./engine.js";

/** @typedef {Float32Array} Row */

/** Rows that are computed at a time; the page can draw in between. */
const BATCH = 16;

/** @param {Row[]} rows */
export function joined(rows) {
  const out = new Float32Array(rows.length * rows[0].length);
  rows.forEach((row, i) => out.set(row, i * row.length));
  return out;
}

/** @param {Row} data @param {number} n @returns {Row[]} */
const parted = (data, n) => Array.from({ length: n }, (_, i) => data.slice((i * data.length) / n, ((i + 1) * data.length) / n));

export class OnnxEngine {
  /** @param {any} steps how rows are scored @param {Record<string, Uint8Array>} graphs @param {ArrayBuffer} binary the WebAssembly
   * @param {() => Promise<void>} pause */
  static async open(steps, graphs, binary, pause) {
    const { ort } = /** @type {any} */ (globalThis);
    Object.assign(ort.env.wasm, { numThreads: 1, proxy: false, wasmBinary: binary });
    ort.env.logLevel = "error";
    const sessions = {};
    for (const [name, graph] of Object.entries(graphs)) sessions[name] = await ort.InferenceSession.create(graph, { executionProviders: ["wasm"] });
    return new OnnxEngine(steps, sessions, ort.Tensor, pause);
  }

  constructor(steps, sessions, Tensor, pause) {
    /** @type {any} */ this.steps = steps;
    /** @type {Record<string, any>} */ this.sessions = sessions;
    /** @type {any} */ this.Tensor = Tensor;
    /** @type {() => Promise<void>} */ this.pause = pause;
    /** @type {Promise<any>} a session takes one question at a time */
    this.last = Promise.resolve();
  }

  /** @param {string} name @param {Record<string, Row[]>} given @returns {Promise<Record<string, Row[]>>} */
  run(name, given) {
    const answered = this.last.then(() => this.compute(name, given));
    this.last = answered.catch(() => {});
    return answered;
  }

  /** @param {string} name @param {Record<string, Row[]>} given */
  async compute(name, given) {
    const n = Object.values(given)[0].length;
    /** @type {Record<string, Row[]>} */
    const made = {};
    for (let start = 0; start < n; start += BATCH) {
      if (start) await this.pause();
      const feeds = {};
      for (const [key, rows] of Object.entries(given)) {
        const some = rows.slice(start, start + BATCH);
        feeds[key] = new this.Tensor("float32", joined(some), [some.length, some[0].length]);
      }
      const found = await this.sessions[name].run(feeds);
      for (const [key, { data, dims }] of Object.entries(found)) made[key] = [...(made[key] ?? []), ...parted(data, dims[0])];
    }
    return made;
  }

  /** Codes of rows in the user's units. @param {Row[]} rows */
  async encode(rows) {
    return (await this.run("encoder", { rows })).codes;
  }

  /** Rows that codes stand for, in the user's units. @param {Row[]} codes */
  async decode(codes) {
    return (await this.run("decoder", { codes })).rows;
  }

  /** Loss of rows above the least that any output can have, summed over features. @param {Row[]} rows @returns {Promise<number[]>} */
  async errors(rows) {
    const { output } = await this.run("decoder", { codes: await this.encode(rows) });
    const { loss, scaling } = this.steps;
    if (loss.kind === "graph") return (await this.run("loss", { rows, output })).losses.map(([value]) => value);
    const scaled = scaling ? (value, i) => (value - scaling.offset[i]) / scaling.scale[i] : (value) => value;
    return rows.map((row, k) => excess(loss, output[k], Float64Array.from(row, scaled)));
  }
}
