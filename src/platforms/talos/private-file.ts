import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Failure } from "../../failure.ts";

/** Readable for its owner only, whole or not at all, also when there was a file with other rights. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const beside = `${path}.${process.pid}.new`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const handle = await open(beside, "w", 0o600);
    try {
      await handle.chmod(0o600);
      await handle.writeFile(text);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(beside, path);
  } catch (cause) {
    await rm(beside, { force: true });
    throw new Failure("storage", `cannot write ${path}: ${cause instanceof Error ? cause.message : cause}`, {
      hint: "spec.talos.clients names files that capstan may write",
      cause,
    });
  }
}
