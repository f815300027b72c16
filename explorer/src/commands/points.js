// What is fetched of the models' points: codes, errors, columns; and rows by name.
import { locate } from "./camera.js";
import { recolour } from "./display.js";
import { pin } from "./focus.js";
import { select } from "./selection.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */
/** @typedef {import("../model.js").ModelData} ModelData */

const LIMIT = 100000;
const ALL = 2000000;

/** @param {Explorer} app @param {ModelData} model */
export async function loadPoints(app, model, limit = LIMIT) {
  model.setPoints(await app.client.ask({ do: "points", limit, model: model.index }));
}

/** @param {Explorer} app */
export async function showAll(app) {
  if (app.meta.file) return;
  await loadPoints(app, app.model, ALL);
  locate(app, app.map);
  recolour(app);
  app.change(app.model, {}, "points");
}

/** @param {Explorer} app @param {ModelData} model */
export async function loadErrors(app, model) {
  const { header, arrays } = await app.client.ask({ do: "errors", model: model.index });
  Object.assign(model, { errors: arrays.values.data, errorUnit: header.unit });
  if (app.state.view.colour === "error") recolour(app);
  app.change(model, {}, "errors");
}

/** @param {Explorer} app @param {number} column */
export async function loadColumn(app, column) {
  const { arrays } = await app.client.ask({ do: "column", column });
  app.model.columns.set(column, arrays.values.data);
}

/** Pin the row of that name; select all if there are several. @param {Explorer} app @param {string} text */
export async function find(app, text) {
  if (!text.trim()) return;
  const { arrays } = await app.client.ask({ do: "find", text });
  const rows = Array.from(arrays.rows.data);
  if (!rows.length) {
    app.say(`No row is called ${text}.`);
    return;
  }
  if (rows.length > 1) select(app, rows);
  await pin(app, rows[0]);
}
