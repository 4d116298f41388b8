import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { RunEvent } from "../apply/event.ts";
import { Failure } from "../failure.ts";
import { systemWords } from "../process/system-failure.ts";
import { findTarget, namedByFlag } from "../process/written-file.ts";
import { valueWithoutSecrets } from "../secrets.ts";

/** Where `--events FILE` writes the run as JSON Lines, beside whatever the terminal shows. */
export interface EventFile {
  write(event: RunEvent): void;
  close(): Promise<void>;
}

/** Opens the file of `--events`, which holds no earlier run; without a name, what is written goes nowhere. */
export async function openEventFile(path: string | undefined): Promise<EventFile> {
  if (path === undefined) return { write() {}, async close() {} };
  await refuseEarlierRun(path);
  try {
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants;
    const stream = (await open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o666)).createWriteStream();
    return {
      write(event) {
        stream.write(`${JSON.stringify(valueWithoutSecrets(event))}\n`);
      },
      close: () => new Promise((resolve) => stream.end(resolve)),
    };
  } catch (cause) {
    throw new Failure(
      "usage",
      `cannot write events to ${path}: ${systemWords(cause) ?? (cause instanceof Error ? cause.message : cause)}`,
      {
        hint: "nothing was applied; name a file in a folder that exists and can be written",
        cause,
      },
    );
  }
}

/** A run can be told once: what an earlier one wrote is not for the next one to lose. */
async function refuseEarlierRun(path: string): Promise<void> {
  const found = await findTarget(namedByFlag(process.cwd(), path));
  if (found === null || !found.isFile() || found.size === 0) return;
  throw new Failure("usage", `${path} holds something already, an earlier run perhaps`, {
    hint: "nothing was applied; name another file, or move this one away",
  });
}
