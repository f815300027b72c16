// The head of the page: what is explored, the tabs, the search, and how quickly the probe follows.
import { setTab, summon, TABS, toggleTheme } from "../commands/display.js";
import { find } from "../commands/points.js";
import { button, h } from "../dom.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */

/** What decodes in an exported file, in a word. @type {Record<string, string>} */
const ENGINES = { plain: "browser", onnx: "onnxruntime", atlas: "atlas" };

/** @param {Explorer} app */
export function header(app) {
  const { meta } = app;
  const search = h("input", { type: "search", placeholder: meta.named_rows ? "find a name" : "find a row", ariaLabel: "Find rows", title: "A name, or: label 7, row 7, error > 20",
    onchange: () => find(app, search.value) });
  app.on(["summons"], () => app.state.page.summons === "search" && search.focus());
  const title = h("h1", { title: meta.settings }, h("span", { className: "dx-brand" }, "Diabolo"), ` ${meta.model} `, h("small", {}, `${meta.dataset}, ${meta.dim}-D codes`));
  return h("header", { className: "dx-header" }, title, tabs(app), search, engine(app),
    button("?", () => summon(app, "help"), { ariaLabel: "Help: all keys", title: "All keys (?)" }),
    button("◐", () => toggleTheme(app), { ariaLabel: "Light or dark", title: "Light or dark" }));
}

/** @param {Explorer} app */
function tabs(app) {
  const made = TABS.map(([name, label]) => button(label, () => setTab(app, name), { "data-tab": name, "aria-pressed": "false" }));
  app.on(["tab"], () => made.forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.tab === app.state.page.tab))));
  return h("div", { className: "dx-tabs", role: "group", ariaLabel: "Views" }, made);
}

/** What decodes, and the median of its last times. @param {Explorer} app */
function engine(app) {
  const el = h("span", { className: "dx-engine", title: "Time from the hand to the picture" });
  app.on(["latency"], () => {
    const last = app.state.probe.latency.slice(-30).sort((a, b) => a - b);
    el.textContent = last.length ? `${app.engine ? "browser" : ENGINES[app.meta.file?.engine] ?? "python"} ${last[last.length >> 1].toFixed(0)} ms` : "";
  });
  return el;
}
