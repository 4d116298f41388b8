import "../world/in-process.ts";
import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { simpleGit } from "simple-git";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Failure } from "../../src/failure.ts";
import { HEARTBEAT_MS, LEASE_MS } from "../../src/record/lease-times.ts";
import { refsStore } from "../../src/record/refs-store.ts";
import type { JournalEntry, RecordStore } from "../../src/record/store.ts";
import type { Repeat } from "../../src/record/tenure.ts";
import { type ClusterRecord, emptyRecord } from "../../src/rotation/record.ts";
import { asWritten } from "../world/as-written.ts";
import { CLUSTER, memory, NOW } from "../world/host-rotation.ts";
import { type Contender, Contenders } from "./contenders.ts";
import { identified, Repositories } from "./repositories.ts";
import { underLock } from "./under-lock.ts";

const MINUTE = 60_000;

let world: Repositories;

beforeEach(async () => {
  world = await Repositories.make();
});

afterEach(async () => {
  await world.remove();
});

/** A store with hands to move: time, and the heartbeat. */
class Run {
  now = NOW;
  readonly notices: string[] = [];
  readonly store: RecordStore;
  #beat: (() => void) | null = null;

  constructor(folder: string) {
    const repeat: Repeat = (beat, ms) => {
      expect(ms).toBe(HEARTBEAT_MS);
      this.#beat = beat;
      return () => {
        this.#beat = null;
      };
    };
    this.store = refsStore({ folder, env: process.env, clock: () => this.now, repeat });
  }

  async lock(who: string) {
    const holder = { who, why: "capstan apply", runUrl: `https://ci.example.com/${who}` };
    return await this.store.lock(CLUSTER, holder, (message) => this.notices.push(message));
  }

  async save(record: ClusterRecord): Promise<void> {
    await underLock(this.store, record.cluster, (store) => store.save(record));
  }

  get beats(): boolean {
    return this.#beat !== null;
  }

  /** Lets the timer strike, and waits until all that it brought is done. */
  async beat(): Promise<void> {
    this.#beat?.();
    await this.store.lockState(CLUSTER).catch(() => {});
    await this.store.append(entry("intended")).catch(() => {});
  }
}

async function run(...flags: readonly string[]): Promise<Run> {
  return new Run(await world.clone(...flags));
}

function record(...phases: Parameters<typeof memory>): ClusterRecord {
  return { ...emptyRecord(CLUSTER), rotations: [memory(...phases)] };
}

function entry(what: JournalEntry["what"], changes: Partial<JournalEntry> = {}): JournalEntry {
  return {
    at: new Date(NOW).toISOString(),
    run: "run",
    commit: "c0ffee",
    cluster: CLUSTER,
    rotation: "host-2026-11",
    authority: "host",
    from: "init",
    to: "update_clients",
    what,
    detail: null,
    ...changes,
  };
}

