import { rotationUnits } from "../../profile/limit.ts";
import type { PlatformProfile } from "../../profile/profile.ts";
import { contentHash } from "../../resources/model/canonical.ts";
import type {
  Acknowledgement,
  AuthorityResource,
  ClusterResource,
  DesiredState,
  OverrideResource,
  RepositoryResource,
  RotationResource,
  Source,
  Waiver,
} from "../../resources/model/desired.ts";
import { FIELDS_OUT } from "../../resources/model/ways-out.ts";
import type { Fingerprint } from "../../rotation/observation.ts";
import { type Phase, walkBetween } from "../../rotation/phase.ts";
import type { ChangeFinding, ConnectionChange, NewWaiver } from "../../rotation/plan.ts";
import { writtenDate } from "../../written-date.ts";
import { isUnderWay, pairRotations, type RotationPair } from "../rotation-pairs.ts";
import { connectionChanges } from "./connection-changes.ts";
import { fieldChanges } from "./field-changes.ts";
import { authorityContent, clusterContent, rotationContent } from "./fingerprint.ts";

/**
 * What a pull request changes in the desired state, and what no apply could do of it. Only git is asked: an error is
 * what can never be right, a warning what depends on how far the live cluster is.
 */
export interface DesiredDifference {
  /** What is run, dialled, read or written otherwise. */
  readonly connections: readonly ConnectionChange[];
  readonly changes: readonly string[];
  readonly findings: readonly PlacedFinding[];
  /** Findings that somebody wants accepted, and that were not before. */
  readonly waivers: readonly NewWaiver[];
}

/** A finding about a change, with the place of what changed. */
export interface PlacedFinding extends ChangeFinding {
  /** Where it stands now, or stood in the base; `null` where it is about several resources. */
  readonly source: Source | null;
}

/** Both sides: the desired state, how capstan works with the repository, and the platforms by name. */
export interface Side {
  readonly profileOf: (platform: string) => PlatformProfile;
  readonly desired: DesiredState;
  readonly repository: RepositoryResource;
}

/** What a proposal changes in the desired state, and what of it no rotation can make. */
export function desiredDifference(base: Side, head: Side): DesiredDifference {
  const pairs = pairRotations(base.desired.rotations, head.desired.rotations);
  return {
    connections: connectionChanges(base, head),
    changes: [
      ...repositoryChanges(base.repository, head.repository),
      ...clusterChanges(base.desired.clusters, head.desired.clusters),
      ...authorityChanges(base.desired, head.desired),
      ...pairs.flatMap(rotationChanges),
      ...overrideChanges(base.desired.overrides, head.desired.overrides),
    ],
    findings: [
      ...abandoned(base.desired, head.desired),
      ...pairs.flatMap((pair) => edgeFindings(pair, base.desired)),
      ...crowded(pairs, head),
    ],
    waivers: [
      ...pairs.flatMap(({ base: was, head: is }) =>
        is === null ? [] : newWaivers(is.cluster, is.name, was?.waive ?? [], is.waive),
      ),
      ...pairsOf(base.desired.authorities, head.desired.authorities, authorityName).flatMap(([was, is]) =>
        is === undefined ? [] : newWaivers(is.cluster, is.type, was?.waive ?? [], is.waive ?? []),
      ),
    ],
  };
}

/** One that is only renewed or reworded is told as a change: somebody has accepted this finding before. */
function newWaivers(
  cluster: string,
  resource: string,
  was: readonly Waiver[],
  is: readonly Waiver[],
): readonly NewWaiver[] {
  const known = (waiver: Waiver) =>
    was.some(({ guard, subject }) => guard === waiver.guard && subject === waiver.subject);
  return is
    .filter((waiver) => !known(waiver))
    .map(({ guard, subject }) => ({ cluster, resource, guard, subject }));
}

function authorityName({ cluster, type }: AuthorityResource): string {
  return `${cluster} ${type}`;
}

function repositoryChanges(was: RepositoryResource, is: RepositoryResource): readonly string[] {
  return fieldChanges("the repository", was, is, TOLD);
}

/** What is run, dialled, read and written is told before everything else (`connection-changes.ts`). */
const TOLD: ReadonlySet<string> = new Set(
  [...FIELDS_OUT, "spec.executables", "spec.addresses"].map((field) => field.replace("spec.", "")),
);

function clusterChanges(was: readonly ClusterResource[], is: readonly ClusterResource[]): readonly string[] {
  return pairsOf(was, is, ({ name }) => name).flatMap(([old, now]) => {
    if (old === undefined) return [`cluster ${now?.name} is added`];
    if (now === undefined) return [`cluster ${old.name} is removed`];
    return fieldChanges(`cluster ${now.name}`, clusterContent(old), clusterContent(now), TOLD);
  });
}

