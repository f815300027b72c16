// What sets chosen points apart from all: pure functions of a model's points.

const BINS = 20;

/** @typedef {{name: string, chosen: number, whole: number}} Share */

/** Share of each class among chosen points and among all. @param {import("./model.js").ModelData} model @param {number[]} chosen indices of points @returns {Share[]} */
export function composition(model, chosen) {
  const { classes, classValues, meta } = model;
  if (!classes) return [];
  const [mine, all] = [new Array(classValues.length).fill(0), new Array(classValues.length).fill(0)];
  for (const i of chosen) mine[classes[i]]++;
  for (const c of classes) all[c]++;
  return classValues.map((value, c) => ({ name: meta.label_names[value], chosen: mine[c] / (chosen.length || 1), whole: all[c] / (model.n || 1) }));
}

/** How many standard deviations of all points the chosen ones lie away in each latent dimension, the largest first.
 * @param {import("./model.js").ModelData} model @param {number[]} chosen @returns {[number, number][]} dimension and shift */
export function shifts(model, chosen) {
  const { meta: { dim }, codes, n } = model;
  const found = Array.from({ length: dim }, (_, k) => {
    let [sum, square, mine] = [0, 0, 0];
    for (let i = 0; i < n; i++) {
      const z = codes[i * dim + k];
      sum += z;
      square += z * z;
    }
    for (const i of chosen) mine += codes[i * dim + k];
    const mean = sum / n;
    const spread = Math.sqrt(Math.max(0, square / n - mean * mean));
    return /** @type {[number, number]} */ ([k, spread > 0 && chosen.length ? (mine / chosen.length - mean) / spread : 0]);
  });
  return found.sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
}

/** The mean code. @param {import("./model.js").ModelData} model @param {number[]} chosen */
export function meanCode({ meta: { dim }, codes }, chosen) {
  const mean = new Float32Array(dim);
  for (const i of chosen) for (let k = 0; k < dim; k++) mean[k] += codes[i * dim + k] / chosen.length;
  return mean;
}

/** The point nearest to the mean code of its own. @param {import("./model.js").ModelData} model @param {number[]} chosen */
export function mostTypical(model, chosen) {
  const { meta: { dim }, codes } = model;
  const mean = meanCode(model, chosen);
  const far = (/** @type {number} */ i) => mean.reduce((sum, m, k) => sum + (codes[i * dim + k] - m) ** 2, 0);
  return chosen.reduce((best, i) => (far(i) < far(best) ? i : best), chosen[0]);
}

/** Counts of values in equal bins between the smallest and the 98th percentile of all; the last bin holds what lies beyond.
 * @param {ArrayLike<number>} values of all points @param {number[]} chosen */
export function histogram(values, chosen) {
  const sorted = Float32Array.from(values).sort();
  const [low, high] = [sorted[0], sorted[Math.floor(0.98 * (sorted.length - 1))]];
  const bin = (/** @type {number} */ v) => Math.max(0, Math.min(BINS - 1, Math.floor((BINS * (v - low)) / (high - low || 1))));
  const [mine, all] = [new Array(BINS).fill(0), new Array(BINS).fill(0)];
  for (let i = 0; i < values.length; i++) all[bin(values[i])]++;
  for (const i of chosen) mine[bin(values[i])]++;
  return { low, high, mine, all, bin };
}
