// Codes to rows, by Python.

/** Codes as one tensor of a message. @param {Float32Array[]} codes */
export function codesOf(codes) {
  const dim = codes[0].length;
  const data = new Float32Array(codes.length * dim);
  codes.forEach((z, i) => data.set(z, i * dim));
  return { codes: { data, shape: [codes.length, dim] } };
}

/** @param {import("../explorer.js").Explorer} app @param {Float32Array[]} codes @returns {Promise<Float32Array[]>} */
export async function decode(app, codes) {
  const { arrays } = await app.client.ask({ do: "decode", model: 0 }, codesOf(codes));
  const width = arrays.rows.shape[1];
  const data = /** @type {Float32Array} */ (arrays.rows.data);
  return codes.map((_, i) => data.subarray(i * width, (i + 1) * width));
}
