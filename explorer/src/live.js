// A training that is going on: how it stands, the map as it moves, and the buttons that steer it.
import { button, h } from "./dom.js";
import { short } from "./maths.js";

const OFTEN = 200;
const SELDOM = 2000;
/** Pauses are this many times as long as what was asked took, so that training keeps its processor. */
const RESPECT = 10;

const WORDS = {
  training: "training", pausing: "pausing", paused: "paused", stopping: "stopping",
  judging: "writing the report", ended: "trained", over: "training has ended",
};

/** @param {import("./app.js").App} app */
export function liveBar(app) {
  if (!app.meta.live) return null;
  const [state, facts] = [h("strong", {}, WORDS.training), h("span", { className: "dx-live-facts" })];
  const progress = h("progress", { max: 1, value: 0, ariaLabel: "Epochs" });
  const steer = async (to) => {
    try {
      show((await app.client.ask({ do: "steer", to, since: 1e9 })).header);
    } catch (error) {
      app.fail(error);
    }
  };
  const pause = button("Pause", () => steer(pause.dataset.to), { "data-to": "pause" });
  const stop = button("Stop, keep the best", () => steer("stop"), { title: "End the training with the weights of its best epoch" });
  const show = (/** @type {any} */ news) => {
    const waits = news.state === "paused" || news.state === "pausing";
    pause.dataset.to = waits ? "go on" : "pause";
    pause.textContent = waits ? "Go on" : "Pause";
    pause.disabled = stop.disabled = !["training", "pausing", "paused"].includes(news.state);
    if (state.textContent !== WORDS[news.state]) app.say(`${WORDS[news.state]}, epoch ${news.epoch} of ${news.epochs}`);
    state.textContent = WORDS[news.state];
    progress.max = news.epochs || 1;
    progress.value = news.epoch;
    const { best } = news;
    const held = best?.name === "val_loss" ? "held-out loss" : "loss";
    facts.textContent = `epoch ${news.epoch.toLocaleString()} of ${news.epochs.toLocaleString()}${best ? `; best: ${best.epoch.toLocaleString()}, ${held} ${short(best.value)}` : ""}`;
    app.state.live = { state: news.state, epoch: news.epoch, epochs: news.epochs, best: best?.epoch ?? 0 };
  };
  follow(app, show);
  return h("div", { className: "dx-live", role: "group", ariaLabel: "Training" }, state, progress, facts, h("span", { className: "dx-line" }, pause, stop));
}

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => {
  setTimeout(resolve, ms);
});

/** Ask what is new for as long as the page is open. @param {import("./app.js").App} app @param {(news: any) => void} show */
async function follow(app, show) {
  let going = true;
  app.atClose(() => (going = false));
  let [since, seen] = [Object.values(app.meta.history)[0]?.length ?? 0, 0];
  while (going) {
    const start = performance.now();
    try {
      const answer = await app.client.ask({ do: "live", since, seen });
      const { header } = answer;
      since += header.rows.length;
      for (const row of header.rows) extend(app.meta.history, row);
      if (header.shown) {
        seen = header.shown;
        await app.renew(answer);
      }
      show(header);
      if (header.rows.length) app.tell("history");
      if (header.state === "over") return app.over(header.words);
      if (header.state === "ended") return app.reopen();
    } catch (error) {
      // Who has lost the connection tries again; anything else is told.
      app.fail(error);
    }
    const spent = performance.now() - start;
    await sleep(Math.max(document.hidden ? SELDOM : OFTEN, Math.min(SELDOM, RESPECT * spent)));
  }
  return undefined;
}

/** @param {Record<string, (number | null)[]>} history @param {Record<string, number | null>} row */
function extend(history, row) {
  const n = Object.values(history)[0]?.length ?? 0;
  for (const [name, value] of Object.entries(row)) (history[name] ??= Array(n).fill(null)).push(value);
}
