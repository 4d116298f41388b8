/** `node test/model/until-breach.ts SEED WALKS [strange]`: walks until a rule is broken, and prints what came of it as JSON. */
import fc from "fast-check";
import { circumstances, deeds, strangeCircumstances, strangeDeeds } from "./deeds.ts";
import type { Breach } from "./rules.ts";
import { Walk } from "./walk.ts";

const [seed = 1, numRuns = 300] = process.argv.slice(2, 4).map(Number);
const isStrange = process.argv[4] === "strange";
const cpu = () => Object.values(process.cpuUsage()).reduce((sum, micros) => sum + micros, 0) / 1e6;
let [walks, steps] = [0, 0];
let breach: Breach | null = null;
let told: readonly string[] = [];

await fc.check(
  fc.asyncProperty(
    isStrange ? strangeCircumstances : circumstances,
    isStrange ? strangeDeeds : deeds,
    async (given, days) => {
      const walk = await Walk.begin(given);
      walks += 1;
      for (const deed of days) {
        await walk.does(deed);
        const [first] = walk.breaches;
        if (first === undefined) continue;
        breach = first;
        told = walk.log;
        return false;
      }
      steps += walk.rules.steps;
      return true;
    },
  ),
  { seed, numRuns, endOnFailure: true },
);
console.log(JSON.stringify({ seed, walks, steps, cpu_seconds: cpu(), breach, told }));
