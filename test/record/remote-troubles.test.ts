import "../world/in-process.ts";
import { chmod, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRace, remoteFailure } from "../../src/record/remote-failure.ts";
import { RemoteRefs } from "../../src/record/remote-refs.ts";
import { GitServer } from "../servers/git-server.ts";
import { flat } from "../world/flat.ts";
import type { Repository } from "../world/repository.ts";
import { Team } from "../world/team.ts";

describe("what a git server says, and what helps", () => {
  it.each([
    // GitHub
    [
      "remote: Permission to acme/pki.git denied to github-actions[bot].",
      "push",
      "denied",
      "contents: write",
    ],
    [
      "remote: error: GH013: Repository rule violations found for refs/capstan/locks/a.",
      "push",
      "denied",
      "a rule or a hook",
    ],
    [
      "! [remote rejected] x (push declined due to repository rule violations)",
      "push",
      "denied",
      "a rule or a hook",
    ],
    [
      "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
      "ls-remote",
      "denied",
      "persist-credentials: true",
    ],
    [
      "ERROR: The key you are authenticating with has been marked as read only.",
      "push",
      "denied",
      "deploy key with write access",
    ],
    ["remote: Repository not found.", "ls-remote", "denied", "may not see it"],
    // GitLab
    [
      "remote: GitLab: You are not allowed to push code to this project.",
      "push",
      "denied",
      "write_repository",
    ],
    ["remote: HTTP Basic: Access denied", "fetch", "denied", "let the credentials read"],
    ["! x [remote rejected] (protected ref)", "push", "denied", "a rule or a hook"],
    // over SSH, and on the way
    ["git@example.com: Permission denied (publickey).", "ls-remote", "denied", "give git credentials"],
    [
      "ssh: Could not resolve hostname git.example.com: Name or service not known",
      "push",
      "storage",
      "cannot be reached",
    ],
    [
      "fatal: unable to access 'https://x/': Could not resolve host: x",
      "push",
      "storage",
      "cannot be reached",
    ],
    [
      "fatal: unable to access 'https://x/': SSL certificate problem: self-signed certificate",
      "push",
      "storage",
      "http.sslCAInfo",
    ],
    ["block timeout reached", "push", "storage", "slow, or hangs"],
    ["fatal: mismatched algorithms: client sha1; server sha256", "ls-remote", "storage", "make a new clone"],
    // the server's disk
    [
      "error: cannot lock ref 'x': Unable to create '/srv/x.lock': Permission denied",
      "push",
      "storage",
      "look at the server, which cannot write",
    ],
    [
      "remote: fatal: unable to write loose object file: No space left on device",
      "push",
      "storage",
      "look at the server, which cannot write",
    ],
  ])("%s", (said, command, code, hint) => {
    const failure = remoteFailure("origin", command, new Error(said));
    expect(failure).toMatchObject({ code, hint: expect.stringContaining(hint) });
    expect(isRace(failure)).toBe(false);
  });

  it("a faster writer is no trouble, and a full disk is no faster writer", () => {
    const race = remoteFailure("origin", "push", new Error("! x [rejected] (stale info)"));
    expect(isRace(race)).toBe(true);
    const locked = "cannot lock ref 'x': Unable to create '/srv/x.lock': File exists";
    expect(isRace(remoteFailure("origin", "push", new Error(locked)))).toBe(true);
  });
});

