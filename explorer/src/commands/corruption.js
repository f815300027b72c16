// The pinned row, corrupted by rising amounts.

/** @typedef {import("../explorer.js").Explorer} Explorer */

const REST = 60;
const STEPS = [0.2, 0.4, 0.6, 0.8, 1];

/** @param {Explorer} app @param {Partial<{kind: string, amount: number, seed: number}>} values */
export function setCorruption(app, values) {
  Object.assign(app.state.corruption, values);
  app.tasks.later("corrupt", REST, () => corrupt(app).catch((error) => app.fail(error)));
}

/** The last of the corrupted rows is shown, and the codes of all make a trail. @param {Explorer} app */
async function corrupt(app) {
  const { focus: { pinned, point }, corruption } = app.state;
  const { kind, amount: most, seed } = corruption;
  const amounts = most ? STEPS.map((t) => t * most) : [0];
  const answers = await Promise.all(amounts.map((amount) => app.client.ask({ do: "corrupt", row: pinned, kind, amount, seed })));
  if (app.state.focus.pinned !== pinned) return;
  const codes = answers.map(({ arrays }) => Float32Array.from(arrays.codes.data));
  const result = most ? { code: codes.at(-1), trail: [Float32Array.from(point.arrays.codes.data), ...codes], arrays: answers.at(-1).arrays } : null;
  app.change(corruption, { result }, "corrupted");
}
