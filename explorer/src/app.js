// The explorer as a whole: its state, what changes it, and who is told.
import { Client, latest, Offline } from "./client.js";
import { classColour, ramp, rgb } from "./colours.js";
import { h } from "./dom.js";
import { Engine } from "./engine.js";
import { keys } from "./keys.js";
import { heatCanvas, LatentMap, tiles } from "./map.js";
import { between, dot, onSphere, range, short } from "./maths.js";
import { layout, TABS } from "./layout.js";
import { isPicture, paint } from "./pictures.js";
import { Side } from "./side.js";

const LIMIT = 100000;
const WAIT = 220;
/** The most by which the page's decodes may differ from Python's, as a share of the range of the data. */
const SAME = 1e-4;

export class App {
  loaded = false;
  page = false;
  walking = false;
  centred = false;
  counted = -1;
  count = 1;
  walkAt = -1;
  layerRound = 0;
  pathRound = 0;
  words = "";
  copied = "";
  keeping = 0;
  judging = 0;
  settling = 0;
  dwell = 0;
  speaking = 0;
  corrupting = 0;

  /** @param {any} model a widget's model, or a socket that looks like one @param {HTMLElement} el */
  constructor(model, el) {
    this.client = new Client(model);
    this.client.onBusy = (busy) => this.busy(busy);
    this.el = el;
    el.classList.add("dx");
    this.state = {
      tool: "probe", view: "", dims: [0, 1], colour: "", feature: 0, tab: "explore", snap: true, online: true,
      layers: { points: true, thumbs: false, grid: false, density: false, cycle: false }, gridOpacity: 0.6,
      /** @type {Float32Array | null} */ probe: null, far: false, /** @type {any} */ judged: null,
      hover: -1, pinned: -1, /** @type {number[]} */ neighbours: [], decodes: 0, /** @type {any} */ decoded: null, /** @type {any} */ decodedAt: null, wait: 1000,
      /** @type {any} */ point: null, /** @type {any} */ corrupted: null, /** @type {any} */ corruption: null, /** @type {any} */ drawn: null,
      /** @type {Float32Array[] | null} */ film: null, /** @type {[number, number][] | null} */ polygon: null, /** @type {number[]} */ latency: [],
      path: { /** @type {Float32Array | null} */ a: null, /** @type {Float32Array | null} */ b: null, way: "straight", steps: 11 },
      /** @type {Set<number>} */ selection: new Set(), /** @type {Set<number>} */ muted: new Set(), epoch: -1, error: "", busy: false,
      /** @type {any} */ live: null, over: "",
    };
    /** @type {Side[]} */
    this.sides = [];
    /** @type {any} */
    this.mapHolder = this.live = this.help = this.tabs = this.search = this.sent = this.probeCanvas = null;
    /** @type {(() => void) | null} */
    this.play = this.focusDraw = this.exportSelection = null;
    /** @type {((step: number) => void) | null} */
    this.stepEpoch = null;
    /** @type {(name: string) => void} */
    this.setTool = () => {};
    /** @type {number[]} */
    this.corners = [];
    /** @type {number[]} */
    this.walkFrom = [];
    /** @type {Float32Array | null} */
    this.lastCodes = null;
    /** @type {Float32Array | null} */
    this.keptProbe = null;
    /** @type {Engine | null} what decodes the probe, where it is not asked of Python */
    this.engine = null;
    /** @type {{disparity: number, distances: Float32Array, codes: Float32Array} | null} how a second model differs */
    this.moved = null;
    /** @type {number[][][]} */
    this.colours = [];
    /** @type {LatentMap[]} */
    this.maps = [];
    /** @type {(() => void)[]} */
    this.closing = [];
    /** @type {((changed: string) => void)[]} */
    this.listeners = [];
    /** @type {Map<number, Float32Array>} */
    this.inputCache = new Map();
    this.theme = window.matchMedia("(prefers-color-scheme: dark)");
    this.themed = () => this.restyle();
    this.theme.addEventListener("change", this.themed);
    model.on("status", (/** @type {any} */ status) => this.status(status));
    this.decodeProbe = latest(async (/** @type {any} */ job) => this.engine ? this.engine.decode(job.z) : (await this.decode([job.z]))[0],
      (row, job) => this.shown(row, job), (error) => this.fail(error));
    this.judgeProbe = latest((/** @type {Float32Array} */ z) => this.client.ask({ do: "judge" }, this.codesOf([z])),
      ({ header }) => this.judged(header), () => {});
    this.start();
  }

