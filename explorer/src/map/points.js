// All points of a map as pixels of one image: tens of thousands in a few milliseconds.
import { classesOf } from "../colouring.js";
import { mark, pixel, rgb } from "../colours.js";

/** @typedef {import("./state.js").MapState} MapState */

/** How much of its colour a point in the background keeps. */
const DIM = 0.24;
/** Nearer than everything in the background. */
const FRONT = 1e6;

/** How large points are, by their number. @param {number} n */
const radius = (n) => (n < 400 ? 5 : n < 3000 ? 3.6 : n < 15000 ? 2.4 : n < 60000 ? 1.5 : 1);

export class Points {
  canvas = document.createElement("canvas");
  image = new ImageData(1, 1);
  pixels = new Uint32Array(1);
  /** Colours of all points as pixels. */
  tints = new Uint32Array(0);
  /** Device pixels a CSS pixel. */
  scale = 1;

  /** @param {number} width @param {number} height in device pixels @param {number} scale */
  resize(width, height, scale) {
    [this.canvas.width, this.canvas.height, this.scale] = [width, height, scale];
    this.image = new ImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  /** Make pixels of the points' colours; needed only when the colours or the emphasis change. @param {MapState} map @param {boolean} dark */
  tint({ colours, dimmed }, dark) {
    const ground = rgb(dark ? "#14171c" : "#ffffff");
    const fade = (/** @type {number[]} */ c) => c.map((x, k) => Math.round(ground[k] + DIM * (x - ground[k])));
    this.tints = Uint32Array.from(colours, (colour, i) => pixel(dimmed && dimmed[i] ? fade(colour) : colour));
  }

  /** @param {import("../state.js").State} state @param {MapState} map */
  paint(state, map) {
    const { width, height } = this.canvas;
    const { pixels, tints, scale: s } = this;
    const { u, v, w, dimmed, camera, projection } = map;
    pixels.fill(0);
    const r = radius(u.length) * s;
    const classes = classesOf(state, map.model);
    const marks = Array.from({ length: classes ? 8 : 1 }, (_, k) => mark(k, r).map(([x, y]) => y * width + x));
    const dot = mark(0, r * 0.45).map(([x, y]) => y * width + x);
    const edge = Math.ceil(r * 1.2);
    const [sx, sy] = [camera.scale * s, (camera.stretch || camera.scale) * s];
    const [ox, oy] = [width / 2 - camera.x * sx, height / 2 + camera.y * sy];
    const deep = projection.kind === "turn" ? new Float32Array(width * height).fill(-Infinity) : null;
    const globe = projection.sphere && deep;
    const back = pixel(state.page.dark ? [58, 64, 74] : [205, 210, 216]);
    // Those in the background first, so that they never cover those in focus.
    for (const layer of dimmed ? [1, 0] : [0]) {
      for (let i = 0; i < u.length; i++) {
        if (dimmed && dimmed[i] !== layer) continue;
        const x = (ox + u[i] * sx) | 0;
        const y = (oy - v[i] * sy) | 0;
        if (x < edge || y < edge || x >= width - edge || y >= height - edge) continue;
        const at = y * width + x;
        const behind = globe && w[i] < 0;
        const colour = behind ? back : tints[i];
        const shape = behind ? dot : marks[classes ? classes[i] & 7 : 0];
        if (deep) {
          const depth = w[i] + (dimmed && layer === 0 ? FRONT : 0);
          for (let k = 0; k < shape.length; k++) {
            const p = at + shape[k];
            if (deep[p] <= depth) [deep[p], pixels[p]] = [depth, colour];
          }
        } else for (let k = 0; k < shape.length; k++) pixels[at + shape[k]] = colour;
      }
    }
    this.canvas.getContext("2d").putImageData(this.image, 0, 0);
  }
}
