import { afterEach, describe, expect, it } from "vitest";
import type { Acknowledgement, RotationResource } from "../../src/resources/model/desired.ts";
import { DEFAULT_POLICY } from "../../src/resources/read/build.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { ChecklistItem, RotationPlan } from "../../src/rotation/plan.ts";
import { AUTHORITY_TYPES } from "../../src/teleport/authority-types.ts";
import { checklistText } from "../../src/views/text/checklist-text.ts";
import { plainPaint } from "../../src/views/text/paint.ts";
import { rotation } from "../world/host-rotation.ts";
import { SandboxWorld } from "../world/sandbox.ts";

let world: SandboxWorld;
afterEach(async () => world.stop());

/** One commit: where git wants the rotation, and what people have stated by then. */
type Commit = (
  name: string,
  phase: RotationResource["phase"],
  acknowledge: readonly Acknowledgement[],
) => RotationResource;

async function commits(type: string): Promise<Commit> {
  const { active } = await world.keys(type);
  return (name, phase, acknowledge) =>
    rotation(phase, {
      name,
      authorities: [{ type, retire: active }],
      acknowledge,
      contentHash: `${name} ${phase} ${acknowledge.length}`,
    });
}

async function planOf(resource: RotationResource): Promise<RotationPlan> {
  const [planned] = (await world.plan([resource])).clusters[0]?.rotations ?? [];
  return planned ?? expect.unreachable("nothing is planned");
}

function shown(plan: RotationPlan): string {
  const [step] = plan.steps;
  const blocking = step?.guards.filter(({ outcome }) => outcome !== "pass").map(({ id }) => id) ?? [];
  const move = step === undefined ? "no step" : `${step.from} → ${step.to}`;
  const verdict = step === undefined ? "" : blocking.length === 0 ? ": ready" : `: ${blocking.join(", ")}`;
  const moves = step?.action === "rotate" ? `    ${step.why}\n    disrupts: ${step.disrupts}\n\n` : "";
  return `## ${plan.live_phase}, ${move}${verdict}\n\n${moves}${checklistText(plan, plainPaint) ?? "    no work by hand"}\n`;
}

/** Goes on as far as it goes without a word about the work by hand, then with it. Gives what was shown. */
async function walk(commit: Commit, name: string, phases: readonly Phase[]): Promise<readonly string[]> {
  const pages: string[] = [];
  const stated: Acknowledgement[] = [];
  const look = async (phase: Phase) => {
    const plan = await planOf(commit(name, phase, stated));
    const page = shown(plan);
    if (pages.at(-1) !== page) pages.push(page);
    return plan;
  };
  for (const phase of phases) {
    await look(phase);
    const silent = await world.apply([commit(name, phase, stated)]);
    const { checklist, steps } = await look(phase);
    const open = steps.length === 0 ? [] : checklist.filter(isAwaited);
    expect(silent.outcome, `${phase}: ${silent.message}`).toBe(
      open.length === 0 ? "applied" : phase === "rollback" ? "rollback-unfinished" : "blocked",
    );
    if (open.length === 0) continue;
    stated.push(...open.map(({ id }) => ({ step: id, who: "ada", note: null, evidence: null, at: null })));
    await look(phase);
    // The last session of the old user CA is over by then.
    if (phase === "standby") await world.teleport.pass(DEFAULT_POLICY.maxSessionTtlMs / 1000);
    const spoken = await world.apply([commit(name, phase, stated)]);
    expect(spoken.outcome, `${phase}: ${spoken.message}`).toBe("applied");
  }
  await look(phases.at(-1) ?? "standby");
  return pages;
}

function isAwaited({ required, state }: ChecklistItem): boolean {
  return required && state === "open";
}

describe("every CA type", () => {
  it.each(AUTHORITY_TYPES.map(({ name }) => name))("%s is rolled back, and walked", async (type) => {
    world = await SandboxWorld.start();
    const before = await world.keys(type);
    const commit = await commits(type);
    const back = await walk(commit, "tried", ["init", "update_clients", "rollback"]);
    expect(await world.keys(type)).toEqual(before);
    const forth = await walk(commit, "done", ["init", "update_clients", "update_servers", "standby"]);
    const after = await world.keys(type);
    expect(after.trusted).toEqual([]);
    for (const key of after.active) expect(before.active).not.toContain(key);
    expect(world.rotations.every((argv) => argv.startsWith(`--manual --type=${type} `))).toBe(true);
    const text = `# ${type}: rolled back\n\n${back.join("\n")}\n# ${type}: walked\n\n${forth.join("\n")}`;
    await expect(text).toMatchFileSnapshot(`golden/${type}.md`);
  });
});
