import { appendFile, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cloned, git } from "./git.ts";
import { Repository } from "./repository.ts";

/** What the repository resource of a team says. */
export interface TeamOptions {
  readonly spec?: string;
  /** More of the cluster's policy: `soak: 5s`. */
  readonly policy?: Readonly<Record<string, string>>;
}

/**
 * A bare remote, one sandbox that stays up, and machines that come and go: each is a fresh clone which knows nothing
 * but what the remote has.
 */
export class Team {
  readonly folder: string;
  readonly remote: string;
  /** Where the sandbox lives; a clone as well. */
  readonly home: Repository;
  #machines = 0;

  private constructor(folder: string) {
    this.folder = folder;
    this.remote = join(folder, "remote.git");
    this.home = new Repository(join(folder, "home"));
  }

  static async create({
    spec = "{ record: refs, branch: main }",
    policy = {},
  }: TeamOptions = {}): Promise<Team> {
    const team = new Team(await realpath(await mkdtemp(join(tmpdir(), "capstan-team-"))));
    await git(team.folder, ["init", "--quiet", "--bare", "--initial-branch=main", team.remote]);
    await team.#clone(team.home.folder);
    await team.home.must("sandbox", "up", "--speed", "200");
    await team.home.must("init");
    await team.home.edit("clusters/*/cluster.yaml", (text) =>
      Object.entries(policy).reduce(
        (edited, [name, value]) =>
          edited.replace(new RegExp(`^    ${name}: .*`, "m"), `    ${name}: ${value}`),
        text,
      ),
    );
    await team.declare(spec);
    await team.home.commit("what is live");
    await team.home.git("push", "--quiet", "origin", "HEAD:main");
    return team;
  }

  /** Writes the repository resource, uncommitted. */
  async declare(spec: string): Promise<void> {
    const text = `kind: repository\nversion: v1\nmetadata: { name: pki }\nspec: ${spec}\n`;
    await writeFile(join(this.home.folder, "capstan.yaml"), text);
  }

  /** A fresh clone, as on a new machine or a runner. */
  async machine(...flags: readonly string[]): Promise<Repository> {
    this.#machines += 1;
    const folder = join(this.folder, `machine-${this.#machines}`);
    await this.#clone(folder, ...flags);
    return new Repository(folder);
  }

  /** A move in git, made on a machine of its own and pushed. */
  async rotate(action: string, ...rest: readonly string[]): Promise<void> {
    const machine = await this.machine();
    await machine.rotate(action, ...rest);
    await machine.git("push", "--quiet", "origin", "HEAD:main");
    await rm(machine.folder, { recursive: true });
  }

  /** Where the refs of capstan stand in the remote. */
  async refs(): Promise<ReadonlyMap<string, string>> {
    const listed = await git(this.remote, [
      "for-each-ref",
      "--format=%(refname) %(objectname)",
      "refs/capstan",
    ]);
    const lines = listed.split("\n").filter((line) => line !== "");
    return new Map(lines.map((line) => line.split(" ") as [string, string]));
  }

  /** A file of the commit that a ref of the remote names. */
  async show(ref: string, file: string): Promise<unknown> {
    return JSON.parse(await git(this.remote, ["show", `${ref}:${file}`]));
  }

  /** Puts another file in the place of the one that a ref of the remote names. */
  async replace(ref: string, file: string, content: unknown): Promise<void> {
    const make = (args: readonly string[], input = "") =>
      git(this.remote, ["-c", "user.name=t", "-c", "user.email=t@localhost", ...args], { input });
    const blob = await make(["hash-object", "-w", "--stdin"], JSON.stringify(content));
    const tree = await make(["mktree"], `100644 blob ${blob}\t${file}\n`);
    await make(["update-ref", ref, await make(["commit-tree", tree], "by a test")]);
  }

  async remove(): Promise<void> {
    await this.home.remove();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #clone(folder: string, ...flags: readonly string[]): Promise<void> {
    await cloned(this.remote, folder, flags);
    await appendFile(join(folder, ".git", "config"), "[user]\nname = test\nemail = test@localhost\n");
  }
}
