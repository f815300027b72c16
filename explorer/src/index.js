// One module for every host: `render` is what a widget calls; the page calls it with a socket for a model, and an
// exported file with what is in it.
//
// Reading order: state.js (what the page knows, and how it changes), explorer.js (how it is opened), commands/ (what
// can be done: each changes the state, and asks Python or the file in the page for what it needs), views/ and map/
// (what is shown: each is built once and follows the topics of the state that it shows; none knows another), keys.js
// (which key is which command). map/camera.js and map/geometry.js are the mathematics of a map, maths.js that of
// views of a latent space; connection/ speaks with Python or with the page's own file, engine/ decodes in the browser.
import * as camera from "./commands/camera.js";
import * as comparison from "./commands/comparison.js";
import * as display from "./commands/display.js";
import * as focus from "./commands/focus.js";
import * as path from "./commands/path.js";
import * as selection from "./commands/selection.js";
import { anchorOf } from "./commands/probe.js";
import { epochsOf } from "./commands/training.js";
import { ExportedModel } from "./connection/exported.js";
import { SocketModel } from "./connection/socket.js";
import { Explorer } from "./explorer.js";
import { codeAt, framesPerSecond, ready, screenOf, screenOfPoint } from "./map/geometry.js";
import { linkSelection } from "./link.js";

/** @param {{model: any, el: HTMLElement}} host @param {boolean} [alone] whether the page is nothing but the explorer */
function render({ model, el }, alone = false) {
  if (el.id !== "explorer") {
    el.classList.add("dx-widget");
    // JupyterLab would take the keys of the map for its own.
    el.dataset.lmSuppressShortcuts = "true";
  }
  const app = new Explorer(model, el, alone);
  const unlink = linkSelection(app, model);
  /** @type {any} */ (window).__explorer = { app, state: () => describe(app), commands: commandsOf(app), model,
    screenOfPoint: (/** @type {number} */ i) => screenOfPoint(app.map, i),
    codeAt: (/** @type {number} */ x, /** @type {number} */ y) => codeAt(app.map, x, y, anchorOf(app, app.model)) };
  return () => {
    unlink();
    app.close();
    el.replaceChildren();
  };
}

/** The commands that a program may give. @param {Explorer} app */
function commandsOf(app) {
  const bound = Object.entries({ ...camera, ...comparison, ...display, ...focus, ...path, ...selection })
    .map(([name, command]) => [name, (/** @type {any[]} */ ...given) => /** @type {any} */ (command)(app, ...given)]);
  return Object.fromEntries(bound);
}

/** What a test or a program may look at. @param {Explorer} app */
function describe(app) {
  const { page, connection, data, view, probe, focus, corruption, drawing, selection: chosen, comparison: second, training } = app.state;
  const { map, model, meta } = app;
  const shown = Boolean(map && ready(map) && probe.code.length);
  const list = (/** @type {Float32Array} */ values) => (values.length ? Array.from(values) : null);
  const { landed } = drawing;
  return {
    ready: shown, online: connection.online, engine: app.engine ? "browser" : "", decodes: probe.decodes, latency: probe.latency, tool: page.tool, tab: page.tab,
    view: view.name, colour: view.colour, layers: { ...view.layers }, far: probe.far, judged: probe.evaluation, error: connection.error,
    probe: list(probe.code), decoded: list(probe.decoded), decodedAt: list(probe.decodedAt), probeScreen: shown ? screenOf(map, probe.code) : null,
    pinned: focus.pinned, hover: focus.hover, neighbours: focus.neighbours, selection: selection.selectedRows(app), polygon: chosen.polygon.length ? chosen.polygon : null,
    path: connection.loaded ? path.pathCodes(app).map((z) => Array.from(z)) : [], points: model?.n ?? 0, total: model?.total ?? 0,
    fps: map ? framesPerSecond(map) : 0, thumbs: map?.shownThumbs ?? 0, grid: map?.grid.length ?? 0, heat: map?.heat?.range ?? null,
    drawn: landed && { code: Array.from(landed.code), row: Array.from(landed.row) }, corrupted: corruption.result?.trail.length ?? 0,
    epoch: training.epoch, maps: data.maps.length, disparity: second.ready ? second.disparity : null, muted: Array.from(chosen.muted), copied: page.copied, words: page.words,
    busy: connection.busy, live: training.live && { ...training.live, best: training.live.best?.epoch ?? 0 }, over: connection.ended, epochsSeen: meta ? epochsOf(meta.history ?? {}) : 0,
  };
}

export default { render };

// Within a report the explorer is one part of a page, whose keys and address are not its own.
const page = document.getElementById("explorer") ?? document.getElementById("explorer-within");
const file = document.getElementById("explorer-data");
if (page && file) {
  const model = new ExportedModel(file.textContent, document.getElementById("explorer-runtime")?.textContent);
  render({ model, el: page }, page.id === "explorer");
} else if (page) {
  const { protocol, host, search } = window.location;
  const socket = `${protocol === "https:" ? "wss" : "ws"}://${host}/ws${search}`;
  render({ model: new SocketModel(socket, `/api${search}`), el: page }, true);
}
