import { execFile, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readInfo } from "../../src/sandbox/folder.ts";
import { sandboxDown, sandboxFault, sandboxStatus, sandboxUp } from "../../src/sandbox/sandbox.ts";
import type { Printed } from "./harness.ts";
import { phasesIn, readTranscript } from "./transcript.ts";

/** The background process, its folder and its executables, as a stranger uses them. */
let home = "";
let dir = "";
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "it's a sandbox "));
  dir = join(home, ".capstan", "sandbox");
});
afterEach(async () => {
  await sandboxDown(dir);
  await rm(home, { recursive: true, force: true });
});

async function teleports() {
  const status = await sandboxStatus(dir);
  return (status?.clusters ?? []).flatMap((one) => (one.platform === "teleport" ? [one.status] : []));
}

describe("up and down", () => {
  it("brings up a process and an executable, and leaves neither behind", async () => {
    const { started, info } = await sandboxUp({ dir, speed: 50 });
    expect(started).toBe(true);
    expect(isRunning(info.pid)).toBe(true);
    expect(info.clusters).toEqual([
      {
        name: "acme.cluster",
        platform: "teleport",
        versions: { client: "18.10.1", server: "18.10.1" },
        spec: {
          platform: "teleport",
          teleport: { tctl: [join(dir, "bin", "tctl")] },
          policy: { soak: "0s", phase_timeout: "20s", stale_read: "60ms" },
        },
      },
    ]);
    expect((await tctl("version")).stdout).toMatch(/^Teleport Enterprise v18\.10\.1 git:/);
    const authorities = JSON.parse((await tctl("get", "cas", "--format=json")).stdout);
    expect(authorities).toHaveLength(14);

    expect(await sandboxDown(dir)).toEqual({ stopped: true });
    expect(isRunning(info.pid)).toBe(false);
    expect(readdirSync(home)).toEqual([]);
    expect(await sandboxDown(dir)).toEqual({ stopped: false });
    expect(await sandboxStatus(dir)).toBeNull();
  });

  it("brings up a leaf with a tctl of its own, and leaves nothing of it behind", async () => {
    const { info } = await sandboxUp({ dir, speed: 50, leaf: true });
    expect(
      info.clusters.map(({ name, spec }) => [name, spec.platform === "teleport" ? spec.teleport.tctl : null]),
    ).toEqual([
      ["acme.cluster", [join(dir, "bin", "tctl")]],
      ["leaf.acme.cluster", [join(dir, "bin", "tctl-leaf")]],
    ]);
    await sandboxFault(dir, { target: "leaf", fault: "offline" });
    const trust = (await teleports()).map((status) => status.trust);
    expect(trust).toMatchObject([
      { peer: "leaf.acme.cluster", tunnel: "down" },
      { peer: "acme.cluster", tunnel: "down" },
    ]);
    await sandboxFault(dir, { target: "leaf", fault: "clear" });
    expect((await teleports())[0]?.trust?.tunnel).toBe("up");
    await sandboxDown(dir);
    expect(readdirSync(home)).toEqual([]);
  });

  it("says when it is up already", async () => {
    const first = await sandboxUp({ dir, speed: 50 });
    const second = await sandboxUp({ dir, speed: 50 });
    expect(second).toEqual({ started: false, info: first.info });
  });

  it("keeps other people's files, and takes no folder that holds some", async () => {
    await sandboxUp({ dir });
    await writeFile(join(dir, "..", "record.json"), "{}");
    await sandboxDown(dir);
    expect(readdirSync(join(home, ".capstan"))).toEqual(["record.json"]);

    await mkdir(dir);
    await writeFile(join(dir, "thesis.md"), "");
    await expect(sandboxUp({ dir })).rejects.toThrow("wants a folder of its own");
    expect(readdirSync(dir)).toEqual(["thesis.md"]);
  });

  it("ends by itself when its folder is removed", async () => {
    const { info } = await sandboxUp({ dir });
    await rm(join(home, ".capstan"), { recursive: true });
    await expect.poll(() => isRunning(info.pid)).toBe(false);
    expect(existsSync(dir)).toBe(false);
  });

  it("recovers the folder of a killed one", async () => {
    const { info } = await sandboxUp({ dir });
    process.kill(info.pid, "SIGKILL");
    await expect.poll(() => isRunning(info.pid)).toBe(false);
    const call = await tctl("status");
    expect(call.exit).toBe(1);
    expect(call.stderr).toContain("Cannot connect to the auth server");
    const again = await sandboxUp({ dir });
    expect(again.started).toBe(true);
    expect(again.info.pid).not.toBe(info.pid);
    expect((await tctl("status")).exit).toBe(0);
  });

  it("answers nobody without the token", async () => {
    const { info } = await sandboxUp({ dir });
    const thief = { ...info, token: info.token.replace(/^./, info.token.startsWith("0") ? "1" : "0") };
    await writeFile(join(dir, "sandbox.json"), JSON.stringify(thief));
    // The daemon ends, as the folder is not its own any more; until then it hangs up.
    expect((await tctl("status")).exit).toBe(1);
    await expect.poll(() => isRunning(info.pid)).toBe(false);
  });
});

