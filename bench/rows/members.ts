import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { largeCluster } from "../large-cluster.ts";
import { inTurn } from "../measure.ts";
import { CAPSTAN } from "../repository.ts";
import { megabytes, type Row } from "../row.ts";

const SIZES = [10_000, 30_000, 100_000] as const;

/** A record whose roster has every node of a cluster. */
export const members: Row = {
  what: "`capstan plan` in the middle of a rotation, by members of the record",
  against: "",
  async measure(scratch) {
    const costs = [];
    for (const size of SIZES) {
      const folder = join(scratch, `members-${size}`);
      await mkdir(folder);
      const { repository } = await largeCluster(folder, size, "host init +2s");
      const { ours } = await inTurn({ ours: { argv: [...CAPSTAN, "plan"], cwd: repository } }, 2);
      await rm(folder, { recursive: true });
      costs.push({ size, ours });
    }
    return {
      figures: [],
      growth: [
        {
          what: "plan, CPU by members",
          of: "members",
          unit: "s",
          points: costs.map(({ size, ours }) => ({ size, value: ours.cpuMs / 1000 })),
        },
        {
          what: "plan, memory by members",
          of: "members",
          unit: "MB",
          points: costs.map(({ size, ours }) => ({ size, value: megabytes(ours.peakBytes) })),
        },
      ],
    };
  },
};
