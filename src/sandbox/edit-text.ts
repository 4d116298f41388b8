import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Has an editor change a text, found as `tctl edit` finds it: the words of its name are split at blanks.
 * `null` when that failed, which was told.
 */
export function editText(text: string): string | null {
  const { TELEPORT_EDITOR, VISUAL, EDITOR } = process.env;
  const [editor = "vi", ...words] = (TELEPORT_EDITOR ?? VISUAL ?? EDITOR ?? "vi").split(/ +/);
  const folder = mkdtempSync(join(tmpdir(), "teleport-resource-"));
  try {
    const file = join(folder, "resource.yaml");
    writeFileSync(file, text);
    const { status, error } = spawnSync(editor, [...words, file], { stdio: "inherit" });
    if (error !== undefined || status !== 0) {
      process.stderr.write(`ERROR: ${editor}: ${error?.message ?? `exit status ${status}`}\n`);
      return null;
    }
    return readFileSync(file, "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
