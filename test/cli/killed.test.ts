import "../world/in-process.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { Repository } from "../world/repository.ts";

describe("apply that is killed", () => {
  let repository: Repository;
  beforeEach(async () => {
    repository = await Repository.withSandbox();
    await repository.must("sandbox", "fault", "node3", "stuck");
  });
  afterEach(async () => repository.remove());

  it("SIGKILL while it waits for components: the next run finishes", async () => {
    await repository.rotate("start", "host");
    const running = repository.start(["apply", "--auto-approve"]);
    await untilItSays(running, "host is in init");
    running.kill("SIGKILL");
    await running;
    await repository.must("sandbox", "fault", "node3", "clear");
    const next = await repository.capstan("apply", "--auto-approve");
    expect(next.exit).toBe(0);
    expect(flat(next.stderr)).toContain("was left behind");
    const rotations = (await repository.calls()).filter((argv) => argv[1] === "rotate");
    expect(rotations).toHaveLength(1);
    expect((await repository.plan()).exit).toBe(0);
  });

  it("SIGINT: stops at a safe point, exits 130, and can be resumed", async () => {
    await repository.rotate("start", "host");
    const running = repository.start(["apply", "--auto-approve"]);
    await untilItSays(running, "host is in init");
    running.kill("SIGINT");
    const { exitCode, stderr } = await running;
    expect(exitCode).toBe(130);
    expect(flat(String(stderr))).toContain("capstan apply");
    await repository.must("sandbox", "fault", "node3", "clear");
    expect((await repository.capstan("apply", "--auto-approve")).exit).toBe(0);
  });

  it("a second apply at the same time is told who holds the lock", async () => {
    await repository.rotate("start", "host");
    const running = repository.start(["apply", "--auto-approve"]);
    await untilItSays(running, "host is in init");
    const second = await repository.capstan("apply", "--auto-approve");
    expect(second.exit).toBe(6);
    expect(flat(second.stderr)).toContain("holds the lock");
    await repository.must("sandbox", "fault", "node3", "clear");
    expect((await running).exitCode).toBe(0);
  });
});

/** Resolves when the words appear on stderr. */
function untilItSays(running: ReturnType<Repository["start"]>, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let heard = "";
    running.stderr?.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
      if (heard.includes(words)) resolve();
    });
    running.then(() => reject(new Error(`it ended before it said "${words}":\n${heard}`)));
  });
}
