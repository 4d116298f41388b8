import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Diagnostic } from "../resources/model/desired.ts";
import { isHidden } from "../resources/read/resource-path.ts";
import { complain, diagnosticOfFile } from "../resources/read/source-file.ts";
import type { Git } from "./git.ts";
import { listTree, type TreeEntry } from "./tree-entries.ts";

/** Where the submodules of a commit may be. */
export interface Superproject {
  readonly git: Git;
  readonly commit: string;
  readonly workTree: string | null;
  readonly modules: string;
}

/** The entries with those of submodules in their places; one whose commit is not at hand is a problem, not a gap. */
export async function withSubmodules(
  entries: readonly TreeEntry[],
  prefix: string,
  from: Superproject,
): Promise<{ readonly inside: readonly TreeEntry[]; readonly lost: readonly Diagnostic[] }> {
  const submodules = entries.filter(({ kind, path }) => kind === "submodule" && !isHidden(path));
  const inside: TreeEntry[] = entries.filter(({ kind }) => kind !== "submodule");
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