describe("calls", () => {
  it("are logged, each before its answer", async () => {
    await sandboxUp({ dir });
    await tctl("-c", "/etc/tele port.yaml", "get", "rc", "--format=json");
    await tctl("get", "bogus");
    const lines = readFileSync(join(dir, "calls.jsonl"), "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        at: expect.any(String),
        tool: "tctl",
        argv: ["-c", "/etc/tele port.yaml", "get", "rc", "--format=json"],
        exit: 0,
        ms: expect.any(Number),
      },
      { at: expect.any(String), tool: "tctl", argv: ["get", "bogus"], exit: 1, ms: expect.any(Number) },
    ]);
  });

  it("hang as long as they are told to, and nothing has happened", async () => {
    await sandboxUp({ dir, speed: 50 });
    await sandboxFault(dir, { target: "tctl", fault: "timeout", match: "rotate" });
    const child = spawn(join(dir, "bin", "tctl"), [
      "auth",
      "rotate",
      "--manual",
      "--type=host",
      "--phase=init",
    ]);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    // It has arrived when the fault has hit it.
    const armed = async () => (await teleports())[0]?.call_faults;
    await expect.poll(armed).toEqual([{ fault: "timeout", remaining: 0 }]);
    expect((await tctl("status")).exit).toBe(0);
    expect(child.exitCode).toBeNull();
    child.kill("SIGKILL");
    await ended;
    await expect.poll(() => readFileSync(join(dir, "calls.jsonl"), "utf8")).toContain('"exit":null');
    const [status] = await teleports();
    expect(status?.authorities[0]).toMatchObject({ type: "host", phase: "standby" });
  });

  it("survive a listing of thousands, whole", async () => {
    await sandboxUp({ dir, nodes: 4000 });
    const { exit, stdout } = await tctl("get", "nodes", "--format=json");
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toHaveLength(4000);
  });

  it("reach faults and status from outside", async () => {
    await sandboxUp({ dir });
    expect(await sandboxFault(dir, { target: "node2", fault: "stuck" })).toEqual([
      "node2: stays alive and announces itself, but never follows",
    ]);
    const [status] = await teleports();
    expect(status?.components.find(({ name }) => name === "node2")?.fault).toBe("stuck");
    await expect(sandboxFault(dir, { target: "node9", fault: "stuck" })).rejects.toThrow(
      'no component "node9"',
    );
    await expect(sandboxFault(dir, { target: "tctl", fault: "stuck" })).rejects.toThrow(
      "fault of a component",
    );
    await sandboxDown(dir);
    await expect(sandboxFault(dir, { target: "node2", fault: "stuck" })).rejects.toThrow("No sandbox is up");
  });
});

describe("the recorded session, through the executable", () => {
  // The first whole rotation; the rest is replayed on a clock of its own (replay.test.ts). Polls wait for what
  // they showed in the end, with every lag divided by sixty.
  const calls = readTranscript().filter(({ line, repeated }) => line <= 66 && !repeated);

  it("gives the same exit codes, texts and settled phases", async () => {
    await sandboxUp({ dir, teleport: "5", speed: 60 });
    for (const call of calls) {
      const where = `line ${call.line}: tctl ${call.args.join(" ")}`;
      const answer = await tctl("-c", "teleport.yaml", ...call.args);
      expect({ exit: answer.exit, stderr: answer.stderr }, where).toEqual({
        exit: call.exit,
        stderr: call.stderr,
      });
      if (call.exit !== 0 || (call.args[0] !== "get" && call.args[0] !== "status")) continue;
      await expect
        .poll(async () => phasesIn((await tctl(...call.args)).stdout), {
          interval: 50,
          message: where,
        })
        .toEqual(phasesIn(call.stdout));
    }
  });
});

function tctl(...argv: readonly string[]): Promise<Printed> {
  return new Promise((resolve) => {
    execFile(join(dir, "bin", "tctl"), argv, { maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      resolve({
        exit: typeof error?.code === "number" ? error.code : error === null ? 0 : 1,
        stdout,
        stderr,
      });
    });
  });
}

/** A process that nobody has collected yet counts as ended: in a container that can take a while. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

it("a folder without a sandbox has no info", () => {
  expect(readInfo(dir)).toBeNull();
});
