// Messages: [uint32 header length][JSON header][raw bytes], little-endian, everything padded to four bytes.

/** @typedef {Float32Array | Int32Array | Uint8Array} Numbers */
/** @typedef {{data: Numbers, shape: number[]}} Tensor */

const KINDS = { f4: Float32Array, i4: Int32Array, u1: Uint8Array };

/** @param {Numbers} data */
const kindOf = (data) => (data instanceof Float32Array ? "f4" : data instanceof Int32Array ? "i4" : "u1");
const padded = (n) => n + (-n & 3);

/** The header with its list of arrays, and the arrays as one block of bytes.
 * @param {object} header @param {Record<string, Tensor>} arrays */
export function split(header, arrays = {}) {
  const listed = Object.entries(arrays).map(([name, { data, shape }]) => [name, kindOf(data), shape]);
  const body = new Uint8Array(Object.values(arrays).reduce((sum, { data }) => sum + padded(data.byteLength), 0));
  let at = 0;
  for (const { data } of Object.values(arrays)) {
    body.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += padded(data.byteLength);
  }
  return { content: { ...header, arrays: listed }, body };
}

/** @param {{arrays?: [string, string, number[]][]}} content @param {DataView | undefined} view
 * @returns {Record<string, Tensor>} */
export function arraysOf(content, view) {
  /** @type {Record<string, Tensor>} */
  const found = {};
  let at = view ? view.byteOffset : 0;
  for (const [name, kind, shape] of content.arrays ?? []) {
    const Kind = KINDS[kind];
    const count = shape.reduce((a, b) => a * b, 1);
    const bytes = count * Kind.BYTES_PER_ELEMENT;
    // A widget's buffer may lie anywhere; numbers must lie at a multiple of their size.
    const data = at % 4 ? new Kind(view.buffer.slice(at, at + bytes)) : new Kind(view.buffer, at, count);
    found[name] = { data, shape };
    at += padded(bytes);
  }
  return found;
}

/** @param {object} content @param {Uint8Array} body */
export function join(content, body) {
  const text = new TextEncoder().encode(JSON.stringify(content));
  const length = padded(text.length);
  const frame = new Uint8Array(4 + length + body.length).fill(32, 4, 4 + length);
  new DataView(frame.buffer).setUint32(0, length, true);
  frame.set(text, 4);
  frame.set(body, 4 + length);
  return frame;
}

/** @param {ArrayBuffer} buffer */
export function unjoin(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const content = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  return { content, view: new DataView(buffer, 4 + length) };
}
