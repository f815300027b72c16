// The state: one record of everything that the page shows, and the one way to change it and to hear of changes.
import { noNumbers } from "./maths.js";

/** @typedef {import("./model.js").ModelData} ModelData */
/** @typedef {import("./map/state.js").MapState} MapState */

/** What a change was about; views and the address listen to the topics that they show.
 * @typedef {"points" | "codes" | "errors" | "colour" | "theme" | "view" | "camera" | "layers" | "heat" | "tool" | "tab" | "words" | "summons" |
 *   "probe" | "decoded" | "latency" | "evaluated" | "hover" | "pinning" | "pinned" | "corrupted" | "drawn" | "selection" | "enclosed" |
 *   "path" | "film" | "playing" | "maps" | "aligned" | "comparison" | "epoch" | "history" | "live" | "refreshed" | "connection" | "error"} Topic */

/** @typedef {{state: string, epoch: number, epochs: number, best: {epoch: number, name: string, value: number} | null}} Live */

export function initialState() {
  return {
    /** What is on the page, and what was last said to those who listen. `summons` is the part that was last asked to take the focus. */
    page: { tab: "explore", tool: "probe", dark: false, theme: "", words: "", copied: "", summons: "" },
    /** Python, or the file that answers in its place. `ended` says why a training's page is no longer answered. */
    connection: { loaded: false, online: true, wait: 1000, busy: false, error: "", ended: "" },
    /** The models and one map for each; a second model is there to be compared. */
    data: { /** @type {ModelData[]} */ models: [], /** @type {MapState[]} */ maps: [], count: 1 },
    /** How the points are shown. */
    view: {
      name: "", dims: /** @type {[number, number]} */ ([0, 1]), colour: "", feature: 0, gridOpacity: 0.6,
      layers: { points: true, thumbs: false, grid: false, density: false, cycle: false },
    },
    /** The code that is decoded; `decoded` is what `decodedAt` decodes to, and `latency` the milliseconds from hand to picture. */
    probe: {
      code: noNumbers(), decoded: noNumbers(), decodedAt: noNumbers(), decodes: 0, /** @type {number[]} */ latency: [],
      snap: true, far: false, /** @type {any} */ evaluation: null, /** @type {number[]} */ walk: [], walkAt: -1,
    },
    /** The row under the pointer, as the map's point, and the pinned one with its answer from Python. */
    focus: { hover: -1, hoverMap: 0, hoverPoint: -1, pinned: -1, /** @type {number[]} */ neighbours: [], /** @type {any} */ point: null },
    /** The pinned row with something done to it. */
    corruption: { kind: "", amount: 0, seed: 0, /** @type {{code: Float32Array, trail: Float32Array[], arrays: any} | null} */ result: null },
    /** An input of one's own: as it was sent, and where it landed. */
    drawing: { centred: false, sent: noNumbers(), /** @type {{code: Float32Array, row: Float32Array, arrays: any} | null} */ landed: null },
    /** Chosen rows; classes in the background; the polygon that chose, and the corners put by keyboard. -1 enclosed: none is being drawn. */
    selection: {
      /** @type {Set<number>} */ rows: new Set(), /** @type {Set<number>} */ muted: new Set(), /** @type {[number, number][]} */ polygon: [],
      /** @type {[number, number][]} */ corners: [], enclosed: -1,
    },
    /** The way from a to b, and its decoded frames. */
    path: {
      /** @type {Float32Array | null} */ a: null, /** @type {Float32Array | null} */ b: null, way: "straight", steps: 11,
      /** @type {Float32Array[]} */ film: [], playing: false,
    },
    /** How the second model differs from the first, after alignment. */
    comparison: { ready: false, aligned: false, disparity: NaN, distances: noNumbers(), codes: noNumbers() },
    /** The epoch whose codes are shown (-1: as trained), and a training that is going on. */
    training: { epoch: -1, lastCodes: noNumbers(), /** @type {Live | null} */ live: null },
  };
}

/** @typedef {ReturnType<typeof initialState>} State */

export class Store {
  state = initialState();
  /** @type {Map<Topic, Set<(topic: Topic) => void>>} */
  listeners = new Map();

  /** Give a record of the state new values and tell who listens to the topic.
   * @template {object} T @param {T} record @param {Partial<T>} values @param {Topic} topic */
  change(record, values, topic) {
    Object.assign(record, values);
    for (const listener of this.listeners.get(topic) ?? []) listener(topic);
  }

  /** @param {Topic[]} topics @param {(topic: Topic) => void} listener */
  on(topics, listener) {
    for (const topic of topics) this.listeners.set(topic, (this.listeners.get(topic) ?? new Set()).add(listener));
  }

  clear() {
    this.listeners.clear();
  }
}
