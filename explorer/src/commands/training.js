// A training that is over: the map by epoch. One that goes on: what is new, the map as it moves, and steering it.
import { clamp, dot } from "../maths.js";
import { keepInView, locate } from "./camera.js";
import { reopen } from "./address.js";
import { recolour } from "./display.js";
import { loadPoint } from "./focus.js";
import { refreshLayers } from "./layers.js";
import { decodePath } from "./path.js";
import { loadErrors } from "./points.js";
import { decodeAgain } from "./probe.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */

const OFTEN = 200;
const SELDOM = 2000;
/** Pauses are this many times as long as what was asked took, so that training keeps its processor. */
const RESPECT = 10;

/** What a training's states are called. */
export const LIVE_STATES = {
  training: "training", pausing: "pausing", paused: "paused", stopping: "stopping",
  judging: "writing the report", ended: "trained", over: "training has ended",
};

/** The map as it was after an epoch. @param {Explorer} app @param {number} epoch -1: as trained */
export async function setEpoch(app, epoch) {
  const { model, state: { training } } = app;
  if (!training.lastCodes.length) training.lastCodes = model.codes;
  app.change(training, { epoch }, "epoch");
  if (epoch < 0) model.codes = training.lastCodes;
  else {
    const { arrays } = await app.client.ask({ do: "epoch", epoch });
    const codes = Float32Array.from(training.lastCodes).fill(NaN);
    const dim = app.meta.dim;
    for (let row = 0; row < arrays.codes.shape[0]; row++) {
      const i = model.indexOf(row);
      if (i >= 0) codes.set(arrays.codes.data.subarray(row * dim, row * dim + dim), i * dim);
    }
    model.codes = codes;
  }
  locate(app, app.map);
}

/** @param {Explorer} app @param {number} step */
export async function stepEpoch(app, step) {
  const { epochs, live } = app.meta;
  if (!epochs || live) return;
  const { epoch } = app.state.training;
  const next = clamp((epoch < 0 ? epochs : epoch) + step, 0, epochs);
  await setEpoch(app, next >= epochs ? -1 : next).catch((error) => app.fail(error));
}

/** @param {Explorer} app @param {string} to what the training is asked to do */
export async function steer(app, to) {
  try {
    setLive(app, (await app.client.ask({ do: "steer", to, since: 1e9 })).header);
  } catch (error) {
    app.fail(error);
  }
}

/** @param {Explorer} app @param {any} news */
function setLive(app, { state, epoch, epochs, best }) {
  const { training } = app.state;
  if (state !== (training.live?.state ?? "training")) app.say(`${LIVE_STATES[state]}, epoch ${epoch} of ${epochs}`);
  app.change(training, { live: { state, epoch, epochs, best: best ?? null } }, "live");
}

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => {
  setTimeout(resolve, ms);
});

/** Ask what is new for as long as the page is open. @param {Explorer} app */
export async function followTraining(app) {
  let going = true;
  app.atClose(() => (going = false));
  let [since, seen] = [epochsOf(app.meta.history), 0];
  while (going) {
    const start = performance.now();
    try {
      const answer = await app.client.ask({ do: "live", since, seen });
      const { header } = answer;
      since += header.rows.length;
      for (const row of header.rows) extend(app.meta.history, row);
      if (header.shown) {
        seen = header.shown;
        await refresh(app, answer);
      }
      setLive(app, header);
      if (header.rows.length) app.change(app.state.training, {}, "history");
      if (header.state === "over") {
        app.change(app.state.connection, { ended: header.words }, "connection");
        return;
      }
      if (header.state === "ended") {
        reopen(app);
        return;
      }
    } catch (error) {
      // Who has lost the connection tries again; anything else is shown.
      app.fail(error);
    }
    const spent = performance.now() - start;
    await sleep(Math.max(document.hidden ? SELDOM : OFTEN, Math.min(SELDOM, RESPECT * spent)));
  }
}

/** @param {Record<string, (number | null)[]>} history */
export const epochsOf = (history) => Object.values(history)[0]?.length ?? 0;

/** @param {Record<string, (number | null)[]>} history @param {Record<string, number | null>} row */
function extend(history, row) {
  const n = epochsOf(history);
  for (const [name, value] of Object.entries(row)) (history[name] ??= Array(n).fill(null)).push(value);
}

/** The same rows, as a model in training has them by now. @param {Explorer} app @param {import("../connection/client.js").Answer} answer */
async function refresh(app, answer) {
  const { model, map, state } = app;
  const { axes, n } = model;
  model.setPoints(answer);
  model.errors = null;
  // Principal axes have no sign; they keep the one that they had.
  model.axes.forEach((axis, k) => axes[k] && dot(axis, axes[k]) < 0 && axis.forEach((x, i) => (axis[i] = -x)));
  const { yaw, pitch } = map.projection;
  map.projection = { ...model.projection(state.view.name, state.view.dims), yaw, pitch };
  locate(app, map);
  keepInView(app, map);
  if (model.n !== n) recolour(app);
  if (state.view.colour === "error") await loadErrors(app, model);
  decodeAgain(app);
  const { grid, density, cycle } = state.view.layers;
  if (grid || density || cycle) await refreshLayers(app);
  // What somebody reads or works with is not taken from under their hand.
  const used = (/** @type {string} */ name) => app.el.querySelector(`${name}:is(:hover, :focus-within)`);
  if (state.path.film.length && !used(".dx-film")) await decodePath(app);
  if (state.focus.pinned >= 0 && !used(".dx-point")) await loadPoint(app, state.focus.pinned);
  app.change(model, {}, "refreshed");
}
