import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import { createRunner } from "../../src/process/runner.ts";
import { createLimit } from "../../src/process/task-limit.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "capstan-runner-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const node = (code: string): string[] => [process.execPath, "-e", code];

async function failure(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Failure);
  return error as Failure;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function eventually(check: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200 && !check(); tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 25));
  expect(check()).toBe(true);
}

describe("run", () => {
  const runner = createRunner();

  it("gives output, exit code and duration; an exit code other than 0 is no failure", async () => {
    const argv = node("console.log('out'); console.error('err'); process.exit(3)");
    const outcome = await runner.run({ argv });
    expect(outcome).toMatchObject({ argv, exitCode: 3, stdout: "out\n", stderr: "err\n" });
    expect(outcome.durationMs).toBeGreaterThan(0);
  });

  it("passes arguments as they are: there is no shell", async () => {
    const strange = ["$(id)", "a b", "*", "; true", '"', "`x`", ""];
    const { stdout } = await runner.run({
      argv: [...node("console.log(JSON.stringify(process.argv.slice(1)))"), ...strange],
    });
    expect(JSON.parse(stdout)).toEqual(strange);
  });

  it("passes its own environment on, and what the caller adds", async () => {
    process.env["CAPSTAN_TEST_KEPT"] = "kept";
    const { stdout } = await runner.run({
      argv: node("console.log(process.env.CAPSTAN_TEST_KEPT, process.env.CAPSTAN_TEST_ADDED)"),
      env: { CAPSTAN_TEST_ADDED: "added" },
    });
    delete process.env["CAPSTAN_TEST_KEPT"];
    expect(stdout).toBe("kept added\n");
  });

  it("strips colour, which tctl prints without a terminal too (reference teleport-rotation 1.11)", async () => {
    const { stderr } = await runner.run({ argv: node("console.error('\\x1b[31mERROR: \\x1b[0mno')") });
    expect(stderr).toBe("ERROR: no\n");
  });

  it("takes secrets out of standard error", async () => {
    const { stderr } = await runner.run({ argv: node("console.error('token: abcdefgh12345678')") });
    expect(stderr).toBe("token: [redacted]\n");
  });

  it("closes standard input, so that a prompt ends instead of hanging", async () => {
    const { stdout } = await runner.run({
      argv: node("process.stdin.on('end', () => console.log('ended')).resume()"),
      timeoutMs: 10_000,
    });
    expect(stdout).toBe("ended\n");
  });

  it("keeps the end of a very long standard error, and goes on", async () => {
    const { stderr, exitCode } = await runner.run({
      argv: node("process.stderr.write('x'.repeat(3_000_000)); process.stderr.write('the error is here')"),
    });
    expect(exitCode).toBe(0);
    expect(stderr.length).toBeLessThanOrEqual(256 * 1024);
    expect(stderr.endsWith("error is here")).toBe(true);
  });

  it("says so when the executable is missing", async () => {
    const missing = await failure(runner.run({ argv: ["capstan-no-such-tctl", "version"] }));
    expect(missing).toMatchObject({
      code: "executable",
      message: 'Cannot run "capstan-no-such-tctl": It is not on the PATH.',
    });
    const path = await failure(runner.run({ argv: [join(folder, "nothing")] }));
    expect(path.message).toContain("There is no such file.");
    expect(path.hint).toContain("cluster resource");
  });

  it("says so when the file is not executable, or the command is empty", async () => {
    const file = join(folder, "plain");
    writeFileSync(file, "text");
    chmodSync(file, 0o644);
    expect((await failure(runner.run({ argv: [file] }))).message).toContain("not an executable file");
    expect((await failure(runner.run({ argv: [] }))).code).toBe("resources");
  });

  it("ends what does not finish, with everything it started", async () => {
    const pidFile = join(folder, "pid");
    const wrapper = join(folder, "wrapper.sh");
    // No exec: ending only the wrapper would leave the sleeping process, and our pipe, open.
    writeFileSync(
      wrapper,
      `#!/bin/sh\necho waiting for you >&2\nsleep 100000 &\necho $! > ${pidFile}\nwait\n`,
    );
    chmodSync(wrapper, 0o755);
    const late = await failure(runner.run({ argv: [wrapper], timeoutMs: 1_500 }));
    expect(late.code).toBe("executable");
    expect(late.message).toContain("did not finish within 1.5 s. It said: waiting for you");
    await eventually(() => !isAlive(Number(readFileSync(pidFile, "utf8"))));
  });

  it("ends what ignores a polite request too", async () => {
    const stubborn = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')";
    const late = await failure(runner.run({ argv: node(stubborn), timeoutMs: 500 }));
    expect(late.message).toContain("did not finish");
  });

  it("tells a signal from an exit", async () => {
    const killed = await failure(runner.run({ argv: ["sh", "-c", "echo half; kill -9 $$"] }));
    expect(killed.code).toBe("executable");
    expect(killed.message).toMatch(/was ended by SIGKILL after \d+\.\d s\./);
  });

  it("stops on an abort signal, before and while it runs", async () => {
    const controller = new AbortController();
    const running = runner.run({ argv: node("setTimeout(() => {}, 60000)"), signal: controller.signal });
    setTimeout(() => controller.abort(), 200);
    expect((await failure(running)).code).toBe("interrupted");
    expect((await failure(runner.run({ argv: ["true"], signal: controller.signal }))).code).toBe(
      "interrupted",
    );
  });

  it("fails rather than cut output short", async () => {
    const long = await failure(
      runner.run({
        argv: node("process.stdout.write('x'.repeat(200_000)); setTimeout(() => {}, 60000)"),
        maxBytes: 100_000,
      }),
    );
    expect(long).toMatchObject({ code: "executable" });
    expect(long.message).toContain("printed more than 100000 bytes");
  });

  it("never quotes the rest of a key whose head was cut off with the rest of a long standard error", async () => {
    const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    const lines = (key.export({ type: "pkcs8", format: "pem" }) as string).trim().split("\n");
    const noise = 256 * 1024 - lines.slice(4, -1).join("\n").length - 60;
    const printed = `${lines.slice(0, -1).join("\n")}\n${"n ".repeat(noise / 2)}\nERROR: no`;
    const argv = [...node("process.stderr.write(require('fs').readFileSync(0))")];
    const { stderr } = await runner.run({ argv, stdin: printed });
    expect(stderr.endsWith("ERROR: no")).toBe(true);
    for (const line of lines.slice(1, -1)) expect(stderr).not.toContain(line.slice(0, 32));
  });

  it("never quotes a secret argument", async () => {
    const argv = [...node("setTimeout(() => {}, 60000)"), "--", "--token=abcdefgh1234"];
    const { message } = await failure(runner.run({ argv, timeoutMs: 300 }));
    expect(message).toContain("--token=[redacted]");
    expect(message).not.toContain("abcdefgh1234");
  });
});

