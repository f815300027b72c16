// The card above the point under the pointer: which row it is, and its picture.
import { isPicture } from "../model.js";
import { short } from "../maths.js";
import { h } from "../dom.js";
import { picture } from "../pictures.js";
import { screenOfPoint } from "./geometry.js";

/** Milliseconds that the pointer rests before a picture is asked for. */
const DWELL = 60;

/** @param {import("../explorer.js").Explorer} app @param {import("./state.js").MapState} map */
export function card(app, map) {
  const el = h("div", { className: "dx-card", hidden: true, ariaHidden: "true" });
  const { focus } = app.state;
  const { model } = map;
  const pictures = isPicture(app.meta);
  const show = (/** @type {number} */ row, /** @type {number} */ i) => {
    const [x, y] = screenOfPoint(map, i);
    const words = [h("strong", {}, `${app.meta.id_name} ${row}`), h("span", {}, model.labels ? app.model.labelText(row) : "")];
    if (model.errors) words.push(h("span", {}, `error ${short(model.errors[row])}`));
    const holder = h("div", { className: "dx-card-picture" });
    el.replaceChildren(pictures ? holder : "", h("div", { className: "dx-card-words" }, words));
    el.dataset.row = String(row);
    el.hidden = false;
    const size = el.getBoundingClientRect();
    el.style.left = `${Math.max(4, Math.min(map.camera.width - size.width - 4, x - size.width / 2))}px`;
    el.style.top = `${Math.max(4, y - size.height - 14)}px`;
    if (!pictures) return;
    const fill = () => app.inputs.of([row]).then(([[, values]]) => {
      if (focus.hover === row) holder.replaceChildren(picture(values, app.meta, ""));
    }, () => {});
    if (app.inputs.has(row)) fill();
    else app.tasks.later("card", DWELL, fill);
  };
  app.on(["hover"], () => {
    app.tasks.cancel("card");
    el.hidden = focus.hover < 0 || focus.hoverMap !== model.index;
    if (!el.hidden) show(focus.hover, focus.hoverPoint);
  });
  return el;
}
