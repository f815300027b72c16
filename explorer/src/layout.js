// The page: where everything stands.
import { button, check, h, panel, select } from "./dom.js";
import { drawPanel } from "./draw.js";
import { helpDialog } from "./help.js";
import { LatentMap } from "./map.js";
import { movedPanel } from "./moved.js";
import { classColour, ramp } from "./colours.js";
import { onSphere, short } from "./maths.js";
import { filmstrip } from "./film.js";
import { liveBar } from "./live.js";
import { pointPanel, probePanel } from "./inspect.js";
import { selectionBar } from "./selection.js";
import { tablePanel } from "./table.js";
import { trainingPanel } from "./training.js";

export const TOOLS = [["probe", "Probe", "P"], ["pan", "Pan", "V"], ["lasso", "Lasso", "L"], ["box", "Box", "X"], ["path", "Path", "A"]];
export const TABS = [["explore", "Explore"], ["compare", "Compare"], ["training", "Training"], ["table", "Table"]];

/** @param {import("./app.js").App} app */
export function layout(app) {
  const map = new LatentMap(app, app.side, "Latent map: arrow keys move the probe, N and P go from point to point, Enter pins");
  map.note.textContent = app.meta.model;
  app.maps = [map];
  app.mapHolder = h("div", { className: "dx-maps" }, map.el);
  app.live = h("p", { className: "dx-sr", ariaLive: "polite", role: "status" });
  const help = helpDialog();
  app.help = help;
  const left = h("aside", { className: "dx-left", ariaLabel: "What is shown" }, ...[colourPanel(app), viewPanel(app), layerPanel(app), dimsPanel(app), filePanel(app)].filter(Boolean));
  const centre = h("div", { className: "dx-centre" }, ...[liveBar(app)].filter(Boolean), toolbar(app), banner(app), app.mapHolder, movedPanel(app), tablePanel(app), filmstrip(app), trainingPanel(app));
  const right = h("aside", { className: "dx-right", ariaLabel: "What it decodes to" }, probePanel(app), pointPanel(app), drawPanel(app));
  const hint = h("p", { className: "dx-sr", id: "dx-map-help" }, "Press the question mark for all keys.");
  app.el.replaceChildren(header(app), centre, left, right, selectionBar(app), app.live, hint, help);
  setTab(app, app.state.tab);
}

/** What decodes in an exported file, in a word. @type {Record<string, string>} */
const ENGINES = { plain: "browser", onnx: "onnxruntime", atlas: "atlas" };

function header(app) {
  const { meta } = app;
  const search = h("input", { type: "search", placeholder: meta.named_rows ? "find a name" : "find a row", ariaLabel: "Find a row by its name",
    onchange: () => find(app, search.value) });
  app.search = search;
  const engine = h("span", { className: "dx-engine", title: "Time from the hand to the picture" });
  app.onChange((changed) => {
    if (changed !== "timed") return;
    const last = app.state.latency.slice(-30).sort((a, b) => a - b);
    engine.textContent = last.length ? `${app.engine ? "browser" : ENGINES[app.meta.file?.engine] ?? "python"} ${last[last.length >> 1].toFixed(0)} ms` : "";
  });
  const tabs = h("div", { className: "dx-tabs", role: "group", ariaLabel: "Views" }, TABS.map(([name, label]) =>
    button(label, () => setTab(app, name), { "data-tab": name, "aria-pressed": "false" })));
  app.tabs = tabs;
  const theme = button("◐", () => {
    app.el.dataset.theme = app.dark ? "light" : "dark";
    app.restyle();
  }, { ariaLabel: "Light or dark", title: "Light or dark" });
  const title = h("h1", { title: meta.settings }, h("span", { className: "dx-brand" }, "Diabolo"), ` ${meta.model} `, h("small", {}, `${meta.dataset}, ${meta.dim}-D codes`));
  return h("header", { className: "dx-header" }, title, tabs, search, engine,
    button("?", () => app.help.showModal(), { ariaLabel: "Help: all keys", title: "All keys (?)" }), theme);
}

export function setTab(app, name) {
  app.state.tab = name;
  app.el.dataset.tab = name;
  for (const each of app.tabs.children) each.setAttribute("aria-pressed", String(each.dataset.tab === name));
  app.tell("tab");
  if (app.loaded) app.keep();
  // The map has another size now.
  requestAnimationFrame(() => requestAnimationFrame(() => app.maps.forEach((map) => map.fit())));
}