  get side() {
    return this.sides[0];
  }

  get meta() {
    return this.sides[0]?.meta;
  }

  get map() {
    return this.maps[0];
  }

  get dark() {
    const chosen = this.el.dataset.theme;
    return chosen ? chosen === "dark" : this.theme.matches;
  }

  async start() {
    try {
      const { header } = await this.client.ask({ do: "hello", brief: true });
      if (header.wait) {
        this.waiting(header.wait);
        return;
      }
      this.sides = [new Side(0, header)];
      this.count = header.models ?? 1;
      this.firstState();
      layout(this);
      this.loaded = true;
      keys(this);
      await this.load(this.side);
      this.map.setProjection(this.side.projection(this.state.view, this.dims));
      this.recolour();
      this.moveProbe(this.firstProbe(), 0);
      this.tell("points");
      if (this.count > 1) await this.loadSecond();
      if (this.meta.can_decode && !this.meta.file && !this.meta.live) this.loadEngine();
      if (this.meta.can_decode) this.loadErrors(this.side).catch((error) => this.fail(error));
      if (this.state.pinned >= 0) this.pin(this.state.pinned);
    } catch (error) {
      this.refuse(error);
    }
  }

  /** Nothing is there to be shown yet. @param {string} words */
  waiting(words) {
    const shown = this.el.querySelector(".dx-loading");
    if (shown) shown.textContent = `Opening the explorer: ${words} …`;
    window.setTimeout(() => this.start(), 100);
  }

  refuse(error) {
    if (error instanceof Offline) {
      window.setTimeout(() => this.start(), 500);
      return;
    }
    if (this.loaded) return this.fail(error);
    const words = h("p", { role: "alert" }, error.message);
    this.el.replaceChildren(h("div", { className: "dx-stop" }, h("h1", {}, "The explorer cannot be opened"), words));
  }

  async loadSecond() {
    const { header } = await this.client.ask({ do: "hello", model: 1 });
    const second = new Side(1, header);
    await this.load(second);
    this.sides.push(second);
    const map = new LatentMap(this, second, `Latent map of the second model, ${header.model}`);
    map.note.textContent = header.model;
    this.maps.push(map);
    this.mapHolder.append(map.el);
    map.setProjection(this.secondProjection());
    this.recolour();
    this.tell("points");
    const { header: { disparity }, arrays } = await this.client.ask({ do: "moved" });
    this.moved = { disparity, distances: /** @type {Float32Array} */ (arrays.distances.data), codes: /** @type {Float32Array} */ (arrays.codes.data) };
    this.tell("moved");
    if (this.state.colour === "moved") this.recolour();
  }

  /** Lay the second map over the first, or show it as its own model has it. @param {boolean} on */
  align(on) {
    const second = this.maps[1];
    if (!second || !this.moved) return;
    const dim = this.meta.dim;
    const rows = second.side.rows;
    const codes = new Float32Array(rows.length * dim);
    rows.forEach((row, i) => codes.set(this.moved.codes.subarray(row * dim, row * dim + dim), i * dim));
    second.laid = on ? { codes, dim } : null;
    second.note.textContent = `${second.side.meta.model}${on ? ", laid over the first" : ""}`;
    second.setProjection(this.secondProjection());
  }

