import { judgeAll } from "../guards/chain.ts";
import type { RotationResource } from "../resources/model/desired.ts";
import { newKeyWasUsed } from "../rotation/evidence.ts";
import { identify, type LiveAuthority } from "../rotation/observation.ts";
import { type Edge, rollbackFrom, walkBetween } from "../rotation/phase.ts";
import type { GuardId, GuardVerdict } from "../rotation/plan.ts";
import { endOfRollback } from "../rotation/way-back.ts";
import { NOT_FOR_CLOCKS } from "./automatic.ts";
import { type Dropping, finalityOf } from "./finality.ts";
import { keysOf } from "./key-plans.ts";
import { judgedWithoutWaivers, type WalkStart } from "./one-step.ts";
import {
  anothersRotation,
  keysUnclear,
  neverSeen,
  notBegun,
  partnerTurnedBack,
  quarantined,
  refusal,
  retiresOther,
  rollingBack,
  tooLate,
} from "./refusals.ts";
import { consumersOf, type Member, type Move, type RotationContext, wasVerified } from "./rotation-member.ts";
import { retiredNow } from "./rotation-standing.ts";
import { keyMoves } from "./step-keys.ts";
import { verifyWording, waitWording, wordingOf } from "./wording.ts";

/** The steps from where an authority stands to where git wants it; a reason why not is a step that is blocked. */
export function stepsOf(
  member: Member,
  resource: RotationResource,
  context: RotationContext,
  goingBack: boolean,
): readonly Move[] {
  const { live, memory, standing } = member;
  const { profile } = context.observation;
  const judge = (edge: Edge, record = memory) =>
    judgeAll({
      ...context,
      authority: live,
      rotation: resource,
      record,
      past: context.record,
      consumers: consumersOf(live.type, context),
      edge,
    });
  const from = live.rotation.phase;
  const name = resource.name;
  const dropping = droppingOf(name, member, resource, context);
  if (standing === "finished") {
    if (resource.phase === "rollback")
      return [refusal(name, member, "rollback", profile, tooLate(member, profile))];
    const unverified = memory !== undefined && live.rotation.state === "standby";
    return unverified ? settle(name, member, context, judge) : [];
  }
  if (standing === "unclear") {
    return [refusal(name, member, resource.phase, profile, whyUnclear(member, context))];
  }
  if (standing === "in_progress" && goingBack) {
    return stepsBack(name, member, resource, context, judge);
  }
  if (isEnding(member)) return settle(name, member, context, judge);
  if (resource.phase === "rollback") return [];
  // A partner was turned back before this one began.
  if (goingBack && standing === "not_started") {
    return [refusal(name, member, resource.phase, profile, partnerTurnedBack(member))];
  }
  if (standing === "rolled_back") {
    return [refusal(name, member, resource.phase, profile, quarantined(member, resource, context))];
  }
  if (from === "rollback")
    return [
      refusal(
        name,
        member,
        resource.phase,
        profile,
        rollingBack(endOfRollback(member.wanted.retire, live, context.observation)),
      ),
    ];
  if (standing === "in_progress" && resource.mode === "auto" && profile.clock.next(live) !== null) {
    return watch(name, member, context, judge);
  }
  const stepwise = resource.strategy === "step" && resource.mode === "manual";
  if (standing === "not_started" && resource.phase === "standby" && stepwise) {
    return [refusal(name, member, "standby", profile, notBegun(member))];
  }
  const walk = walkBetween(from, resource.phase);
  if (walk?.length === 0) return settle(name, member, context, judge);
  if (walk === null || (walk.length > 1 && stepwise)) {
    return chain([{ from, to: resource.phase }], dropping, judge);
  }
  const isWhole = standing === "in_progress" && live.rotation.towards == null;
  const settling = isWhole && !wasVerified(member) ? settle(name, member, context, judge) : [];
  const moves = chain(walk, dropping, judge);
  // Behind the first step a clock goes on, which asks for no window.
  return follow(
    settling,
    resource.mode === "auto" ? moves.map(startingClock) : judgedAhead(walk, moves, member, context, judge),
  );
}

/** The steps of a walk by hand: a waiver of time that the first one uses up is none for those after it. */
function judgedAhead(
  walk: readonly Edge[],
  moves: readonly Move[],
  { live, memory }: Member,
  { observation, now }: RotationContext,
  judge: WalkStart["judge"],
): readonly Move[] {
  const [first, ...rest] = moves;
  if (first === undefined) return moves;
  const ahead = judgedWithoutWaivers(walk, first.guards, { live, memory, observation, now, judge });
  return [first, ...rest.map((move, index) => ({ ...move, guards: ahead[index] ?? [] }))];
}

function startingClock(move: Move): Move {
  return move.from === "standby" && move.to === "init" ? { ...move, starts_clock: true } : move;
}

/**
 * The way back, the same whether git asks for it or no longer declares the rotation: who may live by the new key is
 * seen in rollback first, and then it is left.
 */
