import { judgeAll } from "../guards/chain.ts";
import type { Policy, RotationResource } from "../resources/desired.ts";
import { newKeyWasUsed } from "../rotation/evidence.ts";
import { identify, type LiveAuthority } from "../rotation/observation.ts";
import { type Edge, isPointOfNoReturn, rollbackFrom, walkBetween } from "../rotation/phase.ts";
import type { GuardId, GuardVerdict } from "../rotation/plan.ts";
import { NOT_FOR_CLOCKS, nextByItself } from "./automatic.ts";
import { consumersOf, type Member, type Move, type RotationContext, wasVerified } from "./member.ts";
import {
  anothersRotation,
  keysUnclear,
  neverSeen,
  notBegun,
  partnerTurnedBack,
  quarantined,
  refusal,
  rollingBack,
  tooLate,
} from "./refusals.ts";
import { verifyWording, waitWording, wordingOf } from "./wording.ts";

/** The steps from where an authority stands to where git wants it; a reason why not is a step that is blocked. */
export function stepsOf(
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
      past: context.record,
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
    return [refusal(name, member, resource.phase, whyUnclear(member, context))];
  }
  if (standing === "in_progress" && goingBack) {
    const isWhole = from === "rollback" && live.rotation.towards == null;
    const settling =
      isWhole && newKeyWasUsed(memory, live) !== "refuted"
        ? settle(name, member, context.cluster.policy, judge)
        : [];
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

function whyUnclear(member: Member, context: RotationContext) {
  const { wanted, live, unseen } = member;
  if (unseen.length > 0) return neverSeen(member, context);
  const present = identify([...live.active, ...live.trusted]);
  const isForeign =
    live.rotation.state === "in_progress" && !wanted.retire.some((key) => present.includes(key));
  return isForeign ? anothersRotation(member) : keysUnclear(member);
}

/** Half-way into init the rotation has begun, though not everybody is there. */
export function wayBack({ rotation }: LiveAuthority): readonly Edge[] {
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

/** Guards that pass when those who are late have followed. */
export const LAGGING: readonly GuardId[] = ["roster", "components-ready"];

/** Who is late can be waited for. What cannot be known (a lost roster, an unread listing) does not come by waiting. */
function onlyLagging(guards: readonly GuardVerdict[]): boolean {
  const failing = guards.filter(({ outcome }) => outcome !== "pass");
  return failing.length > 0 && failing.every(({ id, outcome }) => LAGGING.includes(id) && outcome === "fail");
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
export function chain(
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
