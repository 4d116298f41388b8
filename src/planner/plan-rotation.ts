import { rosterWork } from "../checklist/roster-complete.ts";
import { workOf } from "../checklist/work.ts";
import { judgeAll } from "../guards/chain.ts";
import type { RotationResource } from "../resources/model/desired.ts";
import { type Absence, absenceOf } from "../rotation/history.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import { type Edge, type Phase, placeOnWalk } from "../rotation/phase.ts";
import type { ChecklistItem, RotationPlan, Step } from "../rotation/plan.ts";
import { openRotation, type RotationRecord } from "../rotation/record.ts";
import { afterThose } from "./ahead.ts";
import { checkPlans, exercisePlans } from "./checks.ts";
import { together } from "./interleave.ts";
import { caPins, keysOf } from "./key-plans.ts";
import { unseenKeys } from "./never-seen-keys.ts";
import { apart, notesOf } from "./notes.ts";
import {
  consumersOf,
  isTurnedBack,
  type Member,
  type Move,
  type RotationContext,
} from "./rotation-member.ts";
import { standingOf } from "./rotation-standing.ts";
import { componentsAt } from "./step-components.ts";
import { stepsBack, stepsOf } from "./steps.ts";
import { waiverNotes } from "./waivers.ts";
import { holdInForce } from "./wave-plan.ts";

/**
 * The plan of one declared rotation: where it stands, and the steps that are left, each with its guards' verdicts.
 */
export function planRotation(resource: RotationResource, context: RotationContext): RotationPlan {
  const members = resource.authorities.flatMap((wanted) => {
    const live = context.observation.authorities.find(({ type }) => type === wanted.type);
    if (live === undefined) return [];
    const unseen = unseenKeys(wanted, live, context);
    const told = standingOf(wanted, live, resource, { ...context, profile: context.observation.profile });
    const standing = told === "finished" && unseen.length > 0 && isUnderWay(resource) ? "unclear" : told;
    return [{ wanted, live, standing, unseen, memory: openRotation(context.record, wanted.type) }];
  });
  const goingBack = resource.phase === "rollback" || members.some(isTurnedBack);
  const steps = together(members.map((member) => stepsOf(member, resource, context, goingBack))).map((step) =>
    afterThose(step, context.ahead),
  );
  const [first] = members;
  const held = holdInForce(resource.hold, context.now);
  return {
    name: resource.name,
    authorities: resource.authorities.map(({ type }) => type),
    live_phase: leastAdvanced(members),
    desired_phase: resource.phase,
    source: { file: resource.source.file, line: resource.source.line },
    standing: first?.standing ?? "unclear",
    ...(members.some(({ standing, unseen }) => standing === "finished" && unseen.length > 0)
      ? { unproven: true }
      : {}),
    ...(held === null ? {} : { hold: held }),
    notes: [
      ...apart(members),
      ...members.flatMap((member) => notesOf(member, resource, context)),
      ...waiverNotes(resource, steps, context),
    ],
    keys: members.flatMap((member) => keysOf(member, context.observation)),
    ca_pins: members.map(caPins).find((pins) => pins !== null) ?? null,
    consumers: members.flatMap(({ live }) => consumersSeen(live.type, context)),
    ...checkPlans(members, context),
    ...exercisePlans(members, context),
    checklist: members.flatMap((member) => workNow(member, resource, context)),
    steps: steps.map((step) => {
      const member = members.find(({ live }) => live.type === step.authority);
      return complete(step, member, resource, context);
    }),
  };
}

/** A step with its work by hand, and with who is where it starts. */
function complete(
  step: Move,
  member: Pick<Member, "live" | "memory"> | undefined,
  resource: RotationResource | null,
  context: RotationContext,
): Step {
  const components = member === undefined ? undefined : componentsAt(step, member, resource, context);
  return {
    ...step,
    ...(components === undefined ? {} : { components }),
    checklist: workBefore(step, resource, context),
  };
}

