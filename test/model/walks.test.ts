import fc from "fast-check";
import { expect, it } from "vitest";
import { circumstances, deeds, strangeCircumstances, strangeDeeds } from "./deeds.ts";
import { Walk } from "./walk.ts";

/** More of them, and others, in a soak. */
const WALKS = Number(process.env["CAPSTAN_WALKS"] ?? 300);
const SEED = Number(process.env["CAPSTAN_WALKS_SEED"] ?? 20_261_121);

/** They take ten times as long: overrides are certificates, which are read and checked. */
const STRANGE_WALKS = Math.ceil(WALKS / 10);

const KINDS = [
  ["a cluster", circumstances, deeds, WALKS],
  ["a cluster with overrides, HSMs and a leaf", strangeCircumstances, strangeDeeds, STRANGE_WALKS],
] as const;

it.each(KINDS)("walks of %s and its people break no rule", async (_, settled, lived, walks) => {
  const total = { walks: 0, deeds: 0, runs: 0, kills: 0, steps: 0 };
  await fc.assert(
    fc.asyncProperty(settled, lived, async (given, days) => {
      const walk = await Walk.begin(given);
      for (const deed of days) {
        await walk.does(deed);
        // What led there, in words: the counterexample alone says what was done, not what came of it.
        if (walk.breaches.length > 0) expect(walk.breaches, `\n${walk.log.join("\n")}`).toEqual([]);
      }
      total.walks += 1;
      total.deeds += days.length;
      total.runs += walk.runs;
      total.kills += walk.kills;
      total.steps += walk.rules.steps;
    }),
    { numRuns: walks, seed: SEED, ...(WALKS > 300 ? { endOnFailure: true } : {}) },
  );
  // A model that gets nowhere proves nothing.
  expect(total.steps).toBeGreaterThan(total.walks);
  if (process.env["CAPSTAN_WALKS"] !== undefined) console.log(`seed ${SEED}: ${JSON.stringify(total)}`);
});
