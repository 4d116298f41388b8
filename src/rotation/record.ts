import type { CheckResult } from "./check-result.ts";
import type { ComponentKind, Fingerprint } from "./observation.ts";
import type { Phase } from "./phase.ts";
import type { GuardId } from "./plan.ts";
import type { Renewals } from "./renewals.ts";
import type { EnabledOverride, SessionEvidence } from "./session-evidence.ts";

/**
 * What neither git nor the cluster can tell (design, section 1). Evidence and memory, never a substitute for
 * a look at the cluster: losing it makes capstan stricter, never unsafe.
 *
 * A platform may keep something of its own beside these fields, under its name: only its own room knows of that, and
 * everybody else hands it on with the rest of the record.
 */
export interface ClusterRecord {
  readonly format_version: "1.0";
  readonly cluster: string;
  /** Oldest first. At most one open one per authority. */
  readonly rotations: readonly RotationRecord[];
  /** What was applied last; absent or `null`: not known, which is not the same as nothing. */
  readonly applied?: AppliedCommit | null;
  /** The newest result of each check of one's own. */
  readonly checks?: readonly CheckResult[];
  /** Keys for which an external certificate stands, and since when that is seen. */
  readonly overrides?: readonly EnabledOverride[];
  /** Sessions of which checks showed how they began, the oldest first. */
  readonly sessions?: readonly SessionEvidence[];
}

/** The commit of the last run that took a step on a cluster or found nothing to do there. */
export interface AppliedCommit {
  readonly commit: string;
  /** ISO 8601. */
  readonly at: string;
  /** Where a person took it for a new start, after the history was rewritten: it proves nothing about before. */
  readonly accepted?: { readonly instead_of: string; readonly reason: string };
}

/** What is remembered of one attempt to rotate one CA. Times are ISO 8601 in UTC. */
export interface RotationRecord {
  /** Name of the `ca_rotation` that started it. */
  readonly name: string;
  readonly authority: string;
  /** `rolling_back`: on the way out, so that a killed run goes on backwards and never forwards. */
  readonly state: "open" | "rolling_back" | "finished" | "rolled_back";
  /** Known once init was observed. */
  readonly current_id: string | null;
  /** The id of the CA before init, `null` where it had none; absent: nobody looked. */
  readonly previous_id?: string | null;
  readonly retire: readonly Fingerprint[];
  /** The keys that came with init; empty until then. */
  readonly introduced: readonly Fingerprint[];
  readonly started_at: string;
  readonly ended_at: string | null;
  /** The keys that an external CA's certificate stood for before init; absent or `null` when nobody looked. */
  readonly overridden?: readonly Fingerprint[] | null;
  /** Every component that was there before init. `null` when capstan did not see the start. */
  readonly roster: Roster | null;
  /** How often components were seen to announce themselves while it went on; absent: not yet. */
  readonly renewals?: readonly Renewals[];
  /** Where the public state of all CAs from before the rotation, or before its last step, was kept. */
  readonly backup?: BackupRecord | null;
  /** How the checks of one's own ended right before init. Absent: nobody ran them then. */
  readonly baseline?: readonly CheckResult[];
  readonly phases: readonly PhaseRecord[];
  /**
   * The transition that was asked for last and not observed yet: after a kill, a stale read must not make capstan
   * ask for it a second time.
   */
  readonly requested: { readonly to: Phase; readonly at: string } | null;
  /** Waivers that let a step through and cover no other one: `window` and `soak` (design, section 1). */
  readonly spent?: readonly SpentWaiver[];
  /** The rollback that capstan asked for; absent where another did, or where nobody knows what it led out of. */
  readonly turned_back?: TurnedBack | null;
  /** Hashes of the resource contents that drove it. A rolled back one stays quarantined for all of them. */
  readonly contents: readonly string[];
  /** Why it was rolled back, for people. */
  readonly reason: string | null;
  /** The commit that took its resource out of git, where that was proven while something else was applied. */
  readonly deleted?: string | null;
}

/** A waiver as it stood in git, and the step that it was used for: taken again after a kill, that step has it still. */
export interface SpentWaiver {
  readonly guard: GuardId;
  readonly subject: string;
  readonly reason: string;
  readonly expires: string;
  readonly from: Phase;
  readonly to: Phase;
}

/** The steps that a waiver, as it stands in git, let through. Written anew with another reason it is another one. */
export function usesOf(
  memory: RotationRecord | undefined,
  { guard, subject, reason, expires }: Record<"guard" | "subject" | "reason" | "expires", string>,
): readonly SpentWaiver[] {
  return (memory?.spent ?? []).filter(
    (spent) =>
      spent.guard === guard &&
      spent.subject === subject &&
      spent.reason === reason &&
      spent.expires === expires,
  );
}

/** A rollback that one run asked for and read back, and what it had seen right before. */
export interface TurnedBack {
  readonly from: Phase;
  readonly current_id: string;
  /** The keys that signed in `from`. */
  readonly active: readonly Fingerprint[];
  readonly at: string;
}

/** Where the state of the CAs was kept, and when. */
export interface BackupRecord {
  readonly at: string;
  readonly where: string;
  /** How the state with the private halves was kept too; absent: it was not. */
  readonly full?: "sealed" | "command";
}

/** A component that was there before init. The name is for people, `kind` and `id` are what it is found by. */
export interface RosterMember {
  readonly kind: ComponentKind;
  readonly id: string;
  readonly name: string;
}

/**
 * Everybody who was there before init, and who joined since. A list of them will do; of a million there are columns
 * (`member-table.ts`), which make a member when it is asked for.
 */
export interface Roster extends Iterable<RosterMember> {
  readonly length: number;
}

/** What is remembered of one phase of an attempt. */
export interface PhaseRecord {
  readonly phase: Phase;
  /** When capstan first observed the authority in this phase. */
  readonly since: string;
  /** Every roster member was seen here with this rotation's id, or waived. `null` until then. */
  readonly verified_at: string | null;
}

/** What is remembered of a cluster that was never seen: nothing. */
export function emptyRecord(cluster: string): ClusterRecord {
  return { format_version: "1.0", cluster, rotations: [] };
}

/** The rotation of an authority that the record believes to be under way. */
export function openRotation(record: ClusterRecord, authority: string): RotationRecord | undefined {
  return record.rotations.find((rotation) => rotation.authority === authority && rotation.ended_at === null);
}

/**
 * Whether the record was begun before the rotation was: then its roster is of everybody who was there. Where a hand had
 * begun it, or the record was lost, who was lost before is not on it.
 */
export function seenStart(rotation: RotationRecord | undefined): boolean {
  return rotation?.previous_id !== undefined;
}

/** The latest entry of a phase, `undefined` where it was never seen in this attempt. */
export function phaseRecord(rotation: RotationRecord | undefined, phase: Phase): PhaseRecord | undefined {
  return rotation?.phases.findLast((entry) => entry.phase === phase);
}
