import "../world/in-process.ts";
import { mkdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startSandbox } from "../../src/sandbox/start-teleport.ts";
import { runHere } from "../world/command-line.ts";
import { HistoryStory } from "../world/history-story.ts";
import { type Ran, Repository } from "../world/repository.ts";

const ROTATION = "clusters/acme.cluster/rotations/host-2026-11.yaml";
const DOCS = join(import.meta.dirname, "..", "..", "docs", "git.md");

/** What a command answers: its exit code, and a part of what it prints. */
interface Answer {
  readonly exit: number;
  readonly says: RegExp;
}

/** A state of git. The words of `what`, and of the two answers, are those of the table in docs/git.md. */
interface Row {
  readonly what: string;
  readonly record?: "refs" | "folder";
  readonly arrange: (story: HistoryStory, remote: string) => Promise<Repository>;
  readonly env?: Readonly<Record<string, string>>;
  readonly plan: readonly [words: string, answer: Answer];
  readonly apply: readonly [words: string, answer: Answer];
}

const IN_STEP: Answer = { exit: 0, says: /No changes\. Live equals desired/ };
const NOTHING: Answer = { exit: 0, says: /nothing-to-do: live equals desired/ };
const ROLLS_BACK: Answer = {
  exit: 2,
  says: /any more since commit [0-9a-f]{12}, which took it out of .*rolled back/,
};
const ASKS: Answer = { exit: 3, says: /host init → rollback needs approval/ };
const MISSING: Answer = { exit: 3, says: /rotation\/host-2026-11:? is under way .* not proven/ };
const STAYS: Answer = { exit: 3, says: /blocked: .*rotation\/host-2026-11:? is under way/ };
const OLDER: Answer = { exit: 3, says: /is older than [0-9a-f]{12}, which was applied last/ };
const DIVERGED: Answer = { exit: 3, says: /neither before nor after [0-9a-f]{12}, which was applied last/ };

const as = (exit: number, says: RegExp): Answer => ({ exit, says });

/** A clone with a commit on top, pushed. */
async function committed(
  story: HistoryStory,
  remote: string,
  change: (machine: Repository) => Promise<unknown>,
  ...flags: readonly string[]
): Promise<Repository> {
  const machine = await story.clone(remote, ...flags);
  await change(machine);
  await machine.commit("a change");
  await machine.git("push", "--quiet", "origin", "HEAD:main");
  return machine;
}

const note = (machine: Repository) => writeFile(join(machine.folder, "notes.txt"), "for people\n");
const remove = (machine: Repository) => machine.git("rm", "--quiet", ROTATION);
const editRotation = async (machine: Repository, change: (text: string) => string) => {
  const file = join(machine.folder, ROTATION);
  await writeFile(file, change(await readFile(file, "utf8")));
};

