import { Failure } from "../failure.ts";
import { type GivenToGit, runGit } from "./plumbing.ts";
import { isRace, noRemote, remoteFailure } from "./remote-failure.ts";

/** A move of one ref of the remote, from what it must be now. `null`: it does not exist. */
export interface RefMove {
  readonly ref: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** Who a commit of capstan says it is by; the person is in what it holds. */
const IDENTITY = { name: "capstan", email: "capstan@localhost" };

/** What makes git read at one address and write at another (git-config(1)). */
const APART = "^(remote\\..*\\.pushurl|url\\..*\\.pushinsteadof)$";

/**
 * Refs of the git remote, and objects without a work tree: everything goes through plumbing, so that neither
 * index, work tree, branches nor FETCH_HEAD of the clone change.
 */
export class RemoteRefs {
  readonly remote: string;
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  #depth: Promise<readonly string[]> | null = null;
  #known: Promise<boolean> | null = null;
  #home: Promise<string> | null = null;
  #asked: { readonly refs: Set<string>; readonly tips: Promise<ReadonlyMap<string, string>> } | null = null;

  constructor(folder: string, remote: string, env: NodeJS.ProcessEnv) {
    this.#folder = folder;
    this.remote = remote;
    this.#env = env;
  }

  /**
   * Where a ref of the remote stands now, with its objects at hand; `null` when there is no such ref. Questions of
   * the same moment go out together: 300 clusters cost one round trip, not 300.
   */
  async tip(ref: string): Promise<string | null> {
    this.#asked ??= this.#askTogether();
    this.#asked.refs.add(ref);
    return (await this.#asked.tips).get(ref) ?? null;
  }

  /** The refs of the remote below a prefix that ends with a slash. */
  async below(prefix: string): Promise<readonly string[]> {
    const listed = await this.#ask(["ls-remote", "--refs", await this.#address(), `${prefix}*`]);
    const refs = listed.split("\n").map((line) => line.split("\t")[1] ?? "");
    return refs.filter((ref) => ref.startsWith(prefix));
  }

  /**
   * The address that is pushed to, for every question: a remote may be read at another one, of a mirror that is behind,
   * and a lock that is not looked for where it was written is one that nobody sees.
   */
  async #address(): Promise<string> {
    this.#home ??= this.#findAddress();
    return await this.#home;
  }

  async #findAddress(): Promise<string> {
    const apart = await this.#run(["config", "--get-regexp", APART]).catch(() => "");
    if (apart === "" || /[:/]/.test(this.remote)) return this.remote;
    const [read, written] = await Promise.all([
      this.#run(["remote", "get-url", this.remote]),
      this.#run(["remote", "get-url", "--push", "--all", this.remote]),
    ]).catch((cause: unknown) => {
      throw remoteFailure(this.remote, "remote get-url", cause);
    });
    const [first = "", ...more] = written.trim().split("\n");
    if (more.length > 0) {
      throw new Failure(
        "refused",
        `${this.remote} is pushed to ${more.length + 1} addresses, and a lock can only be at one`,
        {
          hint: "name a remote with a single address under `remote` of the repository resource",
        },
      );
    }
    return first === read.trim() ? this.remote : first;
  }