  secondProjection() {
    const [{ view }, second] = [this.state, this.maps[1]];
    if (second.laid) return this.side.projection(view, this.dims);
    const { views } = second.side;
    return second.side.projection(views.some(([name]) => name === view) ? view : views[0][0], this.dims);
  }

  /** @param {Side} side */
  async load(side, limit = LIMIT) {
    side.take(await this.client.ask({ do: "points", limit, model: side.index }));
  }

  async showAll() {
    if (this.meta.file) return;
    await this.load(this.side, 2000000);
    this.map.setProjection(this.map.projection, true);
    this.recolour();
    this.tell("points");
  }

  /** @param {Side} side */
  async loadErrors(side) {
    const { header, arrays } = await this.client.ask({ do: "errors", model: side.index });
    side.errors = /** @type {Float32Array} */ (arrays.values.data);
    side.errorUnit = header.unit;
    if (this.state.colour === "error") this.recolour();
    this.tell("errors");
  }

  /** A small decoder follows the hand without a way to Python and back, if it gives here what it gives there. */
  async loadEngine() {
    try {
      const { header, arrays } = await this.client.ask({ do: "plan" });
      if (!header.steps) return;
      const engine = new Engine(header.steps, /** @type {Float32Array} */ (arrays.weights.data));
      const z = this.side.code(0);
      const [[expected], found] = [await this.decode([z]), engine.decode(z)];
      const span = Math.max(...this.meta.high) - Math.min(...this.meta.low) || 1;
      if (expected.every((value, i) => Math.abs(value - found[i]) <= SAME * span)) this.engine = engine;
      this.state.latency.length = 0;
      if (this.engine && this.state.probe) this.decodeProbe({ z: this.state.probe, since: performance.now() });
    } catch {
      // Python goes on decoding; it says itself what is wrong.
    }
  }

  /** The state in the address, so that a view can be kept and sent. */
  firstState() {
    const kept = new URLSearchParams(window.location.hash.slice(1));
    const views = this.side.views.map(([name]) => name);
    this.state.view = views.includes(kept.get("view")) ? kept.get("view") : views[0];
    this.state.colour = kept.get("colour") || (this.meta.labels ? "label" : this.meta.can_decode ? "error" : "feature");
    if (![...(this.count > 1 ? ["moved"] : []), "label", "error", "feature"].includes(this.state.colour)) this.state.colour = "label";
    const dims = (kept.get("dims") ?? "").split(",").map(Number).filter((i) => i >= 0 && i < this.meta.dim);
    if (dims.length === 2) this.state.dims = dims;
    this.state.tab = TABS.some(([name]) => name === kept.get("tab")) ? kept.get("tab") : this.meta.live ? "training" : "explore";
    const row = Number(kept.get("pin") ?? -1);
    if (Number.isInteger(row) && row >= 0 && row < this.meta.n) this.state.pinned = row;
    const z = (kept.get("z") ?? "").split(",").map(Number);
    if (z.length === this.meta.dim && z.every(Number.isFinite)) this.keptProbe = Float32Array.from(z);
  }

  keep() {
    clearTimeout(this.keeping);
    this.keeping = window.setTimeout(() => {
      const { view, colour, dims, pinned, probe, tab } = this.state;
      const kept = new URLSearchParams({ view, colour, tab });
      if (view === "dims") kept.set("dims", dims.join(","));
      if (pinned >= 0) kept.set("pin", String(pinned));
      if (probe && probe.length <= 64) kept.set("z", Array.from(probe, (x) => x.toPrecision(5)).join(","));
      if (this.page) window.history.replaceState(null, "", `#${kept}`);
    }, 400);
  }

  get dims() {
    return /** @type {[number, number]} */ (this.state.dims);
  }

  firstProbe() {
    if (this.keptProbe) return this.keptProbe;
    return this.meta.sphere ? onSphere(this.side.code(0)) : Float32Array.from(this.side.mean);
  }

  /** @param {string} changed */
  tell(changed) {
    for (const listener of this.listeners) listener(changed);
  }

