import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Repository } from "./repository.ts";

const FILE = join("clusters", "acme.cluster", "cluster.yaml");

/** The cluster has this check and no other, or none at all; committed. */
export async function onlyCheck(repository: Repository, check: string | null): Promise<void> {
  const file = join(repository.folder, FILE);
  const text = (await readFile(file, "utf8")).replace(/\n {2}checks:\n(?: {4}.*\n)*/, "\n");
  const wanted = check === null ? text : `${text.trimEnd()}\n  checks:\n    - ${check}\n`;
  await writeFile(file, wanted);
  await repository.git("add", "-A");
  await repository.git("commit", "--quiet", "--allow-empty", "--message", "what is checked");
}

// The same content does not start again once it was rolled back, whatever its file is called.
let starts = 0;

/** A rotation of a CA without what was stated for the ones before. */
export async function startAnew(
  repository: Repository,
  type: string,
  ...flags: readonly string[]
): Promise<void> {
  await rm(join(repository.folder, "clusters/acme.cluster/rotations"), { recursive: true, force: true });
  await repository.rotate("start", type, "--reason", `time ${++starts}`, ...flags);
}
