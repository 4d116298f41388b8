import { join } from "node:path";
import { inTurn } from "../measure.ts";
import { authoritiesText, CAPSTAN, clusterText, commitFiles, RETIRED, rotationText } from "../repository.ts";
import type { Row } from "../row.ts";
import { writeTctl } from "../tctl.ts";

const FILES = 20_000;
const FILE_BYTES = 20_000;

/** Files that pin the CA are looked for in all of a repository. */
export const pins: Row = {
  what: "pins over a repository of 20,000 text files (400 MB), by `capstan plan`",
  against: "`git grep` for the pin in the commit",
  async measure(scratch) {
    const folder = join(scratch, "pins");
    const line = "  - an address, a comment, or whatever else stands in the files of such a repository\n";
    const text = line.repeat(Math.ceil(FILE_BYTES / line.length));
    const files: Record<string, string> = {};
    for (let index = 0; index < FILES; index += 1) {
      const pin = index % 2000 === 0 ? `ca_pin: ${RETIRED}\n` : "";
      files[`files/${index % 200}/${index}.txt`] = `${index}\n${text}${pin}`;
    }
    await commitFiles(folder, {
      ...files,
      "cluster.yaml": clusterText("acme.cluster", await writeTctl(scratch)),
      "authorities.yaml": authoritiesText("acme.cluster"),
      "rotation.yaml": rotationText("acme.cluster", "init"),
    });
    const cost = await inTurn(
      {
        theirs: { argv: ["git", "grep", "-n", "-F", RETIRED.slice("sha256:".length), "HEAD"], cwd: folder },
        ours: { argv: [...CAPSTAN, "plan"], cwd: folder },
      },
      3,
    );
    return {
      figures: [
        { what: "time", unit: "ms", ours: cost.ours.wallMs, theirs: cost.theirs.wallMs, goal: { factor: 3 } },
        { what: "CPU", unit: "ms", ours: cost.ours.cpuMs, theirs: cost.theirs.cpuMs, goal: { factor: 3 } },
      ],
    };
  },
};