describe("every executable has bounds, and an error that names the call and the bound", () => {
  const bounds = { heldOpenMs: 300, streamBytes: 100_000, stderrBytes: 300_000 };
  const runner = createRunner({ bounds });

  it.each([
    ["a stream without an end", ["yes"], "yes printed more than 100000 bytes."],
    [
      "standard error without an end",
      ["sh", "-c", "yes >&2"],
      "printed more than 300000 bytes on standard error.",
    ],
  ])("%s", async (_what, argv, said) => {
    const { code, message } = await failure(runner.stream({ argv }, () => {}));
    expect(code).toBe("executable");
    expect(message).toContain(said);
  });

  it.each([
    ["a child", "sleep 100000 & echo $! > $0; echo done"],
    ["a child whose standard error alone is ours", "sleep 60 > /dev/null & echo $! > $0; exit 3"],
    ["a grandchild in a session of its own", "setsid sleep 100000 & echo $! > $0; echo done"],
  ])("%s that keeps the output open after the executable ended", async (_what, script) => {
    const pidFile = join(folder, `held-${_what.length}`);
    const { code, message } = await failure(runner.run({ argv: ["sh", "-c", script, pidFile] }));
    expect(code).toBe("executable");
    expect(message).toContain("kept its output open for 0.3 s more.");
    const pid = Number(readFileSync(pidFile, "utf8"));
    if (script.startsWith("setsid")) process.kill(pid, "SIGKILL");
    await eventually(() => !isAlive(pid));
  });

  it("a time limit holds although what it started is out of reach", async () => {
    const pidFile = join(folder, "out-of-reach");
    const argv = ["sh", "-c", "setsid sleep 100000 & echo $! > $0; sleep 60", pidFile];
    const { message } = await failure(runner.run({ argv, timeoutMs: 400 }));
    expect(message).toContain("did not finish within 0.4 s");
    process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL");
  });
});

