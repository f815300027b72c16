// Two models of the same rows: one map laid over the other, and the rows that lie elsewhere.
import { align } from "../commands/comparison.js";
import { setColour } from "../commands/display.js";
import { pin } from "../commands/focus.js";
import { button, check, h } from "../dom.js";
import { short } from "../maths.js";
import { isPicture } from "../model.js";
import { picture } from "../pictures.js";

const MOST = 24;

/** @param {import("../explorer.js").Explorer} app */
export function comparisonPanel(app) {
  if (app.state.data.count < 2) {
    const hint = app.meta.file ? "An exported file holds one model." : "A second model is put beside this one by ";
    return h("section", { className: "dx-moved", ariaLabel: "Compare" }, h("p", { className: "dx-note" }, hint, app.meta.file ? "" : h("code", {}, "diabolo explore RUN --compare RUN2")));
  }
  const words = h("span", { className: "dx-note" }, "comparing …");
  const list = h("div", { className: "dx-frames", role: "list", tabIndex: 0, ariaLabel: "Rows that moved most" });
  const laid = check("lay the second map over the first", false, (on) => align(app, on), { title: "Turned, mirrored, scaled and shifted to lie as near as can be (Procrustes)" });
  const colour = button("Colour by it", () => setColour(app, "moved"));
  app.on(["comparison"], () => {
    const { disparity } = app.state.comparison;
    words.textContent = `disparity ${short(disparity)} (0: the same but for rotation, mirroring, size and place)`;
    fill(app, list).catch((error) => app.fail(error));
  });
  return h("section", { className: "dx-moved", ariaLabel: "Compare" },
    h("div", { className: "dx-line" }, h("h2", {}, "moved most"), laid, colour, words), list);
}

/** The rows that are farthest from where the first model has them. @param {import("../explorer.js").Explorer} app @param {HTMLElement} list */
async function fill(app, list) {
  const { distances } = app.state.comparison;
  const rows = Array.from(app.model.rows).filter((row) => Number.isFinite(distances[row]));
  const first = rows.sort((a, b) => distances[b] - distances[a]).slice(0, MOST);
  const known = new Map(isPicture(app.meta) ? await app.inputs.of(first) : []);
  list.replaceChildren(...first.map((row) => {
    const text = `${app.meta.id_name} ${row}, ${app.model.labelText(row)}, moved by ${short(distances[row])}`;
    const el = button(known.has(row) ? "" : String(row), () => pin(app, row), { title: text, ariaLabel: text, "data-row": row });
    if (known.has(row)) el.append(picture(known.get(row), app.meta, ""));
    return h("div", { role: "listitem" }, el, h("span", { className: "dx-mini" }, short(distances[row])));
  }));
}
