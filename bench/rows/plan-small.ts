import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { inTurn } from "../measure.ts";
import { authoritiesText, CAPSTAN, clusterText, commitFiles, rotationText } from "../repository.ts";
import type { Figure, Row } from "../row.ts";
import { CALLS, writeTctl } from "../tctl.ts";

/** A plan should cost little more than the slowest single call. */
export const planSmall: Row = {
  what: "`capstan plan`, 4 nodes, a `tctl` that takes 30 or 800 ms a call",
  against: "the same calls, all at once, by a shell",
  async measure(scratch) {
    const figures: Figure[] = [];
    for (const [delayMs, goal] of [
      [30, { factor: 1.5, plus: 40 }],
      [800, { factor: 1.1 }],
    ] as const) {
      const folder = join(scratch, `small-${delayMs}`);
      await mkdir(folder);
      const tctl = await writeTctl(folder, { delayMs });
      await commitFiles(join(folder, "repository"), {
        "cluster.yaml": clusterText("acme.cluster", tctl),
        "authorities.yaml": authoritiesText("acme.cluster"),
        "rotation.yaml": rotationText("acme.cluster", "init"),
      });
      const shell = `${CALLS.map((call) => `'${tctl}' ${call} >/dev/null & `).join("")}wait`;
      const cost = await inTurn(
        {
          theirs: { argv: ["sh", "-c", shell] },
          ours: { argv: [...CAPSTAN, "plan"], cwd: join(folder, "repository") },
        },
        5,
      );
      figures.push({
        what: `${delayMs} ms, time`,
        unit: "ms",
        ours: cost.ours.wallMs,
        theirs: cost.theirs.wallMs,
        goal,
      });
    }
    return { figures };
  },
};
