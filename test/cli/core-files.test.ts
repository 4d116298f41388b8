import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const CAPSTAN = join(import.meta.dirname, "..", "..", "dist", "capstan.js");
const SECRET = "planted-where-a-core-would-have-it";

/** It says what a core of its own would hold, and ends capstan, and then itself, as a bug in native code would. */
const TCTL = `#!/bin/sh
cat /proc/self/coredump_filter > filter
kill -SEGV $PPID
kill -SEGV $$
`;
const CLUSTER = `version: v1
kind: cluster
metadata: { name: acme.cluster }
spec: { platform: teleport, teleport: { tctl: [./tctl] } }
`;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "capstan-core-"));
  await writeFile(join(folder, "tctl"), TCTL);
  await chmod(join(folder, "tctl"), 0o755);
  await writeFile(join(folder, "cluster.yaml"), CLUSTER);
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

/** As somebody whose shell has cores switched on. */
async function dumping(argv: readonly string[]): Promise<NodeJS.Signals | undefined> {
  const shell = ["-c", 'ulimit -c unlimited 2>/dev/null; exec "$@"', "sh", ...argv];
  const { signal } = await execa("/bin/sh", shell, {
    cwd: folder,
    env: { VAULT_TOKEN: SECRET },
    reject: false,
  });
  return signal;
}

/** What was dumped here. Elsewhere, where the system hands cores to a program (core(5), core_pattern). */
async function cores(): Promise<readonly Buffer[]> {
  const files = (await readdir(folder)).filter((name) => /^core\b/.test(name));
  return await Promise.all(files.map((name) => readFile(join(folder, name))));
}

describe.skipIf(process.platform !== "linux")("a crash", () => {
  it("of capstan, and of what it starts, leaves a core without what was in memory", async () => {
    expect(await dumping([process.execPath, CAPSTAN, "status"])).toBe("SIGSEGV");
    // The one that is asked is a child: it has the setting from capstan.
    expect(await readFile(join(folder, "filter"), "utf8")).toBe("00000000\n");
    for (const core of await cores()) expect(core.includes(SECRET)).toBe(false);
  });

  it("of another process leaves one that has it, where cores are files at all", async () => {
    expect(await dumping(["/bin/sh", "-c", "kill -SEGV $$"])).toBe("SIGSEGV");
    for (const core of await cores()) expect(core.includes(SECRET)).toBe(true);
  });
});
