import { rmSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A folder for what executables take as a file only and nobody else may read: 0700, its files 0600. Gone when it is
 * closed, and at the latest with the process.
 */
export interface SecretFolder {
  /** Gives the path. Each call makes a file of its own. */
  write(name: string, text: string): Promise<string>;
  /** Before the folder goes, where a secret is no longer needed. */
  remove(path: string): Promise<void>;
  close(): Promise<void>;
}

export async function openSecretFolder(): Promise<SecretFolder> {
  // mkdtemp makes it readable for its owner only.
  const folder = await mkdtemp(join(tmpdir(), "capstan-"));
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
    remove: (path) => rm(path, { force: true }),
    async close() {
      await rm(folder, { recursive: true, force: true });
      process.off("exit", removeNow);
    },
  };
}
