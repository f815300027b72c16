// What went wrong, or why nothing is answered.
import { button, h } from "../dom.js";

/** @param {import("../explorer.js").Explorer} app */
export function banner(app) {
  const { connection } = app.state;
  const words = h("span");
  const el = h("div", { className: "dx-banner", role: "alert", hidden: true }, words, button("Copy", () => navigator.clipboard?.writeText(words.textContent)),
    button("Close", () => {
      connection.error = "";
      el.hidden = true;
    }));
  app.on(["connection", "error", "decoded"], () => {
    const { online, wait, error, busy, ended } = connection;
    el.hidden = online && !error && !busy && !ended;
    el.dataset.kind = online && !busy ? "error" : "offline";
    if (ended) words.textContent = `Training has ended: ${ended} Python has left; diabolo explore opens what was kept.`;
    else if (busy) words.textContent = "The kernel is busy with a cell; it answers when that is done. Pictures shown are the last ones.";
    else if (!online) words.textContent = `Python does not answer; trying again in ${Math.round((wait ?? 1000) / 1000)} s. Pictures shown are the last ones.`;
    else if (error) words.textContent = error;
  });
  return el;
}
