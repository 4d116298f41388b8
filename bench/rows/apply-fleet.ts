import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { inTurn } from "../measure.ts";
import { authoritiesText, CAPSTAN, clusterText, commitFiles, rotationText } from "../repository.ts";
import { type RotatingTctl, writeRotatingTctl } from "../rotating-tctl.ts";
import { megabytes, type Row } from "../row.ts";

const CLUSTERS = 50;
const NAMES = Array.from({ length: CLUSTERS }, (_, index) => `cluster-${index}.example.com`);
const [FIRST = ""] = NAMES;

/** Clusters wait for their components side by side. */
export const applyFleet: Row = {
  what: "`capstan apply` of one phase for 50 clusters whose components lag 3 s",
  against: "the same for one of them",
  async measure(scratch) {
    const emulated: RotatingTctl[] = [];
    const files: Record<string, string> = { ".gitignore": ".capstan/\n" };
    for (const name of NAMES) {
      const own = join(scratch, name);
      await mkdir(own);
      const one = await writeRotatingTctl(own, { cluster: name, lagMs: 3000 });
      emulated.push(one);
      files[`${name}/cluster.yaml`] = clusterText(name, one.tctl);
      files[`${name}/authorities.yaml`] = authoritiesText(name);
      files[`${name}/rotation.yaml`] = rotationText(name, "init");
    }
    const repository = join(scratch, "repository");
    await commitFiles(repository, files);
    const prepare = async () => {
      await Promise.all(emulated.map(({ reset }) => reset()));
      await rm(join(repository, ".capstan"), { recursive: true, force: true });
    };
    const apply = [...CAPSTAN, "apply", "--auto-approve"] as const;
    const { ours, theirs } = await inTurn(
      {
        theirs: { argv: [...apply, "--cluster", FIRST], cwd: repository, prepare },
        ours: { argv: apply, cwd: repository, prepare },
      },
      1,
    );
    return {
      figures: [
        { what: "time", unit: "ms", ours: ours.wallMs, theirs: theirs.wallMs, goal: { factor: 1.3 } },
        {
          what: "CPU, beside fifty times that of one",
          unit: "ms",
          ours: ours.cpuMs,
          theirs: theirs.cpuMs * CLUSTERS,
          goal: { factor: 1 },
        },
        { what: "memory", unit: "MB", ours: megabytes(ours.peakBytes), theirs: null, goal: { plus: 300 } },
      ],
    };
  },
};
