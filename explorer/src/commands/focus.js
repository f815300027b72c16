// The row that is looked at: under the pointer, or pinned with everything that is known of it.

import { recolour } from "./display.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */

/** @param {Explorer} app @param {import("../map/state.js").MapState} map @param {number} i a point's index, or -1 */
export function hover(app, map, i) {
  const row = i < 0 ? -1 : map.model.rows[i];
  if (row === app.state.focus.hover) return;
  app.change(app.state.focus, { hover: row, hoverMap: map.model.index, hoverPoint: i }, "hover");
}

/** @param {Explorer} app @param {number} row -1: unpin */
export async function pin(app, row) {
  const { focus, corruption } = app.state;
  corruption.result = null;
  app.change(focus, { pinned: row, neighbours: [] }, "pinning");
  if (row < 0) {
    focus.point = null;
    recolour(app);
    app.change(focus, {}, "pinned");
    return;
  }
  try {
    await loadPoint(app, row);
    if (focus.pinned === row) app.say(`Pinned ${app.meta.id_name} ${focus.point.header.name}, ${app.model.labelText(row)}.`);
  } catch (error) {
    app.fail(error);
  }
}

/** Everything about the pinned row, as the model has it now. @param {Explorer} app @param {number} row */
export async function loadPoint(app, row) {
  const { focus } = app.state;
  const answer = await app.client.ask({ do: "row", row });
  if (focus.pinned !== row) return;
  Object.assign(focus, { point: answer, neighbours: Array.from(answer.arrays.neighbours.data) });
  recolour(app);
  app.change(focus, {}, "pinned");
}
