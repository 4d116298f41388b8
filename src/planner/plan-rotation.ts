import { workOf } from "../checklist/work.ts";
import { judgeAll } from "../guards/chain.ts";
import { livePins } from "../guards/pins.ts";
import { newKeyWasUsed } from "../guards/reported.ts";
import type { OverrideOutlooks } from "../overrides/outlook.ts";
import type {
  AuthorityResource,
  ClusterResource,
  Policy,
  RotatedAuthority,
  RotationResource,
} from "../resources/desired.ts";
import { isTalosType } from "../rotation/authority-type.ts";
import {
  type AuthorityKey,
  type ClusterObservation,
  type Fingerprint,
  KIND_OF_TYPE,
  type LiveAuthority,
} from "../rotation/observation.ts";
import { type Edge, isPointOfNoReturn, type Phase, rollbackFrom, walkBetween } from "../rotation/phase.ts";
import { type Pins, pinProblems } from "../rotation/pins.ts";
import type {
  ChecklistItem,
  GuardId,
  GuardVerdict,
  KeyPlan,
  RotationPlan,
  Standing,
  Step,
} from "../rotation/plan.ts";
import { type ClusterRecord, openRotation, phaseRecord, type RotationRecord } from "../rotation/record.ts";
import { NOT_FOR_CLOCKS, nextByItself, scheduleNotes } from "./automatic.ts";
import { followed } from "./memory.ts";
import { rolledBack, standingOf } from "./standing.ts";
import { together } from "./together.ts";
import { unseenKeys } from "./unseen.ts";
import { waiverNotes } from "./waivers.ts";
import { verifyWording, waitWording, wordingOf } from "./wording.ts";

/** What the plan of one rotation is made from; `rotation` is `null` when git no longer declares it. */
interface RotationContext {
  readonly cluster: ClusterResource;
  readonly observation: ClusterObservation;
  readonly record: ClusterRecord;
  /** Absent when nobody looked. */
  readonly overrides: OverrideOutlooks | undefined;
  /** What git says of the authorities of this cluster. */
  readonly authorities: readonly AuthorityResource[];
  readonly now: number;
}

/** A step before its work by hand is known. */
type Move = Omit<Step, "checklist">;

/** One authority of a rotation with everything that is known about it. */
interface Member {
  readonly wanted: RotatedAuthority;
  readonly live: LiveAuthority;
  readonly memory: RotationRecord | undefined;
  readonly standing: Standing;
  /** Keys to be retired that nobody ever saw in this CA. */
  readonly unseen: readonly Fingerprint[];
}

export function planRotation(resource: RotationResource, context: RotationContext): RotationPlan {
  const members = resource.authorities.flatMap((wanted) => {
    const live = context.observation.authorities.find(({ type }) => type === wanted.type);
    if (live === undefined) return [];
    const unseen = unseenKeys(wanted, live, context);
    const told = standingOf(wanted, live, resource, context.record);
    const standing = told === "finished" && unseen.length > 0 && isUnderWay(resource) ? "unclear" : told;
    return [{ wanted, live, standing, unseen, memory: openRotation(context.record, wanted.type) }];
  });
  const goingBack = resource.phase === "rollback" || members.some(isTurnedBack);
  const steps = together(members.map((member) => stepsOf(member, resource, context, goingBack)));
  const [first] = members;
  return {
    name: resource.name,
    authorities: resource.authorities.map(({ type }) => type),
    live_phase: leastAdvanced(members),
    desired_phase: resource.phase,
    standing: first?.standing ?? "unclear",
    notes: [
      ...apart(members),
      ...members.flatMap((member) => notesOf(member, resource, context)),
      ...waiverNotes(resource, steps, context),
    ],
    keys: members.flatMap(keysOf),
    ca_pins: members.map(caPins).find((pins) => pins !== null) ?? null,
    consumers: members.flatMap(({ live }) => consumersSeen(live.type, context)),
    checklist: members.flatMap((member) => workNow(member, resource, context)),
    steps: steps.map((step) => ({ ...step, checklist: workBefore(step, resource, context) })),
  };
}

/** Git wants it somewhere between start and end: then the key to be retired has to be known, or the CA is another. */
function isUnderWay({ phase }: RotationResource): boolean {
  return phase !== "standby" && phase !== "rollback";
}

