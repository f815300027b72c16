// A slider for every latent dimension, with how much it is used.
import { setPath } from "../commands/path.js";
import { moveProbe } from "../commands/probe.js";
import { onSphere, short } from "../maths.js";
import { button, h, panel } from "../dom.js";

/** Sliders for every latent dimension, with how much each is used. @param {import("../explorer.js").Explorer} app */
export function dimsPanel(app) {
  const { meta } = app;
  if (meta.dim < 3) return null;
  const used = meta.kl ?? meta.variance;
  const most = Math.max(...used, 1e-12);
  const order = Array.from(used.keys()).sort((a, b) => used[b] - used[a]).slice(0, 128);
  const rows = order.map((i) => {
    const spread = 3.5 * Math.sqrt(meta.variance[i]) || 1;
    const middle = () => app.model.mean[i] ?? 0;
    const inactive = meta.kl ? used[i] < 0.01 : used[i] < 1e-3 * most;
    const slider = h("input", { type: "range", min: -1, max: 1, step: 0.001, value: 0, ariaLabel: `z${i}`, oninput: () => {
      const z = Float32Array.from(app.state.probe.code);
      z[i] = middle() + Number(slider.value) * spread;
      moveProbe(app, meta.sphere ? onSphere(z) : z);
    } });
    const value = h("span", { className: "dx-number" });
    const traverse = button("⇄", () => {
      const [a, b] = [Float32Array.from(app.state.probe.code), Float32Array.from(app.state.probe.code)];
      a[i] = middle() - spread;
      b[i] = middle() + spread;
      setPath(app, { a, b });
    }, { ariaLabel: `Traverse z${i}`, title: `Filmstrip along z${i}` });
    const bar = h("span", { className: "dx-use", title: `${meta.kl ? "KL" : "variance"} ${short(used[i])}` }, h("span", { style: { width: `${(100 * used[i]) / most}%` } }));
    const update = () => {
      slider.value = String((app.state.probe.code[i] - middle()) / spread);
      value.textContent = short(app.state.probe.code[i]);
    };
    return { update, el: h("li", { className: inactive ? "dx-inactive" : "" }, h("span", { className: "dx-dim-name" }, `z${i}`), bar, slider, value, traverse) };
  });
  app.on(["probe"], () => rows.forEach((row) => row.update()));
  const rest = meta.dim > rows.length ? `; the ${rows.length} most used of ${meta.dim}` : "";
  return panel("Latent dimensions", "dims", h("p", { className: "dx-note" }, `bars: ${meta.kl ? "KL in nats" : "variance"}${rest}`), h("ul", {}, rows.map((row) => row.el)));
}