  #askTogether() {
    const refs = new Set<string>();
    const tips = Promise.resolve().then(() => {
      this.#asked = null;
      return this.#tipsOf([...refs]);
    });
    return { refs, tips };
  }

  /** A ref may move between the listing and the fetch; then both are done again. */
  async #tipsOf(refs: readonly string[]): Promise<ReadonlyMap<string, string>> {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const listed = parseListing(
        await this.#ask(["ls-remote", "--refs", await this.#address(), ...refs]),
        refs,
      );
      const missing = await this.#missing(listed);
      if (missing.length === 0) return listed;
      await this.#fetch(missing);
      if ((await this.#missing(listed)).length === 0) return listed;
    }
    throw new Failure("storage", `${this.remote} moves ${refs.join(", ")} faster than they can be read`, {
      hint: "run it again",
    });
  }

  async #missing(tips: ReadonlyMap<string, string>): Promise<readonly string[]> {
    if (tips.size === 0) return [];
    const oids = [...tips.values()].map((oid) => `${oid}\n`).join("");
    const answer = await this.#run(["cat-file", "--batch-check"], { input: oids });
    const absent = new Set(
      answer
        .split("\n")
        .filter((line) => line.endsWith(" missing"))
        .map((line) => line.slice(0, line.indexOf(" "))),
    );
    return [...tips].filter(([, oid]) => absent.has(oid)).map(([ref]) => ref);
  }

  async #fetch(refs: readonly string[]): Promise<void> {
    this.#depth ??= this.#depthOfClone();
    const quiet = [
      "--quiet",
      "--no-tags",
      "--no-write-fetch-head",
      "--no-recurse-submodules",
      "--no-auto-gc",
    ];
    try {
      await this.#ask([
        "fetch",
        ...quiet,
        "--refmap=",
        ...(await this.#depth),
        await this.#address(),
        ...refs,
      ]);
    } catch (error) {
      // Deleted between the listing and the fetch: the next listing tells.
      if (!/couldn't find remote ref/.test(String(error))) throw error;
    }
  }

  /** A full clone stays full; in a shallow one, as CI makes them, the last commit is enough. */
  async #depthOfClone(): Promise<readonly string[]> {
    const shallow = await this.#run(["rev-parse", "--is-shallow-repository"]);
    return shallow.trim() === "true" ? ["--depth=1"] : [];
  }

  /**
   * A file of a commit that `tip` gave or `commit` made; `null` when the commit does not have it. What git cannot read is
   * no answer, and its words for both are alike: its list of the files tells.
   */
  async read(oid: string, file: string): Promise<string | null> {
    try {
      return await this.#run(["cat-file", "blob", `${oid}:${file}`]);
    } catch (cause) {
      const files = await this.#filesOf(oid);
      if (files !== null && !files.includes(file)) return null;
      const said = cause instanceof Error ? cause.message.trim() : String(cause);
      throw new Failure("storage", `git cannot read ${file} of ${oid} in ${this.#folder}: ${said}`, {
        hint: "`git fsck` there says what is damaged; a fresh clone has all of it",
        cause,
      });
    }
  }

  /** `null`: git cannot tell. */
  async #filesOf(oid: string): Promise<readonly string[] | null> {
    return await this.#run(["ls-tree", "--full-tree", "--name-only", "-z", oid]).then(
      (listed) => listed.split("\0"),
      () => null,
    );
  }

  /** A commit with exactly these files, only in the object store of the clone. */
  async commit(
    files: Readonly<Record<string, string>>,
    parent: string | null,
    message: string,
    now: number,
  ): Promise<string> {
    const entries = await Promise.all(
      Object.entries(files).map(async ([file, text]) => {
        const blob = await this.#made(["hash-object", "-w", "--stdin"], text);
        return `100644 blob ${blob}\t${file}\n`;
      }),
    );
    const tree = await this.#made(["mktree"], entries.join(""));
    const parents = parent === null ? [] : ["-p", parent];
    return await this.#made(["commit-tree", "--no-gpg-sign", tree, ...parents], message, dated(now));
  }

  async #made(args: readonly string[], input: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
    return (await this.#run(args, { input, env })).trim();
  }

  /**
   * Moves refs of the remote, all or none, each only if it still stands where it is said to. `false`: somebody was
   * faster. A connection that breaks says nothing about what happened, so the refs are looked at again.
   */
  async move(moves: readonly RefMove[]): Promise<boolean> {
    const leases = moves.map(({ ref, from }) => `--force-with-lease=${ref}:${from ?? ""}`);
    const specs = moves.map(({ ref, to }) => `${to ?? ""}:${ref}`);
    // Not the clone's own habits: hooks, signatures, tags and submodules have no business here.
    const plain = ["--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no"];
    try {
      await this.#ask([
        "push",
        "--porcelain",
        "--atomic",
        ...plain,
        ...leases,
        await this.#address(),
        ...specs,
      ]);
      return true;
    } catch (error) {
      // Also where it reads as a race: a transport that sends twice is told that somebody was faster, by itself.
      const tips = await Promise.all(moves.map(({ ref }) => this.tip(ref))).catch(() => null);
      if (tips?.every((tip, index) => tip === moves[index]?.to)) return true;
      if (isRace(error)) return false;
      throw error;
    }
  }

  /** A git that talks to the remote: its failures are the world's. */
  async #ask(args: readonly string[]): Promise<string> {
    this.#known ??= this.#run(["config", "--get", `remote.${this.remote}.url`]).then(
      (url) => url.trim() !== "",
    );
    if (!(await this.#known)) throw noRemote(this.remote);
    try {
      return await this.#run(args);
    } catch (cause) {
      throw remoteFailure(this.remote, args[0] ?? "", cause);
    }
  }

  async #run(args: readonly string[], given: GivenToGit = {}): Promise<string> {
    return await runGit(this.#folder, this.#env, args, given);
  }
}

function parseListing(text: string, wanted: readonly string[]): ReadonlyMap<string, string> {
  const tips = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [oid = "", ref = ""] = line.split("\t");
    // The patterns of ls-remote match the end of a name, too.
    if (wanted.includes(ref)) tips.set(ref, oid);
  }
  return tips;
}

function dated(now: number): NodeJS.ProcessEnv {
  const date = `${Math.floor(now / 1000)} +0000`;
  const { name, email } = IDENTITY;
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
    GIT_COMMITTER_DATE: date,
  };
}