describe("the record", () => {
  it("is empty where nobody wrote one, and after the refs were lost", async () => {
    const one = await run();
    expect(asWritten(await one.store.load(CLUSTER))).toEqual(emptyRecord(CLUSTER));
    await one.save(record("init"));
    await simpleGit(world.remote).raw(["update-ref", "-d", `refs/capstan/record/${CLUSTER}`]);
    expect(asWritten(await (await run()).store.load(CLUSTER))).toEqual(emptyRecord(CLUSTER));
  });

  it.each([
    ["a full clone each", []],
    ["shallow clones, as CI makes them", ["--depth=1", "--no-local"]],
  ])("survives a walk in which every run starts on a new machine: %s", async (_, flags) => {
    for (const phase of ["init", "update_clients", "update_servers"] as const) {
      const { store } = await run(...flags);
      const before = await store.load(CLUSTER);
      expect(before.rotations[0]?.phases.at(-1)?.phase).toBe(phase === "init" ? undefined : BEFORE[phase]);
      const lock = await store.lock(CLUSTER, { who: "runner", why: phase }, () => {});
      await store.append(entry("intended", { to: phase }));
      await store.save(record(phase));
      await lock.release();
    }
    const { rotations } = asWritten(await (await run(...flags)).store.load(CLUSTER));
    expect(rotations).toEqual([memory("update_servers")]);
  });

  it("keeps what it was before, commit by commit", async () => {
    const one = await run();
    await one.save(record("init"));
    await one.save(record("update_clients"));
    const log = await simpleGit(world.remote).raw(["rev-list", "--count", `refs/capstan/record/${CLUSTER}`]);
    expect(log.trim()).toBe("2");
  });

  it("is not overwritten by a run that read an older one", async () => {
    const [one, other] = [await run(), await run()];
    await one.store.load(CLUSTER);
    await other.store.load(CLUSTER);
    await other.save(record("update_clients"));
    await expect(one.save(record("init"))).rejects.toMatchObject({ code: "storage" });
    expect(asWritten(await one.store.load(CLUSTER))).toEqual(record("update_clients"));
  });

  it("that is damaged is a failure, not an empty one", async () => {
    const folder = await world.clone();
    const git = identified(folder);
    const head = (await git.raw(["rev-parse", "HEAD"])).trim();
    await git.raw(["push", "--quiet", "origin", `${head}:refs/capstan/record/${CLUSTER}`]);
    await expect(new Run(folder).store.load(CLUSTER)).rejects.toMatchObject({ code: "storage" });
  });

  it.each([
    ["commit", ""],
    ["tree", "^{tree}"],
    ["file", ":record.json"],
  ])(
    "whose %s git cannot read is a failure in git's words, and no reason to drop it",
    async (_what, part) => {
      const first = await run();
      await first.save(record("init"));
      const folder = await world.clone();
      const git = identified(folder);
      await git.raw(["fetch", "--quiet", "origin", `refs/capstan/record/${CLUSTER}:refs/seen`]);
      const oid = (await git.raw(["rev-parse", `refs/seen${part}`])).trim();
      const object = join(folder, ".git", "objects", oid.slice(0, 2), oid.slice(2));
      await chmod(object, 0o644);
      await writeFile(object, "damaged");
      const failure = await new Run(folder).store.load(CLUSTER).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "storage" });
      expect(String((failure as Failure).hint)).not.toMatch(/move it away|push/);
    },
  );

  it("takes any name of a cluster", async () => {
    const { store } = await run();
    const names = ["prod.lock", "a..b", ".hidden", "acme/eu", "spaß ~^:?*[\\@{", "x.", "--upload-pack=evil"];
    for (const cluster of names) {
      await underLock(store, cluster, async () => {
        await store.save({ ...record("init"), cluster });
        await store.append(entry("observed", { cluster, rotation: "--upload-pack=evil" }));
      });
    }
    const fresh = await run();
    const records = await Promise.all(names.map((cluster) => fresh.store.load(cluster)));
    expect(records.map(({ cluster }) => cluster)).toEqual(names);
  });
});

const BEFORE = { update_clients: "init", update_servers: "update_clients" } as const;

describe("the backup of what the CAs are", () => {
  it("is a commit in the remote, on top of those before it", async () => {
    const { store } = await run();
    await store.lock(CLUSTER, { who: "alice", why: "capstan apply" }, () => {});
    const backup = { format_version: "1.0", at: "2026-11-21T12:00:00.000Z", cluster: CLUSTER } as const;
    const first = await store.backup({ ...backup, authorities: [] }, null);
    const second = await store.backup(
      { ...backup, at: "2026-11-22T12:00:00.000Z", authorities: [] },
      "sealed\n",
    );
    const ref = `refs/capstan/backup/${CLUSTER}`;
    const tip = (await simpleGit(world.remote).raw(["rev-parse", ref])).trim();
    expect(second).toBe(`${tip} of ${ref}`);
    const [commit = ""] = first.split(" ");
    const text = await simpleGit(world.remote).raw(["show", `${commit}:backup.json`]);
    expect(JSON.parse(text)).toEqual({ ...backup, authorities: [] });
    const files = async (at: string) =>
      (await simpleGit(world.remote).raw(["ls-tree", "--name-only", at])).trim().split("\n");
    expect(await files(commit)).toEqual(["backup.json"]);
    expect(await files(tip)).toEqual(["backup.age", "backup.json"]);
    expect(await simpleGit(world.remote).raw(["show", `${tip}:backup.age`])).toBe("sealed\n");
    expect((await simpleGit(world.remote).raw(["rev-list", "--count", ref])).trim()).toBe("2");
  });
});

