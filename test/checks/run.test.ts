import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runChecks } from "../../src/checks/run/run-checks.ts";
import { createRunner } from "../../src/process/runner.ts";
import type { AccessCheck } from "../../src/resources/model/access-check.ts";
import { cluster } from "../world/host-rotation.ts";
import { ownCheck } from "../world/own-checks.ts";

const folder = mkdtempSync(join(tmpdir(), "capstan-checks-"));
const NEVER = new AbortController().signal;

/** As the kernel has it; what is dead and not yet asked after does nothing any more. */
function isRunning(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return /^[^Z\s]/.test(stdout.trim());
}

/** Runs a check whose executable is this script of Node. */
async function come(script: string, more: Partial<AccessCheck> = {}, signal = NEVER) {
  const check = ownCheck("own", { command: [process.execPath, "-e", script], ...more });
  const runner = createRunner({ cwd: folder, bounds: { heldOpenMs: 500, stderrBytes: 100_000 } });
  const means = { runner, now: () => Date.now(), signal, env: {} };
  const [result] = await runChecks(cluster(), [check], means);
  return result ?? expect.unreachable("each check has a result");
}

describe("a check that", () => {
  it("ends with 0 passes, whatever it prints", async () => {
    const result = await come("console.log('hello'); console.error('warning')");
    expect(result).toMatchObject({ outcome: "passed", passed: 1, of: 1, detail: "" });
  });

  it("ends with another status fails, with the end of what it said", async () => {
    const result = await come("console.error('ERROR: access denied'); process.exit(3)");
    expect(result).toMatchObject({ outcome: "failed", passed: 0, of: 1 });
    expect(result.detail).toBe("exit status 3, it said: ERROR: access denied");
  });

  it("says why on standard output alone is heard", async () => {
    expect((await come("console.log('no route'); process.exit(1)")).detail).toContain("no route");
  });

  it("hangs is ended, with what it started", async () => {
    const result = await come("setInterval(() => {}, 1000)", { timeoutMs: 300 });
    expect(result.outcome).toBe("failed");
    expect(result.detail).toContain("did not finish within 0.3 s");
  });

  it("hangs is ended with those that do not heed a polite request, and hold nothing open", async () => {
    const pids = join(folder, "pids");
    // One is replaced by an executable that inherits that it heeds nothing, one is a shell of its own.
    const deaf = (what: string) => `sh -c 'trap "" TERM; ${what}' >/dev/null 2>&1 & echo $! >>'${pids}'`;
    const script = `${deaf("exec sleep 600")}\n${deaf("while :; do sleep 600; done")}\nwait`;
    const result = await come("", { command: ["sh", "-c", script], timeoutMs: 500 });
    expect(result.detail).toContain("did not finish within 0.5 s");
    const started = readFileSync(pids, "utf8").trim().split("\n").map(Number);
    expect(started).toHaveLength(2);
    await expect.poll(() => started.filter(isRunning)).toEqual([]);
  });

  it("leaves somebody behind who keeps its output open has failed, and is told what to do", async () => {
    const result = await come("", {
      command: ["sh", "-c", "sleep 600 & exit 0"],
    });
    expect(result.outcome).toBe("failed");
    expect(result.detail).toContain("something that it started kept its output open for 0.5 s more");
  });

  it("complains without an end is ended", async () => {
    const result = await come("", { command: ["sh", "-c", "yes complaint >&2"] });
    expect(result.outcome).toBe("failed");
    expect(result.detail).toContain("printed more than 100000 bytes on standard error");
  });

  it("prints without an end is ended", async () => {
    const result = await come(
      "const w = () => { while (process.stdout.write('x'.repeat(65536))); process.stdout.once('drain', w) }; w()",
    );
    expect(result.outcome).toBe("failed");
    expect(result.detail).toContain("printed more than 1048576 bytes");
  });

  it("prints a private key has printed none", async () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
    const script = `console.error(${JSON.stringify(`bad key ${pem}`)}); process.exit(1)`;
    const { detail } = await come(script);
    expect(detail).toContain("[redacted private key]");
    const body = pem.split("\n")[1] ?? "";
    expect(detail).not.toContain(body.slice(0, 20));
  });

  it("kills itself has failed, and it says so", async () => {
    const result = await come("process.kill(process.pid, 'SIGKILL')");
    expect(result.outcome).toBe("failed");
    expect(result.detail).toContain("was ended by SIGKILL");
  });

  it("is not there could not be run", async () => {
    const result = await come("", { command: [join(folder, "missing")] });
    expect(result.outcome).toBe("not_run");
    expect(result.detail).toContain("There is no such file");
  });

  it("is tried again passes where a later attempt does", async () => {
    const count = join(folder, "count");
    writeFileSync(count, "");
    const script = `const fs = require('fs'); fs.appendFileSync(${JSON.stringify(count)}, 'x'); process.exit(fs.readFileSync(${JSON.stringify(count)}, 'utf8').length < 2 ? 1 : 0)`;
    expect((await come(script, { attempts: 3 })).outcome).toBe("passed");
    expect(readFileSync(count, "utf8")).toBe("xx");
  });

  it("goes through no shell", async () => {
    const result = await come("process.exit(process.argv[1] === '$(echo 1); true' ? 0 : 1)", {
      command: [
        process.execPath,
        "-e",
        "process.exit(process.argv[1] === '$(echo 1); true' ? 0 : 1)",
        "$(echo 1); true",
      ],
    });
    expect(result.outcome).toBe("passed");
  });

  it("is interrupted has no result", async () => {
    const stop = new AbortController();
    const running = come("setInterval(() => {}, 1000)", {}, stop.signal);
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: "interrupted" });
  });
});
