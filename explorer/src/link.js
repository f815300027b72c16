// The selection of a notebook's widget and that of the page, as one.

/** @param {import("./app.js").App} app @param {any} model a widget's model; other hosts have no selection to link @returns {() => void} */
export function linkSelection(app, model) {
  const mine = () => Array.from(app.state.selection).sort((a, b) => a - b);
  const same = (/** @type {number[]} */ a, /** @type {number[]} */ b) => a.length === b.length && a.every((row, i) => row === b[i]);
  const theirs = () => Array.from(model.get("selection") ?? []).sort((a, b) => a - b);
  const take = () => {
    if (app.loaded && !same(mine(), theirs())) app.select(theirs());
  };
  app.onChange((changed) => {
    if (changed === "points") take();
    if (changed !== "selection" || same(mine(), theirs())) return;
    model.set("selection", mine());
    model.save_changes();
  });
  model.on("change:selection", take);
  return () => model.off("change:selection", take);
}
