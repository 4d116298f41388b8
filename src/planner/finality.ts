import type { EndOfRollback } from "../profile/key-rules.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import type { RotationResource } from "../resources/model/desired.ts";
import { newKeyWasUsed, wouldBeUnused } from "../rotation/evidence.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import { type Edge, isPointOfNoReturn } from "../rotation/phase.ts";
import type { Finding, GuardId, GuardVerdict } from "../rotation/plan.ts";
import { type RotationRecord, seenStart } from "../rotation/record.ts";
import { endOfRollback } from "../rotation/way-back.ts";

/** What is known of a rotation where one of its steps may drop a key that somebody lives by. */
export interface Dropping {
  /** Of the rotation. */
  readonly name: string;
  readonly live: LiveAuthority;
  readonly retire: RotationRecord["retire"];
  readonly memory: RotationRecord | undefined;
  readonly observation: ClusterObservation;
  /** `null` when git no longer declares it. */
  readonly resource: RotationResource | null;
  readonly now: number;
}

/** Whether a step is a point of no return, and what the end of a rollback takes away. */
export interface Finality {
  readonly final: boolean;
  /** Of steps into and out of rollback only. */
  readonly end: EndOfRollback | null;
  /** Who may live by the key that goes, as clauses. */
  readonly who: readonly string[];
  /** The same as subjects, as far as an approval can name them. */
  readonly unaccounted: readonly string[];
  /** As judged; at the end of a rollback with what only an approval of its own, or who comes back, ends. */
  readonly guards: readonly GuardVerdict[];
}

/** Guards that speak of those who may live by the key that goes. */
const WITNESSES: readonly GuardId[] = ["roster", "components-ready", "trust-consumers"];

/**
 * Dropping the old key at the end of a walk always is one. Leaving rollback drops a key as well: an ordinary step when
 * that key was never used, or when everybody was seen to live by the other one and all work of the way back is done;
 * else whoever is not accounted for is cut off by it (design, section 3). `guards`: `null` while the step before it
 * has not been taken.
 */
export function finalityOf(edge: Edge, dropping: Dropping, guards: readonly GuardVerdict[] | null): Finality {
  const { live, retire, observation, memory } = dropping;
  const ordinary = { final: false, end: null, who: [], unaccounted: [], guards: guards ?? [] };
  if (isPointOfNoReturn(edge)) return { ...ordinary, final: true };
  if (edge.from !== "rollback" && edge.to !== "rollback") return ordinary;
  const end = endOfRollback(retire, live, observation);
  if (edge.to === "rollback") return { ...ordinary, end };
  if (guards === null) return { ...ordinary, end, ...foreseen(dropping, end) };
  if (end === "new-key-goes" && newKeyWasUsed(memory, live, observation.profile) === "refuted")
    return { ...ordinary, end };
  return { end, ...unaccounted(dropping, end, guards) };
}

function unaccounted(
  dropping: Dropping,
  end: EndOfRollback,
  guards: readonly GuardVerdict[],
): Omit<Finality, "end"> {
  const told = new Set(guards.flatMap(({ findings }) => findings.map(({ subject }) => subject)));
  const unknown = unknownBy(dropping, end).filter(({ subject }) => !told.has(subject));
  const held = withUnknown(guards.map(withWaived), unknown);
  const witnesses = held.filter(({ id, outcome }) => WITNESSES.includes(id) && outcome !== "pass");
  const waived = new Set(guards.flatMap((guard) => guard.waived.map(({ subject }) => subject)));
  const findings = witnesses.flatMap((guard) => guard.findings);
  const subjects = [...new Set(findings.map(({ subject }) => subject))];
  const approvable = findings.filter((finding) => finding.approvable === true);
  return {
    final: subjects.length > 0,
    who: subjects.map((subject) => clauseOf(subject, waived)),
    unaccounted: [...new Set(approvable.map(({ subject }) => subject))],
    guards: held.map((guard) => ({
      ...guard,
      findings: guard.findings.map((finding) => withWayOut(finding, dropping)),
    })),
  };
}

