import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { folderStore } from "../../src/record/folder-store.ts";
import type { JournalEntry } from "../../src/record/store.ts";
import { emptyRecord } from "../../src/rotation/record.ts";
import { CLUSTER, memory, NOW } from "../world/host-rotation.ts";
import { underLock } from "./under-lock.ts";

const ALICE = { who: "alice", why: "capstan apply", runUrl: "https://ci.example.com/1" };
const BOB = { who: "bob", why: "capstan apply" };

const ENTRY: JournalEntry = {
  at: new Date(NOW).toISOString(),
  run: "run",
  commit: null,
  cluster: CLUSTER,
  rotation: "host-2026-11",
  authority: "host",
  from: "init",
  to: "update_clients",
  what: "intended",
  detail: null,
};

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "capstan-folder-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function store() {
  return folderStore(folder, () => NOW);
}

const silent = () => {};

describe("the lock of a folder", () => {
  it("is shown, and names its holder to whoever comes second", async () => {
    const lock = await store().lock(CLUSTER, ALICE, silent);
    expect(await store().lockState(CLUSTER)).toMatchObject({
      ...ALICE,
      cluster: CLUSTER,
      id: lock.id,
      holder: "alive",
      heartbeat: new Date(NOW).toISOString(),
    });
    await expect(store().lock(CLUSTER, BOB, silent)).rejects.toMatchObject({
      code: "locked",
      message: expect.stringContaining(`alice holds the lock of ${CLUSTER}`),
      hint: expect.stringContaining("it is alive"),
    });
    expect(lock.lost.aborted).toBe(false);
    await lock.release();
    expect(await store().lockState(CLUSTER)).toBeNull();
  });

  it("shuts nobody out of another cluster", async () => {
    await store().lock(CLUSTER, ALICE, silent);
    await store().lock("other.cluster", BOB, silent);
    expect((await store().locks()).map(({ cluster, who }) => [cluster, who])).toEqual([
      [CLUSTER, "alice"],
      ["other.cluster", "bob"],
    ]);
  });

  it("of many clusters is had at once, in a folder that nobody has used yet", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `c${index}`);
    const locks = await Promise.all(names.map((name) => store().lock(name, ALICE, silent)));
    expect(locks.map(({ cluster }) => cluster)).toEqual(names);
    const before = await readFile(join(folder, "lock.json"), "utf8");
    await (await store().lock(CLUSTER, ALICE, silent)).release();
    // What keeps an older version out is put there once.
    expect(await readFile(join(folder, "lock.json"), "utf8")).toBe(before);
  });

  it("that nobody can read is said to be that of its cluster, and ends when a person ends it", async () => {
    await (await store().lock(CLUSTER, ALICE, silent)).release();
    await writeFile(join(folder, "locks", CLUSTER, "2.json"), '{"id');
    const [lock] = await store().locks();
    expect(lock).toMatchObject({ cluster: CLUSTER, why: "the lock cannot be read" });
    await store().releaseLock({ cluster: lock?.cluster ?? null, id: lock?.id ?? "", force: true });
    expect(await store().locks()).toEqual([]);
    await (await store().lock(CLUSTER, BOB, silent)).release();
  });

  it("is shown whatever else a file manager leaves beside it", async () => {
    await store().lock(CLUSTER, ALICE, silent);
    await writeFile(join(folder, "locks", ".DS_Store"), "");
    expect(await store().locks()).toMatchObject([{ cluster: CLUSTER, who: "alice" }]);
  });

  it.each(["..", ".", "a/../../b", "x.lock", "acme\nEU", "%2e%2e", "ÄÖ ☃", "con"])(
    "is a file below the folder for a cluster called %j",
    async (cluster) => {
      await store().lock(cluster, ALICE, silent);
      expect((await store().locks()).map((lock) => lock.cluster)).toEqual([cluster]);
      expect(await readdir(folder)).toEqual([".gitignore", "lock.json", "locks"]);
      expect(await readdir(join(folder, "locks"))).toHaveLength(1);
    },
  );

  it("of a living run is released by force alone, and that run writes nothing more", async () => {
    const mine = store();
    const lock = await mine.lock(CLUSTER, ALICE, silent);
    const release = (id: string, force: boolean) => store().releaseLock({ cluster: CLUSTER, id, force });
    await expect(release("x", true)).rejects.toMatchObject({ code: "usage" });
    await expect(release(lock.id, false)).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("is alive"),
      hint: expect.stringContaining("two runs may be at work"),
    });
    await expect(lock.confirm()).resolves.toBeUndefined();
    expect(await release(lock.id, true)).toMatchObject({ who: "alice" });
    await expect(release(lock.id, true)).rejects.toMatchObject({ code: "usage" });
    await expect(mine.save(emptyRecord(CLUSTER))).rejects.toMatchObject({ code: "locked" });
    await expect(lock.confirm()).rejects.toMatchObject({ code: "locked" });
    expect(lock.lost.aborted).toBe(true);
    await (await store().lock(CLUSTER, BOB, silent)).release();
  });

  it("is needed for every write", async () => {
    const mine = store();
    const backup = {
      format_version: "1.0",
      at: "2026-11-21T12:00:00.000Z",
      cluster: CLUSTER,
      authorities: [],
    } as const;
    await mine.lock("other.cluster", ALICE, silent);
    await expect(mine.save(emptyRecord(CLUSTER))).rejects.toMatchObject({ code: "locked" });
    await expect(mine.backup(backup, null)).rejects.toMatchObject({ code: "locked" });
    await expect(mine.append({ ...ENTRY, cluster: CLUSTER })).rejects.toMatchObject({ code: "locked" });
    expect(await readdir(folder)).toEqual([".gitignore", "lock.json", "locks"]);
  });

  it("does not let a run write over what it has not read", async () => {
    const [one, other] = [store(), store()];
    await one.load(CLUSTER);
    await underLock(other, CLUSTER, () =>
      other.save({ ...emptyRecord(CLUSTER), rotations: [memory("init")] }),
    );
    await expect(underLock(one, CLUSTER, () => one.save(emptyRecord(CLUSTER)))).rejects.toMatchObject({
      code: "storage",
    });
  });
});
