// All keys on one page.
import { button, h } from "../dom.js";

const KEYS = [
  ["arrows", "move the probe (Shift: five times, Alt: a fifth)"], ["N, P", "next, previous point by distance from the probe"], ["Enter", "pin the point, or close a lasso"],
  ["A, B", "start and end of the path at the probe"], ["Space", "play the path"], ["L, X, V", "lasso, box, pan; with the arrows and Enter they work without a mouse"],
  ["G, T, E", "decoder grid, pictures on the map, colours by error"], ["D", "draw an input"], ["C", "compare two models"], ["+ − 0", "zoom in, out, show everything"],
  ["[ ]", "epoch before, after"], ["/", "find a row"], ["S", "save the selection"], ["?", "this page"], ["Esc", "back out one level"],
];

/** @param {import("../explorer.js").Explorer} app */
export function helpDialog(app) {
  const rows = KEYS.map(([key, what]) => h("tr", {}, h("th", { scope: "row" }, h("kbd", {}, key)), h("td", {}, what)));
  const el = h("dialog", { className: "dx-help", ariaLabel: "Keys" }, h("h2", {}, "Keys"), h("table", {}, h("tbody", {}, rows)),
    h("p", {}, "With a mouse: drag the cross, hold Alt to let it follow, click a point to pin it, turn the wheel to zoom."), button("Close", () => el.close()));
  app.on(["summons"], () => app.state.page.summons === "help" && el.showModal());
  return el;
}
