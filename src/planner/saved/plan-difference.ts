import type { ConsumerObservation } from "../../rotation/observation.ts";
import type { ClusterPlan, Drift, GuardVerdict, KeyPlan, Plan, RotationPlan } from "../../rotation/plan.ts";
import { stepTitle } from "../../rotation/plan-steps.ts";
import type { ClusterBinding, DesiredContent, LiveFacts, PlanBinding } from "./fingerprint.ts";

/**
 * What moved between two plans, as sentences for whoever approved the first one. Nothing here decides: equal
 * fingerprints do, and this says why they are not equal.
 */

/**
 * From one plan to the next: facts, wishes, steps, guards, verdict. Empty only when whoever read the first one would
 * approve the same again: ages and countdowns inside messages tick, and are no difference.
 */
export function planDifference(before: Plan, after: Plan): readonly string[] {
  const found = [...factsMoved(before, after), ...consequences(before, after)];
  // Whatever the sentences do not know of must not slip through.
  return found.length === 0 && !same(before, after) ? ["details of the plan changed"] : found;
}

/** What moved of the things that a plan is bound to: never empty when the fingerprints differ. */
export function bindingDifference(before: PlanBinding, after: PlanBinding): readonly string[] {
  return compared(before.clusters, after.clusters, ({ name }) => name, {
    gone: ({ name }) => [`${name} was part of the plan, and is not any more`],
    fresh: ({ name }) => [`${name} was not part of the plan, and is now`],
    both: (was, is) => [...clusterDifference(was, is), ...workDifference(was, is)],
  });
}

/** What follows for the run: other steps, other verdicts of guards, another outcome. */
export function consequences(before: Plan, after: Plan): readonly string[] {
  const sentences = compared(before.clusters, after.clusters, ({ name }) => name, {
    gone: () => [],
    fresh: () => [],
    both: (was, is) => [
      ...problemMoved(was, is),
      ...compared(was.rotations, is.rotations, ({ name }) => name, {
        gone: () => [],
        fresh: ({ steps }) => steps.map((step) => `${is.name} ${stepTitle(step)} is planned now`),
        both: (old, now) => stepsMoved(is.name, old, now),
      }),
      ...(same(was.overrides, is.overrides)
        ? []
        : [`${is.name}: what changes in the overrides is different`]),
      ...driftMoved(was, is),
    ],
  });
  const verdict =
    before.outcome === after.outcome ? [] : [`the verdict was ${said(before)}, and is ${said(after)}`];
  return [...sentences, ...verdict];
}

function problemMoved({ problem: was }: ClusterPlan, { name, problem: is }: ClusterPlan): readonly string[] {
  if (is === null) return was === null ? [] : [`${name} can be planned now`];
  return was?.message === is.message ? [] : [`${name} is not planned: ${is.message}`];
}

function factsMoved(before: Plan, after: Plan): readonly string[] {
  const commit =
    before.commit === after.commit
      ? []
      : [`it was made of commit ${before.commit ?? "none"}, and this is ${after.commit ?? "none"}`];
  const clusters = compared(before.clusters, after.clusters, ({ name }) => name, {
    gone: ({ name }) => [`${name} was part of the plan, and is not any more`],
    fresh: ({ name }) => [`${name} was not part of the plan, and is now`],
    both: (was, is) =>
      compared(was.rotations, is.rotations, ({ name }) => name, {
        gone: ({ name }) => [`${is.name}: the rotation ${name} is gone`],
        fresh: ({ name }) => [`${is.name}: the rotation ${name} is new`],
        both: (old, now) => rotationMoved(is.name, old, now),
      }),
  });
  return [...commit, ...clusters];
}

function rotationMoved(cluster: string, was: RotationPlan, is: RotationPlan): readonly string[] {
  const about = `${cluster} ${is.name}`;
  return [
    ...moved(`${about}: the live phase`, was.live_phase, is.live_phase),
    ...moved(`${about}: the phase that git wants`, was.desired_phase, is.desired_phase),
    ...moved(`${about}: its standing`, was.standing.replaceAll("_", " "), is.standing.replaceAll("_", " ")),
    ...compared(was.keys, is.keys, nameOfKey, {
      gone: (key) => [`${about}: ${nameOfKey(key)} was ${key.status}, and is not there any more`],
      fresh: (key) => [`${about}: ${nameOfKey(key)} is new, and ${key.status}`],
      both: (old, now) => [
        ...moved(`${about}: ${nameOfKey(now)}`, old.status, now.status),
        ...moved(`${about}: the part of ${nameOfKey(now)}`, old.role, now.role),
      ],
    }),
    ...compared(was.consumers, is.consumers, ({ authority, consumer }) => `${authority} ${consumer}`, {
      gone: ({ consumer }) => [`${about}: the consumer ${consumer} is not looked at any more`],
      fresh: ({ consumer }) => [`${about}: the consumer ${consumer} is looked at now`],
      both: (old, now) =>
        same(old, now)
          ? []
          : [`${about}: the consumer ${now.consumer}: ${seenText(old)}, now ${seenText(now)}`],
    }),
  ];
}

