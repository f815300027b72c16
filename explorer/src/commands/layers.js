// The layers below the points: a grid of decodes, and density or cycle error as heat. They follow the view once it rests.
import { pixel, ramp } from "../colours.js";
import { fromScreen, tiles, toScreen } from "../map/camera.js";
import { codeAt, ready } from "../map/geometry.js";
import { range } from "../maths.js";
import { paint } from "../pictures.js";
import { codesOf, decode } from "./decode.js";
import { canGrid } from "./display.js";
import { anchorOf } from "./probe.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */
/** @typedef {import("../map/state.js").MapState} MapState */

const WAIT = 220;
/** Tiles across: few first, then many. */
const GRIDS = [5, 15];
const HEAT = [48, 36];

/** @param {Explorer} app @param {MapState} map only the first has layers */
export function refreshLayersSoon(app, map) {
  if (map === app.map && ready(map)) app.tasks.later("layers", WAIT, () => refreshLayers(app));
}

/** @param {Explorer} app */
export async function refreshLayers(app) {
  const { layers } = app.state.view;
  const current = app.tasks.begin("layers");
  try {
    if (layers.grid && canGrid(app)) await refreshGrid(app, current);
    const kind = layers.density ? "density" : layers.cycle ? "cycle" : "";
    if (kind && current()) await refreshHeat(app, kind, current);
  } catch (error) {
    app.fail(error);
  }
}

/** @param {Explorer} app @param {{u: number, v: number}[]} centres @returns {Float32Array[]} */
function codesAt(app, centres) {
  const { map } = app;
  return centres.map(({ u, v }) => codeAt(map, ...toScreen(map.camera, u, v), anchorOf(app, map.model)));
}

/** @param {Explorer} app @param {() => boolean} current */
async function refreshGrid(app, current) {
  const { map } = app;
  for (const across of GRIDS) {
    const made = tiles(map.camera, across, Math.max(2, Math.round((across * map.camera.height) / map.camera.width)));
    const rows = await decode(app, codesAt(app, made));
    if (!current()) return;
    const grid = made.map(({ box }, i) => {
      const canvas = document.createElement("canvas");
      paint(canvas, rows[i], app.meta);
      return { canvas, box };
    });
    app.change(map, { grid }, "layers");
  }
}

/** @param {Explorer} app @param {string} kind @param {() => boolean} current */
async function refreshHeat(app, kind, current) {
  const { map } = app;
  const [across, down] = HEAT;
  const { arrays } = await app.client.ask({ do: "heat", kind }, codesOf(codesAt(app, tiles(map.camera, across, down))));
  if (!current()) return;
  let [low, high] = range(arrays.values.data);
  // A log-density falls without end; ten nats below the top is as good as nothing.
  if (kind === "density") low = Math.max(low, high - 10);
  const [u0, v0] = fromScreen(map.camera, 0, map.camera.height);
  const [u1, v1] = fromScreen(map.camera, map.camera.width, 0);
  app.change(map, { heat: { canvas: heatCanvas(arrays.values.data, across, down, low, high), box: [u0, v0, u1, v1], range: [low, high] } }, "heat");
}

/** A canvas of values as colours. @param {ArrayLike<number>} values @param {number} across @param {number} down @param {number} low @param {number} high */
function heatCanvas(values, across, down, low, high) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [across, down];
  const image = new ImageData(across, down);
  const all = new Uint32Array(image.data.buffer);
  for (let i = 0; i < values.length; i++) all[i] = pixel(ramp((values[i] - low) / (high - low || 1)));
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
