import { execFileSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { claimed, takenIn } from "../../src/fleet/places.ts";
import { folderStore } from "../../src/record/folder-store.ts";
import { refsStore } from "../../src/record/refs-store.ts";
import type { RecordStore } from "../../src/record/store.ts";
import { Repositories } from "./repositories.ts";

const CAMPAIGN = "host-2026-11";
const HOLDER = { who: "test", why: "test" };
const clock = () => Date.now();

/** Two machines with one record. What the second wrote can be taken back, and come anew at any moment. */
interface TwoMachines {
  readonly first: RecordStore;
  readonly second: RecordStore;
  takeBack(): void;
  comeAnew(): void;
}

let cleanUp = async () => {};
afterEach(() => cleanUp());

async function inRefs(): Promise<TwoMachines> {
  const repositories = await Repositories.make();
  cleanUp = () => repositories.remove();
  const [here, there] = [await repositories.clone(), await repositories.clone()];
  const git = (...args: readonly string[]) => execFileSync("git", args, { cwd: there, encoding: "utf8" });
  let [oid, ref] = ["", ""];
  return {
    first: refsStore({ folder: here, env: process.env, clock }),
    second: refsStore({ folder: there, env: process.env, clock }),
    takeBack() {
      [oid = "", ref = ""] = git("ls-remote", "origin", "refs/capstan/campaigns/*").trim().split("\t");
      git("push", "--quiet", "origin", `:${ref}`);
    },
    comeAnew: () => void git("push", "--quiet", "origin", `${oid}:${ref}`),
  };
}

async function inFolder(): Promise<TwoMachines> {
  const folder = await mkdtemp(join(tmpdir(), "capstan-places-"));
  cleanUp = () => rm(folder, { recursive: true });
  const [campaigns, kept] = [join(folder, "record", "campaigns"), join(folder, "kept")];
  return {
    first: folderStore(join(folder, "record"), clock),
    second: folderStore(join(folder, "record"), clock),
    takeBack() {
      cpSync(campaigns, kept, { recursive: true });
      rmSync(campaigns, { recursive: true });
    },
    comeAnew: () => cpSync(kept, campaigns, { recursive: true }),
  };
}

describe.each([
  ["in refs of one remote", inRefs],
  ["in one folder", inFolder],
])("the last place of a wave, the record %s", (_where, open) => {
  it("is not given twice: not to who read that it is free, and writes when somebody else has it", async () => {
    const { first, second, takeBack, comeAnew } = await open();
    const locks = [await first.lock("one", HOLDER, () => {}), await second.lock("two", HOLDER, () => {})];
    const claim = async (store: RecordStore, cluster: string, meanwhile: () => void) =>
      await store.changePlaces(cluster, CAMPAIGN, (before) => {
        const after = claimed(before, { cluster, wave: "rest", since: "2026-11-21T12:00:00Z" }, 1);
        if (after !== null) meanwhile();
        return after;
      });
    await claim(second, "two", () => {});
    takeBack();
    expect(await claim(first, "one", comeAnew), "the place of the first").toBeNull();
    for (const store of [first, second])
      expect(takenIn(await store.places(CAMPAIGN), "rest")).toEqual(["two"]);
    for (const lock of locks) await lock.release();
  });
});
