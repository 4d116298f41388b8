import "../world/in-process.ts";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { simpleGit } from "simple-git";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LEASE_MS, SKEW_MS } from "../../src/record/lease-times.ts";
import { refsStore } from "../../src/record/refs-store.ts";
import { RemoteRefs } from "../../src/record/remote-refs.ts";
import { asWritten } from "../world/as-written.ts";
import { CLUSTER, NOW } from "../world/host-rotation.ts";
import { Repositories } from "./repositories.ts";

const HOLDER = { who: "bob", why: "capstan apply" };
const OLDER = "refs/capstan/lock";

/** As 0.1.0 wrote them. */
const [LOCK, RECORD] = ["lock-0.1.0.json", "record-0.1.0.json"].map((name) =>
  readFileSync(join(import.meta.dirname, "..", "..", "fixtures", "upgrade", name), "utf8"),
) as [string, string];

let world: Repositories;
let refs: RemoteRefs;
let folder: string;

beforeEach(async () => {
  world = await Repositories.make();
  folder = await world.clone();
  refs = new RemoteRefs(folder, "origin", process.env);
});

afterEach(() => world.remove());

async function put(ref: string, file: string, text: string): Promise<void> {
  const from = await refs.tip(ref);
  expect(
    await refs.move([{ ref, from, to: await refs.commit({ [file]: text }, from, "0.1.0\n", NOW) }]),
  ).toBe(true);
}

/** The lease of a 0.1.0 that was heard of at this time. */
async function leaveLease(heartbeat: number): Promise<void> {
  const times = {
    heartbeat: new Date(heartbeat).toISOString(),
    expires: new Date(heartbeat + LEASE_MS).toISOString(),
  };
  await put(OLDER, "lock.json", JSON.stringify({ ...JSON.parse(LOCK), ...times, beats: 3 }));
}

async function atRemote(ref: string, file: string) {
  const git = simpleGit(world.remote);
  return JSON.parse(await git.raw(["show", `${ref}:${file}`]));
}

const store = (now = NOW) =>
  refsStore({ folder, env: process.env, clock: () => now, repeat: () => () => {} });

describe("an upgrade from 0.1.0 with the record in refs", () => {
  it("goes on with its record, and loses nothing of it at the next write", async () => {
    const ref = `refs/capstan/record/${CLUSTER}`;
    await put(ref, "record.json", RECORD);
    const upgraded = store();
    const lock = await upgraded.lock(CLUSTER, HOLDER, () => {});
    const record = asWritten(await upgraded.load(CLUSTER));
    expect(record).toEqual(JSON.parse(RECORD));
    await upgraded.save(record);
    expect(await atRemote(ref, "record.json")).toEqual(JSON.parse(RECORD));
    await lock.release();
  });

  it("waits for a run of it that lives, and says whose it is", async () => {
    await leaveLease(NOW);
    const stands = await refs.tip(OLDER);
    for (const now of [NOW, NOW + LEASE_MS + SKEW_MS - 1]) {
      await expect(store(now).lock(CLUSTER, HOLDER, () => {})).rejects.toMatchObject({
        code: "locked",
        message: expect.stringContaining("alice@ops-1 holds the lock of every cluster"),
      });
    }
    expect(await store().locks()).toMatchObject([{ cluster: null, who: "alice@ops-1" }]);
    expect(await refs.tip(OLDER)).toBe(stands);
    expect(await refs.tip(`refs/capstan/locks/${CLUSTER}`)).toBeNull();
  });

  it.each([
    ["that is gone", async () => await leaveLease(NOW - LEASE_MS - SKEW_MS)],
    ["that comes later", async () => {}],
  ])("keeps a run of it out %s: it finds a lease that does not end", async (_, before) => {
    await before();
    const lock = await store().lock(CLUSTER, HOLDER, () => {});
    const guard = await atRemote(OLDER, "lock.json");
    expect(guard).toMatchObject({ who: "a newer version of capstan", beats: 0, pid: 0 });
    // What 0.1.0 asks of a lease before it takes it over: whether it ran out a minute ago.
    expect(Date.parse(guard.expires)).toBeGreaterThan(Date.parse("2999-01-01"));
    await lock.release();
    expect(await refs.tip(OLDER)).not.toBeNull();
    expect(await store().locks()).toEqual([]);
  });

  it("of two that upgrade at once one holds the lock", async () => {
    await leaveLease(NOW - LEASE_MS - SKEW_MS);
    const both = await Promise.allSettled(
      [store(), store()].map((one) => one.lock(CLUSTER, HOLDER, () => {})),
    );
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  it("whose lock nobody can read says how to look at it", async () => {
    await put(OLDER, "lock.json", "{");
    await expect(store().lock(CLUSTER, HOLDER, () => {})).rejects.toMatchObject({
      code: "locked",
      message: expect.stringContaining(OLDER),
    });
  });
});