/** What was waived is accepted for the waits; whether it may be cut off is another question. */
function withWaived(guard: GuardVerdict): GuardVerdict {
  if (!WITNESSES.includes(guard.id) || guard.waived.length === 0) return guard;
  const findings = guard.waived.map(({ subject, message }) => ({
    subject,
    message: `${message}; that is waived, and it may live by the key that goes`,
    remedy: "let it come back and follow",
    approvable: true as const,
  }));
  return {
    ...guard,
    outcome: guard.outcome === "pass" ? "fail" : guard.outcome,
    findings: [...guard.findings, ...findings],
  };
}

function withUnknown(guards: readonly GuardVerdict[], findings: readonly Finding[]): readonly GuardVerdict[] {
  if (findings.length === 0) return guards;
  const known = guards.find(({ id }) => id === "roster");
  if (known === undefined) return [...guards, { id: "roster", outcome: "unknown", findings, waived: [] }];
  return guards.map((guard) =>
    guard === known
      ? {
          ...guard,
          outcome: guard.outcome === "pass" ? "unknown" : guard.outcome,
          findings: [...guard.findings, ...findings],
        }
      : guard,
  );
}

/** The step's own approval, as the command that gives it. */
function withWayOut(finding: Finding, { observation, name }: Dropping): Finding {
  if (finding.approvable !== true) return finding;
  const command = `capstan apply --approve-final=${observation.cluster}/${name}`;
  return { ...finding, remedy: `${finding.remedy}; or approve that it may be cut off: \`${command}\`` };
}

/** What can be said before rollback is entered; it is judged again from there. */
function foreseen(dropping: Dropping, end: EndOfRollback): Pick<Finality, "final" | "who" | "unaccounted"> {
  const { live, memory, resource, observation, now } = dropping;
  if (end === "old-key-goes") {
    return { final: true, who: ["whoever has no certificate of the new key by then"], unaccounted: [] };
  }
  if (end === "new-key-goes" && wouldBeUnused(memory, live, observation.profile))
    return { final: false, who: [], unaccounted: [] };
  const waived = (resource?.waive ?? [])
    .filter(({ guard, expires }) => WITNESSES.some((id) => id === guard) && Date.parse(expires) > now)
    .map(({ subject }) => subject);
  const unknown = unknownBy(dropping, end).map(({ subject }) => subject);
  const subjects = [...new Set([...waived, ...unknown])];
  return {
    final: subjects.length > 0,
    who: subjects.map((subject) => clauseOf(subject, new Set(waived))),
    unaccounted: subjects,
  };
}

function clauseOf(subject: string, waived: ReadonlySet<string>): string {
  if (waived.has(subject)) return `${subject} (waived)`;
  if (subject.startsWith("roster/")) return "whoever was there before init, of which there is no roster";
  if (subject.startsWith("authority/"))
    return "nobody knows whom, as the key sets do not tell which key goes";
  return subject;
}

function unknownBy({ live, memory }: Dropping, end: EndOfRollback): readonly Finding[] {
  const roster: Finding = {
    subject: `roster/${live.type}`,
    message: "nobody knows who was there before init, so nobody knows who may live by the key that goes",
    remedy: "compare `capstan status` with your own inventory, and let whoever is missing come back",
    approvable: true,
  };
  const keys: Finding = {
    subject: `authority/${live.type}`,
    message: "the key sets do not tell which key goes, so nobody knows who lives by it",
    remedy: "compare `capstan status` with what you know of the rotation",
    approvable: true,
  };
  return [...(hasFirstRoster(memory) ? [] : [roster]), ...(end === "unclear" ? [keys] : [])];
}

/** One that was taken in the middle of a rotation, as a person accepted, lacks who was lost before. */
function hasFirstRoster(memory: RotationRecord | undefined): boolean {
  return memory?.roster != null && seenStart(memory);
}
