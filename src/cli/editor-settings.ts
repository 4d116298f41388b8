import { existsSync } from "node:fs";
import { join } from "node:path";
import { paragraph } from "../views/text/columns.ts";
import { type EditedRepository, editFiles } from "./edited-file.ts";

/** Where VS Code looks, from the folder that it opens. */
const FILE = ".vscode/settings.json";

/** The files that capstan writes itself; a glob without a slash in front fits at every depth. */
const RESOURCE_FILES = ["clusters/**/*.yaml", "capstan.yaml"] as const;

/** Writes which schema VS Code's YAML extension takes for which files. Never over a file: then it says what to add. */
export async function writeEditorSettings(
  { folder, git, env }: EditedRepository,
  schema: string,
): Promise<readonly string[]> {
  const root = git?.root ?? folder;
  const mapping = { "yaml.schemas": { [schema]: RESOURCE_FILES } };
  if (existsSync(join(root, FILE))) {
    const said = paragraph(`${FILE} is there and stays as it is; what it needs:`, "", "  ");
    return [said, `  "yaml.schemas": ${JSON.stringify(mapping["yaml.schemas"])}`];
  }
  await editFiles({ folder: root, git, env }, [
    { file: FILE, fresh: `${JSON.stringify(mapping, null, 2)}\n` },
  ]);
  return [paragraph(`wrote ${FILE}: the schema of ${RESOURCE_FILES.join(" and ")}`, "", "  ")];
}
