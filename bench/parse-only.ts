/** Parses all YAML below a folder, and no more: what reading resources costs at least. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { LineCounter, parseAllDocuments } from "yaml";

const [folder = "."] = process.argv.slice(2);
const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".yaml"));
let documents = 0;
for (const file of files) {
  const text = await readFile(join(folder, file), "utf8");
  documents += parseAllDocuments(text, { lineCounter: new LineCounter() }).length;
}
process.stdout.write(`${documents}\n`);
