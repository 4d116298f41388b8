/** Writes the generated pages: `npm run docs:generate`. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { generatedPages } from "./pages.ts";

for (const [name, text] of generatedPages()) {
  const path = join(import.meta.dirname, "..", name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
