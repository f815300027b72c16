// The upper canvas of a map: the probe, rings around points, paths with their flags, and a lasso.
import { pathCodes } from "../commands/path.js";
import { toScreen } from "./camera.js";
import { screenOf, screenOfPoint } from "./geometry.js";

/** @typedef {import("./state.js").MapState} MapState */
/** @typedef {CanvasRenderingContext2D} Context */
/** @typedef {[number, number]} Place */
/** What is drawn in ink has an edge of paper, so that it shows on everything. @typedef {{ink: string, paper: string}} Colours */

/** @param {Context} ctx @param {import("../explorer.js").Explorer} app @param {MapState} map */
export function paintOverlay(ctx, app, map) {
  const { state } = app;
  const colours = state.page.dark ? { ink: "#ffffff", paper: "#111418" } : { ink: "#111418", paper: "#ffffff" };
  const ring = (/** @type {number} */ row, /** @type {number} */ r, /** @type {string} */ colour, width = 2) => {
    const i = map.model.indexOf(row);
    if (i >= 0) paintRing(ctx, screenOfPoint(map, i), r, colour, width, colours.paper);
  };
  // What belongs to codes is shown in the space of the first model.
  const first = map.model.index === 0;
  if (first) for (const trail of trails(app)) paintTrail(ctx, trail.map((z) => screenOf(map, z)), colours);
  for (const row of state.focus.neighbours) ring(row, 6, "#56b4e9", 1.5);
  ring(state.focus.pinned, 8, "#d55e00", 2.5);
  ring(state.focus.hover, 7, colours.ink);
  if (first) for (const [text, z] of flags(state)) if (z) paintFlag(ctx, text, screenOf(map, z), colours);
  if (map.lasso.length) paintLasso(ctx, map.lasso.map(([u, v]) => toScreen(map.camera, u, v)), colours.ink);
  if (first && state.probe.code.length) paintProbe(ctx, screenOf(map, state.probe.code), state.probe.far ? "#d55e00" : "#0072b2", colours);
}

/** @param {import("../explorer.js").Explorer} app */
const trails = (app) => [pathCodes(app), app.state.corruption.result?.trail ?? []].filter((trail) => trail.length);

/** @param {import("../state.js").State} state @returns {[string, Float32Array | null | undefined][]} */
const flags = ({ path, drawing, corruption }) => [["A", path.a], ["B", path.b], ["drawn", drawing.landed?.code], ["corrupted", corruption.result?.code]];

/** @param {Context} ctx @param {Place} place @param {number} r @param {string} colour @param {number} width @param {string} paper */
function paintRing(ctx, [x, y], r, colour, width, paper) {
  ctx.lineWidth = width + 2;
  ctx.strokeStyle = paper;
  ctx.beginPath();
  ctx.arc(x, y, r, 0, 7);
  ctx.stroke();
  ctx.lineWidth = width;
  ctx.strokeStyle = colour;
  ctx.stroke();
}

/** @param {Context} ctx @param {Place} place @param {string} heart @param {Colours} colours */
function paintProbe(ctx, [x, y], heart, { ink, paper }) {
  for (const [colour, width] of /** @type {[string, number][]} */ ([[paper, 5], [ink, 2.5]])) {
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
  ctx.fillStyle = heart;
  ctx.beginPath();
  ctx.arc(x, y, 4, 0, 7);
  ctx.fill();
}

/** @param {Context} ctx @param {Place[]} places @param {Colours} colours */
function paintTrail(ctx, places, { ink, paper }) {
  for (const [colour, width] of /** @type {[string, number][]} */ ([[paper, 5], [ink, 2]])) {
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    ctx.beginPath();
    places.forEach(([x, y], i) => ctx[i ? "lineTo" : "moveTo"](x, y));
    ctx.stroke();
  }
  ctx.fillStyle = ink;
  for (const [x, y] of places) {
    ctx.beginPath();
    ctx.arc(x, y, 3, 0, 7);
    ctx.fill();
  }
}

/** @param {Context} ctx @param {string} text @param {Place} place @param {Colours} colours */
function paintFlag(ctx, text, [x, y], { ink, paper }) {
  ctx.font = "bold 12px system-ui, sans-serif";
  const width = ctx.measureText(text).width + 10;
  ctx.fillStyle = ink;
  ctx.fillRect(x - width / 2, y - 30, width, 18);
  ctx.fillRect(x - 1, y - 13, 2, 13);
  ctx.fillStyle = paper;
  ctx.fillText(text, x - width / 2 + 5, y - 17);
}

/** @param {Context} ctx @param {Place[]} corners @param {string} ink */
function paintLasso(ctx, corners, ink) {
  ctx.setLineDash([5, 4]);
  ctx.strokeStyle = ink;
  ctx.lineWidth = 1.5;
  ctx.fillStyle = "rgba(0,114,178,0.14)";
  ctx.beginPath();
  corners.forEach(([x, y], i) => ctx[i ? "lineTo" : "moveTo"](x, y));
  ctx.closePath();
  ctx.fill();
  ctx.stroke();
  ctx.setLineDash([]);
}
