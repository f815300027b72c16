// What an exported file holds.
import { short } from "../maths.js";
import { h, panel } from "../dom.js";

/** What an exported file holds, and what it cannot do. @param {import("../explorer.js").Explorer} app */
export function filePanel(app) {
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
