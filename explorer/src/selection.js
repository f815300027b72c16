// The chosen points: how many, what they are, and out with them.
import { button, h, save } from "./dom.js";
import { isPicture, picture } from "./pictures.js";

/** @param {import("./app.js").App} app */
export function selectionBar(app) {
  const count = h("strong", { "data-selected": 0 }, "0 points selected");
  const gallery = h("div", { className: "dx-gallery", role: "group", tabIndex: 0, ariaLabel: "Selected rows" });
  const rows = () => Array.from(app.state.selection).sort((a, b) => a - b);
  const server = (format, type) => attempt(app, async () => {
    const chosen = rows();
    const { arrays } = await app.client.ask({ do: "export", format }, { rows: { data: Int32Array.from(chosen), shape: [chosen.length] } });
    save(`selection.${format}`, /** @type {any} */ (arrays.file.data), type);
  });
  const away = app.meta.file ? { "data-away": "", title: "Needs Python: diabolo explore" } : {};
  const actions = [
    button("CSV", () => server("csv", "text/csv"), { title: "Save (S)" }),
    button("JSON", () => attempt(app, async () => save("selection.json", JSON.stringify(await described(app, rows()), null, 1), "application/json"))),
    button("Parquet", () => server("parquet", "application/octet-stream"), away),
    isPicture(app.meta) ? button("PNG", () => server("png", "image/png"), away) : null,
    button("Copy Python", () => copy(app, `idx = [${rows().join(", ")}]`)),
    button("Clear", () => app.select([])),
  ].filter(Boolean);
  app.exportSelection = () => actions[0].click();
  const el = h("footer", { className: "dx-selection" }, h("div", { className: "dx-line" }, count, actions,
    h("span", { className: "dx-note dx-hint" }, "Lasso or box: Shift adds, Alt subtracts.")), gallery);
  const update = () => {
    const n = app.state.selection.size;
    count.textContent = `${n.toLocaleString()} ${n === 1 ? "point" : "points"} selected`;
    count.dataset.selected = String(n);
    for (const each of actions) each.disabled = !n || "away" in each.dataset;
    el.dataset.some = String(n > 0);
    fill(app, gallery, rows());
  };
  app.onChange((changed) => changed === "selection" && update());
  update();
  return el;
}

function fill(app, gallery, rows) {
  const shown = rows.slice(0, 60);
  gallery.hidden = !rows.length || !isPicture(app.meta);
  if (gallery.hidden) return;
  app.inputs(shown).then((inputs) => {
    gallery.replaceChildren(...inputs.map(([row, values]) => {
      const el = button("", () => app.pin(row), { ariaLabel: `${app.meta.id_name} ${row}, ${app.nameOfLabel(row)}`, "data-row": row,
        onmouseenter: () => app.hover(app.map, app.side.placeOf(row)) });
      el.append(picture(values, app.meta, ""));
      return el;
    }), rows.length > shown.length ? h("span", { className: "dx-note" }, `and ${(rows.length - shown.length).toLocaleString()} more`) : "");
  }, () => {});
}

async function described(app, rows) {
  const { header } = await app.client.ask({ do: "names" }, { rows: { data: Int32Array.from(rows), shape: [rows.length] } });
  return { model: app.meta.model, dataset: app.meta.dataset, rows: rows.map((row, k) => {
    const i = app.side.placeOf(row);
    const label = app.side.labels?.[i];
    return { row, name: header.names[k], label: label === undefined ? null : app.meta.label_names?.[label] ?? label,
      error: app.side.errors ? app.side.errors[row] : null, code: i < 0 ? null : Array.from(app.side.code(i)) };
  }) };
}

async function attempt(app, action) {
  try {
    await action();
    app.say("Saved.");
  } catch (error) {
    app.fail(error);
  }
}

async function copy(app, text) {
  try {
    await navigator.clipboard.writeText(text);
    app.say("Copied: the rows as a Python list.");
  } catch {
    save("selection.py", `${text}\n`, "text/x-python");
  }
  app.copied = text;
}
