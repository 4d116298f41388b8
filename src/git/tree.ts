import { existsSync, statSync } from "node:fs";
import { dirname, extname, join, posix, resolve } from "node:path";
import { Failure } from "../failure.ts";
import type { Diagnostic } from "../resources/model/desired.ts";
import type { FileSource } from "../resources/read/file-source.ts";
import { isPointer, MAX_FILE_BYTES, sourceOf, tooLarge } from "../resources/read/read-file.ts";
import { complain, diagnosticOfFile } from "../resources/read/source-file.ts";
import { type Blob, readBlobs } from "./blobs.ts";
import { type FoundText, findTexts } from "./find-text.ts";
import type { Git } from "./git.ts";
import type { Repository } from "./repository.ts";

/** One file of a commit. */
interface Entry {
  /** Below the folder, with `/`. */
  readonly path: string;
  readonly kind: "file" | "link" | "submodule";
  readonly oid: string;
  /** The repository that has the object: a submodule has its own. */
  readonly git: Git;
}

/** What a commit has below a folder, from git's objects alone: the work tree may lack it, or have it otherwise. */
export class CommitTree implements FileSource {
  readonly commit: string;
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #diagnostics: readonly Diagnostic[];
  readonly #texts = new Map<string, Blob>();
  readonly #git: Git;
  /** The folder in the work tree. */
  readonly #folder: string;
  /** The folder below the top of the repository, empty at the top. */
  readonly #prefix: string;
  readonly #found = new Map<string, Promise<readonly FoundText[]>>();

  private constructor(
    git: Git,
    commit: string,
    folder: string,
    prefix: string,
    entries: readonly Entry[],
    diagnostics: readonly Diagnostic[],
  ) {
    this.#git = git;
    this.commit = commit;
    this.#folder = folder;
    this.#prefix = prefix;
    this.#entries = new Map(entries.map((entry) => [entry.path, entry]));
    this.#diagnostics = diagnostics;
  }

  /** `prefix`: the folder, below the top of the repository. */
  static async open(
    { git, root, commonDir }: Repository,
    commit: string,
    prefix: string,
  ): Promise<CommitTree> {
    const listed = await listTree(git, `${commit}:${prefix}`);
    if (listed === null) {
      const complaint = complain(
        `no such folder in commit ${commit.slice(0, 12)}`,
        "name the folder that holds the resources, with -C DIR; what is new there has to be committed",
      );
      return new CommitTree(
        git,
        commit,
        join(root, prefix),
        prefix,
        [],
        [diagnosticOfFile(prefix === "" ? "." : prefix, complaint)],
      );
    }
    const entries = listed.map((one) => ({ ...one, git }));
    const top = { git, commit, workTree: root, modules: join(commonDir, "modules") };
    const { inside, lost } = await withSubmodules(entries, prefix, top);
    return new CommitTree(git, commit, join(root, prefix), prefix, inside, lost);
  }

