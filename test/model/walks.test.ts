import fc from "fast-check";
import { expect, it } from "vitest";
import { circumstances, deeds } from "./deeds.ts";
import { Walk } from "./walk.ts";

/** More of them, and others, in a soak. */
const WALKS = Number(process.env["CAPSTAN_WALKS"] ?? 300);
const SEED = Number(process.env["CAPSTAN_WALKS_SEED"] ?? 20_261_121);

it(`${WALKS} walks of a cluster and its people break no rule`, async () => {
  const total = { walks: 0, deeds: 0, runs: 0, kills: 0, steps: 0 };
  await fc.assert(
    fc.asyncProperty(circumstances, deeds, async (given, days) => {
      const walk = new Walk(given);
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
    { numRuns: WALKS, seed: SEED, ...(WALKS > 300 ? { endOnFailure: true } : {}) },
  );
  // A model that gets nowhere proves nothing.
  expect(total.steps).toBeGreaterThan(total.walks);
  if (process.env["CAPSTAN_WALKS"] !== undefined) console.log(`seed ${SEED}: ${JSON.stringify(total)}`);
});
