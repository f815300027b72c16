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

/** What can be asked for besides a name. @type {[RegExp, (app: Explorer, asked: string[]) => number[]][]} */
const QUERIES = [
  [/^label\s+(.+)$/i, ({ model, meta }, [, sought]) => Array.from(model.rows).filter((_, i) => {
    const value = model.labels?.[i];
    return value !== undefined && [String(value), meta.label_names?.[value]?.toLowerCase()].includes(sought.toLowerCase());
  })],
  [/^row\s+(\d+)$/i, ({ model }, [, row]) => (model.indexOf(Number(row)) < 0 ? [] : [Number(row)])],
  [/^error\s*([<>])\s*(\d*\.?\d+(?:e[-+]?\d+)?)$/i, ({ model }, [, side, bound]) => Array.from(model.rows).filter((row) =>
    model.errors && (side === ">" ? model.errors[row] > Number(bound) : model.errors[row] < Number(bound)))],
];

/** Select what was asked for: a label, a row, a range of errors, else rows by name. @param {Explorer} app @param {string} text */
export async function find(app, text) {
  if (!text.trim()) return;
  for (const [form, rowsOf] of QUERIES) {
    const asked = text.trim().match(form);
    if (!asked) continue;
    const rows = rowsOf(app, asked);
    select(app, rows);
    app.say(rows.length ? `${rows.length} points are selected.` : `No point shown has ${text.trim()}.`);
    if (rows.length === 1) await pin(app, rows[0]);
    return;
  }
  const { arrays } = await app.client.ask({ do: "find", text });
  const rows = Array.from(arrays.rows.data);
  if (!rows.length) {
    app.fail(new Error(`No ${app.meta.id_name} is called ${text.trim()}. A search takes a name, or: label 7, row 7, error > 20.`));
    return;
  }
  if (rows.length > 1) select(app, rows);
  await pin(app, rows[0]);
}