async function find(app, text) {
  if (!text.trim()) return;
  const { arrays } = await app.client.ask({ do: "find", text });
  const rows = Array.from(arrays.rows.data);
  if (!rows.length) return app.say(`No row is called ${text}.`);
  if (rows.length > 1) app.select(rows);
  return app.pin(rows[0]);
}

function toolbar(app) {
  const made = TOOLS.map(([name, label, key]) => button(label, () => setTool(app, name), { "data-tool": name, title: `${label} (${key})` }));
  const bar = h("div", { className: "dx-tools", role: "toolbar", ariaLabel: "Tools of the map" }, made,
    h("span", { className: "dx-gap" }),
    button("+", () => app.map.zoom(1.4), { ariaLabel: "Zoom in", title: "Zoom in (+)" }),
    button("−", () => app.map.zoom(1 / 1.4), { ariaLabel: "Zoom out", title: "Zoom out (-)" }),
    button("Fit", () => app.maps.forEach((map) => map.fit()), { title: "Show everything (0)" }));
  const count = h("span", { className: "dx-count" });
  const all = button("show all", () => app.showAll());
  bar.append(h("span", { className: "dx-counts" }, count, all));
  app.onChange((changed) => {
    if (changed === "tool") for (const each of made) each.setAttribute("aria-pressed", String(each.dataset.tool === app.state.tool));
    if (changed !== "points" && changed !== "counting") return;
    const { side } = app;
    const some = side.n < side.total - side.notFinite;
    all.hidden = !some || Boolean(app.meta.file);
    const bad = side.notFinite ? `; ${side.notFinite} codes are not finite and left out` : "";
    const now = app.counted >= 0 ? `${app.counted} points enclosed` : "";
    count.textContent = now || `${some ? "showing " : ""}${side.n.toLocaleString()}${some ? ` of ${side.total.toLocaleString()}` : ""} points${bad}`;
  });
  app.setTool = (name) => setTool(app, name);
  setTool(app, "probe");
  return bar;
}

function setTool(app, name) {
  app.state.tool = name;
  app.el.dataset.tool = name;
  app.tell("tool");
}

function banner(app) {
  const words = h("span");
  const el = h("div", { className: "dx-banner", role: "alert", hidden: true }, words, button("Copy", () => navigator.clipboard?.writeText(words.textContent)),
    button("Close", () => {
      app.state.error = "";
      el.hidden = true;
    }));
  app.onChange((changed) => {
    if (!["status", "error", "decoded", "busy"].includes(changed)) return;
    const { online, wait, error, busy, over } = app.state;
    el.hidden = online && !error && !busy && !over;
    el.dataset.kind = online && !busy ? "error" : "offline";
    if (over) words.textContent = `Training has ended: ${over} Python has left; diabolo explore opens what was kept.`;
    else if (busy) words.textContent = "The kernel is busy with a cell; it answers when that is done. Pictures shown are the last ones.";
    else if (!online) words.textContent = `Python does not answer; trying again in ${Math.round((wait ?? 1000) / 1000)} s. Pictures shown are the last ones.`;
    else if (error) words.textContent = error;
  });
  return el;
}

/** What an exported file holds, and what it cannot do. @param {import("./app.js").App} app */
function filePanel(app) {
  const { meta } = app;
  const { file } = meta;
  if (!file) return null;
  const count = (n) => n.toLocaleString();
  const weights = `with weights of ${file.half ? `16 bits (values change by at most ${short(100 * file.change)} % of their range)` : "32 bits"}`;
  const how = {
    plain: `This page computes codes and decodes itself, ${weights}.`,
    onnx: `This page computes codes and decodes itself, ${weights}, by ONNX Runtime Web ${file.version} (© Microsoft, MIT licence, which is in the file).`,
    atlas: `Nothing is computed here (${file.why}): shown is the nearest of ${count(file.decodes ?? 0)} decodes made beforehand.`,
    none: `${file.why}: codes are placed and compared, not decoded.`,
  }[file.engine];
  const rows = file.rows < file.total ? `${count(file.rows)} of ${count(file.total)} rows are in it; error ranks, neighbours and density are told of these.` : `All ${count(file.rows)} rows are in it.`;
  const levels = file.levels ? " Pictures of inputs are kept in 256 levels." : "";
  return panel("This file", "file", h("p", { className: "dx-note" }, how), h("p", { className: "dx-note" }, rows, levels),
    h("p", { className: "dx-note" }, `${meta.can_encode ? "Corruption" : "Drawing an input, corruption"}, epochs, Parquet and PNG need Python: `, h("code", {}, "diabolo explore")));
}

