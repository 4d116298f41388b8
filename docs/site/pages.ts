/** The pages of `docs/` as the site wants them: the first heading becomes the title, and links lead to pages, not to files. */
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

const DOCS = join(import.meta.dirname, "..");
const CONTENT = join(import.meta.dirname, "src", "content", "docs");
const PUBLIC = join(import.meta.dirname, "public");
/** Where the site is served from, with `/` at both ends. */
const BASE = process.env["CAPSTAN_DOCS_BASE"] ?? "/";

await rm(CONTENT, { recursive: true, force: true });
await mkdir(PUBLIC, { recursive: true });
const names = await readdir(DOCS, { recursive: true });
for (const name of names.filter((one) => one.endsWith(".md") && !one.startsWith("site/"))) {
  const target = join(CONTENT, name);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, pageOf(await readFile(join(DOCS, name), "utf8"), dirname(name)));
}
for (const name of names.filter((one) => one.endsWith(".svg") && !one.includes("/"))) {
  await cp(join(DOCS, name), join(PUBLIC, name));
}

await cp(join(import.meta.dirname, "favicon.svg"), join(PUBLIC, "favicon.svg"));

function pageOf(text: string, folder: string): string {
  const heading = /^# (.+)$/m.exec(text);
  if (heading === null) throw new Error("a page has no heading");
  const body = text
    .replace(heading[0], "")
    .replaceAll(/\]\(([\w./-]+)\.md(#[\w-]*)?\)/g, (_, path: string, anchor = "") => `](${routeOf(folder, path)}${anchor})`)
    .replaceAll(/\]\(([\w-]+\.svg)\)/g, (_, picture: string) => `](${BASE}${picture})`)
    // A block that a test runs is a terminal to look at.
    .replaceAll(/^```console.*$/gm, "```console");
  return `---\ntitle: ${JSON.stringify(heading[1]?.replaceAll("`", ""))}\n---\n${body}`;
}

function routeOf(folder: string, path: string): string {
  const route = relative(".", join(folder, path));
  return route === "index" ? BASE : `${BASE}${route}/`;
}