const ROWS: readonly Row[] = [
  {
    what: "a clone of the commit that was applied",
    arrange: (story, remote) => story.clone(remote),
    plan: ["plans it", IN_STEP],
    apply: ["applies it", NOTHING],
  },
  {
    what: "a sparse checkout without the rotations",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      await machine.git("sparse-checkout", "set", "--no-cone", "/*", "!clusters/acme.cluster/rotations/");
      return machine;
    },
    plan: ["plans the commit, with them", IN_STEP],
    apply: ["applies the commit", NOTHING],
  },
  {
    what: "a clone without any file (`--no-checkout`, files marked `skip-worktree`)",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      const files = (await machine.git("ls-files")).split("\n");
      await machine.git("update-index", "--skip-worktree", ...files);
      await rm(join(machine.folder, "clusters"), { recursive: true });
      return machine;
    },
    plan: ["plans the commit", IN_STEP],
    apply: ["applies the commit", NOTHING],
  },
  {
    what: "a resource that was edited and marked `assume-unchanged`",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      await machine.git("update-index", "--assume-unchanged", ROTATION);
      await editRotation(machine, (text) => text.replace("phase: init", "phase: rollback"));
      return machine;
    },
    plan: ["plans the commit, without the edit", IN_STEP],
    apply: ["applies the commit, without the edit", NOTHING],
  },
  {
    what: "rotations in a submodule that was not checked out",
    arrange: (story, remote) => withSubmodule(story, remote, false),
    plan: [
      "is refused, and names the submodule",
      as(1, /rotations.* is a submodule, and its commit [0-9a-f]{12} is not at hand/),
    ],
    apply: ["is refused, and names the submodule", as(1, /git submodule update --init/)],
  },
  {
    what: "rotations in a submodule that is checked out",
    arrange: (story, remote) => withSubmodule(story, remote, true),
    plan: ["plans its commit", IN_STEP],
    apply: ["applies its commit", NOTHING],
  },
  {
    what: "a submodule moved to a commit without the rotation",
    async arrange(story, remote) {
      const machine = await withSubmodule(story, remote, true);
      const inner = Object.assign(Object.create(machine), { folder: join(machine.folder, "rotations") });
      await inner.git("rm", "--quiet", ROTATION);
      await inner.git(
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@localhost",
        "commit",
        "--quiet",
        "-m",
        "no more",
      );
      await machine.commit("the submodule moved");
      await machine.git("push", "--quiet", "origin", "HEAD:main");
      return machine;
    },
    plan: ["plans the way back", ROLLS_BACK],
    apply: ["takes the way back, once approved", ASKS],
  },
  {
    what: "a pointer of Git LFS in place of a resource",
    arrange: (story, remote) =>
      committed(story, remote, (machine) =>
        writeFile(
          join(machine.folder, ROTATION),
          `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 300\n`,
        ),
      ),
    plan: ["is refused, and names the file", as(1, /host-2026-11\.yaml:1:1: error: is a pointer of Git LFS/)],
    apply: ["is refused, and names the file", as(1, /pointer of Git LFS/)],
  },
  {
    what: "a link that leaves the repository in place of a resource",
    arrange: (story, remote) =>
      committed(story, remote, async (machine) => {
        await rm(join(machine.folder, ROTATION));
        await symlink("/etc/capstan/host.yaml", join(machine.folder, ROTATION));
      }),
    plan: [
      "is refused, and names the link",
      as(1, /host-2026-11\.yaml:1:1: error: a symbolic link that leaves the folder/),
    ],
    apply: ["is refused, and names the link", as(1, /symbolic link that leaves the folder/)],
  },
  {
    what: "a clone of depth 1, one commit later",
    async arrange(story, remote) {
      await committed(story, remote, note);
      return await story.clone(remote, "--depth=1");
    },
    plan: ["fetches the history it lacks, and plans", IN_STEP],
    apply: ["fetches the history it lacks, and applies", NOTHING],
  },
  {
    what: "a clone of depth 1 whose commit deletes the resource",
    async arrange(story, remote) {
      await committed(story, remote, remove);
      return await story.clone(remote, "--depth=1");
    },
    plan: ["fetches the history it lacks, and plans the way back", ROLLS_BACK],
    apply: ["takes the way back, once approved", ASKS],
  },
  {
    what: "a clone of depth 1, and a remote that cannot be reached",
    record: "folder",
    async arrange(story, remote) {
      await committed(story, remote, remove);
      const machine = await story.clone(remote, "--depth=1");
      await story.giveRecord(machine);
      await machine.git("remote", "set-url", "origin", `file://${story.folder}/nowhere.git`);
      return machine;
    },
    plan: [
      "blocks: the history is unknown, `fetch-depth: 0`",
      as(3, /comes after [0-9a-f]{12}, .* is unknown: the clone is shallow.*fetch-depth: 0/),
    ],
    apply: ["is refused for the same reason", as(1, /is unknown: the clone is shallow.*fetch-depth: 0/)],
  },
  {
    what: "a squash merge",
    arrange: (story, remote) =>
      committed(story, remote, async (machine) => {
        await machine.git("switch", "--quiet", "-c", "topic");
        await note(machine);
        await machine.commit("one");
        await editRotation(machine, (text) => `${text}# for reviewers\n`);
        await machine.commit("two");
        await machine.git("switch", "--quiet", "main");
        await machine.git("merge", "--quiet", "--squash", "topic");
      }),
    plan: ["plans it", IN_STEP],
    apply: ["applies it", NOTHING],
  },
  {
    what: "a rebase merge",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      await machine.git("switch", "--quiet", "-c", "topic", "HEAD^");
      await note(machine);
      await machine.commit("one");
      await machine.git("rebase", "--quiet", "main");
      await machine.git("switch", "--quiet", "main");
      await machine.git("merge", "--quiet", "--ff-only", "topic");
      await machine.git("push", "--quiet", "origin", "HEAD:main");
      return machine;
    },
    plan: ["plans it", IN_STEP],
    apply: ["applies it", NOTHING],
  },
  {
    what: "a branch from before the commit that was applied",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      await machine.git("switch", "--quiet", "-c", "topic", "HEAD^");
      await note(machine);
      await machine.commit("one");
      return machine;
    },
    plan: ["blocks: bring it up to date", DIVERGED],
    apply: ["is refused", as(1, /is not on main of origin|neither before nor after/)],
  },
  {
    what: "a force push that changed the commit that was applied",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      await machine.git("commit", "--quiet", "--amend", "--message", "start host, in other words");
      await machine.git("push", "--quiet", "--force", "origin", "HEAD:main");
      return await story.clone(remote);
    },
    plan: ["blocks", DIVERGED],
    apply: [
      "is refused, until `--accept-history REASON`",
      as(1, /neither before nor after.*--accept-history/),
    ],
  },
  {
    what: "a force push that dropped the commit that was applied",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      await machine.git("reset", "--quiet", "--hard", "HEAD^");
      await note(machine);
      await machine.commit("something else");
      await machine.git("push", "--quiet", "--force", "origin", "HEAD:main");
      return await story.clone(remote);
    },
    plan: ["blocks, and the rotation stays where it is", MISSING],
    apply: ["is refused, until `--accept-history REASON`", as(1, /neither before nor after/)],
  },
  {
    what: "a revert of the commit that started a rotation",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      await machine.git("revert", "--no-edit", "HEAD");
      await machine.git("push", "--quiet", "origin", "HEAD:main");
      return machine;
    },
    plan: ["plans the way back", ROLLS_BACK],
    apply: ["takes the way back, once approved", ASKS],
  },
  {
    what: "a merge whose branch deletes the resource",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      await machine.git("switch", "--quiet", "-c", "topic");
      await remove(machine);
      await machine.commit("no more");
      await machine.git("switch", "--quiet", "main");
      await note(machine);
      await machine.commit("meanwhile");
      await machine.git("merge", "--quiet", "--no-ff", "--no-edit", "topic");
      await machine.git("push", "--quiet", "origin", "HEAD:main");
      return machine;
    },
    plan: ["plans the way back", ROLLS_BACK],
    apply: ["takes the way back, once approved", ASKS],
  },
  {
    what: "a merge into a branch that never had the resource",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      await machine.git("switch", "--quiet", "-c", "topic", "HEAD^");
      await note(machine);
      await machine.commit("another way");
      await machine.git("merge", "--quiet", "--no-edit", "--strategy=ours", "main");
      await machine.git("push", "--quiet", "origin", "HEAD:main");
      return machine;
    },
    plan: ["blocks: by first parents nothing was deleted", MISSING],
    apply: ["blocks, and the rotation stays where it is", STAYS],
  },
  {
    what: "a resource in another file, in another folder",
    arrange: (story, remote) =>
      committed(story, remote, async (machine) => {
        await mkdir(join(machine.folder, "elsewhere"));
        await machine.git("mv", ROTATION, "elsewhere/host.yaml");
      }),
    plan: ["plans it", IN_STEP],
    apply: ["applies it", NOTHING],
  },
  {
    what: "a resource moved out of the folder that was named with `-C`",
    async arrange(story, remote) {
      const machine = await committed(story, remote, (clone) => clone.git("mv", ROTATION, "host.yaml"));
      return Object.assign(machine, { within: "clusters" });
    },
    plan: ["blocks: it is declared elsewhere", as(3, /not proven/)],
    apply: ["blocks", as(3, /rotation\/host-2026-11:? is under way/)],
  },
  {
    what: "a resource renamed to what nobody reads (`.yaml.tmpl`, a hidden folder)",
    arrange: (story, remote) =>
      committed(story, remote, async (machine) => {
        await mkdir(join(machine.folder, ".templates"));
        await machine.git("mv", ROTATION, ".templates/host.yaml.tmpl");
      }),
    plan: ["blocks: it is declared elsewhere", as(3, /not proven/)],
    apply: ["blocks", as(3, /rotation\/host-2026-11:? is under way/)],
  },
  {
    what: "a rotation with another `metadata.name` and the same keys",
    arrange: (story, remote) =>
      committed(story, remote, (machine) =>
        editRotation(machine, (text) => text.replaceAll("host-2026-11", "host-in-autumn")),
      ),
    plan: ["plans it as the same rotation", as(0, /host-in-autumn.*host: in init, as wanted.*No changes/)],
    apply: ["applies it", NOTHING],
  },
  {
    what: "a re-run of an older commit, in a clone of depth 1",
    record: "folder",
    async arrange(story, remote) {
      const full = await story.clone(remote);
      await full.git("push", "--quiet", "origin", "HEAD^:refs/heads/older");
      const machine = await story.clone(remote, "--depth=1", "--branch=older");
      await story.giveRecord(machine);
      return machine;
    },
    plan: ["blocks: it is older", OLDER],
    apply: ["is refused: it is older", as(1, /is older than [0-9a-f]{12}, which was applied last/)],
  },
  {
    what: "a re-run of an older commit, with the record in refs and no `branch`",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      await machine.git("checkout", "--quiet", "HEAD^");
      return machine;
    },
    // That commit has the record in refs, too.
    plan: ["blocks: it is older", OLDER],
    apply: [
      "is refused: the default branch of the remote has moved on",
      as(1, /main of origin has moved on/),
    ],
  },
  {
    what: "a commit that is not on the default branch, with the record in refs and no `branch`",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      await machine.git("switch", "--quiet", "-c", "topic");
      await note(machine);
      await machine.commit("not merged yet");
      return machine;
    },
    plan: ["plans it", IN_STEP],
    apply: ["is refused", as(1, /is not on main of origin/)],
  },
  {
    what: "a sub-folder of the repository (`-C DIR`)",
    arrange: async (story, remote) => Object.assign(await story.clone(remote), { within: "clusters" }),
    plan: ["plans what is below it", IN_STEP],
    apply: ["applies what is below it", NOTHING],
  },
  {
    what: "another work tree of the clone (`git worktree`)",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      await machine.git("worktree", "add", "--quiet", "--detach", join(machine.folder, ".git", "beside"));
      return new Repository(join(machine.folder, ".git", "beside"));
    },
    plan: ["plans its commit", IN_STEP],
    apply: ["applies its commit", NOTHING],
  },
  {
    what: "a call from a hook (`GIT_DIR`, `GIT_INDEX_FILE` and the like are set)",
    arrange: (story, remote) => story.clone(remote),
    env: { GIT_DIR: "/nowhere", GIT_WORK_TREE: "/", GIT_INDEX_FILE: "/nowhere/index", GIT_PREFIX: "x/" },
    plan: ["plans the repository of the folder", IN_STEP],
    apply: ["applies the repository of the folder", NOTHING],
  },
  {
    what: "no commit yet",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      await machine.git("checkout", "--quiet", "--orphan", "new");
      return machine;
    },
    plan: ["is refused: commit first", as(1, /has no commit yet.*commit first/)],
    apply: ["is refused: commit first", as(1, /has no commit yet.*commit first/)],
  },
  {
    what: "a repository of somebody else (dubious ownership)",
    arrange: (story, remote) => story.clone(remote),
    env: {
      GIT_TEST_ASSUME_DIFFERENT_OWNER: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_SYSTEM: "/dev/null",
    },
    plan: [
      "is refused, with the command that cures it",
      as(1, /dubious ownership.*git config --global --add safe\.directory \/\S+`/),
    ],
    apply: [
      "is refused, with the command that cures it",
      as(1, /git config --global --add safe\.directory \/\S+`/),
    ],
  },
  {
    what: "no `git` on the PATH",
    arrange: (story, remote) => story.clone(remote),
    env: { PATH: "/nowhere" },
    plan: ["is refused: install git", as(1, /Cannot run "git".*install git/)],
    apply: ["is refused: install git", as(1, /Cannot run "git".*install git/)],
  },
  {
    what: "a damaged `.git/HEAD`",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      await writeFile(join(machine.folder, ".git", "HEAD"), "garbage\n");
      return machine;
    },
    plan: ["is refused, in git's words", as(1, /git does not take \S+\.git for a repository/)],
    apply: ["is refused, in git's words", as(1, /git does not take \S+\.git for a repository/)],
  },
  {
    what: "a branch that holds no commit name",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      await writeFile(join(machine.folder, ".git", "refs", "heads", "main"), "garbage\n");
      return machine;
    },
    plan: ["is refused, in git's words", as(1, /current branch appears to be broken/)],
    apply: ["is refused, in git's words", as(1, /current branch appears to be broken/)],
  },
  {
    what: "a resource deleted in the folder, and not committed",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      await rm(join(machine.folder, ROTATION));
      return machine;
    },
    plan: [
      "plans the commit, and says so first",
      as(0, /^1 file that capstan reads is not as in commit .*No changes/),
    ],
    apply: [
      "is refused, and names the file",
      as(1, /this is not: clusters\/acme\.cluster\/rotations\/host-2026-11\.yaml/),
    ],
  },
  {
    what: "a resource in the folder that git does not know",
    async arrange(story, remote) {
      const machine = await story.clone(remote);
      await rename(join(machine.folder, ROTATION), join(machine.folder, "host.yaml"));
      return machine;
    },
    plan: [
      "plans the commit, and says so first",
      as(0, /^2 files that capstan reads are not as in commit .*No changes/),
    ],
    apply: ["is refused, and names the files", as(1, /this is not: clusters\/\S+, host\.yaml/)],
  },
  {
    what: "other people's files, changed and new",
    async arrange(story, remote) {
      const machine = await committed(story, remote, async (clone) => {
        await note(clone);
        await writeFile(join(clone.folder, "values.yaml"), "image: one\n");
      });
      await writeFile(join(machine.folder, "notes.txt"), "changed\n");
      await writeFile(join(machine.folder, "values.yaml"), "image: two\n");
      await writeFile(join(machine.folder, "new.yaml"), "image: three\n");
      return machine;
    },
    plan: ["plans the commit", as(0, /^acme\.cluster .*No changes/)],
    apply: ["applies the commit", NOTHING],
  },
];