describe("capstan apply, where the server of the record is not well", () => {
  let team: Team;
  let server: GitServer;
  let runner: Repository;

  beforeAll(async () => {
    team = await Team.create();
    await team.rotate("start", "host", "--name=r");
    server = await GitServer.start(team.folder);
    runner = await team.machine();
    await runner.git("remote", "set-url", "origin", `${server.url}/remote.git`);
  });
  afterAll(async () => {
    await server.stop();
    await team.remove();
  });

  const onServer = async (...args: readonly string[]) => await execa("git", args, { cwd: team.remote });
  const hook = (name: string) => join(team.remote, "hooks", name);
  async function writeHook(name: string, script: string): Promise<void> {
    await writeFile(hook(name), `#!/bin/sh\n${script}\n`);
    await chmod(hook(name), 0o755);
  }

  /** Ends with an error that says both, and changes nothing. */
  async function refused(said: string, hint: string, env: Readonly<Record<string, string>> = {}) {
    const ran = await runner.run(["apply", "--auto-approve"], env);
    const text = flat(ran.stderr);
    expect([ran.exit, text]).toEqual([1, expect.stringContaining(said)]);
    expect(text).toContain(hint);
    expect(ran.stderr).not.toMatch(/\n\s+at |\ufffd/);
    expect((await team.home.calls()).filter((argv) => argv[1] === "rotate")).toEqual([]);
    expect([...(await team.refs()).keys()].filter((ref) => ref.includes("/lock"))).toEqual([]);
  }

  it("a clone that kept no credentials", async () => {
    server.mood = "no-anonymous";
    await refused("could not read Username", "`persist-credentials: true` of actions/checkout");
  });

  it("a token that may only read", async () => {
    server.mood = "read-only";
    await refused("The requested URL returned error: 403", "`contents: write`");
  });

  it("a connection that is cut", async () => {
    server.mood = "cuts";
    await refused("git ls-remote on origin failed", "the connection broke off");
  });

  it("a server that says nothing for too long", async () => {
    server.mood = "slow";
    const patience = { GIT_HTTP_LOW_SPEED_LIMIT: "1000", GIT_HTTP_LOW_SPEED_TIME: "1" };
    await refused("Operation too slow", "the server is slow, or hangs", patience);
  });

  it("a server that takes one ref after the other", async () => {
    server.mood = "well";
    await onServer("config", "receive.advertiseAtomic", "false");
    await refused("does not support --atomic push", "move several refs at once or none");
    await onServer("config", "--unset", "receive.advertiseAtomic");
  });

  it("a hook that declines refs/capstan", async () => {
    await writeHook("pre-receive", "grep -q refs/capstan/ && { echo not here >&2; exit 1; }; exit 0");
    await refused("not here", "allow refs/capstan/**");
    await rm(hook("pre-receive"));
  });

  it("a hook that declines the locks alone", async () => {
    await writeHook("update", 'case "$1" in refs/capstan/locks/*) echo protected name >&2; exit 1;; esac');
    await refused("hook declined", "allow refs/capstan/**");
    await rm(hook("update"));
  });

  it("refs that the server hides", async () => {
    await onServer("config", "receive.hideRefs", "refs/capstan");
    await refused("deny updating a hidden ref", "allow refs/capstan/**");
    await onServer("config", "--unset", "receive.hideRefs");
  });

  it("a record whose objects the server has lost", async () => {
    const made = await execa(
      "git",
      ["-c", "user.name=t", "-c", "user.email=t@localhost", "commit-tree", "-m", "lost", "HEAD^{tree}"],
      { cwd: team.remote },
    );
    const oid = made.stdout.trim();
    const file = join(team.remote, "objects", oid.slice(0, 2), oid.slice(2));
    await onServer("update-ref", "refs/capstan/record/acme.cluster", oid);
    await rename(file, join(team.folder, "lost"));
    await refused("missing necessary objects", "bring back the objects that the server has lost");
    await rename(join(team.folder, "lost"), file);
    await onServer("update-ref", "-d", "refs/capstan/record/acme.cluster");
  });

  it("which branch is its own, of a server that is there and of one that is not", async () => {
    const asked = async () => await new RemoteRefs(runner.folder, "origin", process.env).defaultBranch();
    expect(await asked()).toBe("main");
    server.mood = "no-anonymous";
    await expect(asked()).rejects.toMatchObject({
      message: expect.stringContaining("git ls-remote on origin failed"),
      hint: expect.stringContaining("give git credentials here"),
    });
    server.mood = "well";
  });

  it("a server that is away, and then the same command once it is back", async () => {
    const { url } = server;
    await runner.git("remote", "set-url", "origin", "http://127.0.0.1:1/remote.git");
    await refused("127.0.0.1", "it cannot be reached from here");
    await runner.git("remote", "set-url", "origin", `${url}/remote.git`);
    const ran = await runner.capstan("apply", "--auto-approve");
    expect(ran.exit, ran.stderr).toBe(0);
  });
});
