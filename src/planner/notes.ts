import type { ClusterResource, RotationResource } from "../resources/model/desired.ts";
import { isTalosType } from "../rotation/authority-type.ts";
import { type ClusterObservation, KIND_OF_TYPE, type LiveAuthority } from "../rotation/observation.ts";
import { pinProblems } from "../rotation/pins.ts";
import { endOfRollback } from "../rotation/way-back.ts";
import { talosConnection } from "../talos/resources/connection.ts";
import { scheduleNotes } from "./automatic.ts";
import { ownersOf, STANDBY_WITH } from "./refusals.ts";
import type { Member, RotationContext } from "./rotation-member.ts";

/** Sentences about one authority of a rotation that block nothing. */
export function notesOf(
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
      `no record here of the ${live.type} rotation: who started it is unknown, and it goes on from ${live.rotation.phase}. Records are kept below .capstan in the clone that started it, or in the git remote (\`record: refs\`)`,
    );
  }
  if (memory?.state === "rolling_back" && resource.phase !== "rollback") {
    const why = memory.reason === null ? "" : ` (${memory.reason})`;
    const end = STANDBY_WITH[endOfRollback(memory.retire, live, observation)];
    notes.push(`it was turned back${why}: whatever git wants, it goes to standby ${end}`);
  }
  notes.push(...halfWay(live, observation));
  notes.push(...writtenFiles(live, cluster, standing === "finished"));
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
  if (standing === "finished" && live.type === "host" && live.rotation.state === "standby") {
    const left = pinProblems(observation.surroundings?.pins ?? [], { old: wanted.retire, new: [] }, "after");
    notes.push(...left.map(({ file, line, message }) => `${file}:${line} ${message}`));
  }
  return notes;
}

/** Reviewers see which file on the machine that applies is written. */
function writtenFiles(
  { type }: LiveAuthority,
  cluster: ClusterResource,
  finished: boolean,
): readonly string[] {
  if (finished || !isTalosType(type) || cluster.connection === null) return [];
  const field = type === "talos" ? "talosconfig" : "kubeconfig";
  const path = talosConnection(cluster).clients[field];
  if (path === null) return [];
  const below = /(?:^|\/)(\.capstan\/.*)$/.exec(path)?.[1] ?? path;
  return [`apply writes ${below} (spec.talos.clients.${field}) in every phase`];
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