describe("the journal", () => {
  it("grows by every entry, in order, also of another run after this one", async () => {
    for (const who of ["one", "other"]) {
      await underLock((await run()).store, CLUSTER, async (store) => {
        await Promise.all([
          store.append(entry("intended", { detail: who })),
          store.append(entry("observed", { detail: who })),
        ]);
      });
    }
    const lines = await simpleGit(world.remote).raw([
      "log",
      "--reverse",
      "--format=%s",
      `refs/capstan/journal/${CLUSTER}`,
    ]);
    const [intended, observed] = ["intended", "observed"].map(
      (what) => `host-2026-11 host init → update_clients: ${what}`,
    );
    expect(lines.trim().split("\n")).toEqual([intended, observed, intended, observed]);
  });
});

describe("the clone", () => {
  it("is left as it was: no ref, no FETCH_HEAD, no file, and none of its hooks is run", async () => {
    await (await run()).save(record("init"));
    const folder = await world.clone();
    writeFileSync(join(folder, ".git", "hooks", "pre-push"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const before = await snapshot(folder);
    const one = new Run(folder);
    const lock = await one.lock("alice");
    await one.store.save({ ...(await one.store.load(CLUSTER)), rotations: [] });
    await one.store.append(entry("observed"));
    await lock.release();
    expect(await snapshot(folder)).toEqual(before);
  });

  it.each([
    ["SHA-1", 40],
    ["SHA-256", 64],
  ])("with names by %s gets commits as git itself makes them", async (_, length) => {
    const format = `--object-format=${length === 64 ? "sha256" : "sha1"}`;
    const remote = join(world.folder, `named-${length}.git`);
    const folder = join(world.folder, `named-${length}`);
    await simpleGit(world.folder).raw(["init", "--quiet", "--bare", format, remote]);
    await simpleGit(world.folder).raw(["init", "--quiet", format, folder]);
    await simpleGit(folder).raw(["remote", "add", "origin", remote]);
    const one = new Run(folder);
    const written = { ...record("init"), rotations: [memory("init", { reason: "…ü\n".repeat(9000) })] };
    await one.save(written);
    const again = { ...(await one.store.load(CLUSTER)), rotations: [] };
    await one.save(again);
    const git = simpleGit(remote);
    const ref = `refs/capstan/record/${CLUSTER}`;
    expect((await git.raw(["rev-parse", ref])).trim()).toHaveLength(length);
    expect(await git.raw(["fsck", "--strict", "--no-dangling"])).toBe("");
    expect((await git.raw(["ls-tree", "-r", ref])).split("\n")[0]).toMatch(/^100644 blob \w+\trecord\.json$/);
    expect(await git.raw(["log", "--format=%an <%ae> %at %cn <%ce> %ct %B", "-1", ref])).toBe(
      `capstan <capstan@localhost> ${NOW / 1000} capstan <capstan@localhost> ${NOW / 1000} record of ${CLUSTER}\n\n`,
    );
    expect(await git.raw(["rev-list", "--count", ref])).toBe("2\n");
    expect(JSON.parse(await git.raw(["show", `${ref}~1:record.json`])).rotations[0].reason).toHaveLength(
      27000,
    );
    expect(await simpleGit(folder).raw(["fsck", "--strict", "--no-dangling"])).toBe("");
  });

  it.each([
    ["push.pushOption", "ci.skip"],
    ["remote.origin.mirror", "true"],
    ["push.followTags", "true"],
    ["push.gpgSign", "if-asked"],
  ])("has habits of its own (%s), which are no business of the record", async (name, value) => {
    const folder = await world.clone();
    await simpleGit(folder).raw(["config", name, value]);
    await new Run(folder).save(record("init"));
    const refs = await simpleGit(world.remote).raw(["for-each-ref", "--format=%(refname)"]);
    expect(
      refs
        .trim()
        .split("\n")
        .filter((ref) => !ref.startsWith("refs/heads/")),
    ).toEqual(["refs/capstan/lock", `refs/capstan/record/${CLUSTER}`]);
  });

  it("a full one is not made shallow", async () => {
    await (await run()).save(record("init"));
    const folder = await world.clone("--no-local");
    await new Run(folder).store.load(CLUSTER);
    expect((await simpleGit(folder).raw(["rev-parse", "--is-shallow-repository"])).trim()).toBe("false");
  });

  async function snapshot(folder: string) {
    const git = simpleGit(folder);
    return {
      refs: await git.raw(["for-each-ref"]),
      status: await git.raw(["status", "--porcelain", "--ignored"]),
      head: await git.raw(["rev-parse", "HEAD"]),
      files: readdirSync(join(folder, ".git")).sort(),
    };
  }
});

describe("the lock", () => {
  it("names its holder to whoever comes second, and is free after its release", async () => {
    const [one, other] = [await run(), await run()];
    const lock = await one.lock("alice");
    await expect(other.lock("bob")).rejects.toMatchObject({
      code: "locked",
      message: expect.stringMatching(
        /^alice holds the lock of acme\.cluster since .*https:\/\/ci\.example\.com\/alice.*capstan apply$/,
      ),
      hint: expect.stringContaining("alive"),
    });
    await lock.release();
    expect(await other.store.lockState(CLUSTER)).toBeNull();
    await (await other.lock("bob")).release();
    expect(other.notices).toEqual([]);
  });

  it("is shown with who, why, run, since, heartbeat and expiry", async () => {
    const one = await run();
    const { id } = await one.lock("alice");
    expect(await (await run()).store.lockState(CLUSTER)).toMatchObject({
      id,
      who: "alice",
      why: "capstan apply",
      runUrl: "https://ci.example.com/alice",
      since: new Date(NOW).toISOString(),
      heartbeat: new Date(NOW).toISOString(),
      expires: new Date(NOW + LEASE_MS).toISOString(),
    });
  });

  it("is renewed by heartbeats and by every write", async () => {
    const one = await run();
    await one.lock("alice");
    one.now += MINUTE;
    await one.store.save(record("init"));
    expect(await one.store.lockState(CLUSTER)).toMatchObject({
      expires: new Date(one.now + LEASE_MS).toISOString(),
    });
    one.now += MINUTE;
    await one.beat();
    const other = await run();
    other.now = NOW + LEASE_MS + 1;
    await expect(other.lock("bob")).rejects.toMatchObject({ code: "locked" });
    expect(await other.store.lockState(CLUSTER)).toMatchObject({
      heartbeat: new Date(one.now).toISOString(),
    });
  });

  it("of a killed run is taken over once its lease is over, with a notice, and not before", async () => {
    const [one, other] = [await run(), await run()];
    await one.lock("alice");
    other.now = NOW + LEASE_MS + MINUTE - 1;
    await expect(other.lock("bob")).rejects.toMatchObject({ code: "locked" });
    other.now = NOW + LEASE_MS + MINUTE;
    await (await other.lock("bob")).release();
    expect(other.notices).toEqual([
      expect.stringMatching(/^the lock of alice \(https:\/\/ci\.example\.com\/alice\).*taking it over$/),
    ]);
  });

  it("that was taken over lets the slow run write nothing more, and tells it", async () => {
    const [one, other] = [await run(), await run()];
    await one.save(record("init"));
    const lock = await one.lock("alice");
    other.now = NOW + LEASE_MS + MINUTE;
    await other.lock("bob");
    await other.store.load(CLUSTER);
    await expect(one.store.save(record("update_servers"))).rejects.toMatchObject({
      code: "locked",
      message: expect.stringContaining("bob took it over"),
    });
    expect(lock.lost.aborted).toBe(true);
    expect(lock.lost.reason).toMatchObject({ code: "locked" });
    await expect(one.store.append(entry("observed"))).rejects.toMatchObject({ code: "locked" });
    expect(one.beats).toBe(false);
    await lock.release();
    expect(await other.store.lockState(CLUSTER)).toMatchObject({ who: "bob" });
    expect(asWritten(await other.store.load(CLUSTER))).toEqual(record("init"));
  });

  it("notices by its heartbeat that it was taken over", async () => {
    const [one, other] = [await run(), await run()];
    const lock = await one.lock("alice");
    other.now = NOW + LEASE_MS + MINUTE;
    await other.lock("bob");
    await one.beat();
    expect(lock.lost.aborted).toBe(true);
  });

  it("is given up when it cannot be renewed in time, and not for one lost beat", async () => {
    const folder = await world.clone();
    const one = new Run(folder);
    const lock = await one.lock("alice");
    await simpleGit(folder).raw(["remote", "set-url", "origin", join(world.folder, "gone.git")]);
    one.now += MINUTE;
    await one.beat();
    expect(lock.lost.aborted).toBe(false);
    one.now = NOW + LEASE_MS;
    await one.beat();
    expect(lock.lost.aborted).toBe(true);
    expect(String(lock.lost.reason)).toContain("could not be renewed");
  });

  it("that cannot be released is no error: it ends by itself", async () => {
    const folder = await world.clone();
    const one = new Run(folder);
    const lock = await one.lock("alice");
    await simpleGit(folder).raw(["remote", "set-url", "origin", join(world.folder, "gone.git")]);
    await lock.release();
    expect(one.notices).toEqual([expect.stringContaining("by itself")]);
  });

  it("is ended by a person who names it, and only that one", async () => {
    const [one, other] = [await run(), await run()];
    const release = (id: string, force = false) => other.store.releaseLock({ cluster: CLUSTER, id, force });
    await expect(release("x", true)).rejects.toMatchObject({ code: "usage" });
    const lock = await one.lock("alice");
    await expect(release("x", true)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining(lock.id),
    });
    await expect(release(lock.id)).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("is alive"),
      hint: expect.stringContaining("two runs may be at work"),
    });
    expect(await release(lock.id, true)).toMatchObject({ who: "alice" });
    await expect(one.store.append(entry("observed"))).rejects.toMatchObject({
      message: expect.stringContaining("somebody released it"),
    });
  });

  it("that nobody can read blocks, and says how to look at it", async () => {
    const folder = await world.clone();
    const git = identified(folder);
    const head = (await git.raw(["rev-parse", "HEAD"])).trim();
    await git.raw(["push", "--quiet", "origin", `${head}:refs/capstan/locks/${CLUSTER}`]);
    await expect(new Run(folder).lock("alice")).rejects.toMatchObject({ code: "locked" });
  });

  it("works on a remote that takes fast-forwards only", async () => {
    await simpleGit(world.remote).raw(["config", "receive.denyNonFastForwards", "true"]);
    const [one, other] = [await run(), await run()];
    await one.lock("alice");
    await one.beat();
    other.now = NOW + 2 * LEASE_MS;
    await (await other.lock("bob")).release();
  });
});

