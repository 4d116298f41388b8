import { inTurnOften } from "../measure.ts";
import { CAPSTAN } from "../repository.ts";
import type { Row } from "../row.ts";

/** What every script that looks for capstan pays. */
export const startUp: Row = {
  what: "`capstan --version`, `--help`",
  against: "`node -e 0`",
  async measure() {
    const cost = await inTurnOften(
      {
        bare: { argv: [process.execPath, "-e", "0"] },
        version: { argv: [...CAPSTAN, "--version"] },
        help: { argv: [...CAPSTAN, "--help"] },
      },
      5,
    );
    return {
      figures: (["version", "help"] as const).flatMap((side) => [
        {
          what: `--${side}, time`,
          unit: "ms",
          ours: cost[side].wallMs,
          theirs: cost.bare.wallMs,
          goal: { factor: 1.15 },
        },
        {
          what: `--${side}, CPU`,
          unit: "ms",
          ours: cost[side].cpuMs,
          theirs: cost.bare.cpuMs,
          goal: { factor: 1.15 },
        },
      ]),
    };
  },
};
