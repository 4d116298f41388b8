import { statSync } from "node:fs";
import { dirname, extname, join, posix, resolve } from "node:path";
import type { Diagnostic } from "../resources/model/desired.ts";
import type { FileSource } from "../resources/read/file-source.ts";
import { LEAVES } from "../resources/read/link-complaints.ts";
import { isPointer, MAX_FILE_BYTES, sourceFromBytes, tooLarge } from "../resources/read/read-file.ts";
import { isHidden, isYaml } from "../resources/read/resource-path.ts";
import { type Complaint, complain, diagnosticOfFile } from "../resources/read/source-file.ts";
import { type Blob, readBlobs } from "./blobs.ts";
import { type FoundText, findTexts } from "./find-text.ts";
import type { Git } from "./git.ts";
import { DANGLES, type Followed, followLinks } from "./links.ts";
import type { Repository } from "./repository.ts";
import { withSubmodules } from "./submodules.ts";
import { listTree, type TreeEntry } from "./tree-entries.ts";

/** What a consumer trusts may be a bundle of all public CAs, and more. */
const LARGEST_FILE = 16 * 1024 * 1024;

/** What a commit has below a folder, from git's objects alone: the work tree may lack it, or have it otherwise. */
export class CommitTree implements FileSource {
  readonly commit: string;
  readonly #entries: ReadonlyMap<string, TreeEntry>;
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
    entries: readonly TreeEntry[],
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
    const taken = new Map<string, TreeEntry>();
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
        if (isYaml(link.path) || this.#mayBeFolder(link, end.complaint)) {
          diagnostics.push(diagnosticOfFile(link.path, end.complaint));
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

  async read(path: string): Promise<ReturnType<typeof sourceFromBytes>> {
    const blob = this.#texts.get(path);
    if (blob === undefined) throw new Error(`${path} was not listed in commit ${this.commit}`);
    return "bytes" in blob ? sourceFromBytes(path, blob.bytes) : diagnosticOfFile(path, tooLarge(blob.size));
  }

  /** The content of one file; throws an `Error` that says why there is none. */
  async bytes(path: string): Promise<Uint8Array> {
    const clean = posix.normalize(path);
    const at = `commit ${this.commit.slice(0, 12)}`;
    await this.#load([...this.#entries.values()].filter(({ kind }) => kind === "link"));
    const end = this.#follow(clean);
    if (end.kind === "problem") throw new Error(`${path} in ${at}: ${end.complaint.message}`);
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
    // What failed once may be there the next time that somebody looks.
    found.catch(() => this.#found.delete(key));
    return found;
  }

  /** Files below the folder that belong to other repositories. */
  filesOfSubmodules(): readonly string[] {
    return [...this.#entries.values()]
      .filter(({ kind, git }) => kind === "file" && git !== this.#git)
      .map(({ path }) => path);
  }

  async #load(entries: readonly TreeEntry[], maxBytes = MAX_FILE_BYTES): Promise<void> {
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

  #alias(path: string, entry: TreeEntry): void {
    const blob = this.#texts.get(entry.path);
    if (blob !== undefined) this.#texts.set(path, blob);
  }

  #follow(path: string): Followed {
    return followLinks(path, this.#entries, (link) => this.#target(link));
  }

  /** A link that is not called like a resource matters where there may be a folder behind it. */
  #mayBeFolder(link: TreeEntry, complaint: Complaint): boolean {
    if (complaint !== LEAVES) return complaint !== DANGLES;
    const target = this.#target(link);
    try {
      return statSync(resolve(this.#folder, dirname(link.path), target)).isDirectory();
    } catch {
      return extname(target) === "";
    }
  }

  #target(link: TreeEntry): string {
    const blob = this.#texts.get(link.path);
    return blob !== undefined && "bytes" in blob ? Buffer.from(blob.bytes).toString("utf8") : "/";
  }

  /** The YAML files that a link to a file or a folder adds, by the path that leads through the link. */
  *#reached(link: string, end: string): Iterable<readonly [string, TreeEntry]> {
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