  /** Every file, links and what cannot be read left out. */
  list(): readonly string[] {
    return [...this.#entries.values()].filter(({ kind }) => kind === "file").map(({ path }) => path);
  }

  has(path: string): boolean {
    return this.#entries.has(path);
  }

  /** Whether a file that `find` gave belongs to another repository. */
  isInSubmodule(path: string): boolean {
    const end = this.#follow(path);
    const entry = end.kind === "path" ? this.#entries.get(end.path) : undefined;
    return entry !== undefined && entry.git !== this.#git;
  }

  async find(): Promise<{ readonly paths: readonly string[]; readonly diagnostics: readonly Diagnostic[] }> {
    const visible = [...this.#entries.values()].filter(({ path }) => !isHidden(path));
    const diagnostics = [...this.#diagnostics];
    const taken = new Map<string, Entry>();
    const byTarget = new Set<string>();
    for (const entry of visible) {
      if (entry.kind !== "file" || !isYaml(entry.path)) continue;
      taken.set(entry.path, entry);
      byTarget.add(entry.path);
    }
    const links = visible.filter(({ kind }) => kind === "link").sort((a, b) => (a.path < b.path ? -1 : 1));
    await this.#load(links);
    for (const link of links) {
      const end = this.#follow(link.path);
      if (end.kind === "problem") {
        if (isYaml(link.path) || this.#mayBeFolder(link, end)) {
          diagnostics.push(diagnosticOfFile(link.path, complain(end.message, end.remedy)));
        }
        continue;
      }
      for (const [path, entry] of this.#reached(link.path, end.path)) {
        if (byTarget.has(entry.path)) continue;
        byTarget.add(entry.path);
        taken.set(path, entry);
      }
    }
    await this.#load([...taken.values()]);
    for (const [path, entry] of taken) this.#alias(path, entry);
    return { paths: [...taken.keys()].sort(), diagnostics };
  }

  async read(path: string): Promise<ReturnType<typeof sourceOf>> {
    const blob = this.#texts.get(path);
    if (blob === undefined) throw new Error(`${path} was not listed in commit ${this.commit}`);
    return "bytes" in blob ? sourceOf(path, blob.bytes) : diagnosticOfFile(path, tooLarge(blob.size));
  }

  /** The content of one file; throws an `Error` that says why there is none. */
  async bytes(path: string): Promise<Uint8Array> {
    const clean = posix.normalize(path);
    const at = `commit ${this.commit.slice(0, 12)}`;
    await this.#load([...this.#entries.values()].filter(({ kind }) => kind === "link"));
    const end = this.#follow(clean);
    if (end.kind === "problem") throw new Error(`${path} in ${at}: ${end.message}`);
    const entry = this.#entries.get(end.path);
    if (entry === undefined || entry.kind !== "file") {
      const problem = this.#diagnostics.find(({ file }) => clean === file || clean.startsWith(`${file}/`));
      throw new Error(
        problem === undefined ? `${path} is not in ${at}` : `${path}: ${problem.file} ${problem.message}`,
      );
    }
    await this.#load([entry], LARGEST_FILE);
    const blob = this.#texts.get(entry.path);
    if (blob === undefined || !("bytes" in blob)) throw new Error(`${path} in ${at} is too large to be read`);
    if (isPointer(Buffer.from(blob.bytes.subarray(0, 100)).toString("utf8"))) {
      throw new Error(`${path} in ${at} is a pointer of Git LFS in place of the file`);
    }
    return blob.bytes;
  }

  /** The texts of several files at once, by path; a number where one is larger than the limit, in bytes. */
  async texts(paths: readonly string[], maxBytes: number): Promise<ReadonlyMap<string, Uint8Array | number>> {
    const entries = paths.flatMap((path) => this.#entries.get(path) ?? []);
    await this.#load(entries, maxBytes);
    return new Map(
      entries.flatMap(({ path }) => {
        const blob = this.#texts.get(path);
        return blob === undefined ? [] : [[path, "bytes" in blob ? blob.bytes : blob.size] as const];
      }),
    );
  }

  /**
   * Where texts stand in the whole repository, also above and beside the folder; paths are seen from the folder. What is
   * in submodules is left out (`filesOfSubmodules`). The same question is answered once, as a commit does not change.
   */
  findTexts(texts: readonly string[]): Promise<readonly FoundText[]> {
    const key = texts.join("\n");
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const found = findTexts(this.#git, { commit: this.commit }, texts).then((all) =>
      all.map((one) => ({ ...one, path: posix.relative(`/${this.#prefix}`, `/${one.path}`) })),
    );
    this.#found.set(key, found);
    return found;
  }

  /** Files below the folder that belong to other repositories. */
  filesOfSubmodules(): readonly string[] {
    return [...this.#entries.values()]
      .filter(({ kind, git }) => kind === "file" && git !== this.#git)
      .map(({ path }) => path);
  }

  async #load(entries: readonly Entry[], maxBytes = MAX_FILE_BYTES): Promise<void> {
    const lacking = entries.filter(({ path }) => {
      const known = this.#texts.get(path);
      return known === undefined || ("size" in known && known.size <= maxBytes);
    });
    const repositories = new Set(lacking.map(({ git }) => git));
    await Promise.all(
      [...repositories].map(async (git) => {
        const own = lacking.filter((entry) => entry.git === git);
        const blobs = await readBlobs(
          git,
          own.map(({ oid }) => oid),
          maxBytes,
        );
        for (const { path, oid } of own) {
          const blob = blobs.get(oid);
          if (blob !== undefined) this.#texts.set(path, blob);
        }
      }),
    );
  }

  #alias(path: string, entry: Entry): void {
    const blob = this.#texts.get(entry.path);
    if (blob !== undefined) this.#texts.set(path, blob);
  }

  /** Where a path leads when every link on the way is followed, as far as it stays in the folder. */
  #follow(path: string): Followed {
    let steps = 0;
    let rest = path.split("/").filter((part) => part !== "" && part !== ".");
    let at: string[] = [];
    while (rest.length > 0) {
      const [part = "", ...others] = rest;
      rest = others;
      if (part === "..") {
        if (at.length === 0) return LEAVES;
        at = at.slice(0, -1);
        continue;
      }
      at = [...at, part];
      const entry = this.#entries.get(at.join("/"));
      if (entry?.kind !== "link") continue;
      steps += 1;
      if (steps > LINKS) return LOOPS;
      const target = this.#target(entry);
      if (target.startsWith("/")) return LEAVES;
      at = at.slice(0, -1);
      rest = [...target.split("/").filter((step) => step !== "" && step !== "."), ...rest];
    }
    const end = at.join("/");
    if (end === "" || path.startsWith(`${end}/`)) return CONTAINS;
    const isThere =
      this.#entries.has(end) || [...this.#entries.keys()].some((key) => key.startsWith(`${end}/`));
    return isThere ? { kind: "path", path: end } : DANGLES;
  }

  /** A link that is not called like a resource matters where there may be a folder behind it. */
  #mayBeFolder(link: Entry, end: Followed): boolean {
    if (end !== LEAVES) return end !== DANGLES;
    const target = this.#target(link);
    try {
      return statSync(resolve(this.#folder, dirname(link.path), target)).isDirectory();
    } catch {
      return extname(target) === "";
    }
  }

  #target(link: Entry): string {
    const blob = this.#texts.get(link.path);
    return blob !== undefined && "bytes" in blob ? Buffer.from(blob.bytes).toString("utf8") : "/";
  }

  /** The YAML files that a link to a file or a folder adds, by the path that leads through the link. */
  *#reached(link: string, end: string): Iterable<readonly [string, Entry]> {
    const file = this.#entries.get(end);
    if (file?.kind === "file" && isYaml(link)) yield [link, file];
    if (file !== undefined) return;
    for (const entry of this.#entries.values()) {
      if (entry.kind !== "file" || !entry.path.startsWith(`${end}/`) || !isYaml(entry.path)) continue;
      const below = entry.path.slice(end.length + 1);
      if (!isHidden(below)) yield [`${link}/${below}`, entry];
    }
  }
}

type Followed =
  | { readonly kind: "path"; readonly path: string }
  | {
      readonly kind: "problem";
      readonly message: string;
      readonly remedy: string;
    };

const LEAVES: Followed = {
  kind: "problem",
  message: "a symbolic link that leaves the folder",
  remedy: "put the files themselves into the folder: what is outside has no review",
};
const LOOPS: Followed = {
  kind: "problem",
  message: "a symbolic link that leads back to itself",
  remedy: "remove the link",
};
const CONTAINS: Followed = {
  kind: "problem",
  message: "a symbolic link to a folder that contains it: a loop",
  remedy: "remove the link",
};
const DANGLES: Followed = {
  kind: "problem",
  message: "a symbolic link that cannot be followed (its target is not in the commit)",
  remedy: "repair or remove the link",
};

/** As many as Linux follows (path_resolution(7)). */
const LINKS = 40;
/** What a consumer trusts may be a bundle of all public CAs, and more. */
const LARGEST_FILE = 16 * 1024 * 1024;

export function isYaml(path: string): boolean {
  return /\.ya?ml$/i.test(path);
}

/** As in a folder: nobody keeps resources there. */
export function isHidden(path: string): boolean {
  return path.split("/").some((part) => part.startsWith(".") || part === "node_modules");
}

type Listed = Omit<Entry, "git">;

/** `null` where there is no such tree. */
async function listTree(git: Git, tree: string): Promise<readonly Listed[] | null> {
  const args = ["ls-tree", "-r", "-z", "--full-tree", tree];
  const answer = await git.ask(args);
  if (/Not a valid object name|not a tree object/i.test(answer.stderr)) {
    // A tree that the commit does not name is not there; a commit that cannot be read is damaged.
    const [commit = ""] = tree.split(":");
    await git.must(["cat-file", "-e", `${commit}^{tree}`]);
    return null;
  }
  if (answer.exitCode !== 0) {
    throw new Failure(
      "storage",
      `git cannot list the files of ${tree} in ${git.where}: ${answer.stderr.trim()}`,
      {
        hint: "`git fsck` there says what is damaged",
      },
    );
  }
  return answer.stdout.split("\0").flatMap((line) => {
    const tab = line.indexOf("\t");
    if (tab < 0) return [];
    const [mode = "", , oid = ""] = line.slice(0, tab).split(" ");
    return [{ path: line.slice(tab + 1), kind: kindOf(mode), oid }];
  });
}

/** Modes of tree entries: gitlinks and links are no files (gitformat-index(5)). */
function kindOf(mode: string): Entry["kind"] {
  if (mode === "160000") return "submodule";
  return mode === "120000" ? "link" : "file";
}

/** Where the submodules of a commit may be. */
interface Superproject {
  readonly git: Git;
  readonly commit: string;
  readonly workTree: string | null;
  readonly modules: string;
}

/** The entries with those of submodules in their places; one whose commit is not at hand is a problem, not a gap. */
async function withSubmodules(
  entries: readonly Entry[],
  prefix: string,
  from: Superproject,
): Promise<{ readonly inside: readonly Entry[]; readonly lost: readonly Diagnostic[] }> {
  const submodules = entries.filter(({ kind, path }) => kind === "submodule" && !isHidden(path));
  const inside: Entry[] = entries.filter(({ kind }) => kind !== "submodule");
  const lost: Diagnostic[] = [];
  if (submodules.length === 0) return { inside, lost };
  const names = await namesOf(from);
  for (const { path, oid } of submodules) {
    const full = prefix === "" ? path : `${prefix}/${path}`;
    const place = placeOf(from, full, names.get(full));
    const listed = place === null ? null : await listTree(place.git, `${oid}:`).catch(() => null);
    if (place === null || listed === null) {
      const complaint = complain(
        `is a submodule, and its commit ${oid.slice(0, 12)} is not at hand: what it declares cannot be read`,
        `\`git submodule update --init ${full}\` fetches it; in GitHub Actions the checkout needs \`submodules: true\``,
      );
      lost.push(diagnosticOfFile(path, complaint));
      continue;
    }
    const own = listed.map((one) => ({ ...one, git: place.git }));
    const nested = await withSubmodules(own, "", { ...place, commit: oid });
    inside.push(...nested.inside.map((entry) => ({ ...entry, path: `${path}/${entry.path}` })));
    lost.push(...nested.lost.map((problem) => ({ ...problem, file: `${path}/${problem.file}` })));
  }
  return { inside, lost };
}

/** Names of submodules by path, as their folders below `modules` are called (gitsubmodules(7)). */
async function namesOf({ git, commit }: Superproject): Promise<ReadonlyMap<string, string>> {
  const args = ["config", "--blob", `${commit}:.gitmodules`, "-z", "--get-regexp", "^submodule\\..*\\.path$"];
  const { exitCode, stdout } = await git.ask(args);
  if (exitCode !== 0) return new Map();
  return new Map(
    stdout.split("\0").flatMap((line) => {
      const [key = "", path = ""] = line.split("\n");
      const name = key.replace(/^submodule\.(.*)\.path$/, "$1");
      return path === "" || name.split("/").includes("..") ? [] : [[path, name] as const];
    }),
  );
}

function placeOf(
  { git, workTree, modules }: Superproject,
  path: string,
  name: string | undefined,
): Omit<Superproject, "commit"> | null {
  const folder = workTree === null ? null : join(workTree, path);
  const own = name === undefined ? null : join(modules, name);
  const nested = own === null ? modules : join(own, "modules");
  if (folder !== null && existsSync(join(folder, ".git"))) {
    return { git: git.at(folder, "folder"), workTree: folder, modules: nested };
  }
  if (own === null || !existsSync(join(own, "HEAD"))) return null;
  return { git: git.at(own, "git-dir"), workTree: null, modules: nested };
}