  /** @param {(changed: string) => void} listener */
  onChange(listener) {
    this.listeners.push(listener);
  }

  // -- what is drawn ---------------------------------------------------------------------------------------------

  /** @param {Float32Array[]} codes */
  codesOf(codes) {
    const dim = codes[0].length;
    const data = new Float32Array(codes.length * dim);
    codes.forEach((z, i) => data.set(z, i * dim));
    return { codes: { data, shape: [codes.length, dim] } };
  }

  /** @param {Float32Array[]} codes @returns {Promise<Float32Array[]>} */
  async decode(codes, model = 0) {
    const { arrays } = await this.client.ask({ do: "decode", model }, this.codesOf(codes));
    const width = arrays.rows.shape[1];
    const data = /** @type {Float32Array} */ (arrays.rows.data);
    return codes.map((_, i) => data.subarray(i * width, (i + 1) * width));
  }

  /** Inputs of rows, kept by their row. @param {number[]} rows @returns {Promise<[number, Float32Array][]>} */
  async inputs(rows) {
    const missing = [...new Set(rows)].filter((row) => !this.inputCache.has(row)).slice(0, 1024);
    if (missing.length) {
      const { arrays } = await this.client.ask({ do: "inputs" }, { rows: { data: Int32Array.from(missing), shape: [missing.length] } });
      const width = arrays.inputs.shape[1];
      if (this.inputCache.size * width > 2e7) this.inputCache.clear();
      missing.forEach((row, i) => this.inputCache.set(row, /** @type {Float32Array} */ (arrays.inputs.data.slice(i * width, (i + 1) * width))));
    }
    return rows.filter((row) => this.inputCache.has(row)).map((row) => [row, this.inputCache.get(row)]);
  }

  /** @param {Side} side */
  classesOf(side) {
    return this.state.colour === "label" ? side.classes : null;
  }

  /** The numbers that colour the points of a model, or null for classes. @param {Side} side */
  valuesOf(side) {
    const { colour, feature } = this.state;
    if (colour === "label") return side.classes ? null : side.labels;
    if (colour === "error") return side.errors ? side.rows.map ? Float32Array.from(side.rows, (row) => side.errors[row]) : null : null;
    if (colour === "moved") return this.moved ? Float32Array.from(side.rows, (row) => this.moved.distances[row]) : null;
    const column = this.side.columns.get(feature);
    return column ? Float32Array.from(side.rows, (row) => column[row]) : null;
  }

  /** @param {Side} side */
  paintOf(side) {
    const n = side.n;
    const classes = this.classesOf(side);
    const values = this.valuesOf(side);
    const grey = [128, 136, 146];
    /** @type {number[][]} */
    let colours;
    if (classes) {
      const table = side.classValues.map((_, i) => rgb(classColour(i)));
      colours = Array.from(classes, (c) => table[c]);
    } else if (values) {
      const sorted = Float32Array.from(values).sort();
      const [low, high] = [sorted[Math.floor(0.02 * (n - 1))], sorted[Math.ceil(0.98 * (n - 1))]];
      const table = Array.from({ length: 256 }, (_, i) => ramp(i / 255));
      colours = Array.from(values, (x) => table[Math.max(0, Math.min(255, Math.round((255 * (x - low)) / (high - low || 1))))]);
    } else colours = Array(n).fill(grey);
    this.colours[side.index] = colours;
    return { colours, dimmed: this.dimmedOf(side) };
  }

  /** Which points are in the background: outside the selection, the classes looked at, or the neighbourhood.
   * @param {Side} side @returns {Uint8Array | null} */
  dimmedOf(side) {
    const { selection, muted, pinned, neighbours } = this.state;
    const near = pinned >= 0 ? new Set([pinned, ...neighbours]) : null;
    if (!selection.size && !muted.size && !near) return null;
    const out = new Uint8Array(side.n);
    for (let i = 0; i < side.n; i++) {
      const row = side.rows[i];
      const outside = (selection.size && !selection.has(row)) || (muted.size && side.classes && muted.has(side.classes[i]));
      out[i] = outside || (near && !selection.size && !near.has(row)) ? 1 : 0;
    }
    return out;
  }

