/** Measures rows of the table and writes them to the page: `npm run bench`, `npm run bench -- NAME…`. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { thisMachine } from "./machine.ts";
import { writePage } from "./page.ts";
import { keepResult } from "./results.ts";
import { isMet } from "./row.ts";
import { ROWS } from "./rows.ts";

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => ROWS[name] === undefined && name !== "page");
if (unknown.length > 0) {
  process.stderr.write(
    `no row is called ${unknown.join(", ")}; there are: ${Object.keys(ROWS).join(", ")}, and page\n`,
  );
  process.exit(1);
}
for (const [name, row] of Object.entries(ROWS)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  const scratch = await mkdtemp(join(tmpdir(), "capstan-bench-"));
  try {
    const machine = thisMachine();
    const measured = await row.measure(scratch);
    await keepResult(new Date().toISOString().slice(0, 10), name, measured, machine);
    for (const figure of measured.figures) {
      const { what, ours, theirs, unit } = figure;
      const ratio = theirs === null ? "" : ` against ${theirs.toFixed(1)}, ${(ours / theirs).toFixed(2)} ×`;
      process.stdout.write(
        `${isMet(figure) ? "met   " : "missed"} ${name}: ${what} ${ours.toFixed(1)} ${unit}${ratio}\n`,
      );
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
await writePage(ROWS);
