import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Artifact } from "../artifacts/artifacts.ts";
import { Failure } from "../failure.ts";

/** What came of writing, by path; all relative to the folder. */
interface WrittenArtifacts {
  readonly written: readonly string[];
  readonly unchanged: readonly string[];
  /** Files of an earlier phase that nobody else has touched: `old.pem` once the old key is gone. */
  readonly removed: readonly string[];
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
  for (const { path, bytes } of ordered) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  const written = ordered.map(({ path }) => path).toSorted();
  return {
    written,
    unchanged: artifacts.map(({ path }) => path).filter((path) => !written.includes(path)),
    removed,
  };
}

/** Digests of the files that manifests in the folder name; a manifest itself is ours when it reads as one. */
async function rememberedFiles(
  folder: string,
  artifacts: readonly Artifact[],
): Promise<ReadonlyMap<string, string>> {
  const ours = new Map<string, string>();
  for (const { path } of artifacts.filter((artifact) => artifact.path.endsWith(MANIFEST))) {
    const bytes = await readIfThere(join(folder, path));
    const listed = bytes === null ? null : readManifest(bytes);
    if (bytes === null || listed === null) continue;
    ours.set(path, digest(bytes));
    for (const file of listed) ours.set(join(dirname(path), file.path), file.sha256);
  }
  return ours;
}

function readManifest(bytes: Buffer): readonly { readonly path: string; readonly sha256: string }[] | null {
  try {
    const { format_version, files } = JSON.parse(bytes.toString("utf8")) as Record<string, unknown>;
    if (format_version !== "1.0" || !Array.isArray(files)) return null;
    return files.filter(
      (file) => typeof file?.path === "string" && /^[\w./-]+$/.test(file.path) && !file.path.includes(".."),
    );
  } catch {
    return null;
  }
}

async function removeStale(
  folder: string,
  artifacts: readonly Artifact[],
  ours: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const current = new Set(artifacts.map(({ path }) => path));
  const removed: string[] = [];
  for (const path of ours.keys()) {
    if (current.has(path)) continue;
    const bytes = await readIfThere(join(folder, path));
    if (bytes === null || !isOurs(path, bytes, ours)) continue;
    await rm(join(folder, path));
    removed.push(path);
  }
  return removed;
}

function isOurs(path: string, bytes: Buffer, ours: ReadonlyMap<string, string>): boolean {
  return ours.get(path) === digest(bytes);
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