  /** @param {Side} side @param {number} i */
  colourOf(side, i) {
    const c = this.colours?.[side.index]?.[i] ?? [128, 136, 146];
    return `rgb(${c.join(",")})`;
  }

  recolour() {
    for (const map of this.maps) if (map.side.codes) map.colour();
    this.tell("colour");
    this.keep();
  }

  async setColour(colour, feature = this.state.feature) {
    Object.assign(this.state, { colour, feature });
    if (colour === "error" && !this.side.errors && this.meta.live) await this.loadErrors(this.side);
    if (colour === "feature" && !this.side.columns.has(feature)) {
      const { arrays } = await this.client.ask({ do: "column", column: feature });
      this.side.columns.set(feature, arrays.values.data);
    }
    this.recolour();
  }

  setView(view, dims = this.dims) {
    Object.assign(this.state, { view, dims });
    this.map.setProjection(this.side.projection(view, dims));
    if (this.maps[1]) this.maps[1].setProjection(this.secondProjection());
    this.tell("view");
    this.keep();
  }

  setLayer(name, on) {
    this.state.layers[name] = on;
    if (on && name === "density") this.state.layers.cycle = false;
    if (on && name === "cycle") this.state.layers.density = false;
    this.viewChanged(this.map);
    for (const map of this.maps) map.draw();
    this.tell("layers");
  }

  restyle() {
    this.recolour();
    for (const map of this.maps) map.draw();
    this.tell("theme");
  }

  /** The layers below the points follow the view, once it rests. @param {LatentMap} map */
  viewChanged(map) {
    if (map !== this.map || !map?.ready) return;
    clearTimeout(this.settling);
    this.settling = window.setTimeout(() => this.refreshLayers(map), WAIT);
  }

  async refreshLayers(map) {
    const { layers } = this.state;
    this.layerRound++;
    const round = this.layerRound;
    try {
      if (layers.grid && this.canGrid) {
        for (const side of [5, 15]) {
          const down = Math.max(2, Math.round((side * map.height) / map.width));
          const made = tiles(map, side, down);
          const rows = await this.decode(made.map(({ u, v }) => this.codeAt(map, u, v)));
          if (round !== this.layerRound) return;
          map.grid = made.map(({ box }, i) => {
            const canvas = document.createElement("canvas");
            paint(canvas, rows[i], this.meta);
            return { canvas, box };
          });
          map.draw();
        }
      }
      const kind = layers.density ? "density" : layers.cycle ? "cycle" : "";
      if (kind) await this.refreshHeat(map, kind, round);
    } catch (error) {
      this.fail(error);
    }
  }

  async refreshHeat(map, kind, round) {
    const [across, down] = [48, 36];
    const made = tiles(map, across, down);
    const codes = made.map(({ u, v }) => this.codeAt(map, u, v));
    const { arrays } = await this.client.ask({ do: "heat", kind }, this.codesOf(codes));
    if (round !== this.layerRound) return;
    let [low, high] = range(arrays.values.data);
    // A log-density falls without end; ten nats below the top is as good as nothing.
    if (kind === "density") low = Math.max(low, high - 10);
    const [u0, v0] = map.fromScreen(0, map.height);
    const [u1, v1] = map.fromScreen(map.width, 0);
    map.heat = { canvas: heatCanvas(arrays.values.data, across, down, low, high), box: [u0, v0, u1, v1] };
    map.heatRange = [low, high];
    map.draw();
    this.tell("heat");
  }

  codeAt(map, u, v) {
    return map.codeAt(...map.toScreen(u, v));
  }

  get canGrid() {
    return this.meta.can_decode && isPicture(this.meta);
  }

  // -- the probe -------------------------------------------------------------------------------------------------

