// The probe: moved, decoded, and evaluated where it stands.
import { latest } from "../connection/client.js";
import { Engine } from "../engine/engine.js";
import { onSphere, short } from "../maths.js";
import { codesOf, decode } from "./decode.js";
import { hover } from "./focus.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */
/** @typedef {{z: Float32Array, since: number}} Move */

/** The most by which the page's decodes may differ from Python's, as a share of the range of the data. */
const SAME = 1e-4;
/** Milliseconds that the probe rests before its place is evaluated. */
const REST = 90;
/** Points that can be walked to, the nearest first. */
const WALK = 500;

/** What decodes and evaluates the newest place of the probe. @param {Explorer} app */
export function probeWorkers(app) {
  return {
    decode: latest(async (/** @type {Move} */ { z }) => (app.engine ? app.engine.decode(z) : (await decode(app, [z]))[0]),
      (row, move) => decoded(app, row, move), (error) => app.fail(error)),
    evaluate: latest((/** @type {Float32Array} */ z) => app.client.ask({ do: "judge" }, codesOf([z])), ({ header }) => evaluated(app, header), () => {}),
  };
}

/** @param {Explorer} app */
export function firstProbe({ state, model }) {
  return state.probe.code.length ? state.probe.code : middle(model);
}

/** @param {import("../model.js").ModelData} model */
const middle = (model) => (model.meta.sphere ? onSphere(model.code(0)) : Float32Array.from(model.mean));

/** The code whose part outside a map's view is kept when a place of the map becomes a code. @param {Explorer} app
 * @param {import("../model.js").ModelData} model */
export const anchorOf = ({ state }, model) => (model.index === 0 && state.probe.code.length ? state.probe.code : middle(model));

/** @param {Explorer} app @param {Float32Array} code @param {number} [since] when the hand moved; 0: it did not */
export function moveProbe(app, code, since = performance.now()) {
  const { probe } = app.state;
  // Set before anything is asked: what decodes may answer at once.
  probe.code = code;
  if (app.meta.can_decode) app.workers.decode({ z: code, since });
  app.tasks.later("evaluate", REST, () => app.workers.evaluate(code));
  app.change(probe, {}, "probe");
}

/** Decode the probe again, since the model or what decodes it has changed. @param {Explorer} app */
export function decodeAgain(app) {
  if (app.meta.can_decode) app.workers.decode({ z: app.state.probe.code, since: performance.now() });
}

/** @param {Explorer} app @param {Float32Array} row @param {Move} move */
function decoded(app, row, { z, since }) {
  const { probe, connection } = app.state;
  connection.error = "";
  app.change(probe, { decoded: row, decodedAt: z, decodes: probe.decodes + 1 }, "decoded");
  if (since) probe.latency.push(performance.now() - since);
  if (probe.latency.length > 600) probe.latency.shift();
  app.change(probe, {}, "latency");
}

/** @param {Explorer} app @param {any} evaluation */
function evaluated(app, evaluation) {
  const { probe } = app.state;
  app.change(probe, { evaluation, far: evaluation.far }, "evaluated");
  const where = Array.from(probe.code.slice(0, 3), short).join(", ");
  app.say(`Probe at ${where}; nearest ${app.model.labelText(evaluation.nearest)}; far from the data: ${evaluation.far ? "yes" : "no"}.`);
}

/** A small decoder follows the hand without a way to Python and back, if it gives here what it gives there. @param {Explorer} app */
export async function loadEngine(app) {
  try {
    const { header, arrays } = await app.client.ask({ do: "plan" });
    if (!header.steps) return;
    const engine = new Engine(header.steps, /** @type {Float32Array} */ (arrays.weights.data));
    const z = app.model.code(0);
    const [[expected], found] = [await decode(app, [z]), engine.decode(z)];
    const span = Math.max(...app.meta.high) - Math.min(...app.meta.low) || 1;
    if (expected.every((value, i) => Math.abs(value - found[i]) <= SAME * span)) app.engine = engine;
    app.state.probe.latency.length = 0;
    if (app.engine && app.state.probe.code.length) decodeAgain(app);
  } catch {
    // Python goes on decoding; it says itself what is wrong.
  }
}

/** To the next point by distance from where the walk began. @param {Explorer} app @param {number} step */
export function walk(app, step) {
  const { probe } = app.state;
  let { walk: order, walkAt } = probe;
  if (!order.length) [order, walkAt] = [app.model.nearest(probe.code).slice(0, WALK), -1];
  walkAt = Math.max(0, Math.min(order.length - 1, walkAt + step));
  const i = order[walkAt];
  hover(app, app.map, i);
  Object.assign(probe, { walk: order, walkAt });
  moveProbe(app, app.model.code(i));
}