function nameOfKey({ authority, protocol, fingerprint }: KeyPlan): string {
  return protocol === null
    ? `the ${authority} key ${fingerprint}`
    : `the ${authority} ${protocol} key ${fingerprint}`;
}

function stepsMoved(cluster: string, was: RotationPlan, is: RotationPlan): readonly string[] {
  return compared(was.steps, is.steps, ({ id }) => id, {
    gone: (step) => [`${cluster} ${stepTitle(step)} was planned, and is not any more`],
    fresh: (step) => [`${cluster} ${stepTitle(step)} is planned now`],
    both: (old, now) => [
      ...guardsMoved(`${cluster} ${stepTitle(now)}`, old.guards, now.guards),
      ...compared(old.checklist, now.checklist, ({ id }) => id, {
        gone: () => [],
        fresh: ({ id, state }) => [`${cluster} ${stepTitle(now)}: ${id} is ${state} now`],
        both: (item, later) =>
          item.state === later.state
            ? []
            : [`${cluster} ${stepTitle(now)}: ${later.id} is ${later.state} now`],
      }),
    ],
  });
}

function guardsMoved(
  about: string,
  was: readonly GuardVerdict[],
  is: readonly GuardVerdict[],
): readonly string[] {
  return compared(was, is, ({ id }) => id, {
    gone: () => [],
    fresh: (guard) => (guard.outcome === "pass" ? [] : [`${about}: ${guard.id} blocks now${because(guard)}`]),
    both: (old, now) => {
      if (old.outcome === now.outcome) {
        return same([old.findings, old.waived], [now.findings, now.waived])
          ? []
          : [`${about}: ${now.id} is still ${now.outcome}, and found something else${because(now)}`];
      }
      return now.outcome === "pass"
        ? [`${about}: ${now.id} blocked, and passes now`]
        : [`${about}: ${now.id} was ${old.outcome}, and is ${now.outcome} now${because(now)}`];
    },
  });
}

function because({ findings }: GuardVerdict): string {
  const [first, ...others] = findings;
  if (first === undefined) return "";
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return `: ${first.subject} ${first.message}${more}`;
}

function driftMoved(was: ClusterPlan, is: ClusterPlan): readonly string[] {
  const nameOf = ({ id, subject }: Drift) => `${id} ${subject}`;
  return compared(was.drift, is.drift, nameOf, {
    gone: ({ id, subject }) => [`${is.name}: the drift ${id} of ${subject} is gone`],
    fresh: ({ subject, message }) => [`${is.name}: ${subject} ${message}`],
    both: (old, now) => {
      if (old.blocks === now.blocks) return [];
      return [
        `${is.name}: the drift ${now.id} of ${now.subject} ${now.blocks ? "blocks now" : "no longer blocks"}`,
      ];
    },
  });
}

/** What is to be done on one cluster, which the record and the history decide, too. */
export function workDifference(was: ClusterBinding, is: ClusterBinding): readonly string[] {
  return compared(was.steps, is.steps, ({ id }) => id, {
    gone: ({ id }) => [`${is.name}: ${id} was to be done, and is not any more`],
    fresh: ({ id }) => [`${is.name}: ${id} is to be done now, and was not`],
    both: (old, now) =>
      old.refused === now.refused
        ? []
        : [
            `${is.name}: ${now.id} was ${old.refused ? "refused, and may be done" : "to be done, and is refused"} now`,
          ],
  });
}

/** What of one cluster is not as it was when the plan was made, in git and live; a sentence each. */
export function clusterDifference(was: ClusterBinding, is: ClusterBinding): readonly string[] {
  return [
    ...fieldsMoved(`${is.name}: its`, was.cluster ?? [], is.cluster ?? []),
    ...contentMoved(is.name, "its peer", was.peers, is.peers),
    ...fieldsMoved("the repository's", was.repository, is.repository),
    ...contentMoved(is.name, "the rotation", was.rotations, is.rotations),
    ...contentMoved(is.name, "the certificate_authority", was.authorities, is.authorities),
    ...contentMoved(is.name, "the override of", was.overrides, is.overrides),
    ...compared(was.live, is.live, ({ authority }) => authority, {
      gone: ({ authority }) => [`${is.name} has no ${authority} CA any more`],
      fresh: ({ authority }) => [`${is.name} has a ${authority} CA now`],
      both: (old, now) => liveMoved(`${is.name} ${now.authority}`, old, now),
    }),
  ];
}