/** Rotations in a repository of their own. */
async function withSubmodule(story: HistoryStory, remote: string, checkedOut: boolean): Promise<Repository> {
  const bare = await story.remote();
  const inner = await story.clone(bare);
  await inner.git("checkout", "--quiet", "--orphan", "alone");
  await inner.git("rm", "--quiet", "-r", "--cached", ".");
  await inner.git("add", ROTATION);
  await inner.git("commit", "--quiet", "--message", "rotations");
  await inner.git("push", "--quiet", "--force", "origin", "HEAD:main");
  await committed(story, remote, async (machine) => {
    await remove(machine);
    await machine.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", bare, "rotations");
  });
  return await story.clone(remote, ...(checkedOut ? ["--recurse-submodules"] : []));
}

async function run(machine: Repository, env: Row["env"], ...args: readonly string[]): Promise<Ran> {
  const { within = "." } = machine as { readonly within?: string };
  return await runHere([...args, "-C", within], { cwd: machine.folder, env: { ...process.env, ...env } });
}

function check({ exit, stdout, stderr }: Ran, answer: Answer): void {
  const said = `${stdout} ${stderr}`.replaceAll(/\s+/g, " ").replace(/^ /, "");
  expect(said).toMatch(answer.says);
  expect(exit, said).toBe(answer.exit);
}

