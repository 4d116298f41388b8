import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BackupRequest, backUpFully } from "../../src/platforms/full-backup.ts";
import { createRunner } from "../../src/process/runner.ts";

const REQUEST: BackupRequest = {
  format_version: "1.0",
  at: "2026-11-21T12:00:00Z",
  cluster: "acme.cluster",
  platform: "teleport",
  rotation: "host-2026-11",
  authority: "host",
  phase: "standby",
  to: "init",
  commit: "c0ffee",
};

async function run(script: string, ...args: readonly string[]) {
  return await backUpFully(
    { by: "command", command: [process.execPath, "-e", script, ...args], timeoutMs: 20_000 },
    REQUEST,
    { runner: createRunner(), readSecrets: async () => expect.unreachable("a command reads by itself") },
  );
}

describe("a command that does the backup", () => {
  it("hears on standard input, as JSON, what is about to change", async () => {
    const folder = mkdtempSync(join(tmpdir(), "capstan-backup-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, "$(heard); it");
    const script = "fs.writeFileSync(process.argv[1], fs.readFileSync(0)); console.log('kept')";
    expect(await run(script, file)).toMatchObject({ by: "command" });
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(REQUEST);
  });

  it("that fails is quoted without its secrets", async () => {
    const script = "console.error('vault is sealed, token=s.abcdefgh12345'); process.exit(3)";
    await expect(run(script)).rejects.toMatchObject({
      code: "refused",
      message: expect.stringMatching(
        /^the backup of the CAs of acme\.cluster failed: .* ended with exit status 3, vault is sealed, token=\[redacted\]$/,
      ),
      hint: expect.stringMatching(/^nothing was changed/),
    });
  });

  it("that is not there is a Failure too", async () => {
    const backup = { by: "command", command: ["/nowhere/backup"], timeoutMs: 1000 } as const;
    const around = { runner: createRunner(), readSecrets: async () => "" };
    await expect(backUpFully(backup, REQUEST, around)).rejects.toThrow('Cannot run "/nowhere/backup"');
  });
});
