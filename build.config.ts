/**
 * Builds what is delivered: schemas as plain functions, the bundles in `dist/`, texts that capstan itself prints, and
 * THIRD-PARTY-NOTICES. What went into the bundles is kept in `build/`, for tests and the release. Run by
 * `npm run build`, in the folder of the sources.
 */
import { execFileSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { BuiltFolder } from "./delivery/built-folder.ts";
import { bundle } from "./delivery/bundle.ts";
import { bundledFolders, bundledPackage } from "./delivery/bundled-packages.ts";
import { notices } from "./delivery/notices.ts";
import { compileSchemas } from "./delivery/schemas.ts";
import packageJson from "./package.json" with { type: "json" };

/** Files that are what a command prints. */
const PRINTED: Readonly<Record<string, readonly string[]>> = {
  // So that it costs no more than bare Node (design, section 9).
  "dist/help.txt": ["help"],
  // Where a shell looks for them, they are called like this: they can be linked as they are.
  "dist/completions/capstan": ["completion", "bash"],
  "dist/completions/_capstan": ["completion", "zsh"],
  "dist/completions/capstan.fish": ["completion", "fish"],
};

await compileSchemas();
const { metafiles, files } = await bundle();
await rm("build", { recursive: true, force: true });
await mkdir("build");
await writeFile("build/metafiles.json", JSON.stringify(metafiles));
const packages = await Promise.all(bundledFolders(Object.values(metafiles)).map(bundledPackage));
await writeFile("THIRD-PARTY-NOTICES", notices(packages));
const { manPage } = await import("./src/cli/man-page.ts");
const { COMMANDS } = await import("./src/cli/commands/command-table.ts");
const { exitPages } = await import("./src/cli/explain.ts");
const place = new BuiltFolder("dist");
for (const file of files) await place.put(file, file.path === "dist/capstan.js" ? 0o755 : 0o644);
await place.put({ path: "dist/capstan.1", contents: manPage(COMMANDS, exitPages(), packageJson.version) });
for (const [path, words] of Object.entries(PRINTED)) {
  await place.put({ path, contents: execFileSync(process.execPath, ["dist/capstan.js", ...words]) });
}
await place.removeOthers();
