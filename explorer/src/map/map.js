// The view of a map: two canvases, drawn again when the state that they show has changed, at most once a frame.
import { h } from "../dom.js";
import { resize } from "../commands/camera.js";
import { card } from "./card.js";
import { gestures } from "./gestures.js";
import { ready } from "./geometry.js";
import { paintBase, Thumbnails } from "./layers.js";
import { paintOverlay } from "./overlay.js";
import { Points } from "./points.js";

/** @typedef {import("../state.js").Topic} Topic */

/** @type {Topic[]} */
const ALL = ["camera", "codes", "layers", "heat"];
/** @type {Topic[]} */
const OVERLAY = ["probe", "evaluated", "hover", "path", "corrupted", "drawn", "enclosed"];

/** @param {import("../explorer.js").Explorer} app @param {import("./state.js").MapState} map @param {string} label */
export function mapView(app, map, label) {
  const base = h("canvas", { className: "dx-map-base", ariaHidden: "true" });
  const over = h("canvas", { className: "dx-map-over", ariaHidden: "true" });
  const note = h("p", { className: "dx-map-note" }, map.model.meta.model);
  const el = h("div", { className: "dx-map", role: "application", tabIndex: 0, ariaLabel: label, "aria-describedby": "dx-map-help" },
    base, over, card(app, map), note);
  const points = new Points();
  const thumbs = new Thumbnails(app, map, () => draw());
  let [queued, queuedOver, pixels] = [0, 0, 1];
  const context = (/** @type {HTMLCanvasElement} */ canvas) => {
    const ctx = canvas.getContext("2d");
    ctx.setTransform(pixels, 0, 0, pixels, 0, 0);
    ctx.clearRect(0, 0, map.camera.width, map.camera.height);
    return ctx;
  };
  const draw = () => {
    if (!ready(map) || queued) return;
    queued = requestAnimationFrame(() => {
      queued = 0;
      paintBase(context(base), app, map, points, thumbs);
      paintOverlay(context(over), app, map);
      map.frames.push(performance.now());
      if (map.frames.length > 240) map.frames.shift();
    });
  };
  const drawOver = () => {
    if (!ready(map) || queued || queuedOver) return;
    queuedOver = requestAnimationFrame(() => {
      queuedOver = 0;
      paintOverlay(context(over), app, map);
    });
  };
  const tint = () => {
    if (!map.model.loaded) return;
    points.tint(map, app.state.page.dark);
    draw();
  };
  app.on(ALL, draw);
  app.on(OVERLAY, drawOver);
  app.on(["colour", "theme"], tint);
  app.on(["aligned"], () => (note.textContent = `${map.model.meta.model}${map.laid ? ", laid over the first" : ""}`));
  app.on(["summons"], () => {
    const { summons } = app.state.page;
    if (map === app.map && (summons === "map" || summons === "lasso")) el.focus({ preventScroll: summons === "map" });
  });
  const sized = new ResizeObserver(() => {
    const { width, height } = el.getBoundingClientRect();
    if (!width || !height) return;
    pixels = Math.min(window.devicePixelRatio || 1, 2);
    for (const canvas of [base, over]) [canvas.width, canvas.height] = [Math.round(width * pixels), Math.round(height * pixels)];
    points.resize(base.width, base.height, pixels);
    resize(app, map, width, height);
  });
  sized.observe(el);
  app.atClose(() => sized.disconnect());
  gestures(app, map, el);
  return el;
}