/** A rotation that the record knows as ours and that no resource declares any more is rolled back. */
export function planUndeclared(
  memory: RotationRecord,
  live: LiveAuthority,
  context: RotationContext,
): RotationPlan {
  const edges = wayBack(live);
  const judge = (edge: Edge) =>
    judgeAll({
      ...context,
      authority: live,
      rotation: null,
      record: memory,
      consumers: consumersOf(live.type, context),
      edge,
    });
  const steps = chain(memory.name, live.type, edges, judge);
  return {
    name: memory.name,
    authorities: [live.type],
    live_phase: live.rotation.phase,
    desired_phase: "rollback",
    standing: "in_progress",
    notes: [`no ca_rotation declares \`${memory.name}\` any more: it is rolled back`],
    keys: keysOf({ wanted: { type: live.type, retire: memory.retire }, live, memory }),
    ca_pins: caPins({ wanted: { type: live.type, retire: memory.retire }, live }),
    consumers: consumersSeen(live.type, context),
    // The work of a phase that is left for good is nobody's any more.
    checklist: live.rotation.phase === "rollback" ? itemsOf(live.type, "rollback", null, context) : [],
    steps: steps.map((step) => ({ ...step, checklist: workBefore(step, null, context) })),
  };
}

/** The pins of the host CA (reference teleport-rotation 4.7); gone keys have one too. */
function caPins({ wanted, live }: Pick<Member, "wanted" | "live">): Pins | null {
  return live.type === "host" ? { old: wanted.retire, new: livePins(live, wanted.retire).new } : null;
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
  return workOf(type, phase, { ...context, rotation, record, consumers }).map(({ item }) => item);
}

function consumersOf(type: string, { authorities }: RotationContext) {
  return authorities.find((authority) => authority.type === type)?.trustConsumers ?? [];
}

function consumersSeen(type: string, { observation }: RotationContext) {
  return observation.surroundings?.consumers.filter(({ authority }) => authority === type) ?? [];
}

function stepsOf(
  member: Member,
  resource: RotationResource,
  context: RotationContext,
  goingBack: boolean,
): readonly Move[] {
  const { live, memory, standing } = member;
  const judge = (edge: Edge) =>
    judgeAll({
      ...context,
      authority: live,
      rotation: resource,
      record: memory,
      consumers: consumersOf(live.type, context),
      edge,
    });
  const from = live.rotation.phase;
  const name = resource.name;
  if (standing === "finished") {
    if (resource.phase === "rollback") return [refusal(name, member, "rollback", tooLate(member))];
    const unverified = memory !== undefined && live.rotation.state === "standby";
    return unverified ? settle(name, member, context.cluster.policy, judge) : [];
  }
  if (standing === "unclear") {
    const why = member.unseen.length > 0 ? neverSeen(member, context) : keysUnclear(member);
    return [refusal(name, member, resource.phase, why)];
  }
  if (standing === "in_progress" && goingBack) {
    const isWhole = from === "rollback" && live.rotation.towards == null;
    const settling =
      isWhole && newKeyWasUsed(memory, live) ? settle(name, member, context.cluster.policy, judge) : [];
    return follow(settling, chain(name, live.type, wayBack(live), judge));
  }
  if (resource.phase === "rollback") return [];
  // A partner was turned back before this one began.
  if (goingBack && standing === "not_started") {
    return [refusal(name, member, resource.phase, partnerTurnedBack(member))];
  }
  if (standing === "rolled_back") {
    return [refusal(name, member, resource.phase, quarantined(member, resource, context))];
  }
  if (from === "rollback") return [refusal(name, member, resource.phase, rollingBack())];
  if (standing === "in_progress" && resource.mode === "auto" && nextByItself(live) !== null) {
    return watch(name, member, context.cluster.policy, judge);
  }
  const stepwise = resource.strategy === "step" && resource.mode === "manual";
  if (standing === "not_started" && resource.phase === "standby" && stepwise) {
    return [refusal(name, member, "standby", notBegun(member))];
  }
  const walk = walkBetween(from, resource.phase);
  if (walk?.length === 0) return settle(name, member, context.cluster.policy, judge);
  if (walk === null || (walk.length > 1 && stepwise)) {
    return chain(name, live.type, [{ from, to: resource.phase }], judge);
  }
  const isWhole = standing === "in_progress" && live.rotation.towards == null;
  const settling = isWhole && !wasVerified(member) ? settle(name, member, context.cluster.policy, judge) : [];
  return follow(settling, chain(name, live.type, walk, judge));
}

