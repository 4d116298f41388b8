import { rmSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A folder for what executables take as a file only and nobody else may read: 0700, its files 0600. Gone when it is
 * closed, at the latest with the process; what a killed process left, the next one takes away.
 */
export interface SecretFolder {
  /** Gives the path. Each call makes a file of its own. */
  write(name: string, text: string): Promise<string>;
  /** A folder in it for an executable that makes files itself. Each call makes one of its own. */
  folder(): Promise<string>;
  /** Before the folder goes, where a secret is no longer needed. */
  remove(path: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Where one of several machines fails, what is under way with the others is not waited for, and may still write: then a
 * folder is not empty that was so a moment ago.
 */
const WHATEVER_COMES = { recursive: true, force: true, maxRetries: 20, retryDelay: 10 } as const;

/** Makes the folder where temporary files are, and takes away what processes that are gone have left. */
export async function openSecretFolder(): Promise<SecretFolder> {
  await removeAbandoned();
  // mkdtemp makes it readable for its owner only.
  const folder = await mkdtemp(join(tmpdir(), `capstan-secrets-${process.pid}-`));
  const removeNow = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", removeNow);
  let files = 0;
  return {
    async write(name, text) {
      files += 1;
      const path = join(folder, `${files}-${name}`);
      await writeFile(path, text, { mode: 0o600, flag: "wx" });
      return path;
    },
    folder: () => mkdtemp(join(folder, "made-")),
    remove: (path) => rm(path, { force: true }),
    async close() {
      await rm(folder, WHATEVER_COMES);
      process.off("exit", removeNow);
    },
  };
}

/** Folders of processes that are gone. Those of other users cannot be removed, and are not ours to. */
async function removeAbandoned(): Promise<void> {
  const names = await readdir(tmpdir());
  for (const name of names) {
    const pid = Number(/^capstan-secrets-(\d+)-/.exec(name)?.[1]);
    if (!Number.isInteger(pid) || isRunning(pid)) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