describe.each(["refs", "folder"] as const)("absence is no evidence: git, with the record in %s", (record) => {
  let story: HistoryStory;
  beforeAll(async () => {
    story = await HistoryStory.begin(record);
  });
  afterAll(async () => story.end());

  const rows = ROWS.filter((row) => (row.record ?? "refs") === record);

  it.each(rows)("$what", async ({ arrange, env, plan, apply }) => {
    const machine = await arrange(story, await story.remote());
    check(await run(machine, env, "plan"), plan[1]);
    check(await run(machine, env, "apply"), apply[1]);
    expect(story.phase()).toBe("init");
  });
});

describe("who may write: a history that was rewritten", () => {
  let story: HistoryStory;
  beforeAll(async () => {
    story = await HistoryStory.begin();
  });
  afterAll(async () => story.end());

  it("is accepted with a reason, proves no deletion, and leaves a way back", async () => {
    const remote = await story.remote();
    const before = await story.clone(remote);
    await before.git("reset", "--quiet", "--hard", "HEAD^");
    await note(before);
    await before.commit("something else");
    await before.git("push", "--quiet", "--force", "origin", "HEAD:main");
    const machine = await story.clone(remote);

    const accepted = await machine.capstan("apply", "--auto-approve", "--accept-history", "we rewrote it");
    check(
      accepted,
      as(
        3,
        /is the new start, in place of [0-9a-f]{12}: we rewrote it .* rotation\/host-2026-11:? is under way/,
      ),
    );
    expect(story.phase()).toBe("init");
    const head = await machine.git("rev-parse", "HEAD");
    expect(await fileIn(remote, machine, "record", "record.json")).toMatchObject({
      applied: { commit: head, accepted: { reason: "we rewrote it" } },
    });

    // By now it is the commit that was applied last, and still nothing shows a deletion.
    check(await machine.capstan("plan"), MISSING);
    const edited = await machine.must("rotate", "rollback", "host");
    expect(edited.stdout).toContain("wrote clusters/acme.cluster/rotations/host-2026-11.yaml");
    await machine.commit("back");
    await machine.git("push", "--quiet", "origin", "HEAD:main");
    await machine.must("apply", "--auto-approve", "--approve-final");
    expect(story.phase()).toBe("standby");
  });
});