/** Half-way into init the rotation has begun, though not everybody is there. */
function wayBack({ rotation }: LiveAuthority): readonly Edge[] {
  const hasBegun = rotation.phase === "standby" && rotation.state === "in_progress";
  return rollbackFrom(hasBegun ? "init" : rotation.phase);
}

/** A phase that was entered and not yet verified comes first: a run was killed, or others moved the phase. */
function follow(settling: readonly Move[], moves: readonly Move[]): readonly Move[] {
  const [before] = settling;
  const [next, ...rest] = moves;
  if (before === undefined || next === undefined) return moves;
  return [before, { ...next, after: before.id, guards: [] }, ...rest];
}

function wasVerified({ live, memory }: Pick<Member, "live" | "memory">): boolean {
  return phaseRecord(memory, live.rotation.phase)?.verified_at != null;
}

/** The phase that git wants is reached; it holds when everybody was seen there and is still there. */
function settle(
  name: string,
  member: Member,
  policy: Policy,
  judge: (edge: Edge) => readonly GuardVerdict[],
): readonly Move[] {
  const { live } = member;
  const phase = live.rotation.phase;
  const guards = judge({ from: phase, to: phase });
  const awaited = !wasVerified(member) && onlyLagging(guards);
  if (wasVerified(member) && guards.every(({ outcome }) => outcome === "pass")) return [];
  return [
    {
      id: `${name}/${live.type}/${phase}`,
      action: "verify",
      authority: live.type,
      from: phase,
      to: phase,
      ...(awaited ? waitWording(phase, policy) : verifyWording(phase)),
      reversible: true,
      point_of_no_return: false,
      ...(awaited ? { awaited } : {}),
      after: null,
      guards,
    },
  ];
}

/** Who is late can be waited for. What cannot be known (a lost roster, an unread listing) does not come by waiting. */
function onlyLagging(guards: readonly GuardVerdict[]): boolean {
  const lagging: readonly GuardId[] = ["roster", "components-ready"];
  const failing = guards.filter(({ outcome }) => outcome !== "pass");
  return failing.length > 0 && failing.every(({ id, outcome }) => lagging.includes(id) && outcome === "fail");
}

/** The clock takes the next phase whatever the guards say: so they are asked before it does. */
function watch(
  name: string,
  member: Member,
  policy: Policy,
  judge: (edge: Edge) => readonly GuardVerdict[],
): readonly Move[] {
  const edge = nextByItself(member.live);
  if (edge === null) return [];
  const verdicts = judge(edge).filter(({ id }) => !NOT_FOR_CLOCKS.includes(id));
  return settle(name, member, policy, () => verdicts);
}

/** Only the first move can be judged now; the others wait for what it brings. */
function chain(
  name: string,
  authority: string,
  edges: readonly Edge[],
  judge: (edge: Edge) => readonly GuardVerdict[],
): readonly Move[] {
  const id = ({ from, to }: Edge) => `${name}/${authority}/${from}-${to}`;
  return edges.map((edge, index) => {
    const before = edges[index - 1];
    return {
      id: id(edge),
      action: "rotate",
      authority,
      ...edge,
      ...wordingOf(edge, authority),
      reversible: !isPointOfNoReturn(edge),
      point_of_no_return: isPointOfNoReturn(edge),
      after: before === undefined ? null : id(before),
      guards: before === undefined ? judge(edge) : [],
    };
  });
}

/** A step that cannot be taken whatever the components say; the pawl that holds it is the phase order. */
function refusal(
  name: string,
  { live }: Member,
  to: Phase,
  reason: { readonly subject: string; readonly message: string; readonly remedy: string },
): Move {
  const edge: Edge = { from: live.rotation.phase, to };
  return {
    id: `${name}/${live.type}/${edge.from}-${to}`,
    action: "rotate",
    authority: live.type,
    ...edge,
    ...wordingOf(edge, live.type),
    reversible: !isPointOfNoReturn(edge),
    point_of_no_return: isPointOfNoReturn(edge),
    after: null,
    guards: [{ id: "phase-order", outcome: "fail", findings: [reason], waived: [] }],
  };
}

