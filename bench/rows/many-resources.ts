import { join } from "node:path";
import { inTurn } from "../measure.ts";
import { authoritiesText, CAPSTAN, clusterText, commitFiles, rotationText } from "../repository.ts";
import { megabytes, type Row } from "../row.ts";

const SIZES = [750, 2500, 7500] as const;
/** 7,500 resources in 1,000 files. */
const PER_FILE = 7.5;

/** A large repository, read whole. */
export const manyResources: Row = {
  what: "`capstan validate`, 7,500 resources in 1,000 files",
  against: "parsing them with `yaml` alone",
  async measure(scratch) {
    const costs = [];
    for (const size of SIZES) {
      const folder = join(scratch, `resources-${size}`);
      await commitFiles(folder, resources(size));
      const parse = join(import.meta.dirname, "../parse-only.ts");
      const cost = await inTurn(
        {
          theirs: { argv: [process.execPath, parse, folder] },
          ours: { argv: [...CAPSTAN, "validate"], cwd: folder },
        },
        4,
      );
      costs.push({ size, ...cost });
    }
    const last = costs.at(-1);
    if (last === undefined) throw new Error("no size was measured");
    const { ours, theirs } = last;
    return {
      figures: [
        { what: "time", unit: "ms", ours: ours.wallMs, theirs: theirs.wallMs, goal: { factor: 1.6 } },
        { what: "CPU", unit: "ms", ours: ours.cpuMs, theirs: theirs.cpuMs, goal: { factor: 1.6 } },
      ],
      growth: [
        {
          what: "validate, CPU by resources",
          of: "resources",
          unit: "s",
          points: costs.map(({ size, ours }) => ({ size, value: ours.cpuMs / 1000 })),
        },
        {
          what: "validate, memory by resources",
          of: "resources",
          unit: "MB",
          points: costs.map(({ size, ours }) => ({ size, value: megabytes(ours.peakBytes) })),
        },
      ],
    };
  },
};

/** Six a cluster (itself, four CAs, a rotation), dealt out to the files. */
function resources(size: number): Readonly<Record<string, string>> {
  const documents = Array.from({ length: Math.ceil(size / 6) }, (_, index) => {
    const name = `cluster-${index}.example.com`;
    return [clusterText(name, "tctl"), ...authoritiesText(name).split("---\n"), rotationText(name, "init")];
  })
    .flat()
    .slice(0, size);
  const files: Record<string, string> = {};
  for (let index = 0; index * PER_FILE < size; index += 1) {
    const own = documents.slice(Math.ceil(index * PER_FILE), Math.ceil((index + 1) * PER_FILE));
    files[`resources/${index}.yaml`] = own.join("---\n");
  }
  return files;
}
