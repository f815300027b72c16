// The way from A to B as a strip of decoded frames.
import { exportFilm, exportStrip, pathCodes, setPath, togglePlay } from "../commands/path.js";
import { moveProbe } from "../commands/probe.js";
import { short } from "../maths.js";
import { isPicture } from "../model.js";
import { button, h, select } from "../dom.js";
import { picture } from "../pictures.js";

/** @param {import("../explorer.js").Explorer} app */
export function filmstrip(app) {
  const frames = h("div", { className: "dx-frames", role: "list", tabIndex: 0, ariaLabel: "Frames from A to B" });
  const way = select("way", [["straight", "straight"], ["spherical", "spherical"]], (value) => setPath(app, { way: value }), "straight");
  const steps = h("input", { type: "number", min: 3, max: 60, value: app.state.path.steps, onchange: () => setPath(app, { steps: Math.min(60, Math.max(3, Math.round(Number(steps.value)) || 11)) }) });
  const play = button("Play", () => togglePlay(app), { title: "Play (Space)" });
  app.on(["playing"], () => (play.textContent = app.state.path.playing ? "Stop" : "Play"));
  const strip = button("PNG", () => exportStrip(app), { title: "Save the strip as one picture" });
  const away = app.meta.file ? { disabled: true, title: "Needs Python: diabolo explore" } : { title: "Save the way there and back as an animation" };
  const gif = button("GIF", () => exportFilm(app), away);
  const el = h("section", { className: "dx-film", ariaLabel: "Path from A to B", hidden: true }, h("div", { className: "dx-line" },
    h("h2", {}, "A → B"), way, h("label", { className: "dx-field" }, h("span", {}, "frames"), steps), play, ...(isPicture(app.meta) ? [strip, gif] : []),
    button("Clear", () => setPath(app, { a: null, b: null }))), frames);
  app.on(["tool", "film"], (topic) => {
    const { a, film } = app.state.path;
    el.hidden = app.state.page.tool !== "path" && !a;
    if (topic !== "film") return;
    if (!film.length) {
      frames.replaceChildren(h("p", { className: "dx-note" }, a ? "Now click where B is, or press B." : "Click where A is, then where B is."));
      return;
    }
    frames.classList.toggle("dx-many", film.length > 16);
    frames.replaceChildren(...film.map((row, i) => frame(app, row, i, film.length)));
  });
  frames.append(h("p", { className: "dx-note" }, "Click where A is, then where B is."));
  return el;
}

/** @param {import("../explorer.js").Explorer} app @param {Float32Array} row @param {number} i @param {number} n */
function frame(app, row, i, n) {
  const label = `Frame ${i + 1} of ${n}`;
  const inside = isPicture(app.meta) ? picture(row, app.meta, label) : h("span", { className: "dx-mini" }, Array.from(row.slice(0, 3), short).join(" "));
  return h("div", { role: "listitem" }, button("", () => moveProbe(app, pathCodes(app)[i]), { ariaLabel: label, title: label }).appendChild(inside).parentElement);
}
