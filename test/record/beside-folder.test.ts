import "../world/in-process.ts";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRecord } from "../../src/cli/open-record.ts";
import { processTerminal } from "../../src/cli/terminal.ts";
import { openRepository } from "../../src/git/repository.ts";
import type { RecordStore } from "../../src/record/store.ts";
import { DEFAULT_REPOSITORY } from "../../src/resources/model/default-repository.ts";
import { emptyRecord } from "../../src/rotation/record.ts";
import { CLUSTER, memory } from "../world/host-rotation.ts";
import { Repositories } from "./repositories.ts";
import { underLock } from "./under-lock.ts";

const ALICE = { who: "alice", why: "capstan apply" };
const BOB = { who: "bob", why: "capstan apply" };

let world: Repositories;
let clone: string;

beforeEach(async () => {
  world = await Repositories.make();
  clone = await world.clone();
});

afterEach(() => world.remove());

/** As a run at a commit whose `repository` resource says so. */
async function storeAt(record: "folder" | "refs"): Promise<RecordStore> {
  return await openRecord(
    clone,
    { ...DEFAULT_REPOSITORY, record },
    await openRepository(clone),
    processTerminal(),
  );
}

describe("who may write: two runs at commits that keep the record in different places", () => {
  it.each([
    ["folder", "refs"],
    ["refs", "folder"],
  ] as const)("one that keeps it in %s shuts out one that keeps it in %s", async (first, second) => {
    const lock = await (await storeAt(first)).lock(CLUSTER, ALICE, () => {});
    const other = await storeAt(second);
    await expect(other.lock(CLUSTER, BOB, () => {})).rejects.toMatchObject({
      code: "locked",
      message: expect.stringContaining("alice holds the lock"),
    });
    expect(await other.locks()).toMatchObject([{ who: "alice", holder: "alive" }]);
    await lock.confirm();
    await lock.release();
    const next = await other.lock(CLUSTER, BOB, () => {});
    await next.release();
    expect(await (await storeAt("refs")).locks()).toEqual([]);
  });

  it("the lock is one for whoever looks, and ends in both places when it is ended by force", async () => {
    const store = await storeAt("refs");
    const lock = await store.lock(CLUSTER, ALICE, () => {});
    expect(await store.locks()).toHaveLength(1);
    await store.releaseLock({ cluster: CLUSTER, id: lock.id, force: true });
    expect(await store.locks()).toEqual([]);
    expect(await (await storeAt("folder")).locks()).toEqual([]);
    await expect(lock.confirm()).rejects.toMatchObject({ code: "locked" });
    await lock.release();
  });

  it("what is taken from it in the folder alone ends the run, too", async () => {
    const store = await storeAt("refs");
    const lock = await store.lock(CLUSTER, ALICE, () => {});
    const folder = await storeAt("folder");
    const [near] = await folder.locks();
    await folder.releaseLock({ cluster: CLUSTER, id: near?.id ?? "", force: true });
    await expect(lock.confirm()).rejects.toMatchObject({ code: "locked" });
    expect(lock.lost.aborted).toBe(true);
    await lock.release();
    expect(await store.locks()).toEqual([]);
  });

  it("a record that only the other one has is said to be there, and is not read", async () => {
    const folder = await storeAt("folder");
    await underLock(folder, CLUSTER, (store) =>
      store.save({ ...emptyRecord(CLUSTER), rotations: [memory("init")] }),
    );
    const refs = await storeAt("refs");
    expect(await refs.load(CLUSTER)).toEqual(emptyRecord(CLUSTER));
    expect(await refs.whereabouts(CLUSTER)).toMatchObject({
      kind: "refs",
      found: null,
      unread: join(clone, ".capstan", "record", `${CLUSTER}.json`),
    });
    await underLock(refs, CLUSTER, (store) => store.save(emptyRecord(CLUSTER)));
    expect((await refs.whereabouts(CLUSTER)).unread).toBeNull();
  });

  it("nothing but the lock goes into the folder", async () => {
    const store = await storeAt("refs");
    const lock = await store.lock(CLUSTER, ALICE, () => {});
    await store.save({ ...(await store.load(CLUSTER)), cluster: CLUSTER });
    await lock.release();
    expect(existsSync(join(clone, ".capstan", "record"))).toBe(false);
  });
});
