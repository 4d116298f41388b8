import type { ChecklistStep } from "../checklist/step.ts";
import type { CampaignView } from "../fleet/campaign-view.ts";
import type { Judgement } from "../guards/judgement.ts";
import type {
  ClusterResource,
  DesiredState,
  Diagnostic,
  OverrideResource,
  RotationResource,
} from "../resources/model/desired.ts";
import type { TrustConsumer } from "../resources/model/trust-consumer.ts";
import type { ResourceDocument } from "../resources/read/document.ts";
import type {
  Components,
  ConnectedAgent,
  Credentials,
  Fingerprint,
  LiveAuthority,
  LiveOverrides,
  RemoteCluster,
  Surroundings,
  UnlistedKind,
  Unread,
  Versions,
} from "../rotation/observation.ts";
import type { OverridePlan } from "../rotation/override-plan.ts";
import type { Edge, Phase } from "../rotation/phase.ts";
import type { Drift, GuardId, GuardVerdict, Standing } from "../rotation/plan.ts";
import type { ClusterRecord, RotationRecord } from "../rotation/record.ts";
import type { LearntRows } from "../rotation/renewals.ts";
import type { SessionEvidence } from "../rotation/session-evidence.ts";
import type { AuthorityType } from "./authority-type.ts";
import type { CheckKind } from "./check-kind.ts";
import type { PlatformClock } from "./clock.ts";
import type { ComponentKindRow, Presence } from "./component-kind.ts";
import type { KeyRules } from "./key-rules.ts";
import type { RotationLimit } from "./limit.ts";
import type { Check } from "./preflight.ts";
import type { ResourceRules } from "./resource-rules.ts";
import type { PlatformWords } from "./wording.ts";

/*
 * What a platform is to the core, and what the core asks it with. An observation brings its profile along, a profile
 * its guards, and a guard is asked with an observation: four types that name each other, so they stand in one file.
 */

/** What a platform is to the core (design, section 8): one value, made in the platform's own pure room. */
export interface PlatformProfile {
  /** As `spec.platform` names it, in plans and in files of observations. */
  readonly name: string;
  /** For sentences. */
  readonly title: string;
  /** The CA types that can be rotated, in the order in which people read them. */
  readonly types: readonly AuthorityType[];
  /** What is assumed of a type that no row names: a newer server may have one. */
  unknownType(name: string): AuthorityType;
  /** In the order in which they are listed. */
  readonly componentKinds: readonly ComponentKindRow[];
  /** `null`: nobody announces himself, and who is listed is there. */
  readonly presence: Presence | null;
  /** Listings (`Unread.what`) that say nothing about components. */
  readonly otherListings: readonly string[];
  readonly keyRules: KeyRules;
  readonly limit: RotationLimit;
  readonly clock: PlatformClock;
  /** Its own guards, beside those of every platform. */
  readonly guards: readonly Guard[];
  readonly words: PlatformWords;
  /** What it alone knows of resources. */
  readonly resources: ResourceRules;
  /** Work by hand, by type and phase; of a type that is not in it, `checklist/unknown-type.ts` tells. */
  readonly checklist: readonly ChecklistStep[];
  /** Kinds of checks of one's own that it brings along, beside `command`. */
  readonly checkKinds: readonly CheckKind[];
  /** Certificates of somebody else in the place of a CA's own; `null` where that cannot be. */
  readonly overrides: Overrides | null;
  /** Whether a cluster is fit for a rotation to start (`doctor`). */
  readonly preflight: Preflight;
  /** Sentences about one CA of a rotation that block nothing. */
  notes(about: NotesInput): readonly string[];
  /** What is not in order in the facts that this platform alone knows. */
  drift(observation: ClusterObservation): readonly Drift[];
  /** Subjects of findings beside those of components and CAs, with their kinds: what a waiver may name. */
  subjects(observation: ClusterObservation): readonly { readonly kind: string; readonly subject: string }[];
  /** Keys of a CA that its own part of the record knows. */
  keysInRecord(record: ClusterRecord, type: string): readonly Fingerprint[];
}

/**
 * What stands in for the certificates of a CA, and whether it is in order. A reading is the platform's own affair: the
 * core takes it from one of these functions to the other.
 */
export interface Overrides {
  /** What git wants and what is live, understood; nothing is thrown, findings are in it. */
  read(resources: readonly OverrideResource[], observation: ClusterObservation): Promise<unknown>;
  /** What becomes of them, and what the guard of this platform has to know. */
  plan(
    reading: unknown,
    input: OverridesInput,
  ): { readonly plans: readonly OverridePlan[]; readonly outlook: unknown };
  /** Sessions of which an output shows how they began: by which certificate they were opened. */
  sessionsIn(output: string): readonly SessionEvidence[];
  /** The keys that are overridden now, for a rotation that is about to begin; `null` where nobody looked. */
  overriddenKeys(observation: ClusterObservation, type: string): Promise<readonly Fingerprint[] | null>;
  /** The resource of a CA as it was observed, `null` where there is none. */
  liveDocument(reading: unknown, type: string): unknown;
  /** What is wrong with a resource by itself, at its place in the file. */
  diagnose(document: ResourceDocument, now: number): Promise<readonly Diagnostic[]>;
  /** What stands for the keys of a CA now: PEM certificates, the issued one first, by the key that they stand for. */
  chains(observation: ClusterObservation, type: string): Promise<ReadonlyMap<Fingerprint, readonly string[]>>;
  /** What stands in the cluster and ends some day. */
  ends(reading: unknown): readonly OverrideEnd[];
}