function fieldsMoved(
  whose: string,
  was: readonly DesiredContent[],
  is: readonly DesiredContent[],
): readonly string[] {
  return compared(was, is, ({ name }) => name, {
    gone: ({ name }) => [`${whose} ${name} was removed from git`],
    fresh: ({ name }) => [`${whose} ${name} was added to git`],
    both: (old, now) => (old.content === now.content ? [] : [`${whose} ${now.name} was changed in git`]),
  });
}

function contentMoved(
  cluster: string,
  kind: string,
  was: readonly DesiredContent[],
  is: readonly DesiredContent[],
): readonly string[] {
  return compared(was, is, ({ name }) => name, {
    gone: ({ name }) => [`${cluster}: ${kind} ${name} was removed from git`],
    fresh: ({ name }) => [`${cluster}: ${kind} ${name} was added to git`],
    both: (old, now) =>
      old.content === now.content ? [] : [`${cluster}: ${kind} ${now.name} was changed in git`],
  });
}

function liveMoved(about: string, was: LiveFacts, is: LiveFacts): readonly string[] {
  return [
    ...moved(`${about}: the phase`, was.phase, is.phase),
    ...moved(`${about}: the state`, was.state.replaceAll("_", " "), is.state.replaceAll("_", " ")),
    ...moved(`${about}: the mode`, was.mode, is.mode),
    ...moved(`${about}: the rotation id`, was.current_id, is.current_id),
    ...keysMoved(about, "signs with", was.active, is.active),
    ...keysMoved(about, "trusts", was.trusted, is.trusted),
  ];
}

function keysMoved(
  about: string,
  verb: string,
  was: readonly string[],
  is: readonly string[],
): readonly string[] {
  return compared(was, is, (key) => key, {
    gone: (key) => [`${about}: it no longer ${verb} ${key}`],
    fresh: (key) => [`${about}: it now ${verb} ${key}`],
    both: () => [],
  });
}

function moved(about: string, was: string | null, is: string | null): readonly string[] {
  return was === is ? [] : [`${about} was ${was ?? "none"}, and is ${is ?? "none"}`];
}

/** What a probe saw of something outside the cluster: `uses the old key; trusts old, not new`. */
export function seenText({ uses, trusts }: ConsumerObservation): string {
  const use =
    uses === "old" || uses === "new" ? `uses the ${uses} key` : uses === "both" ? "uses both keys" : uses;
  const answers = (["old", "new"] as const).flatMap((which) => {
    if (trusts[which] === "unknown") return [];
    return [trusts[which] === "yes" ? which : `not ${which}`];
  });
  return answers.length === 0 ? use : `${use}; trusts ${answers.join(", ")}`;
}

/**
 * Numbers after a word tick (`4 minutes`); those within names (`node2`, a hash, a time stamp's date) do not. How many
 * components there are changes nothing while all are well; one that is not is a finding of a guard.
 */
function same(one: unknown, other: unknown): boolean {
  return steady(one) === steady(other);
}

const UNSTEADY: ReadonlySet<string> = new Set(["earliest", "earliest_by", "components"]);

function steady(value: unknown): string {
  return JSON.stringify(value, (field, inner) =>
    // Of a step that comes later `earliest` is so long after now; who is there and well is no difference.
    UNSTEADY.has(field)
      ? undefined
      : (field === "message" || field === "remedy" || field === "detail") && typeof inner === "string"
        ? inner.replaceAll(/(?<=^|\s)\d+(?=\s?(?:s|m|h|seconds?|minutes?|hours?|days?)\b)/g, "#")
        : inner,
  );
}

function said({ outcome }: Plan): string {
  return outcome.replaceAll("_", " ");
}

interface Comparison<Item> {
  readonly gone: (item: Item) => readonly string[];
  readonly fresh: (item: Item) => readonly string[];
  readonly both: (was: Item, is: Item) => readonly string[];
}

/** Pairs the items of two lists by name: those of the first list in its order, then those that are new. */
function compared<Item>(
  before: readonly Item[],
  after: readonly Item[],
  nameOf: (item: Item) => string,
  { gone, fresh, both }: Comparison<Item>,
): readonly string[] {
  const now = new Map(after.map((item) => [nameOf(item), item]));
  const then = new Set(before.map(nameOf));
  return [
    ...before.flatMap((item) => {
      const counterpart = now.get(nameOf(item));
      return counterpart === undefined ? gone(item) : both(item, counterpart);
    }),
    ...after.filter((item) => !then.has(nameOf(item))).flatMap(fresh),
  ];
}
