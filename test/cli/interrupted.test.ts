import "../world/in-process.ts";
import { describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { cutOff, eventually, hostPhase, Repository } from "../world/repository.ts";

type Running = ReturnType<Repository["start"]>;

/** When the signal comes; the request of update_clients is what the step is about. */
const MOMENTS = {
  "before the request": async (running: Running) => await untilItSays(running, "host: init → update_clients"),
  "while it is read back": async (_: Running, repository: Repository) =>
    await eventually(
      () => repository.calls(),
      (calls) => calls.some((argv) => argv.includes("--phase=update_clients")),
    ),
  "in the wait": async (running: Running) => await untilItSays(running, "host is in update_clients"),
} as const;

/** The shipped executable; every moment of a step, in process, is in apply/interrupts.test.ts. */
describe("absence is no evidence: a run that is ended in a step, and then a change of mind", () => {
  /** A run that is about to take update_clients while node2 hangs in init, and what is done with it. */
  async function withRun(work: (repository: Repository, running: Running) => Promise<void>): Promise<void> {
    const repository = await Repository.withSandbox();
    try {
      await repository.walkTo("init");
      await repository.must("sandbox", "fault", "node2", "stuck");
      await repository.rotate("advance", "host");
      const running = repository.start(["apply", "--auto-approve"]);
      try {
        await work(repository, running);
      } finally {
        running.kill("SIGKILL");
        await running;
      }
    } finally {
      await repository.remove();
    }
  }

  /** Git wants the rotation undone: how that ended, and where the host CA then is. */
  async function mindIsChanged(repository: Repository) {
    await repository.rotate("rollback", "host");
    const { exit, stderr } = await repository.capstan("apply", "--auto-approve");
    const phase = await hostPhase(repository);
    return { exit, stderr, phase, cutOff: await cutOff(repository) };
  }

  // They wait most of their time, each for a cluster of its own.
  it.concurrent.each([
    ["SIGHUP", "before the request"],
    ["SIGINT", "while it is read back"],
    ["SIGTERM", "in the wait"],
  ] as const)("%s %s: what is said is what is, and no live component is cut off", async (signal, moment) => {
    await withRun(async (repository, running) => {
      await MOMENTS[moment](running, repository);
      running.kill(signal);
      const { exitCode, stderr } = await running;
      const phase = await hostPhase(repository);
      expect(exitCode).toBe(130);
      expect(flat(String(stderr))).toContain(`host is in ${phase}`);
      if (moment !== "before the request") expect(phase).toBe("update_clients");
      const back = await mindIsChanged(repository);
      expect(back.cutOff).toEqual([]);
      // Nothing was asked for, and all is as it was; or both keys stay until the node is back.
      expect([back.exit, back.phase]).toEqual(phase === "init" ? [0, "standby"] : [3, "rollback"]);
      if (phase !== "init") expect(flat(back.stderr)).toContain("node/node2");
    });
  });

  it.concurrent("SIGKILL once the request is out: nobody was told what it came to, and both keys stay", async () => {
    await withRun(async (repository, running) => {
      await MOMENTS["while it is read back"](running, repository);
      running.kill("SIGKILL");
      await running;
      const { exit, stderr, phase, cutOff: lost } = await mindIsChanged(repository);
      expect(lost).toEqual([]);
      expect([exit, phase]).toEqual([3, "rollback"]);
      expect(flat(stderr)).toContain("node/node2");
    });
  });
});

/** Resolves when the words appear on stderr. */
function untilItSays(running: Running, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let heard = "";
    running.stderr?.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
      if (heard.includes(words)) resolve();
    });
    running.then(() => reject(new Error(`it ended before it said "${words}":\n${heard}`)));
  });
}