/** Until when something holds that stands in for the certificate of a CA. */
export interface OverrideEnd {
  readonly authority: string;
  /** As findings name it. */
  readonly subject: string;
  readonly what: "certificate" | "revocation-list";
  /** ISO 8601. */
  readonly notAfter: string;
}

/** What the overrides of a cluster are planned from, besides the overrides themselves. */
export interface OverridesInput {
  readonly cluster: ClusterResource;
  readonly desired: DesiredState;
  readonly observation: ClusterObservation;
  readonly record: ClusterRecord;
  /** The phase that git wants for a CA, while that is still to come; `null` without a rotation. */
  readonly goalOf: (authority: LiveAuthority) => Phase | null;
  /** Whether git has a rotation of this type. */
  readonly isDeclared: (type: string) => boolean;
  readonly now: number;
}

/** How a platform answers `doctor`. */
export interface Preflight {
  /** The CA whose first step the guards are asked about. */
  readonly type: string;
  checks(observation: ClusterObservation, verdicts: readonly GuardVerdict[], now: number): readonly Check[];
}

/** What a note may be about. */
export interface NotesInput {
  readonly live: LiveAuthority;
  readonly cluster: ClusterResource;
  readonly observation: ClusterObservation;
  readonly standing: Standing;
  /** The keys to be retired. */
  readonly retire: readonly Fingerprint[];
}

/**
 * What a platform saw of one cluster at one moment. Facts only: nothing here is a wish or a verdict.
 * All times are ISO 8601 strings in UTC; a zero time is read as `null`.
 */
export interface ClusterObservation {
  readonly cluster: string;
  /** Of the platform that was looked at. In files its name stands for it. */
  readonly profile: PlatformProfile;
  readonly observedAt: string;
  readonly versions: Versions;
  /** The authorities that this cluster owns, one per CA type. */
  readonly authorities: readonly LiveAuthority[];
  /** Copies of other clusters' authorities (trusted clusters), `cluster` names the owner. */
  readonly copies: readonly LiveAuthority[];
  readonly components: Components;
  readonly remoteClusters: readonly RemoteCluster[];
  /** Who is connected, whatever the listings say; absent where the platform cannot tell. */
  readonly connected?: readonly ConnectedAgent[];
  /** Kinds of component that can exist there and that the executable cannot list; absent: none. */
  readonly unlisted?: readonly UnlistedKind[];
  readonly credentials: Credentials;
  /** Absent when nobody asked for them, or when they could not be read (`unread` says so then). */
  readonly overrides?: LiveOverrides;
  /** Listings that could not be read. Whatever depends on them is unknown, and unknown blocks. */
  readonly unread: readonly Unread[];
  /** What was looked at outside of the cluster; absent when nobody looked. */
  readonly surroundings?: Surroundings;
  /** What this platform alone knows: only its own room reads it, through one function there. */
  readonly facts?: unknown;
  /** What earlier looks have shown of how often components announce themselves; absent: nothing. In no file. */
  readonly rows?: LearntRows;
}

/**
 * A guard refuses a step. It is a function of what is known now, so that a plan shows exactly what apply will
 * say; apply asks it again right before the step.
 */
export interface Guard {
  readonly id: GuardId;
  readonly about: GuardTopic;
  /** What it refuses, as a sentence for `docs` and messages. */
  readonly refuses: string;
  /** Some findings may be accepted by review; a wrong phase or somebody else's rotation may not. */
  readonly waivable: boolean;
  /** What its findings are about: the words before the slash. `component` is every kind of component of the platform. */
  readonly subjects: readonly string[];
  appliesTo(input: GuardInput): boolean;
  judge(input: GuardInput): Judgement;
}

/**
 * What a guard looks at, in the order in which people read verdicts: whether the move makes sense at all, whose
 * rotation it is, then the cluster itself, its components, keys, who trusts it from outside, the means of capstan,
 * and the time last.
 */
export const GUARD_TOPICS = [
  "move",
  "rotation",
  "cluster",
  "components",
  "keys",
  "outside",
  "means",
  "time",
] as const;

type GuardTopic = (typeof GUARD_TOPICS)[number];

/** Everything that a guard may look at. */
export interface GuardInput {
  readonly cluster: ClusterResource;
  readonly observation: ClusterObservation;
  readonly authority: LiveAuthority;
  /** `null` when no resource declares the rotation any more: it is being rolled back. */
  readonly rotation: RotationResource | null;
  readonly record: RotationRecord | undefined;
  /** Everything that is remembered of the cluster; absent: nothing is. */
  readonly past?: ClusterRecord;
  /** What git says trusts the authority outside the cluster. */
  readonly consumers: readonly TrustConsumer[];
  /** The move that is asked for. `from` equal to `to` asks whether the phase holds. */
  readonly edge: Edge;
  /** Rotations of the cluster that the same run takes before this one. */
  readonly ahead?: readonly Ahead[] | undefined;
  /** What is to be known of the other clusters of the campaign; absent where the repository has no waves. */
  readonly campaign?: CampaignView | undefined;
  /** What `PlatformProfile.overrides` told its own guard; absent when nobody looked, which is not the same as none. */
  readonly overrides?: unknown;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** A rotation of the same cluster whose turn comes first in a run, with what the plan has it do. */
export interface Ahead {
  readonly rotation: string;
  /** Authorities that it starts to rotate. */
  readonly starts: readonly string[];
  /** Authorities that are back in standby when its turn is over. */
  readonly ends: readonly string[];
  /** Id of its last step in the plan. */
  readonly step: string;
}
