import { appendFile, cp, mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RunningSandbox, startSandbox } from "../../src/sandbox/start-teleport.ts";
import { cloned, git } from "./git.ts";
import "./in-process.ts";
import { Repository } from "./repository.ts";

/**
 * A cluster whose host CA is in init, a remote whose main branch says so, and as many clones as a test needs. The
 * cluster stays as it is: every test has a remote of its own, with the record in its refs.
 */
export class HistoryStory {
  readonly folder: string;
  readonly sandbox: RunningSandbox;
  readonly home: Repository;
  readonly #remote: string;
  #copies = 0;

  private constructor(folder: string, sandbox: RunningSandbox, home: Repository) {
    this.folder = folder;
    this.sandbox = sandbox;
    this.home = home;
    this.#remote = join(folder, "remote.git");
  }

  /** `record`: where it is kept; in a folder, clones get a copy of it. */
  static async begin(record: "refs" | "folder" = "refs"): Promise<HistoryStory> {
    const folder = await realpath(await mkdtemp(join(tmpdir(), "capstan-history-")));
    const remote = join(folder, "remote.git");
    await git(folder, ["init", "--quiet", "--bare", "--initial-branch=main", remote]);
    const home = new Repository(join(folder, "home"));
    await clone(remote, home.folder);
    const dir = join(home.folder, ".capstan", "sandbox");
    const sandbox = await startSandbox({ dir, speed: 500, nodes: 1 });
    const story = new HistoryStory(folder, sandbox, home);
    await home.must("init");
    await appendFile(
      join(home.folder, "clusters", "capstan.yaml"),
      `kind: repository\nversion: v1\nmetadata: { name: pki }\nspec: { record: ${record} }\n`,
    );
    await home.commit("what is live");
    await home.git("push", "--quiet", "origin", "HEAD:main");
    await home.git("remote", "set-head", "origin", "main");
    await home.rotate("start", "host", "--name=host-2026-11");
    await home.git("push", "--quiet", "origin", "HEAD:main");
    await home.must("apply", "--auto-approve");
    return story;
  }

  /** A remote that no other test knows. */
  async remote(): Promise<string> {
    this.#copies += 1;
    const copy = join(this.folder, `remote-${this.#copies}.git`);
    await cp(this.#remote, copy, { recursive: true });
    return copy;
  }

  async clone(remote: string, ...flags: readonly string[]): Promise<Repository> {
    this.#copies += 1;
    const machine = new Repository(join(this.folder, `clone-${this.#copies}`));
    await clone(remote, machine.folder, ...flags);
    return machine;
  }

  /** The record of a folder is of one machine: as if this clone had been there all the time. */
  async giveRecord(machine: Repository): Promise<void> {
    const from = join(this.home.folder, ".capstan");
    await cp(from, join(machine.folder, ".capstan"), {
      recursive: true,
      filter: (path) => !path.startsWith(join(from, "sandbox")),
    });
  }

  phase(): string {
    return this.sandbox.teleport.status().authorities.find(({ type }) => type === "host")?.phase ?? "";
  }

  async end(): Promise<void> {
    await this.sandbox.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function clone(remote: string, folder: string, ...flags: readonly string[]): Promise<void> {
  await cloned(remote, folder, flags);
  await appendFile(
    join(folder, ".git", "config"),
    '[user]\nname = test\nemail = test@localhost\n[protocol "file"]\nallow = always\n',
  );
}