describe("an approval covers all that decides: a pull request that changes how a cluster is reached", () => {
  let story: HistoryStory;
  beforeAll(async () => {
    story = await HistoryStory.begin();
  });
  afterAll(async () => story.end());

  it("is applied after the merge where the cluster is the same, and stale where its keys are others", async () => {
    const remote = await story.remote();
    const cluster = join("clusters", "acme.cluster", "cluster.yaml");
    const other = join(story.folder, "other", "tctl");
    const proposal = await story.clone(remote);
    await proposal.git("switch", "--quiet", "-c", "topic");
    const text = await readFile(join(proposal.folder, cluster), "utf8");
    const changed = text.replace(/^( +)tctl:[^\n]*(\n\1 +- [^\n]*)*/m, `$1tctl: [${other}]`);
    expect(changed).not.toBe(text);
    await writeFile(join(proposal.folder, cluster), changed);
    await proposal.commit("another way to reach it");
    const planned = await proposal.capstan("plan", "--base", "origin/main", "--format", "json");
    const [{ fingerprint }] = JSON.parse(planned.stdout).clusters;
    expect(fingerprint, planned.stderr).toMatch(/^sha256:/);
    await proposal.git("push", "--quiet", "origin", "HEAD:main");

    const machine = await story.clone(remote);
    const approved = ["apply", "--auto-approve", "--expect", `acme.cluster=${fingerprint}`];
    const elsewhere = await startSandbox({ dir: join(story.folder, "elsewhere"), speed: 500, nodes: 1 });
    await mkdir(dirname(other));
    try {
      await symlink(join(elsewhere.info.dir, "bin", "tctl"), other);
      check(await machine.capstan(...approved), as(5, /acme\.cluster is not as it was approved/));
    } finally {
      await elsewhere.stop();
    }
    await rm(other);
    await symlink(join(story.sandbox.info.dir, "bin", "tctl"), other);
    check(await machine.capstan(...approved), NOTHING);
  });
});