export function stepsBack(
  name: string,
  member: Pick<Member, "live" | "memory" | "wanted">,
  resource: RotationResource | null,
  context: RotationContext,
  judge: (edge: Edge) => readonly GuardVerdict[],
): readonly Move[] {
  const { live, memory } = member;
  const isWhole = live.rotation.phase === "rollback" && live.rotation.towards == null;
  // Without a roster there is nobody to be looked for: the end itself says so, and asks for an approval of its own.
  const mustBeSeen =
    isWhole &&
    newKeyWasUsed(memory, live, context.observation.profile) !== "refuted" &&
    memory?.roster != null;
  const settling = mustBeSeen || isEnding(member) ? settle(name, member, context, judge) : [];
  return follow(settling, chain(wayBack(live), droppingOf(name, member, resource, context), judge));
}

/** At standby by a last step of capstan's own, and nobody has looked yet whether all are there. */
export function isEnding({ live, memory }: Pick<Member, "live" | "memory">): boolean {
  const last = memory?.phases.at(-1);
  return (
    live.rotation.state === "standby" &&
    memory?.current_id != null &&
    memory.current_id === live.rotation.currentId &&
    last?.phase === "standby" &&
    last.verified_at === null
  );
}

function droppingOf(
  name: string,
  { live, memory, wanted }: Pick<Member, "live" | "memory" | "wanted">,
  resource: RotationResource | null,
  { observation, now }: RotationContext,
): Dropping {
  return { name, live, memory, retire: wanted.retire, resource, observation, now };
}

function whyUnclear(member: Member, context: RotationContext) {
  const { wanted, live, unseen } = member;
  if (unseen.length > 0) return neverSeen(member, context);
  const present = identify([...live.active, ...live.trusted]);
  const isForeign =
    live.rotation.state === "in_progress" && !wanted.retire.some((key) => present.includes(key));
  if (isForeign) return anothersRotation(member);
  const retired = retiredNow(live, context.record, context.observation.profile);
  const isOther = wanted.retire.every((key) => present.includes(key) && retired?.includes(key) === false);
  return isOther && retired !== null ? retiresOther(member, retired) : keysUnclear(member);
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
  if (before === undefined) return moves;
  if (next === undefined) return settling;
  return [before, { ...next, after: before.id, guards: [] }, ...rest];
}

/** The phase that git wants is reached; it holds when everybody was seen there and is still there. */
function settle(
  name: string,
  member: Pick<Member, "live" | "memory" | "wanted">,
  { cluster, observation }: RotationContext,
  judge: (edge: Edge) => readonly GuardVerdict[],
): readonly Move[] {
  const { live } = member;
  const phase = live.rotation.phase;
  const end = endOfRollback(member.wanted.retire, live, observation);
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
      ...(awaited ? waitWording(phase, cluster.policy, end) : verifyWording(phase)),
      reversible: true,
      point_of_no_return: false,
      ...(awaited ? { awaited } : {}),
      after: null,
      guards,
    },
  ];
}

/** Guards that pass when those who are late have followed. */
export const LAGGING: readonly GuardId[] = ["roster", "components-ready"];

/** Guards that look at what a run waits for, or tries anew, at the end of a transition. */
const VERIFYING: readonly GuardId[] = [...LAGGING, "checks"];

/** Who is late can be waited for. What cannot be known (a lost roster, an unread listing) does not come by waiting. */
function onlyLagging(guards: readonly GuardVerdict[]): boolean {
  const failing = guards.filter(({ outcome }) => outcome !== "pass");
  return (
    failing.length > 0 && failing.every(({ id, outcome }) => VERIFYING.includes(id) && outcome === "fail")
  );
}

/** The clock takes the next phase whatever the guards say: so they are asked before it does. */
function watch(
  name: string,
  member: Member,
  context: RotationContext,
  judge: (edge: Edge) => readonly GuardVerdict[],
): readonly Move[] {
  const edge = context.observation.profile.clock.next(member.live);
  if (edge === null) return [];
  const verdicts = judge(edge).filter(({ id }) => !NOT_FOR_CLOCKS.includes(id));
  return settle(name, member, context, () => verdicts);
}

/** Only the first move can be judged now; the others wait for what it brings. */
function chain(
  edges: readonly Edge[],
  dropping: Dropping,
  judge: (edge: Edge) => readonly GuardVerdict[],
): readonly Move[] {
  const { name, live, retire, memory, observation } = dropping;
  const known = keysOf({ wanted: { type: live.type, retire }, live, memory }, observation);
  const authority = dropping.live.type;
  const id = ({ from, to }: Edge) => `${name}/${authority}/${from}-${to}`;
  return edges.map((edge, index) => {
    const before = edges[index - 1];
    const guards = before === undefined ? judge(edge) : null;
    const finality = finalityOf(edge, dropping, guards);
    const keys = keyMoves(edge, dropping.live.rotation.phase, known, finality.end);
    return {
      id: id(edge),
      action: "rotate",
      authority,
      ...edge,
      ...wordingOf(edge, authority, dropping.observation.profile, finality),
      reversible: !finality.final,
      point_of_no_return: finality.final,
      ...(finality.final && edge.from === "rollback" ? { unaccounted: finality.unaccounted } : {}),
      ...(keys.length === 0 ? {} : { keys }),
      after: before === undefined ? null : id(before),
      guards: finality.guards,
    };
  });
}
