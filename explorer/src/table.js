// The points as a table: the same as the map, for those who read rather than look.
import { button, h } from "./dom.js";
import { short } from "./maths.js";

const PAGE = 50;

/** @param {import("./app.js").App} app */
export function tablePanel(app) {
  let [page, by, down] = [0, "row", false];
  const words = h("p", { className: "dx-note" });
  const body = h("tbody");
  const columns = () => ["row", ...(app.side.labels ? ["label"] : []), ...(app.side.errors ? ["error"] : []),
    ...Array.from({ length: Math.min(app.meta.dim, 6) }, (_, i) => `z${i}`)];
  const head = h("thead");
  const valueOf = (name, i) => {
    const { side, meta } = app;
    if (name === "row") return side.rows[i];
    if (name === "label") return side.labels[i];
    if (name === "error") return side.errors[side.rows[i]];
    return side.codes[i * meta.dim + Number(name.slice(1))];
  };
  const fill = () => {
    if (app.state.tab !== "table" || !app.side.codes) return;
    const { side } = app;
    const dimmed = app.dimmedOf(side);
    const shown = Array.from({ length: side.n }, (_, i) => i).filter((i) => !dimmed || !dimmed[i] || !app.state.selection.size && !app.state.muted.size);
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
    const row = app.side.rows[i];
    const cells = columns().slice(1).map((name) => h("td", {}, name === "label" ? app.meta.label_names?.[valueOf(name, i)] ?? short(valueOf(name, i)) : short(valueOf(name, i))));
    return h("tr", { "aria-selected": String(row === app.state.pinned) }, h("th", { scope: "row" }, button(String(row), () => app.pin(row))), cells);
  };
  const turn = (step) => {
    page = Math.max(0, page + step);
    fill();
  };
  app.onChange((changed) => ["tab", "points", "colour", "errors", "selection", "pinned"].includes(changed) && fill());
  return h("section", { className: "dx-table", ariaLabel: "Table of the points" }, h("div", { className: "dx-line" }, button("Back", () => turn(-1)), button("On", () => turn(1)), words),
    h("div", { className: "dx-scroll", tabIndex: 0, role: "group", ariaLabel: "Rows" }, h("table", {}, head, body)));
}
