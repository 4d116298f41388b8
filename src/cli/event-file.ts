import { open, stat } from "node:fs/promises";
import type { RunEvent } from "../apply/event.ts";
import { Failure } from "../failure.ts";
import { valueWithoutSecrets } from "../secrets.ts";

/** Where `--events FILE` writes the run as JSON Lines, beside whatever the terminal shows. */
export interface EventFile {
  write(event: RunEvent): void;
  close(): Promise<void>;
}

export async function openEventFile(path: string | undefined): Promise<EventFile> {
  if (path === undefined) return { write() {}, async close() {} };
  await refuseEarlierRun(path);
  try {
    const stream = (await open(path, "w")).createWriteStream();
    return {
      write(event) {
        stream.write(`${JSON.stringify(valueWithoutSecrets(event))}\n`);
      },
      close: () => new Promise((resolve) => stream.end(resolve)),
    };
  } catch (cause) {
    throw new Failure(
      "usage",
      `cannot write events to ${path}: ${cause instanceof Error ? cause.message : cause}`,
      {
        hint: "nothing was applied; name a file in a folder that exists and can be written",
        cause,
      },
    );
  }
}

/** A run can be told once: what an earlier one wrote is not for the next one to lose. */
async function refuseEarlierRun(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found === null || !found.isFile() || found.size === 0) return;
  throw new Failure("usage", `${path} holds something already, an earlier run perhaps`, {
    hint: "nothing was applied; name another file, or move this one away",
  });
}
