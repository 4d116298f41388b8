/**
 * `npm run soak`: the tests of the suite that take a number, with larger ones than anybody waits for each time. Runs
 * them one after the other, says how long each took, and ends with 1 where one failed; a word runs only what has it.
 */
import { spawnSync } from "node:child_process";

interface Soak {
  readonly title: string;
  readonly file: string;
  readonly numbers: Readonly<Record<string, number>>;
}

const SOAKS: readonly Soak[] = [
  {
    title: "random walks of a cluster and its people",
    file: "test/model/walks.test.ts",
    numbers: { CAPSTAN_WALKS: 5000 },
  },
  {
    title: "a kill at every call of a step",
    file: "test/model/kills.test.ts",
    numbers: { CAPSTAN_KILL_STRIDE: 1 },
  },
  {
    title: "connections between all components of a Teleport cluster",
    file: "test/apply/connections.test.ts",
    numbers: { CAPSTAN_PAIRS: 24, CAPSTAN_FAULTS: 20, CAPSTAN_RELEASES: 3 },
  },
  {
    title: "rubbish in the place of everything that is read",
    file: "test/rubbish/rubbish.test.ts",
    numbers: { CAPSTAN_RUBBISH: 1600 },
  },
  {
    title: "rubbish in the place of every ref of the record",
    file: "test/rubbish/refs.test.ts",
    numbers: { CAPSTAN_REFS_STRIDE: 1 },
  },
  {
    title: "hostile text in every place",
    file: "test/views/hostile.test.tsx",
    numbers: { CAPSTAN_HOSTILE_STRIDE: 1 },
  },
  {
    title: "a mishap at every third request to the git server of the record",
    file: "test/model/in-the-middle.test.ts",
    numbers: { CAPSTAN_MISHAP_STRIDE: 3 },
  },
  {
    title: "a kill at every call of a Talos rotation",
    file: "test/talos/kills.test.ts",
    numbers: { CAPSTAN_TALOS_KILL_STRIDE: 1 },
  },
  {
    title: "a kill at every call of a Talos rotation with its record in refs",
    file: "test/talos/kills-in-refs.test.ts",
    numbers: { CAPSTAN_TALOS_REFS_STRIDE: 1 },
  },
  {
    title: "two runs at once that are stopped and killed at random",
    file: "test/cli/stopped-at-random.test.ts",
    numbers: { CAPSTAN_STOPPED: 10 },
  },
  {
    title: "Talos rotations with refusals",
    file: "test/talos/refusals.test.ts",
    numbers: { CAPSTAN_SEEDS: 50 },
  },
  {
    title: "a fleet of models with faults",
    file: "test/apply/fleet-faults.test.ts",
    numbers: { CAPSTAN_TEST_CLUSTERS: 50, CAPSTAN_TEST_SEEDS: 20 },
  },
  {
    title: "a fleet of sandboxes with faults, walked by reconcile",
    file: "test/cli/fleet-walk.test.ts",
    numbers: { CAPSTAN_TEST_CLUSTERS: 50, CAPSTAN_TEST_SEEDS: 2 },
  },
  {
    title: "hundreds of clusters by the executable",
    file: "test/cli/fleet-of-hundreds.test.ts",
    numbers: { CAPSTAN_TEST_FLEET: 500 },
  },
];

const [word = ""] = process.argv.slice(2);
const ends = SOAKS.filter(({ title }) => title.includes(word)).map(({ title, file, numbers }) => {
  const began = performance.now();
  const asText = Object.entries(numbers).map(([name, value]) => [name, String(value)]);
  const { status } = spawnSync("npx", ["vitest", "run", file], {
    stdio: "inherit",
    env: { ...process.env, ...Object.fromEntries(asText) },
  });
  return { title, status, seconds: Math.round((performance.now() - began) / 1000) };
});
for (const { title, status, seconds } of ends)
  process.stdout.write(`${status === 0 ? "passed" : "FAILED"}  ${title}, ${seconds} s\n`);
process.exitCode = ends.length > 0 && ends.every(({ status }) => status === 0) ? 0 : 1;
