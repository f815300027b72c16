// What the probe decodes to, and everything about the pinned point.
import { button, check, h, panel, select } from "./dom.js";
import { short } from "./maths.js";
import { bars, isPicture, paint, picture, show } from "./pictures.js";

/** @param {import("./app.js").App} app */
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
  app.probeCanvas = canvas;
  const atlas = meta.file?.engine === "atlas" ? h("p", { className: "dx-note dx-atlas" }, "the nearest of the decodes made beforehand, not a decode of this place") : null;
  app.onChange((changed) => {
    const { state } = app;
    if (changed === "decoded") {
      if (canvas) paint(canvas, state.decoded, meta);
      else list.update(state.decoded);
      holder.dataset.decodes = String(state.decodes);
    }
    if (changed === "probe") place.textContent = placeOf(state.probe);
    if (changed === "renewed") {
      words.replaceChildren(h("p", { className: "dx-note" }, "Move the probe to judge its place by the model as it is now."));
      badge.hidden = true;
    }
    if (changed === "judged") {
      const { values, ranks, far, nearest } = state.judged;
      badge.hidden = !far;
      words.replaceChildren(
        fact("density", `denser than ${ranks.density.toFixed(0)} % of the data`),
        fact("cycle error", values.cycle === undefined ? "–" : `${short(values.cycle)} (above ${ranks.cycle.toFixed(0)} %)`),
        fact("nearest", `${meta.id_name} ${nearest}${app.side.labels ? `, ${app.nameOfLabel(nearest)}` : ""}`));
      if (canvas) canvas.setAttribute("aria-label", `The picture that the probe decodes to; nearest ${app.nameOfLabel(nearest)}`);
    }
  });
  const snap = check("snap to points", app.state.snap, (on) => (app.state.snap = on), { title: "Shift while dragging switches it off, too" });
  return panel("Probe", "probe", place, holder, atlas ?? "", badge, words, snap);
}

const fact = (name, text) => h("p", { className: "dx-fact" }, h("span", {}, name), h("strong", {}, text));

/** @param {Float32Array} z */
const placeOf = (z) => `z = (${Array.from(z.slice(0, 4), short).join(", ")}${z.length > 4 ? ", …" : ""})`;

/** @param {import("./app.js").App} app */
export function pointPanel(app) {
  const el = panel("Point", "point");
  const empty = h("p", { className: "dx-note" }, "Click a point of the map, or press Enter on one, to pin it here.");
  const body = h("div");
  el.append(empty, body);
  app.onChange((changed) => {
    if (changed === "pinned") {
      empty.hidden = app.state.pinned >= 0;
      body.replaceChildren(...(app.state.point ? contents(app) : []));
      el.querySelector("h2").textContent = app.state.point ? `Point ${app.state.point.header.name}` : "Point";
    }
    if (changed === "corrupted") fillCorrupted(app, body);
  });
  return el;
}

function contents(app) {
  const { meta, side } = app;
  const { header, arrays } = app.state.point;
  const input = arrays.input.data;
  const name = header.name;
  const parts = [h("p", { className: "dx-place" }, side.labels ? app.nameOfLabel(header.row) : "", " ", button("Unpin", () => app.pin(-1)), " ",
    button("Probe here", () => app.moveProbe(Float32Array.from(arrays.codes.data))))];
  if (arrays.reconstructed) {
    const out = arrays.reconstructed.data;
    parts.push(triple(meta, input, out, `of ${name}`));
    parts.push(fact("error", `${short(arrays.errors.data[0])} (larger than ${arrays.percentiles.data[0].toFixed(0)} % of the rows)`));
  } else parts.push(show(input, meta, `Input of ${name}`));
  parts.push(neighbourRow(app, arrays));
  if (meta.corruptions.length && meta.can_decode && !meta.live) parts.push(corruptionControls(app));
  else if (meta.file) parts.push(h("p", { className: "dx-note" }, "Corrupting it needs Python: diabolo explore."));
  return parts;
}

/** Input, reconstruction and difference side by side; a table as one list with three numbers. */
function triple(meta, input, out, of) {
  if (!isPicture(meta)) return comparison(meta, input, out);
  const difference = Float32Array.from(out, (value, i) => value - input[i]);
  const figure = (row, label, kind) => h("figure", {}, picture(row, meta, `${label} ${of}`, kind), h("figcaption", {}, label));
  return h("div", { className: "dx-triple" }, figure(input, "input", "plain"), figure(out, "reconstruction", "plain"), figure(difference, "difference", "difference"));
}

