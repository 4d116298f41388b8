import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { EXECUTABLES_AT_ONCE } from "../../src/process/runner.ts";
import { inTurn } from "../measure.ts";
import { authoritiesText, CAPSTAN, clusterText, commitFiles, rotationText } from "../repository.ts";
import { megabytes, type Row } from "../row.ts";
import { CALLS, writeTctl } from "../tctl.ts";

const SIZES = [50, 150, 500] as const;

/** Hundreds of clusters in one run. */
export const planFleet: Row = {
  what: "`capstan plan` for 500 clusters, a `tctl` that takes 50 ms a call",
  against: "the same calls by `xargs`, as many at a time",
  async measure(scratch) {
    const costs = [];
    for (const size of SIZES) {
      const folder = join(scratch, `fleet-${size}`);
      const files: Record<string, string> = {};
      const calls: string[] = [];
      for (let index = 0; index < size; index += 1) {
        const name = `cluster-${index}.example.com`;
        const own = join(folder, name);
        await mkdir(own, { recursive: true });
        const tctl = await writeTctl(own, { delayMs: 50, cluster: name });
        files[`${name}/cluster.yaml`] = clusterText(name, tctl);
        files[`${name}/authorities.yaml`] = authoritiesText(name);
        files[`${name}/rotation.yaml`] = rotationText(name, "init");
        calls.push(...CALLS.map((call) => `${tctl} ${call}`));
      }
      const repository = join(folder, "repository");
      await commitFiles(repository, { ...files, "../calls.txt": `${calls.join("\n")}\n` });
      const shell = `xargs -P ${EXECUTABLES_AT_ONCE} -d '\\n' -n 1 sh -c 'exec $0 >/dev/null' < '${join(folder, "calls.txt")}'`;
      const cost = await inTurn(
        {
          theirs: { argv: ["sh", "-c", shell] },
          ours: { argv: [...CAPSTAN, "plan", "--format=json"], cwd: repository },
        },
        1,
      );
      costs.push({ size, ...cost });
    }
    const { ours, theirs } = costs.at(-1) ?? { ours: null, theirs: null };
    if (ours === null) throw new Error("no size was measured");
    return {
      figures: [
        { what: "time", unit: "ms", ours: ours.wallMs, theirs: theirs.wallMs, goal: { factor: 1.2 } },
        { what: "memory", unit: "MB", ours: megabytes(ours.peakBytes), theirs: null, goal: { plus: 300 } },
      ],
      growth: [
        {
          what: "plan, CPU by clusters",
          of: "clusters",
          unit: "s",
          points: costs.map(({ size, ours }) => ({ size, value: ours.cpuMs / 1000 })),
        },
        {
          what: "plan, memory by clusters",
          of: "clusters",
          unit: "MB",
          points: costs.map(({ size, ours }) => ({ size, value: megabytes(ours.peakBytes) })),
        },
      ],
    };
  },
};
