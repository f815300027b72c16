// The points as a table: the same as the map, for those who read rather than look.
import { dimmedOf } from "../colouring.js";
import { pin } from "../commands/focus.js";
import { short } from "../maths.js";
import { button, h } from "../dom.js";

const PAGE = 50;

/** @param {import("../explorer.js").Explorer} app */
export function tablePanel(app) {
  let [page, by, down] = [0, "row", false];
  const words = h("p", { className: "dx-note" });
  const body = h("tbody");
  const columns = () => ["row", ...(app.model.labels ? ["label"] : []), ...(app.model.errors ? ["error"] : []),
    ...Array.from({ length: Math.min(app.meta.dim, 6) }, (_, i) => `z${i}`)];
  const head = h("thead");
  const valueOf = (name, i) => {
    const { model, meta } = app;
    if (name === "row") return model.rows[i];
    if (name === "label") return model.labels[i];
    if (name === "error") return model.errors[model.rows[i]];
    return model.codes[i * meta.dim + Number(name.slice(1))];
  };
  const fill = () => {
    if (app.state.page.tab !== "table" || !app.model.loaded) return;
    const { model } = app;
    const dimmed = dimmedOf(app.state, model);
    const shown = Array.from({ length: model.n }, (_, i) => i).filter((i) => !dimmed || !dimmed[i] || !app.state.selection.rows.size && !app.state.selection.muted.size);
    shown.sort((a, b) => (down ? -1 : 1) * (valueOf(by, a) - valueOf(by, b)));
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    page = Math.min(page, pages - 1);
    head.replaceChildren(h("tr", {}, columns().map((name) => h("th", { scope: "col", "aria-sort": name === by ? (down ? "descending" : "ascending") : "none" },
      button(name, () => {
        [by, down] = [name, name === by ? !down : false];
        fill();
      })))));
    body.replaceChildren(...shown.slice(page * PAGE, page * PAGE + PAGE).map((i) => line(i)));
    words.textContent = `rows ${page * PAGE + 1} to ${Math.min(shown.length, page * PAGE + PAGE)} of ${shown.length.toLocaleString()}`;
  };
  const line = (i) => {
    const row = app.model.rows[i];
    const cells = columns().slice(1).map((name) => h("td", {}, name === "label" ? app.meta.label_names?.[valueOf(name, i)] ?? short(valueOf(name, i)) : short(valueOf(name, i))));
    return h("tr", { "aria-selected": String(row === app.state.focus.pinned) }, h("th", { scope: "row" }, button(String(row), () => pin(app, row))), cells);
  };
  const turn = (step) => {
    page = Math.max(0, page + step);
    fill();
  };
  app.on(["tab", "points", "colour", "errors", "selection", "pinned"], fill);
  return h("section", { className: "dx-table", ariaLabel: "Table of the points" }, h("div", { className: "dx-line" }, button("Back", () => turn(-1)), button("On", () => turn(1)), words),
    h("div", { className: "dx-scroll", tabIndex: 0, role: "group", ariaLabel: "Rows" }, h("table", {}, head, body)));
}
