import { Failure } from "../../failure.ts";
import { namedByFlag, writeTarget } from "../../process/written-file.ts";
import { jsonText } from "../../views/json/json-text.ts";
import type { Terminal } from "../terminal.ts";
import { isReady, type LoopStanding } from "./standing.ts";

/** After each round: its age says whether the loop goes on, `ready` whether that comes to anything. */
export async function writeHealthFile(
  { cwd }: Terminal,
  path: string | undefined,
  standing: LoopStanding,
  warn: (line: string) => void,
): Promise<void> {
  if (path === undefined) return;
  const bytes = `${jsonText({ format_version: "1.0", ready: isReady(standing), ...standing })}\n`;
  try {
    await writeTarget(namedByFlag(cwd, path), { bytes });
  } catch (error) {
    // A full disk must not end a rotation half-way.
    if (!(error instanceof Failure)) throw error;
    warn(`--health-file: ${error.message}`);
  }
}
