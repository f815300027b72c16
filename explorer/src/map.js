// The latent map: points in an ImageData, layers under them, and the probe on a canvas above.
import { mark, pixel, ramp, rgb } from "./colours.js";
import { h } from "./dom.js";
import { clamp, inside, jitter, place, project, projectOne, range } from "./maths.js";
import { isPicture, paint } from "./pictures.js";

/** @typedef {import("./maths.js").Projection} Projection */

const SNAP = 8;
const NEAR = 14;
const THUMB = 30;
const DIM = 0.15;

/** How large points are, by their number. @param {number} n */
const radius = (n) => (n < 400 ? 5 : n < 3000 ? 3.6 : n < 15000 ? 2.4 : n < 60000 ? 1.5 : 1);

export class LatentMap {
  scale = 1;
  width = 0;
  height = 0;
  stretch = 0;
  queued = 0;
  queuedOver = 0;
  shownThumbs = 0;
  /** Whether the view is somebody's choice. */
  chosen = false;
  u = new Float32Array(0);
  v = new Float32Array(0);
  w = new Float32Array(0);

  /** @param {any} app @param {any} side the data of one model @param {string} label */
  constructor(app, side, label) {
    this.app = app;
    this.side = side;
    this.base = h("canvas", { className: "dx-map-base", ariaHidden: "true" });
    this.over = h("canvas", { className: "dx-map-over", ariaHidden: "true" });
    this.card = h("div", { className: "dx-card", hidden: true, ariaHidden: "true" });
    this.note = h("p", { className: "dx-map-note" });
    this.el = h("div", { className: "dx-map", role: "application", tabIndex: 0, ariaLabel: label,
      "aria-describedby": "dx-map-help" }, this.base, this.over, this.card, this.note);
    this.points = document.createElement("canvas");
    this.view = { x: 0, y: 0, scale: 1 };
    /** @type {ImageData | null} */
    this.image = null;
    /** @type {Uint32Array | null} */
    this.pixels = null;
    /** @type {Uint32Array | null} */
    this.tint = null;
    /** @type {Uint8Array | null} */
    this.dimmed = null;
    /** @type {Projection | null} */
    this.projection = null;
    /** @type {{canvas: HTMLCanvasElement, box: number[]}[] | null} */
    this.grid = null;
    /** @type {{canvas: HTMLCanvasElement, box: number[]} | null} */
    this.heat = null;
    /** @type {number[] | null} */
    this.heatRange = null;
    /** @type {[number, number][] | null} the corners of a lasso, in coordinates of the view */
    this.lasso = null;
    this.fetching = false;
    /** @type {{codes: Float32Array, dim: number} | null} the codes where they are shown instead, in another model's space */
    this.laid = null;
    /** @type {any} */
    this.drag = null;
    this.frames = [];
    /** @type {Map<number, HTMLCanvasElement>} */
    this.thumbs = new Map();
    new ResizeObserver(() => this.resize()).observe(this.el);
    this.listen();
  }

  get ready() {
    return Boolean(this.side.codes && this.projection && this.width);
  }