  /** @param {Side} side */
  probeOf(side) {
    if (side.index === 0 && this.state.probe) return this.state.probe;
    return side.meta.sphere ? onSphere(side.code(0)) : Float32Array.from(side.mean);
  }

  /** @param {Float32Array} z @param {number} [since] when the hand moved; 0: it did not */
  moveProbe(z, since = performance.now()) {
    this.state.probe = z;
    if (this.meta.can_decode) this.decodeProbe({ z, since });
    this.judgeSoon(z);
    this.map.overlay();
    this.tell("probe");
    this.keep();
  }

  judgeSoon(z) {
    clearTimeout(this.judging);
    this.judging = window.setTimeout(() => this.judgeProbe(z), 90);
  }

  shown(row, { z, since }) {
    const { state } = this;
    Object.assign(state, { decoded: row, decodedAt: z, decodes: state.decodes + 1, error: "" });
    this.tell("decoded");
    if (since) state.latency.push(performance.now() - since);
    if (state.latency.length > 600) state.latency.shift();
    this.tell("timed");
  }

  judged(header) {
    Object.assign(this.state, { judged: header, far: header.far });
    this.map.overlay();
    this.tell("judged");
    const { probe } = this.state;
    const where = Array.from(probe.slice(0, 3), short).join(", ");
    this.say(`Probe at ${where}; nearest ${this.nameOfLabel(header.nearest)}; far from the data: ${header.far ? "yes" : "no"}.`);
  }

  /** Label of a row in words. @param {number} row */
  nameOfLabel(row) {
    const i = this.side.placeOf(row);
    if (i < 0 || !this.side.labels) return `row ${row}`;
    const value = this.side.labels[i];
    return `label ${this.meta.label_names?.[value] ?? short(value)}`;
  }

  // -- points ----------------------------------------------------------------------------------------------------

  hover(map, i) {
    const row = i < 0 ? -1 : map.side.rows[i];
    if (row === this.state.hover) return;
    this.state.hover = row;
    for (const each of this.maps) each.overlay();
    this.hoverCard(map, i);
  }

  hoverCard(map, i) {
    const { card } = map;
    clearTimeout(this.dwell);
    if (i < 0) {
      card.hidden = true;
      return;
    }
    const row = map.side.rows[i];
    const [x, y] = map.screenOfPoint(i);
    const lines = [h("strong", {}, `${this.meta.id_name} ${row}`), h("span", {}, map.side.labels ? this.nameOfLabel(row) : "")];
    if (map.side.errors) lines.push(h("span", {}, `error ${short(map.side.errors[row])}`));
    const holder = h("div", { className: "dx-card-picture" });
    card.replaceChildren(isPicture(this.meta) ? holder : "", h("div", { className: "dx-card-words" }, lines));
    card.dataset.row = String(row);
    card.hidden = false;
    const size = card.getBoundingClientRect();
    card.style.left = `${Math.max(4, Math.min(map.width - size.width - 4, x - size.width / 2))}px`;
    card.style.top = `${Math.max(4, y - size.height - 14)}px`;
    if (!isPicture(this.meta)) return;
    const fill = () => this.inputs([row]).then(([[, values]]) => {
      if (Number(card.dataset.row) !== row) return;
      const canvas = h("canvas", { className: "dx-picture" });
      paint(canvas, values, this.meta);
      holder.replaceChildren(canvas);
    }, () => {});
    if (this.inputCache.has(row)) fill();
    else this.dwell = window.setTimeout(fill, 60);
  }

  async pin(row) {
    Object.assign(this.state, { pinned: row, neighbours: [], corrupted: null });
    this.keep();
    if (row < 0) {
      this.state.point = null;
      this.recolour();
      this.tell("pinned");
      return;
    }
    try {
      await this.look(row);
      if (this.state.pinned === row) this.say(`Pinned ${this.meta.id_name} ${this.state.point.header.name}, ${this.nameOfLabel(row)}.`);
    } catch (error) {
      this.fail(error);
    }
  }

