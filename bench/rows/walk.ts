import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { inTurn } from "../measure.ts";
import { authoritiesText, CAPSTAN, clusterText, commitFiles, rotationText } from "../repository.ts";
import { LISTINGS, PHASES, writeRotatingTctl } from "../rotating-tctl.ts";
import type { Row } from "../row.ts";

const LAG_MS = 3000;
const NODES = "get nodes --format=json";

/** A rotation up to its last step but one, with everything that apply looks at besides. */
export const walk: Row = {
  what: "`capstan apply` of a host rotation up to update_servers, components that lag 3 s in each phase",
  against: "a shell that asks for nodes every 100 ms, and for nothing else",
  async measure(scratch) {
    const whole = await rotating(join(scratch, "walk"), {});
    const loop = loopOver(whole.tctl);
    const cost = await inTurn(
      {
        theirs: { argv: ["sh", "-c", loop], prepare: whole.reset },
        ours: {
          argv: [...CAPSTAN, "apply", "--auto-approve"],
          cwd: whole.repository,
          prepare: whole.reset,
        },
      },
      2,
    );
    // The others have followed at once: whoever polls still asks for nodes alone.
    const one = await rotating(join(scratch, "polls"), { lagging: [NODES] });
    await inTurn({ theirs: { argv: ["sh", "-c", loopOver(one.tctl)] } }, 1);
    const theirs = callsAPhase(await readFile(one.calls, "utf8"));
    await one.reset();
    await inTurn({ ours: { argv: [...CAPSTAN, "apply", "--auto-approve"], cwd: one.repository } }, 1);
    const asked = callsAPhase(await readFile(one.calls, "utf8"));
    const done = LISTINGS.filter((listing) => listing !== NODES && asked(listing) > 0).map(asked);
    return {
      figures: [
        {
          what: "time",
          unit: "ms",
          ours: cost.ours.wallMs,
          theirs: cost.theirs.wallMs,
          goal: { factor: 1.05 },
        },
        {
          what: "calls a phase for nodes, which lag",
          unit: "",
          ours: asked(NODES),
          theirs: theirs(NODES),
          goal: { factor: 1 },
        },
        // After the step, before the next one, and for the verdict between them.
        {
          what: "calls a phase for each kind that has followed",
          unit: "",
          ours: Math.max(...done),
          theirs: null,
          goal: { plus: 3 },
        },
      ],
    };
  },
};

/** Each step, and then nodes alone until the first of them is there. */
function loopOver(tctl: string): string {
  const step = `'${tctl}' auth rotate --manual --type=host --phase=$phase >/dev/null`;
  const poll = `until '${tctl}' ${NODES} | grep -q "\\"phase\\": \\"$phase\\""; do sleep 0.1; done`;
  return `for phase in ${PHASES.join(" ")}; do ${step}; ${poll}; done`;
}

/** From the first step on. */
function callsAPhase(log: string): (listing: string) => number {
  const calls = log.split("\n");
  const waits = calls.slice(calls.findIndex((call) => call.includes("auth rotate")));
  return (listing) => waits.filter((call) => call.endsWith(listing)).length / PHASES.length;
}

async function rotating(folder: string, more: { readonly lagging?: readonly (typeof LISTINGS)[number][] }) {
  await mkdir(folder);
  const emulated = await writeRotatingTctl(folder, { lagMs: LAG_MS, ...more });
  const repository = join(folder, "repository");
  await commitFiles(repository, {
    ".gitignore": ".capstan/\n",
    "cluster.yaml": clusterText("acme.cluster", emulated.tctl),
    "authorities.yaml": authoritiesText("acme.cluster"),
    "rotation.yaml": rotationText("acme.cluster", "update_servers"),
  });
  const reset = async () => {
    await emulated.reset();
    await rm(join(repository, ".capstan"), { recursive: true, force: true });
  };
  return { ...emulated, repository, reset };
}
