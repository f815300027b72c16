// Rows chosen by lasso, box or list; classes put into the background; and the chosen rows as files.
import { boxOf, screenOf, within } from "../map/geometry.js";
import { fromScreen } from "../map/camera.js";
import { save } from "../dom.js";
import { recolour } from "./display.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */
/** @typedef {import("../map/state.js").MapState} MapState */

/** @param {Explorer} app @returns {number[]} */
export const selectedRows = ({ state }) => Array.from(state.selection.rows).sort((a, b) => a - b);

/** @param {Explorer} app @param {Iterable<number>} rows */
export function select(app, rows) {
  app.state.selection.rows = new Set(rows);
  recolour(app);
  app.change(app.state.selection, {}, "selection");
}

/** Put a class into the background, or back. @param {Explorer} app @param {number} index */
export function mute(app, index) {
  const { muted } = app.state.selection;
  if (!muted.delete(index)) muted.add(index);
  recolour(app);
}

/** Select a class and put all others into the background; again: all are back. @param {Explorer} app @param {number} index */
export function isolate(app, index) {
  const { model, state: { selection: { muted, rows } } } = app;
  const own = Array.from(model.rows).filter((_, i) => model.classes[i] === index);
  const again = muted.size === model.classValues.length - 1 && !muted.has(index) && rows.size === own.length;
  muted.clear();
  if (!again) model.classValues.forEach((_, i) => i !== index && muted.add(i));
  select(app, again ? [] : own);
}

/** Draw a lasso, and count what is in it. @param {Explorer} app @param {MapState} map @param {[number, number][]} lasso */
export function drawLasso(app, map, lasso) {
  map.lasso = lasso;
  app.change(app.state.selection, { enclosed: within(map, lasso).length }, "enclosed");
}

/** @param {Explorer} app */
export function dropLasso(app) {
  for (const map of app.maps) map.lasso = [];
  app.change(app.state.selection, { corners: [], enclosed: -1 }, "enclosed");
}

/** Choose what a polygon encloses. @param {Explorer} app @param {MapState} map @param {[number, number][]} polygon
 * @param {"set" | "add" | "subtract"} how */
export function choose(app, map, polygon, how) {
  const { rows } = app.state.selection;
  if (how === "set") rows.clear();
  for (const i of within(map, polygon)) how === "subtract" ? rows.delete(map.model.rows[i]) : rows.add(map.model.rows[i]);
  map.lasso = [];
  app.say(rows.size ? `${rows.size} points are selected.` : "The selection holds 0 points.");
  Object.assign(app.state.selection, { polygon, corners: [], enclosed: -1 });
  recolour(app);
  app.change(app.state.selection, {}, "selection");
}

/** A corner of a lasso or box at the probe; twice at one place closes it. @param {Explorer} app */
export function putCorner(app) {
  const { map, state: { page, probe, selection } } = app;
  const here = fromScreen(map.camera, ...screenOf(map, probe.code));
  const { corners } = selection;
  const last = corners.at(-1);
  const again = last && Math.hypot(here[0] - last[0], here[1] - last[1]) * map.camera.scale < 2;
  if (!again) corners.push(here);
  const box = page.tool === "box" && corners.length === 2;
  if (box || (again && corners.length > 2)) choose(app, map, box ? boxOf(corners[0], corners[1]) : corners, "set");
  else drawLasso(app, map, [...corners]);
}

const TYPES = { csv: "text/csv", parquet: "application/octet-stream", png: "image/png" };

/** Save the selection as Python writes it. @param {Explorer} app @param {keyof typeof TYPES} format */
export const exportSelection = (app, format = "csv") => attempt(app, async () => {
  const rows = selectedRows(app);
  if (!rows.length) return false;
  const { arrays } = await app.client.ask({ do: "export", format }, { rows: { data: Int32Array.from(rows), shape: [rows.length] } });
  save(`selection.${format}`, /** @type {any} */ (arrays.file.data), TYPES[format]);
  return true;
});

/** @param {Explorer} app */
export const exportJson = (app) => attempt(app, async () => {
  save("selection.json", JSON.stringify(await described(app, selectedRows(app)), null, 1), "application/json");
  return true;
});

/** @param {Explorer} app @param {number[]} rows */
async function described(app, rows) {
  const { model, meta } = app;
  const { header } = await app.client.ask({ do: "names" }, { rows: { data: Int32Array.from(rows), shape: [rows.length] } });
  return { model: meta.model, dataset: meta.dataset, rows: rows.map((row, k) => {
    const i = model.indexOf(row);
    const label = model.labels?.[i];
    return { row, name: header.names[k], label: label === undefined ? null : meta.label_names?.[label] ?? label,
      error: model.errors ? model.errors[row] : null, code: i < 0 ? null : Array.from(model.code(i)) };
  }) };
}

/** @param {Explorer} app @param {() => Promise<boolean>} action */
async function attempt(app, action) {
  try {
    if (await action()) app.say("Saved.");
  } catch (error) {
    app.fail(error);
  }
}

/** The rows as a Python list on the clipboard, or as a file where there is none. @param {Explorer} app */
export async function copyPython(app) {
  const copied = `idx = [${selectedRows(app).join(", ")}]`;
  try {
    await navigator.clipboard.writeText(copied);
    app.say("Copied: the rows as a Python list.");
  } catch {
    save("selection.py", `${copied}\n`, "text/x-python");
  }
  app.state.page.copied = copied;
}
