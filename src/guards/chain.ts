import type { Waiver } from "../resources/desired.ts";
import type { Finding, GuardVerdict, WaivedFinding } from "../rotation/plan.ts";
import { type SpentWaiver, usesOf } from "../rotation/record.ts";
import { backup } from "./backup.ts";
import { componentsReady } from "./components-ready.ts";
import { credentials } from "./credentials.ts";
import { exclusive } from "./exclusive.ts";
import { foreignRotation } from "./foreign-rotation.ts";
import type { Guard, GuardInput } from "./guard.ts";
import { hsmKeys } from "./hsm-keys.ts";
import { mode } from "./mode.ts";
import { overrides } from "./overrides.ts";
import { phaseOrder } from "./phase-order.ts";
import { pins } from "./pins.ts";
import { roster } from "./roster.ts";
import { soak } from "./soak.ts";
import { talosClocks } from "./talos-clocks.ts";
import { talosCredentials } from "./talos-credentials.ts";
import { talosEdits } from "./talos-edits.ts";
import { talosForeign } from "./talos-foreign.ts";
import { talosInventory } from "./talos-inventory.ts";
import { talosKeys } from "./talos-keys.ts";
import { talosKubernetes } from "./talos-kubernetes.ts";
import { talosOmni } from "./talos-omni.ts";
import { talosPending } from "./talos-pending.ts";
import { talosStates } from "./talos-states.ts";
import { talosVersion } from "./talos-version.ts";
import { trustConsumers } from "./trust-consumers.ts";
import { trustedClusters } from "./trusted-clusters.ts";
import { version } from "./version.ts";
import { changeWindow } from "./window.ts";

/** Every guard, in the order in which people read them: first whether the step makes sense at all. */
export const GUARDS: readonly Guard[] = [
  phaseOrder,
  mode,
  foreignRotation,
  exclusive,
  talosOmni,
  talosInventory,
  talosStates,
  talosForeign,
  talosPending,
  talosEdits,
  talosClocks,
  talosKubernetes,
  talosKeys,
  roster,
  componentsReady,
  hsmKeys,
  overrides,
  trustConsumers,
  trustedClusters,
  pins,
  credentials,
  talosCredentials,
  version,
  talosVersion,
  backup,
  soak,
  changeWindow,
];

/** The verdicts of all guards that have a say in this step, waivers applied. */
export function judgeAll(input: GuardInput): readonly GuardVerdict[] {
  return GUARDS.filter((guard) => guard.appliesTo(input)).map((guard) => verdict(guard, input));
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
    if (waiver === undefined) standing.push(withUsedUp(finding, waivers, input));
    else waived.push({ ...finding, reason: waiver.reason, expires: waiver.expires });
  }
  return {
    id: guard.id,
    outcome: standing.length === 0 ? "pass" : judgement.outcome,
    findings: standing,
    waived,
  };
}

function waiversFor(guard: Guard, finding: Finding, { rotation, now }: GuardInput): readonly Waiver[] {
  return (rotation?.waive ?? []).filter(
    (waiver) =>
      waiver.guard === guard.id && waiver.subject === finding.subject && Date.parse(waiver.expires) > now,
  );
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
    remedy: `${finding.remedy} (for a step of its own, with a reason of its own)`,
  };
}
