import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isMap, isScalar, parseDocument } from "yaml";

/** The action of the sources, which builds capstan from the commit that is used. */
export const DEVELOPMENT_ACTION = ".github/actions/capstan/action.yml";

const WHAT_RUNS = ` What runs is dist/action.js of the very commit that \`uses:\` names: no registry is asked, and nothing is built. The
 release says which commit that is, and how to build the same file from the sources.`;

/**
 * The released action's `action.yml`: inputs and outputs of the action of the sources, and one file that the runner
 * starts. Throws an `Error` for a text that is no action.
 */
export function releasedAction(development: string): string {
  const document = parseDocument(development);
  const outputs = document.get("outputs");
  if (!isMap(outputs) || document.errors.length > 0) throw new Error("this is no action with outputs");
  // The file writes them; an action of steps has to say which step does.
  for (const { key } of outputs.items)
    document.deleteIn(["outputs", isScalar(key) ? key.value : key, "value"]);
  document.set("runs", document.createNode({ using: "node24", main: "dist/action.js" }));
  if (isMap(document.contents)) {
    const inputs = document.contents.items.find(({ key }) => isScalar(key) && key.value === "inputs");
    if (isScalar(inputs?.key)) inputs.key.commentBefore = WHAT_RUNS;
  }
  return document.toString({ lineWidth: 120 });
}

/** Writes the action into a folder, from the sources and the build in the current one: `action.yml` and its file. */
export async function writeAction(folder: string): Promise<void> {
  await mkdir(join(folder, "dist"), { recursive: true });
  await writeFile(join(folder, "action.yml"), releasedAction(await readFile(DEVELOPMENT_ACTION, "utf8")));
  await copyFile("dist/action.js", join(folder, "dist", "action.js"));
}