function comparison(meta, input, out) {
  const shown = Math.min(meta.n_features, 60);
  const head = h("tr", {}, ["feature", "input", "recon.", "diff."].map((text) => h("th", { scope: "col" }, text)));
  const lines = Array.from({ length: shown }, (_, i) => h("tr", {}, h("th", { scope: "row" }, meta.feature_names[i]),
    [input[i], out[i], out[i] - input[i]].map((value) => h("td", {}, short(value)))));
  const note = shown < meta.n_features ? h("p", { className: "dx-note" }, `the first ${shown} of ${meta.n_features} features`) : null;
  return h("div", { className: "dx-scroll", tabIndex: 0, role: "group", ariaLabel: "Input and reconstruction" }, h("table", {}, h("thead", {}, head), h("tbody", {}, lines)), note);
}

function neighbourRow(app, arrays) {
  const near = Array.from(arrays.neighbours.data);
  const distances = arrays.distances.data;
  const holder = h("div", { className: "dx-neighbours" });
  const made = near.slice(0, 8).map((row, k) => {
    const text = `${app.nameOfLabel(row)}, distance ${short(distances[k])}`;
    const el = button(isPicture(app.meta) ? "" : `${app.meta.id_name} ${row}`, () => app.pin(row), { title: text, ariaLabel: `Neighbour ${row}: ${text}`, "data-row": row });
    holder.append(el);
    return [row, el];
  });
  if (isPicture(app.meta)) {
    app.inputs(near.slice(0, 8)).then((inputs) => {
      const known = new Map(inputs);
      for (const [row, el] of made) if (known.has(row)) el.append(picture(known.get(row), app.meta, ""));
    }, () => {});
  }
  return h("div", {}, h("h3", {}, "nearest in the latent space"), holder);
}

function corruptionControls(app) {
  const { meta } = app;
  const chosen = app.state.corruption ?? { kind: meta.corruptions[0], amount: 0, seed: 0 };
  app.state.corruption = chosen;
  const amount = h("input", { type: "range", min: 0, max: 1, step: 0.02, value: chosen.amount, ariaLabel: "Amount of corruption", oninput: () => {
    chosen.amount = Number(amount.value);
    run();
  } });
  const run = () => {
    clearTimeout(app.corrupting);
    app.corrupting = window.setTimeout(() => corrupt(app).catch((error) => app.fail(error)), 60);
  };
  const kind = select("corrupt by", meta.corruptions.map((name) => [name, name.replaceAll("_", " ")]), (value) => {
    chosen.kind = value;
    run();
  }, chosen.kind);
  const again = button("draw anew", () => {
    chosen.seed++;
    run();
  });
  chosen.amount = 0;
  amount.value = "0";
  return h("div", { className: "dx-corrupt" }, h("h3", {}, "corruption"), kind, h("div", { className: "dx-line" }, amount, again), h("div", { className: "dx-corrupted" }));
}

/** Corrupt the pinned row by rising amounts: the last is shown, and the codes of all make a trail. */
async function corrupt(app) {
  const { corruption, pinned } = app.state;
  const steps = corruption.amount ? [0.2, 0.4, 0.6, 0.8, 1].map((t) => t * corruption.amount) : [0];
  const answers = [];
  for (const amount of steps) answers.push(app.client.ask({ do: "corrupt", row: pinned, kind: corruption.kind, amount, seed: corruption.seed }));
  const done = await Promise.all(answers);
  if (app.state.pinned !== pinned) return;
  const codes = done.map(({ arrays }) => Float32Array.from(arrays.codes.data));
  const last = done.at(-1).arrays;
  app.state.corrupted = corruption.amount ? { code: codes.at(-1), trail: [Float32Array.from(app.state.point.arrays.codes.data), ...codes], arrays: last } : null;
  app.map.overlay();
  app.tell("corrupted");
}

function fillCorrupted(app, body) {
  const holder = body.querySelector(".dx-corrupted");
  const made = app.state.corrupted;
  if (!holder) return;
  if (!made) return holder.replaceChildren();
  const { arrays } = made;
  holder.replaceChildren(isPicture(app.meta)
    ? h("div", { className: "dx-triple" }, [["rows", "corrupted"], ["reconstructed", "reconstruction"]].map(([key, label]) =>
      h("figure", {}, picture(arrays[key].data, app.meta, `${label} input`), h("figcaption", {}, label))))
    : comparison(app.meta, arrays.rows.data, arrays.reconstructed.data), fact("error", `${short(arrays.errors.data[0])} (larger than ${arrays.percentiles.data[0].toFixed(0)} %)`));
}

export { fact, triple };