function authorityChanges(was: DesiredState, is: DesiredState): readonly string[] {
  return pairsOf(was.authorities, is.authorities, authorityName).flatMap(([old, now]) => {
    const one = now ?? old;
    const about = `${one?.cluster} ${one?.type}`;
    if (old === undefined) {
      return [
        `${about}: the certificate_authority is added`,
        ...waiverChanges(about, [], now?.waive ?? []),
        ...statementChanges(about, [], now?.acknowledge ?? []),
      ];
    }
    if (now === undefined) return [`${about}: the certificate_authority is removed`];
    const { activeKeys: before, waive: waived, acknowledge: stated, ...rest } = authorityContent(old);
    const { activeKeys: after, waive, acknowledge, ...restNow } = authorityContent(now);
    return [
      ...keyChanges(about, "may sign", before, after),
      ...waiverChanges(about, waived, waive),
      ...statementChanges(about, stated, acknowledge),
      ...fieldChanges(about, rest, restNow, TOLD),
    ];
  });
}

function keyChanges(
  about: string,
  verb: string,
  was: readonly Fingerprint[],
  is: readonly Fingerprint[],
): readonly string[] {
  return [
    ...was.filter((key) => !is.includes(key)).map((key) => `${about}: ${key} no longer ${verb}`),
    ...is.filter((key) => !was.includes(key)).map((key) => `${about}: ${key} ${verb}`),
  ];
}

function overrideChanges(
  was: readonly OverrideResource[],
  is: readonly OverrideResource[],
): readonly string[] {
  return pairsOf(was, is, ({ cluster, type }) => `${cluster} ${type}`).flatMap(([old, now]) => {
    const one = now ?? old;
    const about = `${one?.cluster} ${one?.type}: the override`;
    if (old === undefined) return [`${about} is added`];
    if (now === undefined) return [`${about} is removed`];
    return contentHash(old.document) === contentHash(now.document) ? [] : [`${about} is changed`];
  });
}

function rotationChanges({ base, head }: RotationPair): readonly string[] {
  if (base === null) {
    return head === null
      ? []
      : [
          `${titleOf(head)} is added, at ${head.phase}`,
          ...waiverChanges(titleOf(head), [], head.waive),
          ...statementChanges(titleOf(head), [], head.acknowledge),
        ];
  }
  if (head === null) return [`${titleOf(base)} is removed, which was at ${base.phase}`];
  const about = titleOf(head);
  const { name: _, phase: __, resume: ___, contentHash: ____, ...was } = rotationContent(base);
  const { name: _____, phase: ______, resume: _______, contentHash: ________, ...is } = rotationContent(head);
  const { waive: waived, acknowledge: stated, ...rest } = was;
  const { waive, acknowledge, ...restNow } = is;
  return [
    ...(base.name === head.name ? [] : [`${titleOf(base)} is renamed to ${head.name}`]),
    ...(base.phase === head.phase ? [] : [`${about} moves from ${base.phase} to ${head.phase}`]),
    ...(base.resume === head.resume
      ? []
      : [`${about} resumes: ${head.resume ?? "without a reason any more"}`]),
    ...fieldChanges(about, rest, restNow),
    ...waiverChanges(about, waived, waive),
    ...statementChanges(about, stated, acknowledge),
  ];
}

/** Said to be done by hand: who, when and why are part of it. */
function statementChanges(
  about: string,
  was: readonly Acknowledgement[],
  is: readonly Acknowledgement[],
): readonly string[] {
  return pairsOf(was, is, ({ step }) => step).flatMap(([old, now]) => {
    if (old === undefined) return [`${about}: ${now?.who} states that ${now?.step} is done`];
    if (now === undefined) return [`${about}: nobody states any more that ${old.step} is done`];
    return fieldChanges(`${about}: the statement about ${now.step}`, old, now);
  });
}

function waiverChanges(about: string, was: readonly Waiver[], is: readonly Waiver[]): readonly string[] {
  return pairsOf(was, is, ({ guard, subject, expires }) => `${guard} ${subject} ${expires}`).flatMap(
    ([old, now]) => {
      if (old === undefined)
        return [
          `${about} waives ${now?.guard} for ${now?.subject} until ${writtenDate(now?.expires ?? "")}: ${now?.reason}`,
        ];
      if (now === undefined) return [`${about} no longer waives ${old.guard} for ${old.subject}`];
      return fieldChanges(`${about}: the waiver of ${now.guard} for ${now.subject}`, old, now);
    },
  );
}

/** The phase edge between base and head, as far as git alone can judge it. */
function edgeFindings({ base, head }: RotationPair, before: DesiredState): readonly PlacedFinding[] {
  if (base === null) return head === null ? [] : startOf(head, before);
  if (head === null) return isUnderWay(base.phase) ? [removed(base)] : [];
  if (isUnderWay(base.phase) && !sameKeys(base, head)) {
    return [
      finding("error", head, "is under way, and what it retires is changed", {
        remedy: "finish it or roll it back first; another key is another ca_rotation",
      }),
    ];
  }
  return moveOf(head, base.phase);
}

