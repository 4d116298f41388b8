import { waitsOf } from "../guards/haste.ts";
import { typeOf } from "../profile/lookup.ts";
import type { RotationResource } from "../resources/model/desired.ts";
import { formatDuration } from "../resources/model/duration.ts";
import { isFinished } from "../rotation/evidence.ts";
import { walkBetween } from "../rotation/phase.ts";
import type { Member, RotationContext } from "./rotation-member.ts";

type Input = Pick<Member, "wanted" | "live" | "standing">;

/** Of a rotation whose key is in wrong hands: who loses access at each step to come, and at the end what refuses the key. */
export function compromiseNotes(
  member: Input,
  resource: RotationResource,
  context: RotationContext,
): readonly string[] {
  if (resource.reason !== "compromise" || resource.phase === "rollback") return [];
  if (member.standing === "finished") return refusals(member, context);
  const { live } = member;
  if (live.rotation.phase === "rollback") return [];
  return [waits(resource, context), ...losses(member, resource, context), wayBack(live.type)];
}

function waits(resource: RotationResource, { cluster: { policy } }: RotationContext): string {
  const { soakMs } = waitsOf(policy, resource);
  return policy.compromiseSoakMs === undefined
    ? `reason: compromise, and the cluster has no policy.compromise_soak: it waits as long as any other (soak ${formatDuration(soakMs)})`
    : `reason: compromise: it soaks ${formatDuration(soakMs)} in each phase (policy.compromise_soak); nobody alive is skipped`;
}

function losses({ live }: Input, { waive }: RotationResource, { observation, now }: RotationContext) {
  const accepted = waive
    .filter(({ guard, expires }) => WHO.includes(guard) && Date.parse(expires) > now)
    .map(({ subject }) => `${subject} (waived)`);
  const sessions = typeOf(observation.profile, live.type).signsSessions === true;
  const atTheEnd = [
    ...accepted,
    ...(sessions ? ["whoever logged in with the old key, until the next login"] : []),
    "whatever else lives by the old key, and capstan cannot see",
  ];
  return (walkBetween(live.rotation.phase, "standby") ?? []).map(({ to }) => {
    const who = to === "standby" ? atTheEnd : to === "init" ? [] : accepted;
    return `loses access of ${live.type} at ${to}: ${who.length === 0 ? "nobody that capstan knows of" : who.join("; ")}`;
  });
}

/** Guards whose waivers leave somebody behind. */
const WHO: readonly string[] = ["roster", "components-ready", "trust-consumers", "trusted-clusters"];

function wayBack(type: string): string {
  return `a rollback has the old ${type} key, which is in wrong hands, sign again`;
}

/** What was seen to refuse the old key, what was not, and what nobody can see. */
function refusals({ wanted, live }: Input, { observation }: RotationContext): readonly string[] {
  const isGone = isFinished(wanted.retire, live) === "proven";
  const consumers = (observation.surroundings?.consumers ?? []).filter(
    ({ authority }) => authority === live.type,
  );
  return [
    isGone
      ? `the old ${live.type} key is gone from the key sets: seen`
      : `whether the old ${live.type} key is gone from the key sets, this look does not tell`,
    ...consumers.map(({ consumer, trusts }) => `${consumer} ${TRUST[trusts.old]}`),
    observation.profile.words.oldKeyRefused,
  ];
}

const TRUST = {
  no: "does not trust the old key any more: seen by its probe",
  yes: "STILL TRUSTS the old key: seen by its probe",
  unknown: "may still trust the old key: its probe could not see it",
} as const;