  /** Everything about the pinned row, as the model has it now. @param {number} row */
  async look(row) {
    const answer = await this.client.ask({ do: "row", row });
    if (this.state.pinned !== row) return;
    this.state.point = answer;
    this.state.neighbours = Array.from(answer.arrays.neighbours.data);
    this.recolour();
    this.tell("pinned");
  }

  /** The next point by distance from the probe. @param {number} step */
  walk(step) {
    const { side, state } = this;
    const [z, dim] = [state.probe, this.meta.dim];
    if (!this.walking) {
      const far = Array.from({ length: side.n }, (_, i) => {
        let sum = 0;
        for (let k = 0; k < dim; k++) sum += (side.codes[i * dim + k] - z[k]) ** 2;
        return sum;
      });
      this.walkFrom = Array.from(far.keys()).sort((a, b) => far[a] - far[b]).slice(0, 500);
      this.walkAt = -1;
      this.walking = true;
    }
    this.walkAt = Math.max(0, Math.min(this.walkFrom.length - 1, this.walkAt + step));
    const i = this.walkFrom[this.walkAt];
    this.hover(this.map, i);
    this.moveProbe(side.code(i));
    this.walking = true;
  }

  counting(n) {
    this.counted = n;
    this.tell("counting");
  }

  /** @param {LatentMap} map @param {number[]} found @param {[number, number][]} polygon @param {string} how */
  choose(map, found, polygon, how) {
    const rows = found.map((i) => map.side.rows[i]);
    const { selection } = this.state;
    if (how === "set") selection.clear();
    for (const row of rows) how === "subtract" ? selection.delete(row) : selection.add(row);
    this.state.polygon = polygon;
    if (!selection.size) this.say("The selection holds 0 points.");
    else this.say(`${selection.size} points are selected.`);
    this.counted = -1;
    this.recolour();
    this.tell("selection");
  }

  select(rows) {
    this.state.selection = new Set(rows);
    this.recolour();
    this.tell("selection");
  }

  mute(index) {
    const { muted } = this.state;
    if (!muted.delete(index)) muted.add(index);
    this.recolour();
  }

  // -- path ------------------------------------------------------------------------------------------------------

  pathPoint(z) {
    const { path } = this.state;
    if (path.a && !path.b) path.b = z;
    else Object.assign(path, { a: z, b: null });
    this.runPath();
  }

  setPath(change) {
    Object.assign(this.state.path, change);
    this.runPath();
  }

  get pathCodes() {
    const { a, b, steps, way } = this.state.path;
    if (!a || !b) return [];
    return Array.from({ length: steps }, (_, i) => between(a, b, i / (steps - 1), this.meta.sphere ? "spherical" : /** @type {any} */ (way)));
  }

  async runPath() {
    this.map.overlay();
    this.pathRound++;
    const round = this.pathRound;
    const codes = this.pathCodes;
    let film = null;
    try {
      if (codes.length && this.meta.can_decode) film = await this.decode(codes);
    } catch (error) {
      this.fail(error);
    }
    // The strip stays until the next one is there, so that it can be saved at any time.
    if (round !== this.pathRound) return;
    this.state.film = film;
    this.tell("path");
  }

  /** @param {Side} side */
  trailsOf(side) {
    if (side.index) return [];
    const { corrupted } = this.state;
    return [this.pathCodes, corrupted ? corrupted.trail : []].filter((trail) => trail.length);
  }

  /** @param {Side} side @returns {[string, Float32Array][]} */
  flagsOf(side) {
    if (side.index) return [];
    const { path, drawn, corrupted } = this.state;
    /** @type {[string, Float32Array | null][]} */
    const flags = [["A", path.a], ["B", path.b], ["drawn", drawn?.code ?? null], ["corrupted", corrupted?.code ?? null]];
    return /** @type {[string, Float32Array][]} */ (flags.filter(([, z]) => z));
  }

