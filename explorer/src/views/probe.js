// Where the probe is, what it decodes to, and how that place lies to the data.
import { short } from "../maths.js";
import { isPicture } from "../model.js";
import { check, h, panel } from "../dom.js";
import { bars, paint } from "../pictures.js";
import { fact } from "./reconstruction.js";

/** @param {import("../explorer.js").Explorer} app */
export function probePanel(app) {
  const { meta } = app;
  const place = h("p", { className: "dx-place" });
  const words = h("div", { className: "dx-facts" });
  const badge = h("p", { className: "dx-badge", hidden: true }, "far from the data: what is shown here, no row looks like");
  if (!meta.can_decode) {
    const note = h("p", { className: "dx-note" }, `${meta.model} has no inverse: codes cannot be decoded, only placed and compared.`);
    return panel("Probe", "probe", place, note, words, badge);
  }
  const canvas = isPicture(meta) ? h("canvas", { className: "dx-picture dx-large", role: "img", ariaLabel: "The picture that the probe decodes to" }) : null;
  const list = canvas ? null : bars(meta, "The row that the probe decodes to");
  const holder = h("div", { className: "dx-decoded" }, canvas ?? list.el);
  const atlas = meta.file?.engine === "atlas" ? h("p", { className: "dx-note dx-atlas" }, "the nearest of the decodes made beforehand, not a decode of this place") : null;
  const { probe } = app.state;
  app.on(["decoded"], () => {
    if (canvas) paint(canvas, probe.decoded, meta);
    else list.update(probe.decoded);
    holder.dataset.decodes = String(probe.decodes);
  });
  app.on(["probe"], () => (place.textContent = placeOf(probe.code)));
  app.on(["refreshed"], () => {
    words.replaceChildren(h("p", { className: "dx-note" }, "Move the probe to judge its place by the model as it is now."));
    badge.hidden = true;
  });
  app.on(["evaluated"], () => {
    const { values, ranks, far, nearest } = probe.evaluation;
    const label = app.model.labelText(nearest);
    badge.hidden = !far;
    words.replaceChildren(
      fact("density", `denser than ${ranks.density.toFixed(0)} % of the data`),
      fact("cycle error", values.cycle === undefined ? "–" : `${short(values.cycle)} (above ${ranks.cycle.toFixed(0)} %)`),
      fact("nearest", `${meta.id_name} ${nearest}${app.model.labels ? `, ${label}` : ""}`));
    if (canvas) canvas.setAttribute("aria-label", `The picture that the probe decodes to; nearest ${label}`);
  });
  const snap = check("snap to points", probe.snap, (on) => (probe.snap = on), { title: "Shift while dragging switches it off, too" });
  return panel("Probe", "probe", place, holder, atlas ?? "", badge, words, snap);
}

/** @param {Float32Array} z */
const placeOf = (z) => `z = (${Array.from(z.slice(0, 4), short).join(", ")}${z.length > 4 ? ", …" : ""})`;
