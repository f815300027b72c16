// The state of one map: which model's points, in which projection, seen by which camera.
import { initialCamera } from "./camera.js";
import { noNumbers } from "../maths.js";

/** @typedef {import("../maths.js").Projection} Projection */
/** @typedef {import("./camera.js").Box} Box */
/** @typedef {ReturnType<typeof initialMap>} MapState */

/** @param {import("../model.js").ModelData} model */
export function initialMap(model) {
  return {
    model, camera: initialCamera(),
    /** Whether the view is somebody's choice, which nothing but their hand changes. */ chosen: false,
    /** The view, and coordinates of all points in it; w, towards the viewer, only where points have depth. */
    projection: /** @type {Projection} */ ({ kind: "plane", origin: noNumbers(), axes: [], name: "", yaw: 0, pitch: 0, sphere: false }),
    located: false, u: noNumbers(), v: noNumbers(), w: noNumbers(),
    /** The codes where they are shown instead, in another model's space. */ laid: /** @type {{codes: Float32Array, dim: number} | null} */ (null),
    /** Colours of the points, and which are in the background. */ colours: /** @type {number[][]} */ ([]), dimmed: /** @type {Uint8Array | null} */ (null),
    /** The corners of a lasso that is being drawn, in coordinates of the view. */ lasso: /** @type {[number, number][]} */ ([]),
    /** Layers below the points. */ grid: /** @type {{canvas: HTMLCanvasElement, box: Box}[]} */ ([]),
    heat: /** @type {{canvas: HTMLCanvasElement, box: Box, range: [number, number]} | null} */ (null),
    /** Pictures shown on the points, and when frames were drawn: for those who measure. */ shownThumbs: 0, frames: /** @type {number[]} */ ([]),
  };
}