describe("absence is no evidence: a deletion that git shows", () => {
  let story: HistoryStory;
  beforeAll(async () => {
    story = await HistoryStory.begin();
  });
  afterAll(async () => story.end());

  it("rolls back at a commit after it, too, and a run at the start is refused from then on", async () => {
    const remote = await story.remote();
    const started = await story.clone(remote);
    await committed(story, remote, remove);
    const machine = await committed(story, remote, note);
    const applied = await machine.capstan("apply", "--auto-approve");
    expect(applied.exit, applied.stderr).toBe(0);
    expect(story.phase()).toBe("standby");
    check(
      await started.capstan("apply", "--auto-approve"),
      as(1, /main of origin has moved on|is older than/),
    );
    expect(story.phase()).toBe("standby");
  });
});

/** What the remote has in a ref of capstan. */
async function fileIn(remote: string, machine: Repository, ref: string, file: string): Promise<unknown> {
  await machine.git("fetch", "--quiet", remote, `+refs/capstan/${ref}/acme.cluster:refs/shown`);
  return JSON.parse(await machine.git("show", `refs/shown:${file}`));
}

it("the table of docs/git.md says what these tests show, row by row", async () => {
  const docs = await readFile(DOCS, "utf8");
  const written = docs.split("\n").filter((line) => /^\| (?!-|In git)/.test(line));
  expect(written).toEqual(ROWS.map(({ what, plan, apply }) => `| ${what} | ${plan[0]} | ${apply[0]} |`));
});
