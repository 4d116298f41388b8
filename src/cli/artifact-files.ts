import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import type { Artifact } from "../artifacts/artifacts.ts";
import { Failure } from "../failure.ts";
import { lookAtTarget, type Target, writeTarget } from "../process/written-file.ts";

/** What came of writing, by path; all relative to the folder. */
interface WrittenArtifacts {
  readonly written: readonly string[];
  readonly unchanged: readonly string[];
  /** Files of an earlier phase that nobody else has touched: `old.pem` once the old key is gone. */
  readonly removed: readonly RemovedArtifact[];
}

interface RemovedArtifact {
  readonly path: string;
  /** The file beside it that now holds its keys, by name; `null` when the CA has them no more. */
  readonly now: string | null;
}

const MANIFEST = "manifest.json";

/**
 * Writes artifacts into a folder, or nothing at all: a file that capstan did not write, or that somebody changed
 * since, is never overwritten. The manifests of the last time tell which are ours, by their digests.
 */
export async function writeArtifacts(
  folder: string,
  artifacts: readonly Artifact[],
): Promise<WrittenArtifacts> {
  // Nothing is written, or taken away, when one of them leads elsewhere.
  for (const { path } of artifacts) await lookAtTarget(targetIn(folder, path));
  const ours = await rememberedFiles(folder, artifacts);
  const present = await Promise.all(
    artifacts.map(async (artifact) => ({ artifact, bytes: await readIfThere(join(folder, artifact.path)) })),
  );
  const foreign = present.filter(
    ({ artifact, bytes }) =>
      bytes !== null && !bytes.equals(artifact.bytes) && !isOurs(artifact.path, bytes, ours),
  );
  if (foreign.length > 0) {
    const paths = foreign.map(({ artifact }) => artifact.path).join(", ");
    throw new Failure("usage", `${folder} holds files that capstan did not write: ${paths}`, {
      hint: "nothing was written; choose another --out, or move these files away",
    });
  }
  const changed = present.filter(({ artifact, bytes }) => bytes === null || !bytes.equals(artifact.bytes));
  // The manifest last: a run that is killed before it leaves the old one, which still knows its files.
  const ordered = changed
    .map(({ artifact }) => artifact)
    .toSorted((left, right) => Number(left.path.endsWith(MANIFEST)) - Number(right.path.endsWith(MANIFEST)));
  const removed = await removeStale(folder, artifacts, ours);
  for (const { path, bytes } of ordered) await writeTarget(targetIn(folder, path), { bytes });
  const written = ordered.map(({ path }) => path).toSorted();
  return {
    written,
    unchanged: artifacts.map(({ path }) => path).filter((path) => !written.includes(path)),
    removed,
  };
}

/** The folder is what the person named; nothing that stands in it may lead out of it. */
function targetIn(folder: string, path: string): Target {
  return { path: join(folder, path), roots: [folder] };
}

interface Remembered {
  readonly sha256: string;
  readonly keys: readonly string[];
}

interface Listed extends Remembered {
  readonly path: string;
}

/** Digests and keys of the files that manifests in the folder name; a manifest itself is ours when it reads as one. */
async function rememberedFiles(
  folder: string,
  artifacts: readonly Artifact[],
): Promise<ReadonlyMap<string, Remembered>> {
  const ours = new Map<string, Remembered>();
  for (const { path } of artifacts.filter((artifact) => artifact.path.endsWith(MANIFEST))) {
    const bytes = await readIfThere(join(folder, path));
    const listed = bytes === null ? null : readManifest(bytes);
    if (bytes === null || listed === null) continue;
    ours.set(path, { sha256: digest(bytes), keys: [] });
    for (const file of listed) ours.set(join(dirname(path), file.path), file);
  }
  return ours;
}

function readManifest(bytes: Buffer): readonly Listed[] | null {
  try {
    const { format_version, files } = JSON.parse(bytes.toString("utf8")) as Record<string, unknown>;
    if (format_version !== "1.0" || !Array.isArray(files)) return null;
    return files
      .filter(
        (file) => typeof file?.path === "string" && /^[\w./-]+$/.test(file.path) && !file.path.includes(".."),
      )
      .map(({ path, sha256, keys }) => ({ path, sha256, keys: Array.isArray(keys) ? keys : [] }));
  } catch {
    return null;
  }
}

async function removeStale(
  folder: string,
  artifacts: readonly Artifact[],
  ours: ReadonlyMap<string, Remembered>,
): Promise<readonly RemovedArtifact[]> {
  const current = new Set(artifacts.map(({ path }) => path));
  const listed = artifacts
    .filter(({ path }) => path.endsWith(MANIFEST))
    .flatMap(({ path, bytes }) =>
      (readManifest(bytes) ?? []).map((file) => ({ ...file, path: join(dirname(path), file.path) })),
    );
  const removed: RemovedArtifact[] = [];
  for (const [path, { keys }] of ours) {
    if (current.has(path)) continue;
    const bytes = await readIfThere(join(folder, path));
    if (bytes === null || !isOurs(path, bytes, ours)) continue;
    await rm(join(folder, path));
    removed.push({ path, now: successorOf(path, keys, listed) });
  }
  return removed;
}

/** A path that is deployed from must not vanish without a word of where its keys are. */
function successorOf(path: string, keys: readonly string[], listed: readonly Listed[]): string | null {
  const beside = listed.filter(
    (file) => dirname(file.path) === dirname(path) && extname(file.path) === extname(path),
  );
  const holding = beside.filter((file) => keys.length > 0 && keys.every((key) => file.keys.includes(key)));
  // A bundle of one key would do, but says less.
  const found = holding.find((file) => !basename(file.path).startsWith("bundle.")) ?? holding[0];
  return found === undefined ? null : basename(found.path);
}

function isOurs(path: string, bytes: Buffer, ours: ReadonlyMap<string, Remembered>): boolean {
  return ours.get(path)?.sha256 === digest(bytes);
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return null;
    throw new Failure("storage", `${path} cannot be read`, { cause: error });
  }
}