function colourPanel(app) {
  const { meta } = app;
  const legend = h("div", { className: "dx-legend" });
  /** @type {[string, string][]} */
  const options = [];
  if (meta.labels) options.push(["label", "label"]);
  if (meta.can_decode) options.push(["error", "reconstruction error"]);
  if (app.count > 1) options.push(["moved", "movement"]);
  options.push(["feature", "a feature"]);
  const feature = select("feature", meta.feature_names.slice(0, 4096).map((name, i) => [String(i), name]), (value) => app.setColour("feature", Number(value)));
  const chooser = select("colour by", options, (value) => app.setColour(value), app.state.colour);
  if (app.state.colour === "feature") setTimeout(() => app.setColour("feature"), 0);
  app.onChange((changed) => {
    if (changed !== "colour" && changed !== "points" && changed !== "errors") return;
    chooser.querySelector("select").value = app.state.colour;
    feature.hidden = app.state.colour !== "feature";
    fillLegend(app, legend);
  });
  return panel("Colour", "colour", chooser, feature, legend);
}

function fillLegend(app, legend) {
  const { side, meta } = app;
  if (!side.codes) return;
  const classes = app.classesOf(side);
  if (classes) {
    const counts = new Array(side.classValues.length).fill(0);
    classes.forEach((c) => counts[c]++);
    const focused = legend.contains(document.activeElement) ? [...legend.children].indexOf(document.activeElement) : -1;
    legend.replaceChildren(...side.classValues.map((value, i) => h("button", { type: "button", className: "dx-key", "aria-pressed": String(!app.state.muted.has(i)),
      title: "Put into the background, or back", onclick: () => app.mute(i) },
    h("span", { className: `dx-swatch dx-shape-${i % 8}`, style: { background: classColour(i) } }), h("span", { className: "dx-key-name" }, meta.label_names[value]),
    h("span", { className: "dx-number" }, counts[i].toLocaleString()))));
    if (focused >= 0) legend.children[focused]?.focus();
    return;
  }
  const values = app.valuesOf(side);
  if (!values) {
    legend.replaceChildren(h("p", { className: "dx-note" }, "computing …"));
    return;
  }
  const sorted = Float32Array.from(values).sort();
  const at = (q) => short(sorted[Math.round(q * (sorted.length - 1))]);
  const strip = h("canvas", { className: "dx-ramp", width: 64, height: 1, ariaHidden: "true" });
  const ctx = strip.getContext("2d");
  for (let i = 0; i < 64; i++) {
    ctx.fillStyle = `rgb(${ramp(i / 63).join(",")})`;
    ctx.fillRect(i, 0, 1, 1);
  }
  const unit = { error: side.errorUnit ?? "", moved: "distance after alignment, in units of the first map" }[app.state.colour] ?? "";
  legend.replaceChildren(strip, h("div", { className: "dx-ends" }, h("span", {}, at(0.02)), h("span", {}, at(0.5)), h("span", {}, at(0.98))), h("p", { className: "dx-note" }, unit ? `${unit}; ends at 2 % and 98 %` : "ends at 2 % and 98 % of the rows"));
}

function viewPanel(app) {
  const { meta, side } = app;
  const names = Array.from({ length: meta.dim }, (_, i) => /** @type {[string, string]} */ ([String(i), `z${i}`]));
  const views = select("view", side.views, (value) => app.setView(value), app.state.view);
  const [first, second] = [0, 1].map((k) => select(k ? "up" : "across", names, (value) => {
    const dims = [...app.state.dims];
    dims[k] = Number(value);
    app.setView("dims", /** @type {any} */ (dims));
  }, String(app.state.dims[k])));
  const pair = h("div", { className: "dx-pair" }, first, second);
  const note = h("p", { className: "dx-note" });
  const show = () => {
    views.querySelector("select").value = app.state.view;
    pair.hidden = app.state.view !== "dims" || meta.dim < 3;
    note.textContent = noteOf(app);
    note.hidden = !note.textContent;
  };
  app.onChange((changed) => (changed === "view" || changed === "points") && show());
  show();
  return panel("View", "view", views, pair, note);
}

