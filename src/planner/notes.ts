import type { ClusterObservation } from "../profile/profile.ts";
import type { RotationResource } from "../resources/model/desired.ts";
import { listedOfKind } from "../rotation/component-table.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import { endOfRollback } from "../rotation/way-back.ts";
import { writtenDate } from "../written-date.ts";
import { scheduleNotes } from "./automatic.ts";
import { compromiseNotes } from "./compromise.ts";
import { ownersOf, STANDBY_WITH } from "./refusals.ts";
import type { Member, RotationContext } from "./rotation-member.ts";

/** Sentences about one authority of a rotation that block nothing. */
export function notesOf(
  { wanted, standing, live, memory, unseen }: Member,
  resource: RotationResource,
  context: RotationContext,
) {
  const { cluster, record, observation } = context;
  const notes: string[] =
    standing === "finished" ? [] : [...scheduleNotes(resource, live, observation.profile)];
  const remembered = record.rotations.some(({ authority }) => authority === live.type);
  if (standing === "not_started" && !remembered && live.rotation.lastRotated !== null) {
    notes.push(
      `${live.type} was rotated or rolled back on ${writtenDate(live.rotation.lastRotated)}; without a record capstan cannot tell which`,
    );
  }
  const willStart = standing === "not_started" && resource.phase !== "rollback";
  const { noBackup } = observation.profile.words;
  if (willStart && cluster.backup === undefined && noBackup !== null) notes.push(noBackup);
  if (standing === "in_progress" && memory === undefined) {
    notes.push(
      `no record here of the ${live.type} rotation: who started it is unknown, and it goes on from ${live.rotation.phase}. Records are kept below .capstan in the clone that started it, or in the git remote (\`record: refs\`)`,
    );
  }
  if (memory?.state === "rolling_back" && resource.phase !== "rollback") {
    const why = memory.reason === null ? "" : ` (${memory.reason})`;
    const end = STANDBY_WITH[endOfRollback(memory.retire, live, observation)];
    notes.push(`it was turned back${why}: whatever git wants, it goes to standby ${end}`);
  }
  notes.push(...halfWay(live, observation));
  if (standing === "finished" && unseen.length > 0) {
    const owners = ownersOf(unseen, observation);
    const slip =
      owners.length === 0 ? "" : `, and ${owners.join(" and ")} has it: if the type is a slip, correct it`;
    notes.push(
      `nothing here shows that ${live.type} ever had ${unseen.join(", ")}${slip}; that it was retired is taken from git alone`,
    );
  }
  if (standing === "finished" && resource.phase !== "standby" && resource.phase !== "rollback") {
    notes.push(`${live.type} is already past ${resource.phase}: the retired key is gone`);
  }
  notes.push(...compromiseNotes({ wanted, standing, live }, resource, context));
  notes.push(...observation.profile.notes({ live, cluster, observation, standing, retire: wanted.retire }));
  return notes;
}

/** Who has gone where, when a step was left in the middle. */
function halfWay(
  { type, rotation }: LiveAuthority,
  { components, profile }: ClusterObservation,
): readonly string[] {
  const { phase, towards } = rotation;
  if (towards == null) return [];
  const kinds = profile.componentKinds
    .filter(({ follows }) => follows.includes(type))
    .map(({ kind }) => kind);
  const machines = kinds.flatMap((kind) => listedOfKind(components, kind));
  const ahead = machines.filter((machine) => machine.phase !== phase);
  const names = ahead.map(({ name }) => name).join(", ");
  const who =
    ahead.length === machines.length
      ? "all machines have moved, and it was not proven"
      : `moved: ${names || "none"}`;
  return [`${type} is half-way from ${phase} to ${towards} (${who}); taking the step again finishes it`];
}

/** Members of one rotation that are not in the same phase: how they stand, for people. */
export function apart(members: readonly Member[]): readonly string[] {
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
