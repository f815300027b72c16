// Inputs of rows, kept by their row.

export class Inputs {
  /** @type {Map<number, Float32Array>} */
  known = new Map();

  /** @param {import("./client.js").Client} client */
  constructor(client) {
    this.client = client;
  }

  /** @param {number} row */
  has(row) {
    return this.known.has(row);
  }

  /** @param {number[]} rows @returns {Promise<[number, Float32Array][]>} */
  async of(rows) {
    const missing = [...new Set(rows)].filter((row) => !this.known.has(row)).slice(0, 1024);
    if (missing.length) {
      const { arrays } = await this.client.ask({ do: "inputs" }, { rows: { data: Int32Array.from(missing), shape: [missing.length] } });
      const width = arrays.inputs.shape[1];
      if (this.known.size * width > 2e7) this.known.clear();
      missing.forEach((row, i) => this.known.set(row, /** @type {Float32Array} */ (arrays.inputs.data.slice(i * width, (i + 1) * width))));
    }
    return rows.filter((row) => this.known.has(row)).map((row) => [row, this.known.get(row)]);
  }
}