function noteOf(app) {
  const { view } = app.state;
  const { dim, sphere } = app.meta;
  if (view === "turn") return "Turn it with the tool Pan. Codes are seen along the line of sight.";
  if (view === "world") return "Longitude and latitude of the codes, in degrees.";
  if (dim > 2) return `A plane of ${dim} dimensions: what it does not show keeps the probe's value${sphere ? ", and the probe stays on the sphere" : ""}.`;
  return "";
}

function layerPanel(app) {
  const { meta } = app;
  const picture = Boolean(meta.image_shape);
  /** @type {[string, string, boolean, string][]} */
  const list = [["points", "points", true, ""], ["thumbs", "pictures of the rows", picture, "rows are no pictures"],
    ["grid", "decoder grid", app.canGrid, "needs pictures and a decoder"], ["density", "density of the codes", true, ""],
    ["cycle", "cycle error", meta.can_decode && app.canEncode, "needs an encoder and a decoder"]];
  const boxes = new Map();
  const made = list.map(([name, label, can, why]) => {
    const el = check(label, app.state.layers[name], (on) => app.setLayer(name, on), { disabled: !can, title: can ? "" : why });
    boxes.set(name, el.querySelector("input"));
    return el;
  });
  const opacity = h("input", { type: "range", min: 0.1, max: 1, step: 0.05, value: app.state.gridOpacity, ariaLabel: "Opacity of the decoder grid",
    oninput: () => {
      app.state.gridOpacity = Number(opacity.value);
      app.map.draw();
    } });
  const heat = h("p", { className: "dx-note", hidden: true });
  app.onChange((changed) => {
    if (changed === "layers") for (const [name, box] of boxes) box.checked = app.state.layers[name];
    opacity.hidden = !app.state.layers.grid;
    const { density, cycle } = app.state.layers;
    heat.hidden = !(density || cycle) || !app.map.heatRange;
    if (changed === "heat") heat.textContent = `${density ? "log-density, nats" : "‖enc(dec(z)) − z‖"}: ${app.map.heatRange.map(short).join(" to ")}`;
  });
  opacity.hidden = true;
  return panel("Layers", "layers", made, opacity, heat);
}

/** Sliders for every latent dimension, with how much each is used. @param {any} app */
function dimsPanel(app) {
  const { meta } = app;
  if (meta.dim < 3) return null;
  const used = meta.kl ?? meta.variance;
  const most = Math.max(...used, 1e-12);
  const order = Array.from(used.keys()).sort((a, b) => used[b] - used[a]).slice(0, 128);
  const rows = order.map((i) => {
    const spread = 3.5 * Math.sqrt(meta.variance[i]) || 1;
    const middle = () => app.side.mean?.[i] ?? 0;
    const inactive = meta.kl ? used[i] < 0.01 : used[i] < 1e-3 * most;
    const slider = h("input", { type: "range", min: -1, max: 1, step: 0.001, value: 0, ariaLabel: `z${i}`, oninput: () => {
      const z = Float32Array.from(app.state.probe);
      z[i] = middle() + Number(slider.value) * spread;
      app.moveProbe(meta.sphere ? onSphere(z) : z);
    } });
    const value = h("span", { className: "dx-number" });
    const traverse = button("⇄", () => {
      const [a, b] = [Float32Array.from(app.state.probe), Float32Array.from(app.state.probe)];
      a[i] = middle() - spread;
      b[i] = middle() + spread;
      app.setPath({ a, b });
    }, { ariaLabel: `Traverse z${i}`, title: `Filmstrip along z${i}` });
    const bar = h("span", { className: "dx-use", title: `${meta.kl ? "KL" : "variance"} ${short(used[i])}` }, h("span", { style: { width: `${(100 * used[i]) / most}%` } }));
    const update = () => {
      slider.value = String((app.state.probe[i] - middle()) / spread);
      value.textContent = short(app.state.probe[i]);
    };
    return { update, el: h("li", { className: inactive ? "dx-inactive" : "" }, h("span", { className: "dx-dim-name" }, `z${i}`), bar, slider, value, traverse) };
  });
  app.onChange((changed) => changed === "probe" && rows.forEach((row) => row.update()));
  const rest = meta.dim > rows.length ? `; the ${rows.length} most used of ${meta.dim}` : "";
  return panel("Latent dimensions", "dims", h("p", { className: "dx-note" }, `bars: ${meta.kl ? "KL in nats" : "variance"}${rest}`), h("ul", {}, rows.map((row) => row.el)));
}
