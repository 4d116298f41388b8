import { Failure } from "../../failure.ts";
import { enableOverrideEntry, removeOverrideEntry } from "../../resources/edit/edit-override.ts";
import type { OverrideResource } from "../../resources/model/desired.ts";
import type { CaOverride } from "../../teleport/overrides/ca-override.ts";
import { insistOnOverridable } from "../../teleport/overrides/command-words.ts";
import { normaliseKeyHash } from "../../teleport/overrides/key-hash.ts";
import { harmlessLine } from "../../views/harmless.ts";
import { editFiles } from "../edited-file.ts";
import type { PlaceInGit } from "./scene.ts";

/** What git has for one CA: the resource, and its entries by key, in the order in which they stand. */
export interface EntriesInGit {
  readonly resource: OverrideResource;
  readonly override: CaOverride;
}

/** `null` where git has nothing for this CA. */
export function overrideInGit({ workspace, cluster }: PlaceInGit, type: string): OverrideResource | null {
  return workspace.desired.overrides.find((one) => one.cluster === cluster.name && one.type === type) ?? null;
}

/** A `Failure` when git has nothing for this CA. */
export async function entriesInGit(place: PlaceInGit, type: string): Promise<EntriesInGit> {
  insistOnOverridable(type);
  const resource = overrideInGit(place, type);
  if (resource !== null) return { resource, override: await readEntries(resource) };
  throw new Failure("usage", `git has no override of ${type}`, {
    hint: `\`capstan override csr ${type}\` begins one`,
  });
}

/** The entries of a resource in git, all of which have to be understood. */
async function readEntries(resource: OverrideResource): Promise<CaOverride> {
  const { readOverride } = await import("../../teleport/overrides/read-resource.ts");
  const read = await readOverride(resource.document);
  if (read.complete) return read;
  throw new Failure("resources", `${resource.source.file} has entries that cannot be understood`, {
    hint: "`capstan validate` says what is wrong with them",
  });
}

/** The keys that were named on the command line, each with an entry in git. */
export function namedEntries({ type, entries }: CaOverride, hashes: readonly string[]): readonly string[] {
  const named = hashes.map((hash) => normaliseKeyHash(hash.replace(/^sha256:/, "")) ?? hash);
  const unknown = named.find((hash) => !entries.has(hash));
  if (unknown === undefined) return named;
  throw new Failure("usage", `git has no override of ${type} for the key ${unknown}`, {
    hint: `it has: ${[...entries.keys()].join(", ") || "none"}`,
  });
}

/** Its place in the list, -1 where there is none. */
export async function indexInGit(resource: OverrideResource | null, keyHash: string): Promise<number> {
  if (resource === null) return -1;
  return [...(await readEntries(resource)).entries.keys()].indexOf(keyHash);
}

const CHANGES = { enabled: enableOverrideEntry, removed: removeOverrideEntry } as const;

/** Changes entries one after the other, and says so. */
export async function changeEntries(
  { terminal, workspace }: PlaceInGit,
  { resource, override }: EntriesInGit,
  change: keyof typeof CHANGES,
  keyHashes: readonly string[],
): Promise<void> {
  const { cluster, type, source } = resource;
  const left = [...override.entries.keys()];
  for (const keyHash of keyHashes) {
    const index = left.indexOf(keyHash);
    await editFiles(workspace, [
      { file: source.file, change: (text) => CHANGES[change](text, { cluster, type }, index) },
    ]);
    // Positions move with every entry that goes.
    if (change === "removed") left.splice(index, 1);
    terminal.stdout.write(`${harmlessLine(source.file)}: ${change} the entry of the key\n  ${keyHash}\n`);
  }
}
