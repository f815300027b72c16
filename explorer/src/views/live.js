// How a training stands that is going on, and the buttons that steer it.
import { followTraining, LIVE_STATES, steer } from "../commands/training.js";
import { short } from "../maths.js";
import { button, h } from "../dom.js";

/** @param {import("../explorer.js").Explorer} app */
export function liveBar(app) {
  if (!app.meta.live) return null;
  const [state, facts] = [h("strong", {}, LIVE_STATES.training), h("span", { className: "dx-live-facts" })];
  const progress = h("progress", { max: 1, value: 0, ariaLabel: "Epochs" });
  const pause = button("Pause", () => steer(app, pause.dataset.to), { "data-to": "pause" });
  const stop = button("Stop, keep the best", () => steer(app, "stop"), { title: "End the training with the weights of its best epoch" });
  app.on(["live"], () => {
    const { live } = app.state.training;
    const waits = live.state === "paused" || live.state === "pausing";
    pause.dataset.to = waits ? "go on" : "pause";
    pause.textContent = waits ? "Go on" : "Pause";
    pause.disabled = stop.disabled = !["training", "pausing", "paused"].includes(live.state);
    state.textContent = LIVE_STATES[live.state];
    progress.max = live.epochs || 1;
    progress.value = live.epoch;
    const { best } = live;
    const held = best?.name === "val_loss" ? "held-out loss" : "loss";
    facts.textContent = `epoch ${live.epoch.toLocaleString()} of ${live.epochs.toLocaleString()}${best ? `; best: ${best.epoch.toLocaleString()}, ${held} ${short(best.value)}` : ""}`;
  });
  followTraining(app);
  return h("div", { className: "dx-live", role: "group", ariaLabel: "Training" }, state, progress, facts, h("span", { className: "dx-line" }, pause, stop));
}
