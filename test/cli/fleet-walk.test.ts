import "../world/in-process.ts";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { reconcile_event } from "../../src/resources/read/compiled/reconcile-event.js";
import type { Plan } from "../../src/rotation/plan.ts";
import type { FaultRequest } from "../../src/sandbox/emulated-platform.ts";
import { FleetSandbox } from "../world/fleet-sandbox.ts";
import { seededNumbers } from "../world/seeded-numbers.ts";

/** 50, and more seeds, in `npm run soak`. */
const CLUSTERS = Number(process.env["CAPSTAN_TEST_CLUSTERS"] ?? 5);
const SEEDS = Number(process.env["CAPSTAN_TEST_SEEDS"] ?? 1);

const WAVES = `kind: repository
version: v1
metadata: { name: fleet }
spec:
  waves:
    - { name: canary, selector: { ring: canary } }
    - { name: rest, selector: {}, max_in_progress: 10 }
`;

interface Trouble {
  readonly title: string;
  /** No run can end it by itself. */
  readonly holds: boolean;
  readonly fault?: FaultRequest;
  /** In place of the cluster's `tctl`. */
  readonly tool?: string;
}

const ROTATE = { target: "tctl", match: "rotate" };
const TROUBLES: readonly Trouble[] = [
  { title: "well", holds: false },
  { title: "well", holds: false },
  {
    title: "an error after success",
    holds: false,
    fault: { ...ROTATE, fault: "error-after-success", times: 1 },
  },
  { title: "denied once", holds: false, fault: { ...ROTATE, fault: "denied", times: 1 } },
  { title: "half an answer, twice", holds: false, fault: { target: "tctl", fault: "truncated", times: 2 } },
  { title: "slow", holds: false, fault: { target: "all", fault: "slow" } },
  { title: "dead", holds: true, tool: 'echo "ERROR: connection refused" >&2; exit 1' },
  { title: "stuck", holds: true, fault: { target: "proxy1", fault: "stuck" } },
];

let fleet: FleetSandbox | undefined;
afterEach(() => fleet?.stop());

/**
 * A campaign over clusters in two waves, of which the first two are canaries. Who never follows is given up in seconds;
 * the others may take their time, as on a busy machine they would else be turned back for being late.
 */
async function campaign(names: readonly string[], neverFollow: readonly string[]): Promise<FleetSandbox> {
  const labels = Object.fromEntries(names.slice(0, 2).map((name) => [name, { ring: "canary" }]));
  const made = await FleetSandbox.start(names, { labels });
  fleet = made;
  await writeFile(join(made.repository.folder, "repository.yaml"), WAVES);
  for (const name of names.filter((one) => !neverFollow.includes(one)))
    await made.editCluster(name, (text) => text.replace(/phase_timeout: \S+/, "phase_timeout: 30m"));
  const selected = names.flatMap((name) => ["--cluster", name]);
  await made.repository.must("rotate", "start", "host", "--strategy", "walk", "--name", "host", ...selected);
  await made.push("rotate everywhere");
  return made;
}

async function afflict(made: FleetSandbox, name: string, { fault, tool }: Trouble): Promise<void> {
  if (fault !== undefined) {
    const target = fault.target === "tctl" ? made.tool(name) : fault.target;
    await made.fault(name, { ...fault, target });
  }
  if (tool !== undefined) await made.replaceTool(name, tool);
}

/** Rounds with nobody there, until one moves nothing. */
async function reconcile({ repository }: FleetSandbox, most: number): Promise<number> {
  for (let round = 1; round <= most; round += 1) {
    const { exit, stdout } = await repository.capstan(
      "reconcile",
      "--once",
      "--approve-final",
      "--format",
      "json",
    );
    const told = stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as { readonly type: string; readonly done?: readonly string[] });
    for (const event of told)
      expect(reconcile_event(event), JSON.stringify(reconcile_event.errors)).toBe(true);
    const last = told.findLast(({ type }) => type === "round" || type === "round-failed");
    if (exit === 0 || (last?.type === "round" && last.done?.length === 0)) return round;
  }
  return most;
}

/** Those of which something is left that a person has to see to, by the plan. */
function named({ clusters }: Plan): readonly string[] {
  return clusters
    .filter(
      ({ problem, rotations, drift }) =>
        problem !== null ||
        drift.some(({ blocks }) => blocks) ||
        rotations.some(({ steps }) => steps.length > 0),
    )
    .map(({ name }) => name)
    .toSorted();
}

describe("a fleet with faults that reconcile walks, with nobody there", { timeout: 3_600_000 }, () => {
  it.each(Array.from({ length: SEEDS }, (_, index) => index + 1))(
    "ends with all finished but those that a fault holds, which are named (seed %i)",
    async (seed) => {
      const chance = seededNumbers(seed);
      const names = Array.from({ length: CLUSTERS }, (_, index) => `n${String(index).padStart(2, "0")}`);
      const troubles = new Map(
        names.map((name, index) => [
          name,
          // Canaries are well in this story. The first others have each trouble once before chance decides.
          index < 2
            ? TROUBLES[0]
            : TROUBLES[
                index - 2 < 3 ? (index + 4) % TROUBLES.length : Math.floor(chance() * TROUBLES.length)
              ],
        ]),
      );
      const stuck = names.filter((name) => troubles.get(name)?.fault?.fault === "stuck");
      const made = await campaign(names, stuck);
      const before = new Map(names.map((name) => [name, made.activeKeys(name)]));
      for (const [name, trouble] of troubles) if (trouble !== undefined) await afflict(made, name, trouble);
      await reconcile(made, 12 + CLUSTERS);
      const held = names.filter((name) => troubles.get(name)?.holds === true);
      const finished = names.filter(
        (name) =>
          made.phase(name) === "standby" &&
          !before.get(name)?.some((key) => made.activeKeys(name).includes(key)),
      );
      expect(held.length).toBeGreaterThan(0);
      expect(finished).toEqual(names.filter((name) => !held.includes(name)));
      const { plan } = await made.repository.plan();
      expect(named(plan)).toEqual(expect.arrayContaining(held));
    },
  );

  it("stops behind a canary that fails, and nothing there moved", async () => {
    const made = await campaign(["c0", "c1", "r0", "r1"], ["c1"]);
    const before = new Map(["r0", "r1"].map((name) => [name, made.activeKeys(name)]));
    await made.fault("c1", { target: "proxy1", fault: "stuck" });
    await reconcile(made, 8);
    expect(["r0", "r1"].map((name) => made.phase(name))).toEqual(["standby", "standby"]);
    for (const [name, keys] of before) expect(made.activeKeys(name)).toEqual(keys);
    const { plan } = await made.repository.plan();
    const r0 = plan.clusters.find(({ name }) => name === "r0");
    expect(r0?.wave).toMatchObject({ name: "rest", waits_for: ["c1"] });
  });
});
