import { join } from "node:path";
import { inTurnOften } from "../measure.ts";
import { authoritiesText, CAPSTAN, clusterText, commitFiles } from "../repository.ts";
import type { Row } from "../row.ts";

/** What an editor or a hook before a commit runs all the time. */
export const validate: Row = {
  what: "`capstan validate`, 15 resources",
  against: "`node -e 0`",
  async measure(scratch) {
    const folder = join(scratch, "fifteen");
    const names = ["one.example", "two.example", "three.example"];
    const files = names.flatMap((name) => [
      [`${name}/cluster.yaml`, clusterText(name, "tctl")],
      [`${name}/authorities.yaml`, authoritiesText(name)],
    ]);
    await commitFiles(folder, Object.fromEntries(files));
    const cost = await inTurnOften(
      {
        bare: { argv: [process.execPath, "-e", "0"] },
        ours: { argv: [...CAPSTAN, "validate"], cwd: folder },
      },
      5,
    );
    return {
      figures: [
        { what: "time", unit: "ms", ours: cost.ours.wallMs, theirs: cost.bare.wallMs, goal: { factor: 3 } },
        { what: "CPU", unit: "ms", ours: cost.ours.cpuMs, theirs: cost.bare.cpuMs, goal: { factor: 3 } },
      ],
    };
  },
};
