import { GUARD_TOPICS, type Guard, type GuardInput, type PlatformProfile } from "../profile/profile.ts";
import type { Waiver } from "../resources/model/desired.ts";
import type { Finding, GuardVerdict, WaivedFinding } from "../rotation/plan.ts";
import { type SpentWaiver, usesOf } from "../rotation/record.ts";
import { commandIn, waiveCommand } from "../rotation/remedy-command.ts";
import { checks } from "./checks.ts";
import { componentsReady } from "./components-ready.ts";
import { exclusive } from "./exclusive.ts";
import { foreignRotation } from "./foreign-rotation.ts";
import { hold } from "./hold.ts";
import { mode } from "./mode.ts";
import { phaseOrder } from "./phase-order.ts";
import { roster } from "./roster.ts";
import { soak } from "./soak.ts";
import { trustConsumers } from "./trust-consumers.ts";
import { wave } from "./wave.ts";
import { window } from "./window.ts";

/** What holds on every platform. */
const COMMON: readonly Guard[] = [
  phaseOrder,
  mode,
  foreignRotation,
  exclusive,
  roster,
  componentsReady,
  trustConsumers,
  checks,
  soak,
  wave,
  window,
  hold,
];

/** Every guard of a platform, by topic in the order in which people read them; of one topic those of all come first. */
export function guardsOf({ guards }: Pick<PlatformProfile, "guards">): readonly Guard[] {
  const all = [...COMMON, ...guards];
  return GUARD_TOPICS.flatMap((topic) => all.filter(({ about }) => about === topic));
}

/** The verdicts of all guards that have a say in this step, waivers applied. */
export function judgeAll(input: GuardInput): readonly GuardVerdict[] {
  return guardsOf(input.observation.profile)
    .filter((guard) => guard.appliesTo(input))
    .map((guard) => verdict(guard, input));
}

function verdict(guard: Guard, input: GuardInput): GuardVerdict {
  const judgement = guard.judge(input);
  if (judgement.outcome === "pass") {
    const pending = judgement.pending === true ? ({ pending: true } as const) : {};
    return { id: guard.id, outcome: "pass", ...pending, findings: [], waived: [] };
  }
  const standing: Finding[] = [];
  const waived: WaivedFinding[] = [];
  for (const finding of judgement.findings) {
    const waivers = guard.waivable ? waiversFor(guard, finding, input) : [];
    const waiver = waivers.find((one) => usedUpBy(one, input) === undefined);
    if (waiver === undefined) standing.push(withCommand(guard, withUsedUp(finding, waivers, input), input));
    else waived.push({ ...finding, reason: waiver.reason, expires: waiver.expires });
  }
  return {
    id: guard.id,
    outcome: standing.length === 0 ? "pass" : judgement.outcome,
    findings: standing,
    waived,
  };
}

/** Those in force, and the one that lasts longest first: it decides until when a finding is accepted. */
function waiversFor(guard: Guard, finding: Finding, { rotation, now }: GuardInput): readonly Waiver[] {
  return (rotation?.waive ?? [])
    .filter(
      (waiver) =>
        waiver.guard === guard.id && waiver.subject === finding.subject && Date.parse(waiver.expires) > now,
    )
    .sort((one, other) => Date.parse(other.expires) - Date.parse(one.expires));
}

/** The other step that a waiver was used up by; by the same one it still counts, which a killed run takes again. */
function usedUpBy(waiver: Waiver, { record, edge }: GuardInput): SpentWaiver | undefined {
  return usesOf(record, waiver).find(({ from, to }) => from !== edge.from || to !== edge.to);
}

/** Whoever reads the waiver in git wants to know why it does not count. */
function withUsedUp(finding: Finding, waivers: readonly Waiver[], input: GuardInput): Finding {
  const [spent] = waivers.flatMap((waiver) => usedUpBy(waiver, input) ?? []);
  if (spent === undefined) return finding;
  const { reason, from, to } = spent;
  return {
    ...finding,
    message: `${finding.message}; the waiver (${reason}) covers ${from} → ${to} and no other step`,
    remedy: `${finding.remedy}. A step of its own takes a waiver of its own, with a reason of its own`,
  };
}

/** What a review may accept ends in the command that writes it, unless another one is the way on. */
function withCommand(guard: Guard, finding: Finding, { rotation }: GuardInput): Finding {
  if (!guard.waivable || rotation === null || commandIn(finding.remedy) !== null) return finding;
  const command = waiveCommand(guard.id, finding.subject);
  return { ...finding, remedy: `${finding.remedy}. To accept it: \`${command}\`` };
}
