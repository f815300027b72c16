// A second model beside the first: its points, how far rows moved, and its map laid over the first.
import { initialMap } from "../map/state.js";
import { ModelData } from "../model.js";
import { setProjection } from "./camera.js";
import { recolour } from "./display.js";
import { loadPoints } from "./points.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */

/** @param {Explorer} app */
export async function loadSecond(app) {
  const { data, comparison, view } = app.state;
  const { header } = await app.client.ask({ do: "hello", model: 1 });
  const model = new ModelData(1, header);
  await loadPoints(app, model);
  const map = initialMap(model);
  app.change(data, { models: [app.model, model], maps: [app.map, map] }, "maps");
  setProjection(app, map, secondProjection(app));
  recolour(app);
  app.change(model, {}, "points");
  const { header: { disparity }, arrays } = await app.client.ask({ do: "moved" });
  const [distances, codes] = [/** @type {any} */ (arrays.distances.data), /** @type {any} */ (arrays.codes.data)];
  app.change(comparison, { ready: true, disparity, distances, codes }, "comparison");
  if (view.colour === "moved") recolour(app);
}

/** Lay the second map over the first, or show it as its own model has it. @param {Explorer} app @param {boolean} aligned */
export function align(app, aligned) {
  const { comparison } = app.state;
  const map = app.maps[1];
  if (!map || !comparison.ready) return;
  const { dim } = app.meta;
  const codes = new Float32Array(map.model.rows.length * dim);
  map.model.rows.forEach((row, i) => codes.set(comparison.codes.subarray(row * dim, row * dim + dim), i * dim));
  map.laid = aligned ? { codes, dim } : null;
  setProjection(app, map, secondProjection(app));
  app.change(comparison, { aligned }, "aligned");
}

/** The first map's view if the second model has it, else its own first. @param {Explorer} app */
export function secondProjection({ state: { view }, model, maps: [, second] }) {
  if (second.laid) return model.projection(view.name, view.dims);
  const { views } = second.model;
  return second.model.projection(views.some(([name]) => name === view.name) ? view.name : views[0][0], view.dims);
}
