import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { RunEvent } from "../../src/apply/event.ts";
import { openEventFile } from "../../src/cli/event-file.ts";

const NOTICE: RunEvent = { at: "2026-11-21T12:00:00.000Z", type: "notice", message: "the first run" };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "capstan-events-"));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

it("an earlier run is never written over", async () => {
  const path = join(folder, "run.jsonl");
  const first = await openEventFile(path);
  first.write(NOTICE);
  await first.close();
  await expect(openEventFile(path)).rejects.toThrow("holds something already");
  expect(JSON.parse(await readFile(path, "utf8"))).toEqual(NOTICE);
});

it("a device may be written to again and again", async () => {
  for (const _ of [1, 2]) {
    const file = await openEventFile("/dev/null");
    file.write(NOTICE);
    await file.close();
  }
});
