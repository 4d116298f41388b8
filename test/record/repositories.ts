import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { simpleGit } from "simple-git";

/** A bare remote with one commit, and clones of it: real git in a folder that goes away. */
export class Repositories {
  readonly folder: string;
  readonly remote: string;
  #clones = 0;

  private constructor(folder: string) {
    this.folder = folder;
    this.remote = join(folder, "remote.git");
  }

  static async make(): Promise<Repositories> {
    const made = new Repositories(await realpath(await mkdtemp(join(tmpdir(), "capstan-refs-"))));
    await simpleGit(made.folder).raw(["init", "--quiet", "--bare", "--initial-branch=main", made.remote]);
    const first = await made.clone();
    const git = identified(first);
    await git.raw(["commit", "--quiet", "--allow-empty", "--message", "first"]);
    await git.raw(["push", "--quiet", "origin", "HEAD:refs/heads/main"]);
    return made;
  }

  /** A fresh clone, as on a new machine. */
  async clone(...flags: readonly string[]): Promise<string> {
    this.#clones += 1;
    const folder = join(this.folder, `clone-${this.#clones}`);
    await simpleGit(this.folder).raw(["clone", "--quiet", ...flags, this.remote, folder]);
    return folder;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Git as a person runs it in a clone. */
export function identified(folder: string) {
  return simpleGit({ baseDir: folder, config: ["user.name=test", "user.email=test@example.com"] });
}
