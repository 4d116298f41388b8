import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { largeCluster } from "../large-cluster.ts";
import { type Cost, inTurn } from "../measure.ts";
import { CAPSTAN } from "../repository.ts";
import { type Figure, megabytes, type Row } from "../row.ts";

/** As Teleport's guide has it. */
const JQ = ".[] | {hostname: .spec.hostname, phase: .spec.rotation.phase}";
const SIZES = [
  { nodes: 100_000, time: 0.15, memory: 0.3, runs: 2 },
  { nodes: 300_000, time: 0.15, memory: 0.15, runs: 1 },
] as const;
const MOST = 1_000_000;

/** The largest listing that a plan reads. */
export const planNodes: Row = {
  what: "`capstan plan` with 100,000, 300,000 and 1,000,000 nodes",
  against: "`jq` over the same file, as Teleport's guide has it",
  async measure(scratch) {
    const figures: Figure[] = [];
    const costs: { readonly size: number; readonly cost: Cost }[] = [];
    for (const { nodes, time, memory, runs } of SIZES) {
      const folder = join(scratch, `nodes-${nodes}`);
      await mkdir(folder);
      const { repository, listing } = await largeCluster(folder, nodes, "fresh");
      const { ours, theirs } = await inTurn(
        {
          theirs: { argv: ["jq", "-c", JQ, listing] },
          ours: { argv: [...CAPSTAN, "plan"], cwd: repository },
        },
        runs,
      );
      await rm(folder, { recursive: true });
      costs.push({ size: nodes, cost: ours });
      const named = nodes.toLocaleString("en");
      figures.push(
        {
          what: `${named}, time`,
          unit: "ms",
          ours: ours.wallMs,
          theirs: theirs.wallMs,
          goal: { factor: time },
        },
        { what: `${named}, CPU`, unit: "ms", ours: ours.cpuMs, theirs: theirs.cpuMs, goal: { factor: time } },
        {
          what: `${named}, memory`,
          unit: "MB",
          ours: megabytes(ours.peakBytes),
          theirs: megabytes(theirs.peakBytes),
          goal: { factor: memory },
        },
      );
    }
    for (const [moment, what] of [
      ["fresh", "at rest"],
      ["host init +2s", "in the middle of a rotation, with its roster"],
    ] as const) {
      const folder = join(scratch, "nodes-most");
      await mkdir(folder);
      const { repository } = await largeCluster(folder, MOST, moment);
      const { ours } = await inTurn({ ours: { argv: [...CAPSTAN, "plan"], cwd: repository } }, 1);
      await rm(folder, { recursive: true });
      if (moment === "fresh") costs.push({ size: MOST, cost: ours });
      const named = `${MOST.toLocaleString("en")} ${what}`;
      figures.push(
        { what: `${named}, CPU`, unit: "ms", ours: ours.cpuMs, theirs: null, goal: { plus: 5000 } },
        {
          what: `${named}, memory`,
          unit: "MB",
          ours: megabytes(ours.peakBytes),
          theirs: null,
          goal: { plus: 300 },
        },
      );
    }
    return {
      figures,
      growth: [
        {
          what: "plan, CPU by nodes",
          of: "nodes",
          unit: "s",
          points: costs.map(({ size, cost }) => ({ size, value: cost.cpuMs / 1000 })),
        },
        {
          what: "plan, memory by nodes",
          of: "nodes",
          unit: "MB",
          points: costs.map(({ size, cost }) => ({ size, value: megabytes(cost.peakBytes) })),
        },
      ],
    };
  },
};
