// Bundle the explorer into one file, and refuse a bundle that is too large.
import { build } from "esbuild";
import { copyFile, stat } from "node:fs/promises";

const to = process.argv[2] ?? "../src/diabolo/explorer/static";
const LIMIT = 150_000;

await build({
  entryPoints: ["src/index.js"], outfile: `${to}/explorer.js`, bundle: true, minify: true, format: "esm",
  target: "es2022", charset: "utf8", legalComments: "none",
});
await copyFile("src/explorer.css", `${to}/explorer.css`);
const { size } = await stat(`${to}/explorer.js`);
if (size > LIMIT) throw new Error(`the bundle has ${size} bytes, more than ${LIMIT}`);
console.log(`explorer.js: ${size} bytes`);
