import { Failure } from "../failure.ts";
import { type MadeCommit, makeCommit, type ObjectFormat, packOf } from "./made-objects.ts";
import { type GivenToGit, runGit } from "./plumbing.ts";
import { isRace, noRemote, remoteFailure } from "./remote-failure.ts";

/** A move of one ref of the remote, from what it must be now. `null`: it does not exist. */
export interface RefMove {
  readonly ref: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** What the clone's settings say of a remote and of its objects. */
interface Settings {
  /** Its remotes have the one that is asked for. */
  readonly known: boolean;
  /** Something makes git read at one address and write at another (git-config(1)). */
  readonly apart: boolean;
  readonly format: ObjectFormat;
}

/** All of them are one question. */
const SETTINGS = "^(remote\\..*\\.(push)?url|url\\..*\\.pushinsteadof|extensions\\.objectformat)$";

/**
 * Refs of the git remote, and objects without a work tree: everything goes through plumbing, so that neither
 * index, work tree, branches nor FETCH_HEAD of the clone change.
 */
export class RemoteRefs {
  readonly remote: string;
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  #depth: Promise<readonly string[]> | null = null;
  #settings: Promise<Settings> | null = null;
  /** Commits that were made, and are written with the push that needs them. */
  readonly #unwritten = new Map<string, MadeCommit>();
  /** Commits that the clone was seen to have. */
  readonly #atHand = new Set<string>();
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

  /** The branch that the remote calls its own; `null` where it does not say. */
  async defaultBranch(): Promise<string | null> {
    const listed = await this.#ask(["ls-remote", "--symref", await this.#address(), "HEAD"]);
    return /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(listed)?.[1] ?? null;
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
    const { apart } = await this.#settingsOfClone();
    if (!apart || /[:/]/.test(this.remote)) return this.remote;
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
    const asked = [...new Set(tips.values())].filter((oid) => !this.#atHand.has(oid));
    if (asked.length === 0) return [];
    const input = asked.map((oid) => `${oid}\n`).join("");
    const answer = await this.#run(["cat-file", "--batch-check"], { input });
    const absent = new Set(
      answer
        .split("\n")
        .filter((line) => line.endsWith(" missing"))
        .map((line) => line.slice(0, line.indexOf(" "))),
    );
    for (const oid of asked) if (!absent.has(oid)) this.#atHand.add(oid);
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

  /** A commit with exactly these files, only in the object store of the clone: it is written by the move that needs it. */
  async commit(
    files: Readonly<Record<string, string>>,
    parent: string | null,
    message: string,
    now: number,
  ): Promise<string> {
    const { format } = await this.#settingsOfClone();
    const made = makeCommit(format, files, parent, message, now);
    this.#unwritten.set(made.oid, made);
    return made.oid;
  }

  async #write(oids: readonly (string | null)[]): Promise<void> {
    const commits = oids.flatMap((oid) => (oid === null ? [] : (this.#unwritten.get(oid) ?? [])));
    if (commits.length === 0) return;
    const { format } = await this.#settingsOfClone();
    await this.#run(["unpack-objects", "-q"], { input: packOf(format, commits) });
    for (const { oid } of commits) {
      this.#unwritten.delete(oid);
      this.#atHand.add(oid);
    }
  }

  /**
   * Moves refs of the remote, all or none, each only if it still stands where it is said to. `false`: somebody was
   * faster. A connection that breaks says nothing about what happened, so the refs are looked at again.
   */
  async move(moves: readonly RefMove[]): Promise<boolean> {
    const leases = moves.map(({ ref, from }) => `--force-with-lease=${ref}:${from ?? ""}`);
    const specs = moves.map(({ ref, to }) => `${to ?? ""}:${ref}`);
    // Not the clone's own habits: hooks, signatures, tags, submodules, options and mirrors have no business here.
    const plain = ["--no-verify", "--no-signed", "--no-follow-tags", "--recurse-submodules=no"];
    const config = ["push.pushOption=", `remote.${this.remote}.mirror=false`];
    await this.#write(moves.map(({ to }) => to));
    try {
      const how = ["--porcelain", "--atomic", ...plain, ...leases];
      await this.#ask(["push", ...how, await this.#address(), ...specs], { config });
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
  async #ask(args: readonly string[], given: GivenToGit = {}): Promise<string> {
    if (!(await this.#settingsOfClone()).known) throw noRemote(this.remote);
    try {
      return await this.#run(args, given);
    } catch (cause) {
      throw remoteFailure(this.remote, args[0] ?? "", cause);
    }
  }

  #settingsOfClone(): Promise<Settings> {
    this.#settings ??= this.#run(["config", "-z", "--get-regexp", SETTINGS]).then((listed) =>
      settingsIn(listed, this.remote),
    );
    return this.#settings;
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

/** The last value of a name counts, and names end with a line break (git-config(1), `-z`). */
function settingsIn(listed: string, remote: string): Settings {
  const rows = listed.split("\0").map((row) => row.split("\n"));
  const values = new Map(rows.map(([name = "", value = ""]) => [name, value]));
  const names = [...values.keys()];
  return {
    known: (values.get(`remote.${remote}.url`) ?? "").trim() !== "",
    apart: names.some((name) => name.endsWith(".pushurl") || name.endsWith(".pushinsteadof")),
    format: values.get("extensions.objectformat")?.toLowerCase() === "sha256" ? "sha256" : "sha1",
  };
}
