import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { Repository } from "../world/repository.ts";
import { seededNumbers } from "../world/seeded-numbers.ts";

/** More of them, and whole rotations, in a soak. */
const STORIES = Number(process.env["CAPSTAN_STOPPED"] ?? 1);
const SEED = Number(process.env["CAPSTAN_STOPPED_SEED"] ?? 20_261_201);
const MOVES = [
  ["start", "init"],
  ["advance", "update_clients"],
  ["advance", "update_servers"],
  ["finish", "standby"],
] as const;
const TAKEN = STORIES > 1 ? MOVES : MOVES.slice(0, 1);
const APPLY = ["apply", "--auto-approve", "--approve-final"];

let repository: Repository | null = null;
afterEach(async () => {
  await repository?.remove();
  repository = null;
});

/** The phases that tctl was asked for, in order. */
async function asked(of: Repository): Promise<readonly (string | undefined)[]> {
  const calls = await of.calls();
  const rotations = calls.filter((argv) => argv[1] === "rotate");
  return rotations.map((argv) => argv.find((word) => word.startsWith("--phase="))?.slice("--phase=".length));
}

const SEEDS = Array.from({ length: STORIES }, (_, index) => SEED + index);

it.each(SEEDS)(
  "two runs at once that are stopped and go on, or are killed, take each step once; seed %i",
  async (seed) => {
    const random = seededNumbers(seed);
    const upTo = (most: number) => Math.floor(random() * most);
    repository = await Repository.withSandbox();
    // While a run is stopped the cluster lives on, 200 times as fast.
    await repository.takesItsTime();
    const ends = new Map<string, number>();
    for (const [action, phase] of TAKEN) {
      await repository.rotate(action, "host");
      const runs = [repository.start(APPLY)];
      for (let deed = 0; deed < 6; deed += 1) {
        await delay(upTo(350));
        if (runs.length < 2) runs.push(repository.start(APPLY));
        const run = runs[upTo(runs.length)];
        if (deed === 5 && random() < 0.5) {
          run?.kill("SIGKILL");
          continue;
        }
        run?.kill("SIGSTOP");
        await delay(upTo(400));
        run?.kill("SIGCONT");
      }
      for (const { exitCode, signal, stderr } of await Promise.all(runs)) {
        const end = signal ?? String(exitCode);
        ends.set(end, (ends.get(end) ?? 0) + 1);
        // It did it, the other one has the lock, or it was killed.
        expect(["0", "6", "SIGKILL"], String(stderr)).toContain(end);
      }
      await repository.must(...APPLY);
      expect((await repository.plan()).exit).toBe(0);
      expect((await asked(repository)).at(-1)).toBe(phase);
    }
    expect(await asked(repository)).toEqual(TAKEN.map(([, phase]) => phase));
    if (STORIES > 1) console.log(`seed ${seed}: ${JSON.stringify([...ends])}`);
  },
);