describe("a remote that does not let us", () => {
  it("because it refuses the push: says what right is missing", async () => {
    const hook = join(world.remote, "hooks", "pre-receive");
    writeFileSync(hook, "#!/bin/sh\necho 'permission denied' >&2\nexit 1\n", { mode: 0o755 });
    await expect((await run()).lock("alice")).rejects.toMatchObject({
      code: "denied",
      hint: expect.stringContaining("a rule or a hook of the server declines it"),
    });
  });

  it("because it is not there: says so without the token in its address", async () => {
    const folder = await world.clone();
    const url = "https://bot:hunter2@127.0.0.1:1/acme/pki.git";
    await simpleGit(folder).raw(["remote", "set-url", "origin", url]);
    const failure = await new Run(folder).store.load(CLUSTER).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "storage" });
    expect(String(failure)).not.toContain("hunter2");
  });
});

describe("a remote that is read at one address and pushed to at another", () => {
  it.each([
    ["pushurl", (home: string) => ["remote.origin.pushurl", home]],
    ["pushInsteadOf", (home: string) => [`url.${home}.pushInsteadOf`, world.remote]],
  ] as const)("(%s) has its lock and its record where it is pushed to", async (_, setting) => {
    const home = join(world.folder, "home.git");
    await simpleGit(world.folder).raw(["clone", "--quiet", "--bare", world.remote, home]);
    const folder = await world.clone();
    execFileSync("git", ["-C", folder, "config", ...setting(home)]);
    const plain = await world.clone();
    await simpleGit(plain).raw(["remote", "set-url", "origin", home]);
    const [apart, other] = [new Run(folder), new Run(plain)];
    const lock = await apart.lock("alice");
    await lock.confirm();
    await expect(other.lock("bob")).rejects.toMatchObject({ message: expect.stringContaining("alice") });
    await apart.store.save(record("init"));
    await lock.release();
    expect(apart.notices).toEqual([]);
    expect(asWritten(await other.store.load(CLUSTER))).toEqual(record("init"));
    expect(asWritten(await new Run(folder).store.load(CLUSTER))).toEqual(record("init"));
    await (await other.lock("bob")).release();
  });

  it("is refused where there are several: no lock is at two places at once", async () => {
    const folder = await world.clone();
    for (const url of [world.remote, join(world.folder, "other.git")]) {
      await simpleGit(folder).raw(["config", "--add", "remote.origin.pushurl", url]);
    }
    await expect(new Run(folder).lock("alice")).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("2 addresses"),
    });
  });
});

