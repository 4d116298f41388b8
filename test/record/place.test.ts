import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRecord } from "../../src/cli/open-record.ts";
import { processTerminal } from "../../src/cli/terminal.ts";
import { openRepository } from "../../src/git/repository.ts";
import { folderStore } from "../../src/record/folder-store.ts";
import type { RecordStore } from "../../src/record/store.ts";
import { DEFAULT_REPOSITORY } from "../../src/resources/model/default-repository.ts";
import { type ClusterRecord, emptyRecord } from "../../src/rotation/record.ts";
import { asWritten } from "../world/as-written.ts";
import { CLUSTER, memory, NOW } from "../world/host-rotation.ts";
import { underLock } from "./under-lock.ts";

const HOLDER = { who: "alice", why: "capstan apply" };
const RECORD: ClusterRecord = { ...emptyRecord(CLUSTER), rotations: [memory("init")] };
const LATER: ClusterRecord = { ...emptyRecord(CLUSTER), rotations: [memory("update_clients")] };

let world: string;
let top: string;

beforeEach(() => {
  world = realpathSync(mkdtempSync(join(tmpdir(), "capstan-place-")));
  top = join(world, "repository");
  mkdirSync(join(top, "pki", "prod"), { recursive: true });
  git(top, "init", "--quiet");
  git(
    top,
    "-c",
    "user.name=t",
    "-c",
    "user.email=t@localhost",
    "commit",
    "--quiet",
    "--allow-empty",
    "-m",
    "first",
  );
});

afterEach(() => rmSync(world, { recursive: true, force: true }));

function git(folder: string, ...args: readonly string[]): void {
  execFileSync("git", args, { cwd: folder });
}

async function open(folder: string): Promise<RecordStore> {
  const terminal = { ...processTerminal(), now: () => NOW };
  return await openRecord(folder, DEFAULT_REPOSITORY, await openRepository(folder), terminal);
}

const home = async (folder: string) => (await (await open(folder)).whereabouts(CLUSTER)).home;

