// The view in the page's address, so that it can be kept and sent.
import { TABS } from "./display.js";

/** @typedef {import("../explorer.js").Explorer} Explorer */

const WAIT = 400;
/** Codes of more numbers than this do not go into the address. */
const LONGEST = 64;

/** @param {Explorer} app */
export function readAddress({ state, model, meta }) {
  const kept = new URLSearchParams(window.location.hash.slice(1));
  const { page, view, focus, probe, data } = state;
  const views = model.views.map(([name]) => name);
  view.name = views.includes(kept.get("view")) ? kept.get("view") : views[0];
  view.colour = kept.get("colour") || (meta.labels ? "label" : meta.can_decode ? "error" : "feature");
  if (![...(data.count > 1 ? ["moved"] : []), "label", "error", "feature"].includes(view.colour)) view.colour = "label";
  const dims = (kept.get("dims") ?? "").split(",").map(Number).filter((i) => i >= 0 && i < meta.dim);
  if (dims.length === 2) view.dims = [dims[0], dims[1]];
  page.tab = TABS.some(([name]) => name === kept.get("tab")) ? kept.get("tab") : meta.live ? "training" : "explore";
  const row = Number(kept.get("pin") ?? -1);
  if (Number.isInteger(row) && row >= 0 && row < meta.n) focus.pinned = row;
  const z = (kept.get("z") ?? "").split(",").map(Number);
  if (z.length === meta.dim && z.every(Number.isFinite)) probe.code = Float32Array.from(z);
}

/** Write the address whenever what it names has changed; a notebook's address is not ours. @param {Explorer} app */
export function keepAddress(app) {
  if (app.alone) app.on(["colour", "view", "probe", "pinning", "tab"], () => app.tasks.later("address", WAIT, () => writeAddress(app)));
}

/** @param {Explorer} app */
function writeAddress({ state: { view, focus, probe, page } }) {
  const kept = new URLSearchParams({ view: view.name, colour: view.colour, tab: page.tab });
  if (view.name === "dims") kept.set("dims", view.dims.join(","));
  if (focus.pinned >= 0) kept.set("pin", String(focus.pinned));
  if (probe.code.length && probe.code.length <= LONGEST) kept.set("z", Array.from(probe.code, (x) => x.toPrecision(5)).join(","));
  window.history.replaceState(null, "", `#${kept}`);
}

/** Open the page anew, as the explorer of what was trained; rows have other places there. @param {Explorer} app */
export function reopen(app) {
  app.tasks.cancel("address");
  const kept = new URLSearchParams(window.location.hash.slice(1));
  kept.delete("pin");
  window.history.replaceState(null, "", `#${kept}`);
  window.location.reload();
}