describe("stream", () => {
  const runner = createRunner();

  it("hands over chunks while the executable still prints", async () => {
    const seen: { text: string; finished: boolean }[] = [];
    let finished = false;
    const outcome = await runner
      .stream(
        { argv: node("console.log('first'); setTimeout(() => console.log('second'), 1500)") },
        (chunk) => seen.push({ text: Buffer.from(chunk).toString(), finished }),
      )
      .finally(() => {
        finished = true;
      });
    expect(seen[0]).toEqual({ text: "first\n", finished: false });
    expect(seen.map(({ text }) => text).join("")).toBe("first\nsecond\n");
    expect(outcome).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it("hands over bytes, not text", async () => {
    const chunks: Uint8Array[] = [];
    await runner.stream(
      { argv: node("process.stdout.write(Buffer.from([0xff, 0xfe, 0x00, 0x1b]))") },
      (chunk) => chunks.push(Uint8Array.from(chunk)),
    );
    expect([...Buffer.concat(chunks)]).toEqual([0xff, 0xfe, 0x00, 0x1b]);
  });

  it("ends the executable when the consumer throws, and throws the same", async () => {
    const reason = new Error("enough");
    const endless = "setInterval(() => console.log('x'), 5)";
    await expect(
      runner.stream({ argv: node(endless) }, () => {
        throw reason;
      }),
    ).rejects.toBe(reason);
  });
});

it("traces every executable that ended, without its secrets", async () => {
  const lines: string[] = [];
  const runner = createRunner({ trace: (line) => lines.push(line) });
  await runner.run({ argv: ["sh", "-c", "exit 3", "--token=abcdefgh1234"] });
  await runner.stream({ argv: ["true"] }, () => {});
  await failure(runner.run({ argv: ["capstan-no-such-tctl"] }));
  expect(lines).toEqual([
    expect.stringMatching(/^sh -c "exit 3" --token=\[redacted\]: exit status 3, \d+ ms$/),
    expect.stringMatching(/^true: exit status 0, \d+ ms$/),
    'Cannot run "capstan-no-such-tctl": It is not on the PATH.',
  ]);
});

describe("limit", () => {
  it("runs as many at a time as there are places, in order, and goes on after an error", async () => {
    const limit = createLimit(3);
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const tasks = Array.from({ length: 12 }, (_, index) =>
      limit(async () => {
        order.push(index);
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setTimeout(resolve, 5));
        running -= 1;
        if (index % 4 === 0) throw new Error("one of them");
      }).catch(() => undefined),
    );
    await Promise.all(tasks);
    expect(most).toBe(3);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).toHaveLength(12);
  });

  it("is shared by all calls of a runner", async () => {
    const runner = createRunner({ limit: 1 });
    const order: string[] = [];
    await Promise.all(
      ["a", "b"].map(async (name) => {
        await runner.stream(
          { argv: node(`console.log('${name}1'); setTimeout(() => console.log('${name}2'), 100)`) },
          (chunk) => order.push(Buffer.from(chunk).toString().trim()),
        );
      }),
    );
    expect(order).toEqual(["a1", "a2", "b1", "b2"]);
  });
});
