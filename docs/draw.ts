/**
 * Draws the pictures of the README from the real components: `node docs/draw.ts`. A test fails when they are not
 * what the screen looks like any more.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

// Ink asks once, when it is loaded.
process.env["FORCE_COLOR"] = "1";

const outfile = join(import.meta.dirname, "..", "dist", "frames.js");
await build({
  entryPoints: [join(import.meta.dirname, "frames.tsx")],
  outfile,
  bundle: true,
  format: "esm",
  platform: "node",
  packages: "external",
  jsx: "automatic",
  logLevel: "warning",
});
const { PICTURES, picture } = (await import(outfile)) as typeof import("./frames.tsx");
for (const [name, state] of Object.entries(PICTURES)) {
  await writeFile(join(import.meta.dirname, name), picture(state()));
}
