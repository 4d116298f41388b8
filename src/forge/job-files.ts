import { randomUUID } from "node:crypto";
import { appendFile } from "node:fs/promises";
import { withoutSecrets } from "../secrets.ts";
import type { Render } from "./fitting-text.ts";

/** GitHub drops a summary of a step that is larger than 1 MiB whole. */
const SUMMARY_BYTES = 1_000_000;

/** Appends to the summary of the job, in bytes that GitHub takes. */
export async function writeSummary(file: string | null, render: Render): Promise<void> {
  if (file === null) return;
  let limit = SUMMARY_BYTES;
  let text = render(limit);
  while (Buffer.byteLength(text) > SUMMARY_BYTES) {
    limit = Math.floor(limit * 0.7);
    text = render(limit);
  }
  await appendFile(file, `${withoutSecrets(text)}\n`);
}

/** Sets outputs of the step. The end mark is made up anew, so that no value can end itself and set another. */
export async function writeOutputs(
  file: string | null,
  outputs: Readonly<Record<string, string | null>>,
): Promise<void> {
  if (file === null) return;
  const end = `end-${randomUUID()}`;
  const lines = Object.entries(outputs).map(
    ([name, value]) => `${name}<<${end}\n${withoutSecrets(value ?? "")}\n${end}\n`,
  );
  await appendFile(file, lines.join(""));
}