describe("two processes on two clones", () => {
  const contenders = new Contenders();

  beforeAll(() => contenders.build());
  afterEach(() => contenders.kill());
  afterAll(() => contenders.remove());

  it("at once: exactly one works, the others name it", async () => {
    const folders = await Promise.all([world.clone(), world.clone(), world.clone(), world.clone()]);
    const runs = folders.map((folder, index) =>
      contenders.start("refs", folder, `runner-${index}`, "forever"),
    );
    const losers = await firstAnswers(runs, runs.length - 1);
    const holder = await (await run()).store.lockState(CLUSTER);
    expect(losers).toHaveLength(3);
    for (const [loser] of losers) {
      expect(loser).toMatchObject({
        got: false,
        code: "locked",
        message: expect.stringContaining(`${holder?.who}`),
      });
      expect(loser?.["who"]).not.toBe(holder?.who);
    }
  });

  it("killed while it holds the lock: the next one waits for the end of the lease", async () => {
    const contender = contenders.start("refs", await world.clone(), "killed", "forever");
    await contender.firstAnswer();
    await contender.kill();
    const next = await run();
    next.now = Date.now();
    await expect(next.lock("next")).rejects.toMatchObject({ message: expect.stringContaining("killed") });
    next.now += LEASE_MS + MINUTE;
    await next.lock("next");
    expect(next.notices).toEqual([expect.stringContaining("the lock of killed")]);
  });
});

/** The answers of the processes that end first; the test hangs when too many of them got the lock. */
async function firstAnswers(runs: readonly Contender[], wanted: number) {
  const answers: (readonly Record<string, unknown>[])[] = [];
  await new Promise<void>((resolve) => {
    for (const one of runs) {
      void one.answers().then((lines) => {
        answers.push(lines);
        if (answers.length === wanted) resolve();
      });
    }
  });
  return answers;
}

describe("in an environment that is not capstan's", () => {
  const before = { ...process.env };
  beforeAll(() => {
    process.env["GIT_DIR"] = "/nonexistent";
    process.env["GIT_INDEX_FILE"] = "/nonexistent";
    process.env["LANG"] = "de_DE.UTF-8";
    process.env["EDITOR"] = "vi";
  });
  afterAll(() => {
    for (const name of ["GIT_DIR", "GIT_INDEX_FILE", "LANG", "EDITOR"]) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });

  it("inside a git hook, in another language: works on the clone that it was given", async () => {
    const one = await run();
    await one.save(record("init"));
    await (await one.lock("alice")).release();
  });
});
