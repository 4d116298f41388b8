import { workOfType } from "../checklist/checklist.ts";
import { guardsOf } from "../guards/chain.ts";
import { kindsOf, unreadListing } from "../profile/lookup.ts";
import type { ClusterObservation, Guard } from "../profile/profile.ts";
import type { AuthorityResource, RotationResource, Waiver } from "../resources/model/desired.ts";
import { nearest } from "../resources/read/suggest.ts";
import { followersOf } from "../rotation/followers.ts";
import type { Step } from "../rotation/plan.ts";
import { type ClusterRecord, openRotation, usesOf } from "../rotation/record.ts";
import { writtenDate } from "../written-date.ts";

interface Surroundings {
  readonly observation: ClusterObservation;
  readonly record: ClusterRecord;
  readonly authorities: readonly AuthorityResource[];
  readonly now: number;
}

/**
 * Every waiver of a rotation that counts and that no guard of its steps shows as used: a plan hides none, and one
 * that matches nothing is told before it is missed.
 */
export function waiverNotes(
  resource: RotationResource,
  steps: readonly Pick<Step, "guards">[],
  context: Surroundings,
): readonly string[] {
  const used = (waiver: Waiver) =>
    steps.some(({ guards }) =>
      guards.some(
        ({ id, waived }) => id === waiver.guard && waived.some(({ subject }) => subject === waiver.subject),
      ),
    );
  const idle = resource.waive.filter((waiver) => Date.parse(waiver.expires) > context.now && !used(waiver));
  if (idle.length === 0) return [];
  const known = knownSubjects(resource, context);
  const guards = guardsOf(context.observation.profile);
  return idle.map(
    (waiver) =>
      `waives ${waiver.guard} for ${waiver.subject} until ${writtenDate(waiver.expires)} (${waiver.reason}): ${usedUp(waiver, resource, context) ?? effect(waiver, known, guards)}`,
  );
}

/** It did its work, and a step that is held now does not have it any more. */
function usedUp(
  waiver: Waiver,
  { authorities }: RotationResource,
  { record }: Surroundings,
): string | undefined {
  return authorities
    .flatMap(({ type }) => usesOf(openRotation(record, type), waiver).map((use) => ({ type, ...use })))
    .map(
      ({ type, from, to }) =>
        `it is used up: it let ${type} ${from} → ${to} through, and covers no other step`,
    )
    .at(0);
}

function effect({ guard, subject }: Waiver, known: Known, guards: readonly Guard[]): string {
  if (!guards.some(({ id, waivable }) => id === guard && waivable))
    return "it counts for nothing, as this guard cannot be waived";
  // Of entries, the plan of the overrides says which are waived.
  if (guard === "overrides") return "see the overrides";
  if (known.subjects.includes(subject) || !known.kinds.includes(kindOf(subject)))
    return "no step that was judged needs it";
  const meant = nearest(subject, known.subjects);
  return meant === null ? "it matches nothing" : `it matches nothing; did you mean ${meant}?`;
}

function kindOf(subject: string): string {
  return subject.slice(0, subject.indexOf("/"));
}

/** What findings can be about: the kinds of subjects that can be listed, and all of those. */
interface Known {
  readonly kinds: readonly string[];
  readonly subjects: readonly string[];
}

function knownSubjects(resource: RotationResource, context: Surroundings): Known {
  const { observation, record, authorities, now } = context;
  // Who is in a listing that could not be read, nobody knows.
  const listed = kindsOf(observation.profile).filter(
    (kind) => unreadListing(observation, kind) === undefined,
  );
  const own = observation.profile.subjects(observation);
  const subjects = resource.authorities.flatMap(({ type }) => {
    const live = observation.authorities.find((authority) => authority.type === type);
    const roster = openRotation(record, type)?.roster ?? [];
    const components =
      live === undefined ? [] : followersOf(observation, live, roster, live.rotation.phase, now);
    const consumers = authorities
      .filter((authority) => authority.type === type)
      .flatMap(({ trustConsumers }) => trustConsumers);
    return [
      `authority/${type}`,
      ...workOfType(observation.profile, type).map(({ id }) => `step/${id}`),
      ...consumers.map(({ name }) => `consumer/${name}`),
      ...components.map(({ subject }) => subject),
      ...own.map(({ subject }) => subject),
    ];
  });
  return { kinds: ["authority", "step", "consumer", ...own.map(({ kind }) => kind), ...listed], subjects };
}
