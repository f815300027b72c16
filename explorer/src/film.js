// The way from A to B as a strip of decoded frames.
import { button, h, save, select } from "./dom.js";
import { short } from "./maths.js";
import { isPicture, picture } from "./pictures.js";

/** @param {import("./app.js").App} app */
export function filmstrip(app) {
  const frames = h("div", { className: "dx-frames", role: "list", tabIndex: 0, ariaLabel: "Frames from A to B" });
  const way = select("way", [["straight", "straight"], ["spherical", "spherical"]], (value) => app.setPath({ way: value }), "straight");
  const steps = h("input", { type: "number", min: 3, max: 60, value: app.state.path.steps, onchange: () => app.setPath({ steps: Math.min(60, Math.max(3, Math.round(Number(steps.value)) || 11)) }) });
  let timer = 0;
  const play = button("Play", () => (timer ? stop() : start()), { title: "Play (Space)" });
  const stop = () => {
    clearInterval(timer);
    timer = 0;
    play.textContent = "Play";
  };
  const start = () => {
    const codes = app.pathCodes;
    if (!codes.length) return;
    let at = 0;
    play.textContent = "Stop";
    timer = window.setInterval(() => {
      const k = at++ % (2 * codes.length - 2);
      app.moveProbe(codes[k < codes.length ? k : 2 * codes.length - 2 - k]);
    }, window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 900 : 140);
  };
  app.play = () => play.click();
  const strip = button("PNG", () => exportStrip(app), { title: "Save the strip as one picture" });
  const away = app.meta.file ? { disabled: true, title: "Needs Python: diabolo explore" } : { title: "Save the way there and back as an animation" };
  const gif = button("GIF", () => exportFilm(app), away);
  const el = h("section", { className: "dx-film", ariaLabel: "Path from A to B", hidden: true }, h("div", { className: "dx-line" },
    h("h2", {}, "A → B"), way, h("label", { className: "dx-field" }, h("span", {}, "frames"), steps), play, ...(isPicture(app.meta) ? [strip, gif] : []),
    button("Clear", () => app.setPath({ a: null, b: null }))), frames);
  app.onChange((changed) => {
    if (changed === "tool") el.hidden = app.state.tool !== "path" && !app.state.path.a;
    if (changed !== "path") return;
    const { a, b, film } = app.state.path.a ? { ...app.state.path, film: app.state.film } : { a: null, b: null, film: null };
    if (!b) stop();
    el.hidden = app.state.tool !== "path" && !a;
    if (!film) {
      frames.replaceChildren(h("p", { className: "dx-note" }, a ? "Now click where B is, or press B." : "Click where A is, then where B is."));
      return;
    }
    frames.classList.toggle("dx-many", film.length > 16);
    frames.replaceChildren(...film.map((row, i) => frame(app, row, i, film.length)));
  });
  frames.append(h("p", { className: "dx-note" }, "Click where A is, then where B is."));
  return el;
}

function frame(app, row, i, n) {
  const label = `Frame ${i + 1} of ${n}`;
  const inside = isPicture(app.meta) ? picture(row, app.meta, label) : h("span", { className: "dx-mini" }, Array.from(row.slice(0, 3), short).join(" "));
  return h("div", { role: "listitem" }, button("", () => app.moveProbe(app.pathCodes[i]), { ariaLabel: label, title: label }).appendChild(inside).parentElement);
}

/** All frames side by side, each pixel as eight. */
function exportStrip(app) {
  const { film } = app.state;
  if (!film) return;
  const [, height, width] = app.meta.image_shape;
  const zoom = Math.max(1, Math.round(112 / height));
  const canvas = h("canvas", { width: film.length * width * zoom, height: height * zoom });
  const ctx = canvas.getContext("2d");
  ctx.imageSmoothingEnabled = false;
  film.forEach((row, i) => ctx.drawImage(picture(row, app.meta, ""), i * width * zoom, 0, width * zoom, height * zoom));
  canvas.toBlob((blob) => save("path.png", blob, "image/png"));
}

/** The way there and back as an animation, which Python writes. */
async function exportFilm(app) {
  const codes = app.pathCodes;
  if (!codes.length) return;
  try {
    const { arrays } = await app.client.ask({ do: "film" }, app.codesOf(codes));
    save("path.gif", /** @type {any} */ (arrays.file.data), "image/gif");
  } catch (error) {
    app.fail(error);
  }
}