  resize() {
    const box = this.el.getBoundingClientRect();
    if (!box.width || !box.height) return;
    const first = !this.width;
    [this.width, this.height, this.scale] = [box.width, box.height, Math.min(window.devicePixelRatio || 1, 2)];
    for (const canvas of [this.base, this.over, this.points]) {
      canvas.width = Math.round(box.width * this.scale);
      canvas.height = Math.round(box.height * this.scale);
    }
    this.image = new ImageData(this.points.width, this.points.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    if (this.side.codes && (first || !this.chosen)) this.fit();
    else this.draw();
    this.app.viewChanged?.(this);
  }

  /** @param {Projection} projection */
  setProjection(projection, keep = false) {
    this.projection = projection;
    this.locate();
    if (!keep && this.width) this.fit();
    else this.draw();
  }

  /** Width of the codes shown. */
  get dim() {
    return this.laid?.dim ?? this.side.meta.dim;
  }

  locate() {
    const { u, v, w } = project(this.projection, this.laid?.codes ?? this.side.codes, this.dim, this.side.rows);
    Object.assign(this, { u, v, w });
  }

  fit() {
    if (!this.ready) return;
    this.chosen = false;
    const world = this.projection.kind === "world";
    const ball = this.projection.sphere && this.projection.kind === "turn";
    const strip = this.projection.kind === "strip";
    const [u0, u1] = world ? [-Math.PI, Math.PI] : ball ? [-1, 1] : range(this.u);
    const [v0, v1] = world ? [-Math.PI / 2, Math.PI / 2] : ball ? [-1, 1] : strip ? [-1, 1] : range(this.v);
    const across = (this.width * 0.88) / (u1 - u0 || 1);
    this.view = { x: (u0 + u1) / 2, y: (v0 + v1) / 2,
      scale: strip ? across : Math.min(across, (this.height * 0.86) / (v1 - v0 || 1)) };
    this.stretch = strip ? (this.height * 0.7) / 2 : 0;
    this.moved();
  }

  /** Show everything again when points have left the view or use little of it, unless somebody has chosen the view. */
  keepInView() {
    if (this.chosen || !this.ready || this.projection.kind === "world") return;
    const [[u0, u1], [v0, v1]] = [range(this.u), range(this.v)];
    const [[left, bottom], [right, top]] = [this.toScreen(u0, v0), this.toScreen(u1, v1)];
    const out = left < 2 || top < 2 || right > this.width - 2 || bottom > this.height - 2;
    const small = right - left < 0.55 * this.width && bottom - top < 0.55 * this.height;
    if (out || small) this.fit();
  }

  moved() {
    this.draw();
    this.app.viewChanged?.(this);
  }

  /** Place of coordinates on the screen, in CSS pixels. @param {number} u @param {number} v @returns {[number, number]} */
  toScreen(u, v) {
    return [this.width / 2 + (u - this.view.x) * this.view.scale,
      this.height / 2 - (v - this.view.y) * (this.stretch || this.view.scale)];
  }

  /** @param {number} x @param {number} y @returns {[number, number]} */
  fromScreen(x, y) {
    return [(x - this.width / 2) / this.view.scale + this.view.x,
      (this.height / 2 - y) / (this.stretch || this.view.scale) + this.view.y];
  }

  /** The code under a place of the screen. @param {number} x @param {number} y */
  codeAt(x, y) {
    return place(this.projection, ...this.fromScreen(x, y), this.app.probeOf(this.side));
  }

  /** @param {Float32Array} z @returns {[number, number]} */
  screenOf(z) {
    return this.toScreen(...projectOne(this.projection, z));
  }

  /** @param {number} i a point's place among those shown @returns {[number, number]} */
  screenOfPoint(i) {
    return this.toScreen(this.u[i], this.v[i]);
  }

  /** The nearest point within a distance, or -1; only points on the near side of a globe.
   * @param {number} x @param {number} y @param {number} reach */
  pick(x, y, reach) {
    if (!this.ready) return -1;
    const hide = this.projection.sphere && this.projection.kind === "turn";
    let [best, found] = [reach * reach, -1];
    const [scale, stretch] = [this.view.scale, this.stretch || this.view.scale];
    const [cx, cy] = [this.width / 2 - this.view.x * scale - x, this.height / 2 + this.view.y * stretch - y];
    for (let i = 0; i < this.u.length; i++) {
      const dx = cx + this.u[i] * scale;
      const dy = cy - this.v[i] * stretch;
      const far = dx * dx + dy * dy;
      if (far <= best && !(hide && this.w[i] < 0)) [best, found] = [far, i];
    }
    return found;
  }

  draw() {
    if (!this.ready || this.queued) return;
    this.queued = requestAnimationFrame(() => {
      this.queued = 0;
      this.paintBase();
      this.paintOver();
      this.frames.push(performance.now());
      if (this.frames.length > 240) this.frames.shift();
    });
  }

  overlay() {
    if (!this.ready || this.queued || this.queuedOver) return;
    this.queuedOver = requestAnimationFrame(() => {
      this.queuedOver = 0;
      this.paintOver();
    });
  }

  /** Colours of all points as pixels; computed when the colouring or the emphasis changes. */
  colour() {
    const { colours, dimmed } = this.app.paintOf(this.side);
    const ground = rgb(this.app.dark ? "#14171c" : "#ffffff");
    const fade = (/** @type {number[]} */ c) => c.map((x, k) => Math.round(ground[k] + DIM * 1.6 * (x - ground[k])));
    const n = this.side.codes.length / this.side.meta.dim;
    this.tint = new Uint32Array(n);
    this.dimmed = dimmed;
    for (let i = 0; i < n; i++) this.tint[i] = pixel(dimmed && dimmed[i] ? fade(colours[i]) : colours[i]);
    this.draw();
  }

  paintBase() {
    const ctx = this.base.getContext("2d");
    const s = this.scale;
    ctx.setTransform(s, 0, 0, s, 0, 0);
    ctx.clearRect(0, 0, this.width, this.height);
    this.paintFrame(ctx);
    const { layers } = this.app.state;
    if (this.heat && (layers.density || layers.cycle)) this.paintLayer(ctx, this.heat);
    if (this.grid && layers.grid) this.paintGrid(ctx);
    if (layers.points && this.tint) {
      this.splat();
      ctx.drawImage(this.points, 0, 0, this.width, this.height);
    }
    if (layers.thumbs && isPicture(this.side.meta)) this.paintThumbs(ctx);
  }

  /** Zero lines, the rim of a globe, the meridians of a world map. @param {CanvasRenderingContext2D} ctx */
  paintFrame(ctx) {
    ctx.strokeStyle = this.app.dark ? "#39404a" : "#d5d9de";
    ctx.lineWidth = 1;
    ctx.beginPath();
    const line = (/** @type {number[]} */ a, /** @type {number[]} */ b) => {
      ctx.moveTo(...this.toScreen(a[0], a[1]));
      ctx.lineTo(...this.toScreen(b[0], b[1]));
    };
    if (this.projection.kind === "world") {
      for (let k = -6; k <= 6; k++) line([(k * Math.PI) / 6, -Math.PI / 2], [(k * Math.PI) / 6, Math.PI / 2]);
      for (let k = -3; k <= 3; k++) line([-Math.PI, (k * Math.PI) / 6], [Math.PI, (k * Math.PI) / 6]);
    } else if (this.projection.sphere && this.projection.kind === "turn") {
      const [x, y] = this.toScreen(0, 0);
      ctx.arc(x, y, this.view.scale, 0, 2 * Math.PI);
    } else {
      const [x, y] = this.screenOf(new Float32Array(this.dim));
      ctx.moveTo(x, 0);
      ctx.lineTo(x, this.height);
      ctx.moveTo(0, y);
      ctx.lineTo(this.width, y);
    }
    ctx.stroke();
    if (this.projection.kind !== "world") return;
    ctx.fillStyle = this.app.dark ? "#9aa4b0" : "#5d6670";
    ctx.font = "11px system-ui, sans-serif";
    for (let k = -4; k <= 4; k += 2) {
      const [x, y] = this.toScreen((k * Math.PI) / 6, -Math.PI / 2);
      ctx.fillText(`${k * 30}°`, x + 3, Math.min(y + 13, this.height - 4));
    }
    for (let k = -2; k <= 2; k++) {
      const [x, y] = this.toScreen(-Math.PI, (k * Math.PI) / 6);
      ctx.fillText(`${k * 30}°`, Math.max(x, 2) + 3, y - 3);
    }
  }

  splat() {
    const [width, height] = [this.points.width, this.points.height];
    const { pixels, tint, dimmed, u, v } = this;
    pixels.fill(0);
    const r = radius(u.length) * this.scale;
    const classes = this.app.classesOf(this.side);
    const marks = Array.from({ length: classes ? 8 : 1 }, (_, k) => mark(k, r).map(([x, y]) => y * width + x));
    const dot = mark(0, r * 0.45).map(([x, y]) => y * width + x);
    const edge = Math.ceil(r * 1.2);
    const s = this.scale;
    const [sx, sy] = [this.view.scale * s, (this.stretch || this.view.scale) * s];
    const [ox, oy] = [width / 2 - this.view.x * sx, height / 2 + this.view.y * sy];
    const deep = this.projection.kind === "turn" ? new Float32Array(width * height).fill(-Infinity) : null;
    const globe = this.projection.sphere && deep;
    const back = pixel(this.app.dark ? [58, 64, 74] : [205, 210, 216]);
    // Those in the background first, so that they never cover those in focus.
    for (const layer of dimmed ? [1, 0] : [0]) {
      for (let i = 0; i < u.length; i++) {
        if (dimmed && dimmed[i] !== layer) continue;
        const x = (ox + u[i] * sx) | 0;
        const y = (oy - v[i] * sy) | 0;
        if (x < edge || y < edge || x >= width - edge || y >= height - edge) continue;
        const at = y * width + x;
        const behind = globe && this.w[i] < 0;
        const colour = behind ? back : tint[i];
        const shape = behind ? dot : marks[classes ? classes[i] & 7 : 0];
        if (deep) {
          const depth = this.w[i] + (dimmed && layer === 0 ? 1e6 : 0);
          for (let k = 0; k < shape.length; k++) {
            const p = at + shape[k];
            if (deep[p] <= depth) [deep[p], pixels[p]] = [depth, colour];
          }
        } else for (let k = 0; k < shape.length; k++) pixels[at + shape[k]] = colour;
      }
    }
    this.points.getContext("2d").putImageData(this.image, 0, 0);
  }

  /** @param {CanvasRenderingContext2D} ctx @param {{canvas: HTMLCanvasElement, box: number[]}} layer */
  paintLayer(ctx, { canvas, box }) {
    const [x0, y0] = this.toScreen(box[0], box[3]);
    const [x1, y1] = this.toScreen(box[2], box[1]);
    ctx.globalAlpha = 0.55;
    ctx.drawImage(canvas, x0, y0, x1 - x0, y1 - y0);
    ctx.globalAlpha = 1;
  }

  /** @param {CanvasRenderingContext2D} ctx */
  paintGrid(ctx) {
    ctx.imageSmoothingEnabled = false;
    ctx.globalAlpha = this.app.state.gridOpacity;
    for (const { canvas, box } of this.grid) {
      const [x0, y0] = this.toScreen(box[0], box[3]);
      const [x1, y1] = this.toScreen(box[2], box[1]);
      // A picture keeps its shape, with a little room around it.
      const side = 0.92 * Math.min((x1 - x0) / canvas.width, (y1 - y0) / canvas.height);
      const [width, height] = [canvas.width * side, canvas.height * side];
      ctx.drawImage(canvas, (x0 + x1 - width) / 2, (y0 + y1 - height) / 2, width, height);
    }
    ctx.globalAlpha = 1;
    ctx.imageSmoothingEnabled = true;
  }

  /** Pictures on their points, as many as fit side by side. @param {CanvasRenderingContext2D} ctx */
  paintThumbs(ctx) {
    const taken = new Set();
    const wanted = [];
    ctx.imageSmoothingEnabled = false;
    const columns = Math.ceil(this.width / THUMB) + 2;
    for (let i = 0; i < this.u.length && taken.size < 1200; i++) {
      if ((this.dimmed && this.dimmed[i]) || (this.projection.sphere && this.w.length && this.w[i] < 0)) continue;
      const [x, y] = this.screenOfPoint(i);
      if (x < 0 || y < 0 || x > this.width || y > this.height) continue;
      const cell = Math.floor(y / THUMB) * columns + Math.floor(x / THUMB);
      if (taken.has(cell)) continue;
      taken.add(cell);
      const row = this.side.rows[i];
      const thumb = this.thumbs.get(row);
      if (!thumb) {
        wanted.push(row);
        continue;
      }
      const [left, top] = [Math.floor(x / THUMB) * THUMB + 1, Math.floor(y / THUMB) * THUMB + 1];
      ctx.drawImage(thumb, left, top, THUMB - 3, THUMB - 3);
      ctx.strokeStyle = this.app.colourOf(this.side, i);
      ctx.strokeRect(left, top, THUMB - 3, THUMB - 3);
    }
    ctx.imageSmoothingEnabled = true;
    this.shownThumbs = taken.size - wanted.length;
    if (wanted.length && !this.fetching) this.fetchThumbs(wanted);
  }

  async fetchThumbs(rows) {
    this.fetching = true;
    try {
      const inputs = await this.app.inputs(rows);
      if (this.thumbs.size > 8000) this.thumbs.clear();
      for (const [row, values] of inputs) {
        const canvas = document.createElement("canvas");
        paint(canvas, values, this.side.meta);
        this.thumbs.set(row, canvas);
      }
      this.fetching = false;
      this.draw();
    } catch {
      this.fetching = false;
    }
  }

  paintOver() {
    const ctx = this.over.getContext("2d");
    ctx.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    ctx.clearRect(0, 0, this.width, this.height);
    const ink = this.app.dark ? "#ffffff" : "#111418";
    const paper = this.app.dark ? "#111418" : "#ffffff";
    const ring = (/** @type {number[]} */ [x, y], r, colour, width = 2) => {
      ctx.lineWidth = width + 2;
      ctx.strokeStyle = paper;
      ctx.beginPath();
      ctx.arc(x, y, r, 0, 7);
      ctx.stroke();
      ctx.lineWidth = width;
      ctx.strokeStyle = colour;
      ctx.stroke();
    };
    const { state } = this.app;
    for (const trail of this.app.trailsOf(this.side)) this.paintTrail(ctx, trail, ink, paper);
    for (const row of state.neighbours ?? []) {
      const i = this.side.placeOf(row);
      if (i >= 0) ring(this.screenOfPoint(i), 6, "#56b4e9", 1.5);
    }
    const focus = this.side.placeOf(state.pinned);
    if (focus >= 0) ring(this.screenOfPoint(focus), 8, "#d55e00", 2.5);
    const hover = this.side.placeOf(state.hover);
    if (hover >= 0) ring(this.screenOfPoint(hover), 7, ink);
    for (const [text, z] of this.app.flagsOf(this.side)) this.paintFlag(ctx, text, this.screenOf(z), ink, paper);
    if (this.lasso) this.paintLasso(ctx, ink);
    if (this.side.index === 0 && state.probe) this.paintProbe(ctx, this.screenOf(state.probe), paper, ink);
  }

  paintProbe(ctx, [x, y], paper, ink) {
    for (const [colour, width] of [[paper, 5], [ink, 2.5]]) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = width;
      ctx.beginPath();
      ctx.arc(x, y, 11, 0, 7);
      for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        ctx.moveTo(x + 7 * dx, y + 7 * dy);
        ctx.lineTo(x + 17 * dx, y + 17 * dy);
      }
      ctx.stroke();
    }
    ctx.fillStyle = this.app.state.far ? "#d55e00" : "#0072b2";
    ctx.beginPath();
    ctx.arc(x, y, 4, 0, 7);
    ctx.fill();
  }

  paintTrail(ctx, codes, ink, paper) {
    for (const [colour, width] of [[paper, 5], [ink, 2]]) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = width;
      ctx.beginPath();
      codes.forEach((z, i) => ctx[i ? "lineTo" : "moveTo"](...this.screenOf(z)));
      ctx.stroke();
    }
    ctx.fillStyle = ink;
    for (const z of codes) {
      ctx.beginPath();
      ctx.arc(...this.screenOf(z), 3, 0, 7);
      ctx.fill();
    }
  }

  paintFlag(ctx, text, [x, y], ink, paper) {
    ctx.font = "bold 12px system-ui, sans-serif";
    const width = ctx.measureText(text).width + 10;
    ctx.fillStyle = ink;
    ctx.fillRect(x - width / 2, y - 30, width, 18);
    ctx.fillRect(x - 1, y - 13, 2, 13);
    ctx.fillStyle = paper;
    ctx.fillText(text, x - width / 2 + 5, y - 17);
  }

  paintLasso(ctx, ink) {
    const points = this.lasso.map(([u, v]) => this.toScreen(u, v));
    ctx.setLineDash([5, 4]);
    ctx.strokeStyle = ink;
    ctx.lineWidth = 1.5;
    ctx.fillStyle = "rgba(0,114,178,0.14)";
    ctx.beginPath();
    points.forEach(([x, y], i) => ctx[i ? "lineTo" : "moveTo"](x, y));
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
    ctx.setLineDash([]);
  }

  /** Points inside a polygon of coordinates. @param {[number, number][]} polygon */
  within(polygon) {
    const found = [];
    const hide = this.projection.sphere && this.projection.kind === "turn";
    for (let i = 0; i < this.u.length; i++) {
      if (!(hide && this.w[i] < 0) && inside(this.u[i], this.v[i], polygon)) found.push(i);
    }
    return found;
  }

  zoom(factor, x = this.width / 2, y = this.height / 2) {
    this.chosen = true;
    const [u, v] = this.fromScreen(x, y);
    this.view.scale = clamp(this.view.scale * factor, 1e-4, 1e7);
    this.view.x = u - (x - this.width / 2) / this.view.scale;
    if (!this.stretch) this.view.y = v - (this.height / 2 - y) / this.view.scale;
    this.moved();
  }

  turn(dx, dy) {
    this.projection.yaw += dx;
    this.projection.pitch = clamp(this.projection.pitch + dy, -Math.PI / 2, Math.PI / 2);
    this.locate();
    this.moved();
  }

  listen() {
    const at = (/** @type {PointerEvent | WheelEvent} */ event) => {
      const box = this.el.getBoundingClientRect();
      return /** @type {[number, number]} */ ([event.clientX - box.left, event.clientY - box.top]);
    };
    this.el.addEventListener("pointerdown", (event) => this.ready && event.button < 2 && this.press(event, ...at(event)));
    this.el.addEventListener("pointermove", (event) => this.ready && this.follow(event, ...at(event)));
    for (const name of ["pointerup", "pointercancel"]) this.el.addEventListener(name, (event) => this.release(event, ...at(event)));
    this.el.addEventListener("pointerleave", () => this.app.hover(this, -1));
    this.el.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (this.ready) this.zoom(Math.exp(-event.deltaY * 0.0015), ...at(event));
    }, { passive: false });
    this.el.addEventListener("dblclick", () => this.fit());
  }

  press(event, x, y) {
    this.el.setPointerCapture?.(event.pointerId);
    this.el.focus({ preventScroll: true });
    this.app.hover(this, -1);
    const { state } = this.app;
    const onProbe = this.side.index === 0 && state.probe && Math.hypot(...this.minus([x, y], this.screenOf(state.probe))) < 22;
    const tool = event.button === 1 ? "pan" : state.tool === "probe" && this.side.index ? "pan" : state.tool;
    const kind = onProbe && tool !== "lasso" && tool !== "box" && tool !== "path" ? "probe" : tool === "probe" ? "ground" : tool;
    this.drag = { kind, x, y, x0: x, y0: y, moved: false, shift: event.shiftKey, alt: event.altKey };
    if (kind === "lasso" || kind === "box") this.lasso = [this.fromScreen(x, y)];
    if (kind === "pan") this.frames.length = 0;
  }

  minus(a, b) {
    return [a[0] - b[0], a[1] - b[1]];
  }

  follow(event, x, y) {
    const drag = this.drag;
    if (!drag) {
      if (event.altKey && this.side.index === 0) this.app.moveProbe(this.codeAt(x, y));
      this.app.hover(this, this.pick(x, y, NEAR));
      return;
    }
    if (Math.hypot(x - drag.x0, y - drag.y0) > 3) drag.moved = true;
    const [dx, dy] = [x - drag.x, y - drag.y];
    [drag.x, drag.y] = [x, y];
    if (drag.kind === "probe" || (drag.kind === "ground" && drag.moved && this.side.index === 0)) this.dragProbe(event, x, y);
    else if (drag.kind === "pan") this.pan(dx, dy);
    else if (drag.kind === "lasso") this.lasso.push(this.fromScreen(x, y));
    else if (drag.kind === "box") {
      const [u0, v0] = this.fromScreen(drag.x0, drag.y0);
      const [u1, v1] = this.fromScreen(x, y);
      this.lasso = [[u0, v0], [u1, v0], [u1, v1], [u0, v1]];
    }
    if (this.lasso) this.app.counting(this.within(this.lasso).length);
    this.overlay();
  }

  pan(dx, dy) {
    if (this.projection.kind === "turn") return this.turn(dx * 0.008, dy * 0.008);
    this.chosen = true;
    this.view.x -= dx / this.view.scale;
    if (!this.stretch) this.view.y += dy / this.view.scale;
    return this.moved();
  }

  dragProbe(event, x, y) {
    const since = performance.now();
    const near = event.shiftKey ? -1 : this.pick(x, y, SNAP);
    const dim = this.side.meta.dim;
    // Among many points a snap would always hold; then it helps only when they are sparse.
    const sparse = near >= 0 && this.u.length <= 3000 && this.app.state.snap;
    this.app.moveProbe(sparse ? this.side.codes.slice(near * dim, near * dim + dim) : this.codeAt(x, y), since);
  }

  release(event, x, y) {
    const drag = this.drag;
    this.drag = null;
    if (!drag) return;
    if (this.lasso) {
      const polygon = this.lasso;
      this.lasso = null;
      if (polygon.length > 2) this.app.choose(this, this.within(polygon), polygon, drag.shift ? "add" : drag.alt ? "subtract" : "set");
      else this.app.say("Nothing was enclosed: keep the button down and draw around the points.");
    } else if (!drag.moved) this.click(x, y, drag.kind);
    this.overlay();
  }

  click(x, y, kind) {
    const near = this.pick(x, y, NEAR);
    if (kind === "path") {
      // A path is one of the first model, whichever map shows its ends.
      const { side } = this.app;
      const place = near < 0 ? -1 : side.placeOf(this.side.rows[near]);
      if (place >= 0) this.app.pathPoint(side.code(place));
      else if (this.side.index === 0) this.app.pathPoint(this.codeAt(x, y));
    } else if (near >= 0) this.app.pin(this.side.rows[near]);
    else if (kind === "ground" && this.side.index === 0) this.app.moveProbe(this.codeAt(x, y), performance.now());
    else this.app.pin(-1);
  }

  /** Frames a second while the view was last moved. */
  get fps() {
    const gaps = this.frames.slice(1).map((t, i) => t - this.frames[i]).filter((gap) => gap < 250);
    return gaps.length ? 1000 / (gaps.reduce((a, b) => a + b, 0) / gaps.length) : 0;
  }
}

/** Centres of the tiles of a view, and their boxes. @param {LatentMap} map @param {number} across @param {number} down */
export function tiles(map, across, down) {
  const made = [];
  for (let j = 0; j < down; j++) {
    for (let i = 0; i < across; i++) {
      const [u0, v1] = map.fromScreen((i * map.width) / across, (j * map.height) / down);
      const [u1, v0] = map.fromScreen(((i + 1) * map.width) / across, ((j + 1) * map.height) / down);
      made.push({ box: [u0, v0, u1, v1], u: (u0 + u1) / 2, v: (v0 + v1) / 2 });
    }
  }
  return made;
}

/** A canvas of values as colours. @param {ArrayLike<number>} values @param {number} across @param {number} down */
export function heatCanvas(values, across, down, low, high) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [across, down];
  const image = new ImageData(across, down);
  const all = new Uint32Array(image.data.buffer);
  for (let i = 0; i < values.length; i++) all[i] = pixel(ramp((values[i] - low) / (high - low || 1)));
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

export { jitter };
