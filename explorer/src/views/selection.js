// The chosen points: how many, what they are, and out with them.
import { hover, pin } from "../commands/focus.js";
import { copyPython, exportJson, exportSelection, select, selectedRows } from "../commands/selection.js";
import { isPicture } from "../model.js";
import { button, h } from "../dom.js";
import { picture } from "../pictures.js";

/** @param {import("../explorer.js").Explorer} app */
export function selectionBar(app) {
  const count = h("strong", { "data-selected": 0 }, "0 points selected");
  const gallery = h("div", { className: "dx-gallery", role: "group", tabIndex: 0, ariaLabel: "Selected rows" });
  const away = app.meta.file ? { "data-away": "", title: "Needs Python: diabolo explore" } : {};
  const actions = [
    button("CSV", () => exportSelection(app, "csv"), { title: "Save (S)" }),
    button("JSON", () => exportJson(app)),
    button("Parquet", () => exportSelection(app, "parquet"), away),
    isPicture(app.meta) ? button("PNG", () => exportSelection(app, "png"), away) : null,
    button("Copy Python", () => copyPython(app)),
    button("Clear", () => select(app, [])),
  ].filter(Boolean);
  const el = h("footer", { className: "dx-selection" }, h("div", { className: "dx-line" }, count, actions,
    h("span", { className: "dx-note dx-hint" }, "Lasso or box: Shift adds, Alt subtracts.")), gallery);
  const update = () => {
    const n = app.state.selection.rows.size;
    count.textContent = `${n.toLocaleString()} ${n === 1 ? "point" : "points"} selected`;
    count.dataset.selected = String(n);
    for (const each of actions) each.disabled = !n || "away" in each.dataset;
    el.dataset.some = String(n > 0);
    fill(app, gallery, selectedRows(app));
  };
  app.on(["selection"], update);
  update();
  return el;
}

/** @param {import("../explorer.js").Explorer} app @param {any} gallery @param {number[]} rows */
function fill(app, gallery, rows) {
  const shown = rows.slice(0, 60);
  gallery.hidden = !rows.length || !isPicture(app.meta);
  if (gallery.hidden) return;
  app.inputs.of(shown).then((inputs) => {
    gallery.replaceChildren(...inputs.map(([row, values]) => {
      const el = button("", () => pin(app, row), { ariaLabel: `${app.meta.id_name} ${row}, ${app.model.labelText(row)}`, "data-row": row,
        onmouseenter: () => hover(app, app.map, app.model.indexOf(row)) });
      el.append(picture(values, app.meta, ""));
      return el;
    }), rows.length > shown.length ? h("span", { className: "dx-note" }, `and ${(rows.length - shown.length).toLocaleString()} more`) : "");
  }, () => {});
}
