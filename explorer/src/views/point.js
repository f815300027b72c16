// Everything about the pinned point.
import { pin } from "../commands/focus.js";
import { moveProbe } from "../commands/probe.js";
import { short } from "../maths.js";
import { isPicture } from "../model.js";
import { corruptedRow, corruptionControls } from "./corruption.js";
import { button, h, panel } from "../dom.js";
import { picture, show } from "../pictures.js";
import { fact, triple } from "./reconstruction.js";

/** @param {import("../explorer.js").Explorer} app */
export function pointPanel(app) {
  const el = panel("Point", "point");
  const empty = h("p", { className: "dx-note" }, "Click a point of the map, or press Enter on one, to pin it here.");
  const body = h("div");
  el.append(empty, body);
  const { focus } = app.state;
  const corrupted = h("div", { className: "dx-corrupted" });
  app.on(["pinned"], () => {
    corrupted.replaceChildren();
    empty.hidden = focus.pinned >= 0;
    body.replaceChildren(...(focus.point ? contents(app, corrupted) : []));
    el.querySelector("h2").textContent = focus.point ? `Point ${focus.point.header.name}` : "Point";
  });
  app.on(["corrupted"], () => corrupted.replaceChildren(...corruptedRow(app)));
  return el;
}

/** @param {import("../explorer.js").Explorer} app @param {HTMLElement} corrupted */
function contents(app, corrupted) {
  const { meta, model } = app;
  const { header, arrays } = app.state.focus.point;
  const input = arrays.input.data;
  const name = header.name;
  const parts = [h("p", { className: "dx-place" }, model.labels ? app.model.labelText(header.row) : "", " ", button("Unpin", () => pin(app, -1)), " ",
    button("Probe here", () => moveProbe(app, Float32Array.from(arrays.codes.data))))];
  if (arrays.reconstructed) {
    const out = arrays.reconstructed.data;
    parts.push(triple(meta, input, out, `of ${name}`));
    parts.push(fact("error", `${short(arrays.errors.data[0])} (larger than ${arrays.percentiles.data[0].toFixed(0)} % of the rows)`));
  } else parts.push(show(input, meta, `Input of ${name}`));
  parts.push(neighbourRow(app, arrays));
  if (meta.corruptions.length && meta.can_decode && !meta.live) parts.push(corruptionControls(app, corrupted));
  else if (meta.file) parts.push(h("p", { className: "dx-note" }, "Corrupting it needs Python: diabolo explore."));
  return parts;
}

/** @param {import("../explorer.js").Explorer} app @param {any} arrays */
function neighbourRow(app, arrays) {
  const near = Array.from(arrays.neighbours.data);
  const distances = arrays.distances.data;
  const holder = h("div", { className: "dx-neighbours" });
  const made = near.slice(0, 8).map((row, k) => {
    const text = `${app.model.labelText(row)}, distance ${short(distances[k])}`;
    const el = button(isPicture(app.meta) ? "" : `${app.meta.id_name} ${row}`, () => pin(app, row), { title: text, ariaLabel: `Neighbour ${row}: ${text}`, "data-row": row });
    holder.append(el);
    return [row, el];
  });
  if (isPicture(app.meta)) {
    app.inputs.of(near.slice(0, 8)).then((inputs) => {
      const known = new Map(inputs);
      for (const [row, el] of made) if (known.has(row)) el.append(picture(known.get(row), app.meta, ""));
    }, () => {});
  }
  return h("div", {}, h("h3", {}, "nearest in the latent space"), holder);
}
