// The path from A to B: its ends, its decoded frames, and walking along it.
import { between } from "../maths.js";
import { isPicture } from "../model.js";
import { h, save } from "../dom.js";
import { picture } from "../pictures.js";
import { codesOf, decode } from "./decode.js";
import { moveProbe } from "./probe.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */

/** @param {Explorer} app @returns {Float32Array[]} */
export function pathCodes({ state, meta }) {
  const { a, b, steps, way } = state.path;
  if (!a || !b) return [];
  return Array.from({ length: steps }, (_, i) => between(a, b, i / (steps - 1), meta.sphere ? "spherical" : /** @type {any} */ (way)));
}

/** @param {Explorer} app @param {Partial<import("../state.js").State["path"]>} values */
export function setPath(app, values) {
  app.change(app.state.path, values, "path");
  if (!app.state.path.b) stop(app);
  return decodePath(app);
}

/** The next end of the path. @param {Explorer} app @param {Float32Array} z */
export function putPathEnd(app, z) {
  const { a, b } = app.state.path;
  return setPath(app, a && !b ? { b: z } : { a: z, b: null });
}

/** @param {Explorer} app */
export async function decodePath(app) {
  const current = app.tasks.begin("path");
  const codes = pathCodes(app);
  /** @type {Float32Array[]} */
  let film = [];
  try {
    if (codes.length && app.meta.can_decode) film = await decode(app, codes);
  } catch (error) {
    app.fail(error);
  }
  // The strip stays until the next one is there, so that it can be saved at any time.
  if (current()) app.change(app.state.path, { film }, "film");
}

/** Let the probe go from A to B and back, or stop it. @param {Explorer} app */
export function togglePlay(app) {
  if (app.state.path.playing) {
    stop(app);
    return;
  }
  if (!pathCodes(app).length) return;
  app.change(app.state.path, { playing: true }, "playing");
  const codes = pathCodes(app);
  const wait = window.matchMedia("(prefers-reduced-motion: reduce)").matches ? 900 : 140;
  let at = 0;
  const step = () => {
    const k = at++ % (2 * codes.length - 2);
    app.tasks.later("play", wait, step);
    moveProbe(app, codes[k < codes.length ? k : 2 * codes.length - 2 - k]);
  };
  app.tasks.later("play", wait, step);
}

/** @param {Explorer} app */
function stop(app) {
  app.tasks.cancel("play");
  if (app.state.path.playing) app.change(app.state.path, { playing: false }, "playing");
}

/** All frames side by side, each pixel as several, as one picture. @param {Explorer} app */
export function exportStrip(app) {
  const { meta, state: { path: { film } } } = app;
  if (!film.length || !isPicture(meta)) return;
  const [, height, width] = meta.image_shape;
  const zoom = Math.max(1, Math.round(112 / height));
  const canvas = h("canvas", { width: film.length * width * zoom, height: height * zoom });
  const ctx = canvas.getContext("2d");
  ctx.imageSmoothingEnabled = false;
  film.forEach((row, i) => ctx.drawImage(picture(row, meta, ""), i * width * zoom, 0, width * zoom, height * zoom));
  canvas.toBlob((blob) => save("path.png", blob, "image/png"));
}

/** The way there and back as an animation, which Python writes. @param {Explorer} app */
export async function exportFilm(app) {
  const codes = pathCodes(app);
  if (!codes.length) return;
  try {
    const { arrays } = await app.client.ask({ do: "film" }, codesOf(codes));
    save("path.gif", /** @type {any} */ (arrays.file.data), "image/gif");
  } catch (error) {
    app.fail(error);
  }
}
