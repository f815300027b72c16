// The selection of a notebook's widget and that of the page, as one.
import { select, selectedRows } from "./commands/selection.js";

/** @param {import("./explorer.js").Explorer} app @param {any} model a widget's model; other hosts have no selection to link @returns {() => void} */
export function linkSelection(app, model) {
  const mine = () => selectedRows(app);
  const same = (/** @type {number[]} */ a, /** @type {number[]} */ b) => a.length === b.length && a.every((row, i) => row === b[i]);
  const theirs = () => Array.from(model.get("selection") ?? []).sort((a, b) => a - b);
  const take = () => {
    if (app.model?.loaded && !same(mine(), theirs())) select(app, theirs());
  };
  app.on(["points"], take);
  app.on(["selection"], () => {
    if (same(mine(), theirs())) return;
    model.set("selection", mine());
    model.save_changes();
  });
  model.on("change:selection", take);
  return () => model.off("change:selection", take);
}