function keysUnclear({ wanted, live }: Member) {
  return {
    subject: `authority/${live.type}`,
    message: `the keys to be retired (${wanted.retire.join(", ")}) are neither all of the active keys nor all gone`,
    remedy: "compare with `capstan status`, and name exactly the active keys under `retire`",
  };
}

function neverSeen({ live, unseen }: Member, { observation }: RotationContext) {
  const owners = ownersOf(unseen, observation);
  const whose =
    owners.length === 0 ? "" : `; ${owners.join(" and ")} ${owners.length === 1 ? "has" : "have"} it`;
  return {
    subject: `authority/${live.type}`,
    message: `${unseen.join(", ")} was never seen in the ${live.type} CA: it is neither among its keys, nor in its active_keys in git, nor in the record${whose}`,
    remedy: "correct `retire` or `type`; a rotation that was finished elsewhere says `phase: standby`",
  };
}

/** The CAs that have one of these keys now. */
function ownersOf(keys: readonly Fingerprint[], { authorities }: ClusterObservation): readonly string[] {
  return authorities
    .filter(({ active, trusted }) =>
      [...active, ...trusted].some(({ fingerprint }) => keys.includes(fingerprint)),
    )
    .map(({ type }) => type);
}

function tooLate({ live, wanted }: Member) {
  return {
    subject: `authority/${live.type}`,
    message: `cannot be rolled back: ${wanted.retire.join(", ")} is gone from its keys`,
    remedy:
      "set `phase: standby` to accept the new key (Teleport before v7 keeps it even when init is rolled back), or start a new rotation",
  };
}

function partnerTurnedBack({ live }: Member) {
  return {
    subject: `authority/${live.type}`,
    message: "does not start: what it moves together with was turned back",
    remedy: "remove the cause, start the rotation again with a reason, and commit",
  };
}

/** Only the record knows that capstan itself turned back; else git has to say that it wants the way out. */
function rollingBack() {
  return {
    subject: "phase/rollback",
    message: "the cluster is rolling back; from there the only way is back to standby with the old key",
    remedy: "set `phase: rollback` to finish the rollback, then start the rotation again",
  };
}

function notBegun({ live }: Member) {
  return {
    subject: `authority/${live.type}`,
    message: "is to be finished, and has not begun: the key to be retired signs, and nothing is in progress",
    remedy: "commit `phase: init` first, or set `strategy: walk` to take all phases one by one",
  };
}

function quarantined({ live }: Member, resource: RotationResource, { record }: RotationContext) {
  const attempt = rolledBack(live, resource, record);
  const when = attempt?.ended_at == null ? "outside capstan" : `at ${attempt.ended_at}`;
  const why = attempt?.reason == null ? "" : ` (${attempt.reason})`;
  return {
    subject: `rotation/${resource.name}`,
    message: `was rolled back ${when}${why}; the same content does not start it again`,
    remedy: `remove the cause, then \`capstan rotate start ${live.type} --reason "…"\`, and commit`,
  };
}

function notesOf(
  { wanted, standing, live, memory, unseen }: Member,
  resource: RotationResource,
  { cluster, record, observation }: RotationContext,
) {
  const notes: string[] = standing === "finished" ? [] : [...scheduleNotes(resource, live)];
  const remembered = record.rotations.some(({ authority }) => authority === live.type);
  if (standing === "not_started" && !remembered && live.rotation.lastRotated !== null) {
    notes.push(
      `${live.type} was rotated or rolled back at ${live.rotation.lastRotated}; without a record capstan cannot tell which`,
    );
  }
  // On Talos the old key is sealed before every swap in any case.
  const willStart = standing === "not_started" && resource.phase !== "rollback";
  if (willStart && cluster.backup === undefined && cluster.platform === "teleport") {
    notes.push(
      "apply keeps only the public state of the CAs: `spec.backup` of the cluster names nobody who keeps their keys",
    );
  }
  if (standing === "in_progress" && memory === undefined) {
    notes.push(
      `the ${live.type} rotation was not started by capstan; it goes on from ${live.rotation.phase}`,
    );
  }
  if (memory?.state === "rolling_back" && resource.phase !== "rollback") {
    const why = memory.reason === null ? "" : ` (${memory.reason})`;
    notes.push(`it was turned back${why}: whatever git wants, it goes back to standby with the old key`);
  }
  notes.push(...halfWay(live, observation));
  const owners = standing === "finished" ? ownersOf(unseen, observation) : [];
  if (owners.length > 0) {
    notes.push(
      `nothing here says that ${live.type} ever had ${unseen.join(", ")}, and ${owners.join(" and ")} has it: if the type is a slip, correct it`,
    );
  }
  if (standing === "finished" && resource.phase !== "standby" && resource.phase !== "rollback") {
    notes.push(`${live.type} is already past ${resource.phase}: the retired key is gone`);
  }
  if (standing === "finished" && live.type === "host" && live.rotation.state === "standby") {
    const left = pinProblems(observation.surroundings?.pins ?? [], { old: wanted.retire, new: [] }, "after");
    notes.push(...left.map(({ file, line, message }) => `${file}:${line} ${message}`));
  }
  return notes;
}