/** As 0.1.0 left it in a folder that it was called for. */
function leaveOlder(folder: string, record: ClusterRecord): string {
  const file = join(folder, ".capstan", "record", `${CLUSTER}.json`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`);
  writeFileSync(join(folder, ".capstan", "journal.jsonl"), '{"what":"intended"}\n');
  return file;
}

describe("the record and the lock belong to the repository", () => {
  it("whichever folder a command is about", async () => {
    for (const folder of [top, join(top, "pki"), join(top, "pki", "prod")]) {
      expect(await home(folder)).toBe(join(top, ".capstan"));
    }
    const lock = await (await open(join(top, "pki"))).lock(CLUSTER, HOLDER, () => {});
    await expect((await open(top)).lock(CLUSTER, HOLDER, () => {})).rejects.toMatchObject({ code: "locked" });
    await lock.release();
  });

  it("whichever work tree it is, also of a bare repository, and one whose git directory is elsewhere", async () => {
    git(top, "worktree", "add", "--quiet", join(world, "linked"));
    expect(await home(join(world, "linked"))).toBe(join(top, ".capstan"));
    git(world, "clone", "--quiet", "--bare", top, "bare.git");
    git(join(world, "bare.git"), "worktree", "add", "--quiet", join(world, "of-bare"), "HEAD");
    expect(await home(join(world, "of-bare"))).toBe(join(world, "bare.git", "capstan"));
    git(world, "clone", "--quiet", `--separate-git-dir=${join(world, "git-dir")}`, top, "separate");
    git(join(world, "separate"), "worktree", "add", "--quiet", join(world, "of-separate"));
    expect(await home(join(world, "separate"))).toBe(join(world, "git-dir", "capstan"));
    expect(await home(join(world, "of-separate"))).toBe(join(world, "git-dir", "capstan"));
  });

  it("a submodule is a repository of its own", async () => {
    git(world, "clone", "--quiet", top, "module");
    git(
      top,
      "-c",
      "protocol.file.allow=always",
      "submodule",
      "--quiet",
      "add",
      join(world, "module"),
      "module",
    );
    expect(await home(join(top, "module"))).toBe(join(top, "module", ".capstan"));
  });

  it("a submodule keeps it whatever it is called, and when it gets a sparse checkout", async () => {
    git(world, "clone", "--quiet", top, "module");
    const add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add"];
    git(top, ...add, join(world, "module"), "module #1");
    const module = join(top, "module #1");
    expect(await home(module)).toBe(join(module, ".capstan"));
    git(module, "sparse-checkout", "set", "pki");
    expect(await home(module)).toBe(join(module, ".capstan"));
  });

  it("a folder in no repository keeps its own", async () => {
    const folder = join(world, "alone");
    mkdirSync(folder);
    expect(await home(folder)).toBe(join(folder, ".capstan"));
  });

  it.each([".capstan", ".capstan/record", ".capstan/locks", ".capstan/backup"])(
    "a link out of the repository in the place of %s is refused",
    async (path) => {
      const outside = join(world, "outside");
      mkdirSync(outside);
      mkdirSync(dirname(join(top, path)), { recursive: true });
      symlinkSync(outside, join(top, path));
      await expect(open(join(top, "pki"))).rejects.toMatchObject({ code: "refused" });
    },
  );

  it("a journal that is a link is not written through", async () => {
    const outside = join(world, "outside");
    writeFileSync(outside, "");
    mkdirSync(join(top, ".capstan"));
    symlinkSync(outside, join(top, ".capstan", "journal.jsonl"));
    const store = await open(top);
    const entry = {
      at: "",
      run: "",
      commit: null,
      cluster: CLUSTER,
      rotation: "",
      authority: "",
      from: "",
      to: "",
    };
    await expect(
      underLock(store, CLUSTER, () => store.append({ ...entry, what: "intended", detail: null })),
    ).rejects.toMatchObject({ code: "storage" });
    expect(readFileSync(outside, "utf8")).toBe("");
  });

  it("no commit takes it along", async () => {
    const store = await open(join(top, "pki"));
    await underLock(store, CLUSTER, () => store.save(RECORD));
    expect(execFileSync("git", ["status", "--porcelain"], { cwd: top }).toString()).toBe("");
  });

  it("a record that was not found is told from an empty one", async () => {
    const store = await open(top);
    expect(await store.whereabouts(CLUSTER)).toEqual({
      kind: "folder",
      home: join(top, ".capstan"),
      found: null,
      unread: null,
    });
    await underLock(store, CLUSTER, () => store.save(emptyRecord(CLUSTER)));
    expect(await store.whereabouts(CLUSTER)).toMatchObject({ found: expect.stringContaining(CLUSTER) });
  });
});

describe("a record that an older version left below another folder", () => {
  it.each([
    ["where a command is about that folder", "pki"],
    ["where it is about one below", "pki/prod"],
    ["where it is about the top", "."],
  ])("is read there, and moved once, under the lock, with a line: %s", async (_, about) => {
    const file = leaveOlder(join(top, "pki"), RECORD);
    const store = await open(join(top, about));
    expect(asWritten(await store.load(CLUSTER))).toEqual(RECORD);
    expect(await store.whereabouts(CLUSTER)).toMatchObject({ found: file });
    const notices: string[] = [];
    const lock = await store.lock(CLUSTER, HOLDER, (line) => notices.push(line));
    expect(notices).toEqual([
      expect.stringContaining(`the record of ${CLUSTER} moved from ${join(top, "pki", ".capstan")}`),
    ]);
    expect(asWritten(await store.load(CLUSTER))).toEqual(RECORD);
    await store.save(LATER);
    await lock.release();
    expect(existsSync(file)).toBe(false);
    expect(readFileSync(join(top, ".capstan", "journal.jsonl"), "utf8")).toBe('{"what":"intended"}\n');
    const again: string[] = [];
    await (await (await open(top)).lock(CLUSTER, HOLDER, (line) => again.push(line))).release();
    expect(again).toEqual([]);
    expect(asWritten(await (await open(join(top, "pki"))).load(CLUSTER))).toEqual(LATER);
  });

  it("is an error where two disagree, for whoever reads and whoever would write", async () => {
    const [one, other] = [leaveOlder(join(top, "pki"), RECORD), leaveOlder(top, LATER)];
    const store = await open(join(top, "pki"));
    const both = { code: "storage", message: expect.stringContaining(one) };
    await expect(store.load(CLUSTER)).rejects.toMatchObject(both);
    await expect(store.lock(CLUSTER, HOLDER, () => {})).rejects.toMatchObject(both);
    expect([one, other].every((file) => existsSync(file))).toBe(true);
    expect(await store.lockState(CLUSTER)).toBeNull();
  });

  it("is one record where two agree, or one of them says nothing", async () => {
    leaveOlder(join(top, "pki"), RECORD);
    leaveOlder(join(top, "pki", "prod"), emptyRecord(CLUSTER));
    leaveOlder(top, RECORD);
    const store = await open(join(top, "pki", "prod"));
    await underLock(store, CLUSTER, () => store.save(LATER));
    expect(asWritten(await (await open(top)).load(CLUSTER))).toEqual(LATER);
  });

  it("is found in another work tree of the repository", async () => {
    const linked = join(world, "linked");
    git(top, "worktree", "add", "--quiet", linked);
    leaveOlder(linked, RECORD);
    expect(asWritten(await (await open(top)).load(CLUSTER))).toEqual(RECORD);
  });

  it("of another cluster stays, for the run that locks that one", async () => {
    const file = leaveOlder(join(top, "pki"), RECORD);
    await underLock(await open(top), "other.cluster", async () => {});
    expect(existsSync(file)).toBe(true);
    expect(asWritten(await (await open(join(top, "pki"))).load(CLUSTER))).toEqual(RECORD);
  });
});

describe("a lock of 0.1.0, which had one for all clusters", () => {
  /** As it wrote them, but for the process. */
  const older = (where: { readonly host?: string; readonly pid: number }) => {
    const fixture = join(import.meta.dirname, "..", "..", "fixtures", "upgrade", "lock-0.1.0.json");
    return `${JSON.stringify({ ...JSON.parse(readFileSync(fixture, "utf8")), ...where })}\n`;
  };
  const put = (text: string) => {
    mkdirSync(join(top, "pki", ".capstan"), { recursive: true });
    writeFileSync(join(top, "pki", ".capstan", "lock.json"), text);
  };
  const here = async () => {
    const { hostname } = await import("node:os");
    return hostname();
  };

  it("is respected while its holder lives, wherever in the repository it is", async () => {
    put(older({ host: await here(), pid: process.pid }));
    const store = await open(top);
    await expect(store.lock(CLUSTER, HOLDER, () => {})).rejects.toMatchObject({
      code: "locked",
      message: expect.stringContaining("holds the lock of every cluster"),
    });
    const [shown] = await store.locks();
    expect(shown).toMatchObject({ cluster: null, holder: "alive" });
    const id = shown?.id ?? "";
    await expect(store.releaseLock({ cluster: null, id, force: false })).rejects.toMatchObject({
      code: "refused",
    });
    await store.releaseLock({ cluster: null, id, force: true });
    await (await store.lock(CLUSTER, HOLDER, () => {})).release();
  });

  it("of another host is respected until a person ends it: it tells no time", async () => {
    put(older({ host: "elsewhere", pid: 1 }));
    await expect((await open(top)).lock(CLUSTER, HOLDER, () => {})).rejects.toMatchObject({ code: "locked" });
  });

  it("of a dead one is replaced by one that it never takes over, and its leftovers go", async () => {
    const left = older({ host: await here(), pid: 2 ** 22 + 1 });
    put(left);
    const { id } = JSON.parse(left);
    // A run of 0.1.0 that was killed in the middle of taking over.
    writeFileSync(join(top, "pki", ".capstan", `lock.json.${id}.claim`), left);
    await (await (await open(join(top, "pki"))).lock(CLUSTER, HOLDER, () => {})).release();
    for (const folder of [top, join(top, "pki")]) {
      const guard = JSON.parse(readFileSync(join(folder, ".capstan", "lock.json"), "utf8"));
      expect(guard).toMatchObject({ who: "a newer version of capstan", host: "every host" });
    }
    expect(existsSync(join(top, "pki", ".capstan", `lock.json.${id}.claim`))).toBe(false);
    expect(await (await open(top)).locks()).toEqual([]);
    expect(await folderStore(join(top, "pki", ".capstan"), () => NOW).locks()).toEqual([]);
  });
});

describe("the record does not come from a commit", () => {
  function commit(folder: string): void {
    git(folder, "add", "--force", "--all");
    git(
      folder,
      "-c",
      "user.name=m",
      "-c",
      "user.email=m@localhost",
      "commit",
      "--quiet",
      "-m",
      "by somebody",
    );
  }

  /** Whatever record the work tree of a fresh clone finds in it. */
  function cloned(): string {
    git(world, "clone", "--quiet", top, "fresh");
    return join(world, "fresh");
  }

  it.each([".", "pki", "pki/prod"])("nor one that is below %s", async (folder) => {
    leaveOlder(join(top, folder), RECORD);
    commit(top);
    for (const tree of [top, cloned()]) {
      await expect(open(join(tree, "pki"))).rejects.toMatchObject({
        code: "refused",
        message: expect.stringContaining("is tracked by git"),
      });
    }
  });

  it("nor a lock, nor a folder of resources that a link makes the place of it", async () => {
    const lock = join(top, ".capstan", "locks", CLUSTER, "999999999999999.json");
    mkdirSync(dirname(lock), { recursive: true });
    writeFileSync(lock, "{}\n");
    commit(top);
    await expect(open(top)).rejects.toMatchObject({ code: "refused" });
    git(top, "rm", "-r", "--quiet", ".capstan");
    leaveOlder(join(top, "pki"), RECORD);
    renameSync(join(top, "pki", ".capstan"), join(top, "pki", "shared"));
    symlinkSync(join("pki", "shared"), join(top, ".capstan"));
    commit(top);
    await expect(open(cloned())).rejects.toMatchObject({ code: "refused" });
  });

  it("whose work tree is another one of the repository", async () => {
    leaveOlder(top, RECORD);
    commit(top);
    git(top, "worktree", "add", "--quiet", join(world, "linked"));
    git(join(world, "linked"), "rm", "-r", "--quiet", "--cached", ".capstan");
    await expect(open(join(world, "linked"))).rejects.toMatchObject({ code: "refused" });
  });

  it("and what else somebody keeps there is no matter of it", async () => {
    mkdirSync(join(top, ".capstan"));
    writeFileSync(join(top, ".capstan", ".gitignore"), "*\n");
    commit(top);
    await expect(open(top)).resolves.toBeDefined();
  });
});