/** Git wants it somewhere between start and end: then the key to be retired has to be known, or the CA is another. */
function isUnderWay({ phase }: RotationResource): boolean {
  return phase !== "standby" && phase !== "rollback";
}

/**
 * A rotation that the record knows as ours and that no resource declares any more is rolled back, once it is proven that
 * its resource was deleted. What is only missing stays where it is, and blocks as drift.
 */
export function planUndeclared(
  memory: RotationRecord,
  live: LiveAuthority,
  context: RotationContext,
): RotationPlan {
  const wanted = { type: live.type, retire: memory.retire };
  const absence = absenceOf(memory, context.history);
  const proven = absence.absence === "deleted";
  const judge = (edge: Edge) =>
    judgeAll({
      ...context,
      authority: live,
      rotation: null,
      record: memory,
      past: context.record,
      consumers: consumersOf(live.type, context),
      edge,
    });
  const steps = proven ? stepsBack(memory.name, { live, memory, wanted }, null, context, judge) : [];
  return {
    name: memory.name,
    authorities: [live.type],
    live_phase: live.rotation.phase,
    desired_phase: proven ? "rollback" : live.rotation.phase,
    standing: proven ? "in_progress" : "unclear",
    notes: [
      proven
        ? `no ca_rotation declares \`${memory.name}\` any more${deletedBy(absence)}: it is rolled back`
        : `no ca_rotation here declares \`${memory.name}\`, and it is not proven that it was deleted: it stays in ${live.rotation.phase}`,
    ],
    keys: keysOf({ wanted, live, memory }, context.observation),
    ca_pins: caPins({ wanted, live }),
    consumers: consumersSeen(live.type, context),
    // The work of a phase that is left for good is nobody's any more.
    checklist: live.rotation.phase === "rollback" ? itemsOf(live.type, "rollback", null, context) : [],
    steps: steps.map((step) => complete(step, { live, memory }, null, context)),
  };
}

function deletedBy({ commit, file }: Extract<Absence, { absence: "deleted" }>): string {
  if (commit === null) return "";
  const where = file === null ? "" : `, which took it out of ${file}`;
  return ` since commit ${commit.slice(0, 12)}${where}`;
}

/** The work of the phase that the authority is in. In standby there is some only after a rotation. */
function workNow(
  { live, standing }: Member,
  resource: RotationResource,
  context: RotationContext,
): readonly ChecklistItem[] {
  const { phase } = live.rotation;
  const isIdle = phase === "standby" && standing !== "finished";
  const leavesIt = resource.phase === "rollback" && phase !== "rollback";
  return isIdle || leavesIt ? [] : itemsOf(live.type, phase, resource, context);
}

/** The work of the phase that a step leaves. */
function workBefore(
  { action, authority, from, to }: Move,
  resource: RotationResource | null,
  context: RotationContext,
): readonly ChecklistItem[] {
  return action === "verify" || from === "standby" || to === "rollback"
    ? []
    : itemsOf(authority, from, resource, context);
}

function itemsOf(
  type: string,
  phase: Phase,
  rotation: RotationResource | null,
  context: RotationContext,
): readonly ChecklistItem[] {
  const record = openRotation(context.record, type);
  const consumers = consumersOf(type, context);
  const roster = rosterWork(type, phase, { ...context, rotation, record });
  const work = workOf(type, phase, { ...context, rotation, record, consumers }).map(({ item }) => item);
  return roster === null ? work : [roster, ...work];
}

function consumersSeen(type: string, { observation }: RotationContext) {
  return observation.surroundings?.consumers.filter(({ authority }) => authority === type) ?? [];
}

function leastAdvanced(members: readonly Member[]): Phase {
  const phases = members
    .filter(({ standing }) => standing !== "finished")
    .map(({ live }) => live.rotation.phase)
    .toSorted((left, right) => placeOnWalk(left) - placeOnWalk(right));
  return phases[0] ?? "standby";
}
