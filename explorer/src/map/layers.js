// The lower canvas of a map: its frame, the layers below the points, the points, and pictures on them.
import { GREY } from "../colouring.js";
import { isPicture } from "../model.js";
import { paint } from "../pictures.js";
import { toScreen } from "./camera.js";
import { dimOf, isGlobe, screenOf, screenOfPoint } from "./geometry.js";

/** @typedef {import("./state.js").MapState} MapState */
/** @typedef {import("../explorer.js").Explorer} Explorer */

const THUMB = 30;
/** Pictures on a map, and pictures kept. */
const [MOST, KEPT] = [1200, 8000];

/** @param {CanvasRenderingContext2D} ctx @param {Explorer} app @param {MapState} map @param {import("./points.js").Points} points
 * @param {Thumbnails} thumbs */
export function paintBase(ctx, { state }, map, points, thumbs) {
  const { layers, gridOpacity } = state.view;
  paintFrame(ctx, map, state.page.dark);
  if (map.heat && (layers.density || layers.cycle)) paintHeat(ctx, map);
  if (layers.grid) paintGrid(ctx, map, gridOpacity);
  if (layers.points && map.colours.length) {
    points.paint(state, map);
    ctx.drawImage(points.canvas, 0, 0, map.camera.width, map.camera.height);
  }
  if (layers.thumbs && isPicture(map.model.meta)) thumbs.paint(ctx);
}

/** Zero lines, the rim of a globe, the meridians of a world map. @param {CanvasRenderingContext2D} ctx @param {MapState} map @param {boolean} dark */
function paintFrame(ctx, map, dark) {
  const { camera, projection: { kind } } = map;
  ctx.strokeStyle = dark ? "#39404a" : "#d5d9de";
  ctx.lineWidth = 1;
  ctx.beginPath();
  const line = (/** @type {[number, number]} */ a, /** @type {[number, number]} */ b) => {
    ctx.moveTo(...toScreen(camera, ...a));
    ctx.lineTo(...toScreen(camera, ...b));
  };
  if (kind === "world") {
    for (let k = -6; k <= 6; k++) line([(k * Math.PI) / 6, -Math.PI / 2], [(k * Math.PI) / 6, Math.PI / 2]);
    for (let k = -3; k <= 3; k++) line([-Math.PI, (k * Math.PI) / 6], [Math.PI, (k * Math.PI) / 6]);
  } else if (isGlobe(map)) {
    const [x, y] = toScreen(camera, 0, 0);
    ctx.arc(x, y, camera.scale, 0, 2 * Math.PI);
  } else {
    const [x, y] = screenOf(map, new Float32Array(dimOf(map)));
    ctx.moveTo(x, 0);
    ctx.lineTo(x, camera.height);
    ctx.moveTo(0, y);
    ctx.lineTo(camera.width, y);
  }
  ctx.stroke();
  if (kind === "world") paintDegrees(ctx, camera, dark);
}

/** @param {CanvasRenderingContext2D} ctx @param {import("./camera.js").Camera} camera @param {boolean} dark */
function paintDegrees(ctx, camera, dark) {
  ctx.fillStyle = dark ? "#9aa4b0" : "#5d6670";
  ctx.font = "11px system-ui, sans-serif";
  for (let k = -4; k <= 4; k += 2) {
    const [x, y] = toScreen(camera, (k * Math.PI) / 6, -Math.PI / 2);
    ctx.fillText(`${k * 30}°`, x + 3, Math.min(y + 13, camera.height - 4));
  }
  for (let k = -2; k <= 2; k++) {
    const [x, y] = toScreen(camera, -Math.PI, (k * Math.PI) / 6);
    ctx.fillText(`${k * 30}°`, Math.max(x, 2) + 3, y - 3);
  }
}

/** @param {CanvasRenderingContext2D} ctx @param {MapState} map */
function paintHeat(ctx, { camera, heat: { canvas, box } }) {
  const [x0, y0] = toScreen(camera, box[0], box[3]);
  const [x1, y1] = toScreen(camera, box[2], box[1]);
  ctx.globalAlpha = 0.55;
  ctx.drawImage(canvas, x0, y0, x1 - x0, y1 - y0);
  ctx.globalAlpha = 1;
}

/** @param {CanvasRenderingContext2D} ctx @param {MapState} map @param {number} opacity */
function paintGrid(ctx, { camera, grid }, opacity) {
  ctx.imageSmoothingEnabled = false;
  ctx.globalAlpha = opacity;
  for (const { canvas, box } of grid) {
    const [x0, y0] = toScreen(camera, box[0], box[3]);
    const [x1, y1] = toScreen(camera, box[2], box[1]);
    // A picture keeps its shape, with a little room around it.
    const side = 0.92 * Math.min((x1 - x0) / canvas.width, (y1 - y0) / canvas.height);
    const [width, height] = [canvas.width * side, canvas.height * side];
    ctx.drawImage(canvas, (x0 + x1 - width) / 2, (y0 + y1 - height) / 2, width, height);
  }
  ctx.globalAlpha = 1;
  ctx.imageSmoothingEnabled = true;
}

/** Pictures on their points, as many as fit side by side; those that are missing are fetched, and then drawn. */
export class Thumbnails {
  fetching = false;
  /** @type {Map<number, HTMLCanvasElement>} */
  known = new Map();

  /** @param {Explorer} app @param {MapState} map @param {() => void} draw */
  constructor(app, map, draw) {
    this.app = app;
    this.map = map;
    this.draw = draw;
  }

  /** @param {CanvasRenderingContext2D} ctx */
  paint(ctx) {
    const { map, known } = this;
    const { camera: { width, height }, dimmed, w, colours, model } = map;
    const taken = new Set();
    const wanted = [];
    ctx.imageSmoothingEnabled = false;
    const columns = Math.ceil(width / THUMB) + 2;
    for (let i = 0; i < map.u.length && taken.size < MOST; i++) {
      if ((dimmed && dimmed[i]) || (map.projection.sphere && w.length && w[i] < 0)) continue;
      const [x, y] = screenOfPoint(map, i);
      if (x < 0 || y < 0 || x > width || y > height) continue;
      const [left, top] = [Math.floor(x / THUMB), Math.floor(y / THUMB)];
      if (taken.has(top * columns + left)) continue;
      taken.add(top * columns + left);
      const thumb = known.get(model.rows[i]);
      if (!thumb) {
        wanted.push(model.rows[i]);
        continue;
      }
      const box = /** @type {const} */ ([left * THUMB + 1, top * THUMB + 1, THUMB - 3, THUMB - 3]);
      ctx.drawImage(thumb, ...box);
      ctx.strokeStyle = `rgb(${(colours[i] ?? GREY).join(",")})`;
      ctx.strokeRect(...box);
    }
    ctx.imageSmoothingEnabled = true;
    map.shownThumbs = taken.size - wanted.length;
    if (wanted.length && !this.fetching) this.fetch(wanted);
  }

  /** @param {number[]} rows */
  async fetch(rows) {
    this.fetching = true;
    try {
      const inputs = await this.app.inputs.of(rows);
      if (this.known.size > KEPT) this.known.clear();
      for (const [row, values] of inputs) {
        const canvas = document.createElement("canvas");
        paint(canvas, values, this.map.model.meta);
        this.known.set(row, canvas);
      }
      this.fetching = false;
      this.draw();
    } catch {
      this.fetching = false;
    }
  }
}
