import { describe, expect, it, vi } from "vitest";
import { type Moment, runAtWork } from "./mortal.ts";
import { copyOf, emptyRecordIn, type Kind, Place, recordIn, STEPS, walked } from "./place.ts";

// Every file that a run writes, makes, renames or removes; reading has no effect.
vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const { mortal: counted } = await import("./mortal.ts");
  return {
    ...real,
    ...Object.fromEntries(
      (["link", "mkdir", "open", "rename", "rm", "unlink", "utimes", "writeFile"] as const).map((name) => [
        name,
        counted(() => name, real[name] as (...args: unknown[]) => Promise<unknown>),
      ]),
    ),
  };
});

// Every git that a run starts.
vi.mock("../../src/record/plumbing.ts", async (original) => {
  const real = await original<typeof import("../../src/record/plumbing.ts")>();
  const { mortal: counted } = await import("./mortal.ts");
  return { ...real, runGit: counted((_folder, _env, [verb = ""], _given) => `git ${verb}`, real.runGit) };
});

// The runs of this process are the processes of one machine: one that was killed is dead.
vi.mock("../../src/record/holder-process.ts", async () => {
  const { runAtWork: run } = await import("./mortal.ts");
  const started = () => String(run()?.number ?? 0);
  return {
    exists: () => true,
    thisProcess: async () => ({ place: "here", started: started() }),
    lifeOf: async (holder: { readonly started: string | null }) =>
      holder.started === started() ? "alive" : "dead",
  };
});

/** Each n-th point, and in a soak every one of them. */
const STRIDE = Number(process.env["CAPSTAN_KILL_STRIDE"] ?? 37);
const LEASE_MS = 6 * 60_000;
/** A git remote takes ten times as long: in a soak alone. */
const KINDS: readonly Kind[] = STRIDE < 37 ? ["folder", "refs"] : ["folder"];

describe.each(KINDS)(
  "SIGKILL at every write, rename, git, look and transition; the record in a %s",
  (kind) => {
    it.each(STEPS)("$step after $before", async ({ step, before }) => {
      const folder = await emptyRecordIn(kind);
      const base = new Place();
      for (const phase of before) await base.apply(phase, recordIn(folder, kind));
      let points = 0;
      let calls: readonly string[] = [];

      async function killed(at: number, moment: Moment) {
        const copy = await copyOf(folder);
        const place = await walked(before);
        place.clock.pass(base.clock.monotonic() - place.clock.monotonic());
        const storeOf = recordIn(copy, kind);
        const isKilled = await place.killedAt(step, storeOf, at, moment);
        // Nobody can see whether a runner elsewhere still lives: its lease has to end.
        if (kind === "refs") place.clock.pass(LEASE_MS);
        return { place, storeOf, isKilled };
      }

      for (const moment of ["before", "after"] as const) {
        for (let at = 1; ; at += STRIDE) {
          const { place, storeOf, isKilled } = await killed(at, moment);
          if (!isKilled) break;
          points += 1;
          const where = `killed ${moment} call ${at}`;
          const next = place.run();
          const outcome = await place.apply(step, storeOf, next);
          calls = next.calls.length > calls.length ? next.calls : calls;
          expect(["applied", "nothing-to-do"], where).toContain(outcome);
          expect(place.refused, where).toEqual([]);
          expect(place.isWhole, where).toBe(true);
          expect(step === "rollback" ? place.isBack : place.cluster.authority("host").phase, where).toBe(
            step === "rollback" ? true : step,
          );
          expect(await place.apply(step, storeOf), where).toBe("nothing-to-do");
          if (step === "rollback" || step === "standby") continue;
          const changed = await killed(at, moment);
          await changed.place.apply("rollback", changed.storeOf);
          expect(changed.place.isBack, `${where}, then a rollback`).toBe(true);
          expect(changed.place.refused, `${where}, then a rollback`).toEqual([]);
          expect(changed.place.isWhole, `${where}, then a rollback`).toBe(true);
        }
      }
      expect(points).toBeGreaterThan(1);
      if (STRIDE === 1) console.log(`${kind}, ${step} after ${before.length}: ${points} points`);
      expect(runAtWork()).toBeUndefined();
    });
  },
);