function moveOf(head: RotationResource, from: Phase): readonly PlacedFinding[] {
  const to = head.phase;
  if (from === to) return [];
  if (to === "rollback") {
    if (from !== "standby") return [];
    return [
      finding("warning", head, "was to be finished, and is to be rolled back", {
        remedy: "look at `capstan plan`: that is possible only while the old key has not been dropped",
      }),
    ];
  }
  if (from === "rollback") return to === "init" ? startedAgain(head) : jumps(head, "standby");
  // The last standby is an end, not the start of the same walk.
  const edges = from === "standby" ? null : walkBetween(from, to);
  if (edges !== null) return edges.length > 1 ? jumps(head, from) : [];
  return [
    finding("warning", head, `goes back from ${from} to ${to}, which no rotation can`, {
      remedy: `if the live rotation has left ${to}, write \`phase: rollback\` instead`,
    }),
  ];
}

function startOf(head: RotationResource, before: DesiredState): readonly PlacedFinding[] {
  if (head.phase === "init" || head.phase === "rollback") return [];
  // The note of a rotation that is over: its key signs no more.
  const over = head.authorities.every(({ type, retire }) => {
    const known = before.authorities.find((one) => one.cluster === head.cluster && one.type === type);
    return known !== undefined && !retire.some((key) => known.activeKeys.includes(key));
  });
  return over ? [] : jumps(head, "standby");
}

function startedAgain(head: RotationResource): readonly PlacedFinding[] {
  if (head.resume !== null) return [];
  const types = head.authorities.map(({ type }) => type).join(",");
  return [
    finding("warning", head, "was rolled back, and is started again without a reason", {
      remedy: `\`capstan rotate start ${types} --reason TEXT\`; else it stays in quarantine`,
    }),
  ];
}

function jumps(head: RotationResource, from: Phase): readonly PlacedFinding[] {
  if (head.strategy === "walk") return [];
  const edges = walkBetween(from, head.phase) ?? [];
  if (edges.length <= 1) return [];
  return [
    finding("error", head, `goes from ${from} to ${head.phase} in one change, over ${edges.length} edges`, {
      remedy: `write \`phase: ${edges[0]?.to}\`, or \`strategy: walk\` to go as far as the guards allow`,
    }),
  ];
}

function removed(base: RotationResource): PlacedFinding {
  return finding("warning", base, `is removed while it is at ${base.phase}: apply rolls it back`, {
    remedy: "if that is not meant, keep it until it is at standby",
  });
}

/** Nobody looks after the rotations of a cluster that git no longer has. */
function abandoned(base: DesiredState, head: DesiredState): readonly PlacedFinding[] {
  const kept = new Set(head.clusters.map(({ name }) => name));
  return base.rotations
    .filter(({ cluster, phase }) => !kept.has(cluster) && isUnderWay(phase))
    .map((rotation) =>
      finding("warning", rotation, `is at ${rotation.phase}, and its cluster is removed`, {
        remedy: "finish it or roll it back first: nobody will afterwards",
      }),
    );
}

/** More rotations moved together than the policy lets rotate at a time: the others wait. */
function crowded(
  pairs: readonly RotationPair[],
  { desired: head, profileOf }: Side,
): readonly PlacedFinding[] {
  return head.clusters.flatMap(({ name, platform, policy, source }) => {
    const moved = pairs
      .filter(({ base, head: now }) => now?.cluster === name && now.phase !== base?.phase)
      .flatMap((pair) => pair.head ?? []);
    const under = head.rotations.filter(({ cluster, phase }) => cluster === name && phase !== "standby");
    const units = rotationUnits(
      profileOf(platform).limit,
      under.flatMap(({ authorities }) => authorities.map(({ type }) => type)),
    );
    if (moved.length < 2 || units <= policy.concurrentRotations) return [];
    return [
      {
        severity: "warning",
        subject: `cluster/${name}`,
        message: `${moved.map((rotation) => rotation.name).join(" and ")} move together, and ${policy.concurrentRotations} may rotate at a time`,
        remedy: "the others wait until the first is done; one pull request each reads better",
        source,
      } as const,
    ];
  });
}

function finding(
  severity: ChangeFinding["severity"],
  rotation: RotationResource,
  message: string,
  { remedy }: { readonly remedy: string },
): PlacedFinding {
  return { severity, subject: `rotation/${rotation.name}`, message, remedy, source: rotation.source };
}

function sameKeys(one: RotationResource, other: RotationResource): boolean {
  const keysOf = ({ authorities }: RotationResource) =>
    authorities.map(({ type, retire }) => `${type} ${[...retire].sort().join(" ")}`).sort();
  return contentHash(keysOf(one)) === contentHash(keysOf(other));
}

function titleOf({ cluster, name }: RotationResource): string {
  return `${cluster}: rotation ${name}`;
}

function pairsOf<Item>(
  was: readonly Item[],
  is: readonly Item[],
  keyOf: (item: Item) => string,
): readonly (readonly [Item | undefined, Item | undefined])[] {
  const before = new Map(was.map((item) => [keyOf(item), item]));
  const after = new Map(is.map((item) => [keyOf(item), item]));
  return [...new Set([...before.keys(), ...after.keys()])].map((key) => [before.get(key), after.get(key)]);
}