/** Who has gone where, when a step was left in the middle. */
function halfWay({ type, rotation }: LiveAuthority, { components }: ClusterObservation): readonly string[] {
  const { phase, towards } = rotation;
  if (towards == null || !isTalosType(type)) return [];
  const machines = components.filter(({ kind }) => kind === KIND_OF_TYPE[type]);
  const ahead = machines.filter((machine) => machine.phase !== phase);
  const names = ahead.map(({ name }) => name).join(", ");
  const who =
    ahead.length === machines.length
      ? "all machines have moved, and it was not proven"
      : `moved: ${names || "none"}`;
  return [`${type} is half-way from ${phase} to ${towards} (${who}); taking the step again finishes it`];
}

function keysOf({ wanted, live, memory }: Pick<Member, "wanted" | "live" | "memory">): readonly KeyPlan[] {
  const introduced = memory === undefined ? [] : followed(memory, live).introduced;
  const plans = [
    ...live.active.map((key) => describe(key, "active")),
    ...live.trusted.map((key) => describe(key, "trusted")),
  ];
  const present = new Set<Fingerprint>(plans.map(({ fingerprint }) => fingerprint));
  const gone = wanted.retire.filter((key) => !present.has(key));
  return [
    ...plans,
    ...gone.map((fingerprint) => ({
      authority: live.type,
      fingerprint,
      role: "retiring" as const,
      status: "gone" as const,
      protocol: null,
      algorithm: null,
      storage: null,
      certificate: null,
    })),
  ];

  function describe(key: AuthorityKey, status: "active" | "trusted"): KeyPlan {
    return {
      authority: live.type,
      fingerprint: key.fingerprint,
      role: roleOf(key.fingerprint),
      status,
      protocol: key.protocol,
      algorithm: key.algorithm,
      storage: key.storage,
      certificate: key.certificate ?? null,
    };
  }

  function roleOf(fingerprint: Fingerprint): KeyPlan["role"] {
    if (wanted.retire.includes(fingerprint)) return "retiring";
    return introduced.includes(fingerprint) ? "introduced" : "other";
  }
}

/** Turned back by capstan: then its partners go back too, however far they came. */
function isTurnedBack({ memory, standing }: Member): boolean {
  return memory?.state === "rolling_back" || standing === "rolled_back";
}

/** Members of one rotation that are not in the same phase: how they stand, for people. */
function apart(members: readonly Member[]): readonly string[] {
  const places = members.map(({ live, standing }) => {
    const phase = standing === "finished" ? "finished" : live.rotation.phase;
    return { type: live.type, phase };
  });
  if (new Set(places.map(({ phase }) => phase)).size < 2) return [];
  const stand = places.map(
    ({ type, phase }) => `${type} is ${phase === "finished" ? "finished" : `in ${phase}`}`,
  );
  return [`they move together and are apart: ${stand.join(", ")}`];
}

function leastAdvanced(members: readonly Member[]): Phase {
  const order: readonly Phase[] = ["rollback", "standby", "init", "update_clients", "update_servers"];
  const phases = members
    .filter(({ standing }) => standing !== "finished")
    .map(({ live }) => live.rotation.phase)
    .toSorted((left, right) => order.indexOf(left) - order.indexOf(right));
  return phases[0] ?? "standby";
}
