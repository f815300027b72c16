// One module for every host: `render` is what a widget calls; the page calls it with a socket for a model, and an
// exported file with what is in it.
import { App } from "./app.js";
import { SocketModel } from "./client.js";
import { KeptModel } from "./kept.js";
import { linkSelection } from "./link.js";

/** @param {{model: any, el: HTMLElement}} host */
function render({ model, el }) {
  if (el.id !== "explorer") {
    el.classList.add("dx-widget");
    // JupyterLab would take the keys of the map for its own.
    el.dataset.lmSuppressShortcuts = "true";
  }
  const app = new App(model, el);
  const unlink = linkSelection(app, model);
  /** @type {any} */ (window).__explorer = { app, state: () => describe(app) };
  return () => {
    unlink();
    app.close();
    el.replaceChildren();
  };
}

/** What a test or a program may look at. @param {App} app */
function describe(app) {
  const { state, side, map } = app;
  return {
    ready: Boolean(map?.ready && state.probe), online: state.online, engine: app.engine ? "browser" : "", decodes: state.decodes, latency: state.latency, tool: state.tool, tab: state.tab,
    view: state.view, colour: state.colour, layers: { ...state.layers }, far: state.far, judged: state.judged, error: state.error,
    probe: state.probe && Array.from(state.probe), decoded: state.decoded && Array.from(state.decoded), decodedAt: state.decodedAt && Array.from(state.decodedAt),
    probeScreen: map?.ready && state.probe ? map.screenOf(state.probe) : null, pinned: state.pinned, hover: state.hover, neighbours: state.neighbours,
    selection: Array.from(state.selection).sort((a, b) => a - b), polygon: state.polygon ?? null, path: app.loaded ? app.pathCodes.map((z) => Array.from(z)) : [],
    points: side?.n ?? 0, total: side?.total ?? 0, fps: map?.fps ?? 0, thumbs: map?.shownThumbs ?? 0, grid: map?.grid?.length ?? 0, heat: map?.heatRange ?? null,
    drawn: state.drawn ? { code: Array.from(state.drawn.code), row: Array.from(state.drawn.row) } : null, corrupted: state.corrupted ? state.corrupted.trail.length : 0,
    epoch: state.epoch, maps: app.maps.length, disparity: app.moved?.disparity ?? null, muted: Array.from(state.muted), copied: app.copied ?? "", words: app.words ?? "", busy: state.busy,
    live: state.live, over: state.over, epochsSeen: app.meta ? Object.values(app.meta.history ?? {})[0]?.length ?? 0 : 0,
  };
}

export default { render };

const page = document.getElementById("explorer");
const kept = document.getElementById("explorer-data");
if (page && kept) {
  const model = new KeptModel(kept.textContent, document.getElementById("explorer-runtime")?.textContent);
  render({ model, el: page });
  Object.assign(/** @type {any} */ (window).__explorer, { model });
  /** @type {any} */ (window).__explorer.app.page = true;
} else if (page) {
  const { protocol, host, search } = window.location;
  const socket = `${protocol === "https:" ? "wss" : "ws"}://${host}/ws${search}`;
  render({ model: new SocketModel(socket, `/api${search}`), el: page });
  /** @type {any} */ (window).__explorer.app.page = true;
}