  // -- training --------------------------------------------------------------------------------------------------

  async setEpoch(epoch) {
    const { side } = this;
    this.state.epoch = epoch;
    this.lastCodes ??= side.codes;
    if (epoch < 0) side.codes = this.lastCodes;
    else {
      const { arrays } = await this.client.ask({ do: "epoch", epoch });
      const moved = Float32Array.from(this.lastCodes).fill(NaN);
      const dim = this.meta.dim;
      for (let row = 0; row < arrays.codes.shape[0]; row++) {
        const i = side.placeOf(row);
        if (i >= 0) moved.set(arrays.codes.data.subarray(row * dim, row * dim + dim), i * dim);
      }
      side.codes = moved;
    }
    this.map.locate();
    this.map.draw();
    this.tell("epoch");
  }

  /** The same rows, as a model in training has them by now. @param {import("./client.js").Answer} answer */
  async renew(answer) {
    const { side, map, state } = this;
    const [axes, n] = [side.axes, side.n];
    side.take(answer);
    side.errors = null;
    // Principal axes have no sign; they keep the one that they had.
    side.axes.forEach((axis, k) => axes[k] && dot(axis, axes[k]) < 0 && axis.forEach((x, i) => (axis[i] = -x)));
    const { yaw, pitch } = map.projection;
    map.projection = { ...side.projection(state.view, this.dims), yaw, pitch };
    map.locate();
    map.keepInView();
    if (side.n !== n) this.recolour();
    else map.draw();
    if (state.colour === "error") await this.loadErrors(side);
    if (this.meta.can_decode) this.decodeProbe({ z: state.probe, since: performance.now() });
    if (state.layers.grid || state.layers.density || state.layers.cycle) await this.refreshLayers(map);
    const used = (name) => this.el.querySelector(`${name}:is(:hover, :focus-within)`);
    if (state.film && !used(".dx-film")) await this.runPath();
    if (state.pinned >= 0 && !used(".dx-point")) await this.look(state.pinned);
    this.tell("renewed");
  }

  /** A training is over, and Python leaves. @param {string} words */
  over(words) {
    this.state.over = words;
    this.tell("status");
  }

  /** Open the page anew, as the explorer of what was trained; rows have other places there. */
  reopen() {
    clearTimeout(this.keeping);
    const kept = new URLSearchParams(window.location.hash.slice(1));
    kept.delete("pin");
    window.history.replaceState(null, "", `#${kept}`);
    window.location.reload();
  }

  // -- words -----------------------------------------------------------------------------------------------------

  /** Tell those who listen rather than look, at most once a second. @param {string} words */
  say(words) {
    this.words = words;
    if (this.speaking) return;
    this.speaking = window.setTimeout(() => {
      this.speaking = 0;
      if (this.live) this.live.textContent = this.words;
    }, 1000);
  }

  /** Only a notebook's kernel is busy with other things; a page's server answers beside its work. @param {boolean} busy */
  busy(busy) {
    if (!this.meta?.kernel || busy === this.state.busy) return;
    this.state.busy = busy;
    this.tell("busy");
  }

  /** Whether codes can be computed here, and not only looked up. */
  get canEncode() {
    return this.meta.can_encode !== false;
  }

  /** @param {() => void} action */
  atClose(action) {
    this.closing.push(action);
  }

  close() {
    for (const action of this.closing.splice(0)) action();
    this.theme.removeEventListener("change", this.themed);
    this.client.close();
    this.listeners = [];
  }

  fail(error) {
    if (error instanceof Offline) return;
    this.state.error = error.message;
    this.tell("error");
  }

  status({ online, wait }) {
    const back = online && !this.state.online;
    Object.assign(this.state, { online, wait });
    this.tell("status");
    if (back && this.loaded && this.state.probe) {
      this.moveProbe(this.state.probe);
      if (this.meta.can_decode && !this.side.errors) this.loadErrors(this.side).catch(() => {});
    }
  }
}
