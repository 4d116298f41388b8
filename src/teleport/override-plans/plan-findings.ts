import type { Waiver } from "../../resources/model/desired.ts";
import type { OverridePlanFinding, PlannedAction } from "../../rotation/override-plan.ts";
import type { Finding } from "../../rotation/plan.ts";
import { waiveCommand } from "../../rotation/remedy-command.ts";
import { writtenDate } from "../../written-date.ts";
import type { KeyHash } from "../../x509/spki.ts";
import type { CaOverride } from "../overrides/ca-override.ts";
import { checkEntry } from "../overrides/entry-rules.ts";
import { subjectOf } from "../overrides/judge-edge.ts";
import type { OverrideFinding } from "../overrides/override-finding.ts";
import type { OverridePair } from "../overrides/read-cluster.ts";

/** Codes that a review may accept, entry by entry, with a waiver of the guard. */
const WAIVABLE: readonly OverrideFinding["code"][] = [
  "live-disable",
  "live-removal",
  "rollback-entry-touched",
  "expires-before-rotation-ends",
  "hsm-incomplete",
];

/** A finding about an entry as plans show it; one that a waiver covers says so. */
export function planFinding(
  type: string,
  { severity, code, where, message, remedy }: OverrideFinding,
  desired: CaOverride,
  waivers: readonly Waiver[],
): OverridePlanFinding {
  const hash = keyAt(where, desired);
  const accepted = WAIVABLE.includes(code) && hash !== undefined ? subjectOf(type, hash) : null;
  const waiver = waivers.find(({ subject }) => subject === accepted);
  const subject = hash === undefined ? where : `${where.startsWith("key ") ? "" : `${where} `}(key ${hash})`;
  return {
    severity,
    code,
    subject: subject === "" ? type : subject,
    message,
    remedy:
      accepted === null || waiver !== undefined
        ? remedy
        : `${remedy}. To accept it: \`${waiveCommand("overrides", accepted)}\``,
    ...(waiver === undefined ? {} : { waived: `${waiver.reason} (until ${writtenDate(waiver.expires)})` }),
  };
}

/** The key that a place in the resource is about. */
function keyAt(where: string, { entries }: CaOverride): KeyHash | undefined {
  if (where.startsWith("key ")) return where.slice("key ".length);
  return [...entries.values()].find((entry) => where === entry.where || where.startsWith(`${entry.where}.`))
    ?.keyHash;
}

/** What keeps the calls from being made, once for each subject. */
export function obstaclesOf(
  type: string,
  errors: readonly OverridePlanFinding[],
  actions: readonly PlannedAction[],
): readonly Finding[] {
  const bySubject = new Map<string, Finding>();
  for (const { subject, message, remedy } of errors) {
    const hash = /\(?key ([0-9a-f]{64})\)?$/.exec(subject)?.[1];
    const about = hash === undefined ? `override/${type}` : subjectOf(type, hash);
    if (!bySubject.has(about)) bySubject.set(about, { subject: about, message, remedy });
  }
  for (const { purpose, missing } of actions) {
    for (const { subject, statement, remedy } of missing) {
      const message = `${purpose} waits for ${statement === "waiver" ? "a waiver" : "an acknowledgement"}`;
      if (!bySubject.has(subject)) bySubject.set(subject, { subject, message, remedy });
    }
  }
  return [...bySubject.values()];
}

/** What git does not manage is not judged, but its expiry and its faults are told. */
export function liveWarnings(live: CaOverride, now: number): readonly OverrideFinding[] {
  return [...live.entries.values()].flatMap((entry) =>
    checkEntry(entry, live.type, now)
      .filter(({ severity }) => severity !== "info")
      .map((finding) => ({ ...finding, severity: "warning" as const, where: `key ${entry.keyHash}` })),
  );
}

/** The same finding at the same place, said once. */
export function distinct(findings: readonly OverrideFinding[]): readonly OverrideFinding[] {
  const seen = new Set<string>();
  return findings.filter(({ code, where }) => {
    const key = `${code} ${where}`;
    return !seen.has(key) && seen.add(key);
  });
}

/** An override of a CA that the cluster does not list. */
export function notThere(type: string, { desired }: OverridePair): OverridePlanFinding {
  return {
    severity: "error",
    code: "authority-missing",
    subject: type,
    message: `is overridden ${desired === null ? "in the cluster" : "in git"}, and the cluster lists no such CA`,
    remedy: "check sub_kind of the resource, and the version of the cluster",
  };
}

/** An override that could not be compared, and why. */
export function unread(type: string, why: string): OverridePlanFinding {
  return {
    severity: "error",
    code: "unread",
    subject: type,
    message: `cannot be compared with git: ${why}`,
    remedy: "give the identity `list` and `read` on cert_authority_override",
  };
}

/** A cluster that knows no overrides: an error where git wants one, else worth a line. */
export function unsupported(type: string, note: string, wanted: boolean): OverridePlanFinding {
  return {
    severity: wanted ? "error" : "info",
    code: "unsupported",
    subject: type,
    message: note,
    remedy: wanted
      ? "upgrade server and tctl, or remove the override from the repository"
      : "nothing to do: the CA rotates like any other",
  };
}

/** The older mechanism for SPIFFE is in use, which capstan leaves alone (RFD 0194). */
export function spiffe(type: string): OverridePlanFinding {
  return {
    severity: "warning",
    code: "spiffe-issuer",
    subject: "workload_identity_x509_issuer_override",
    message: `exists too; capstan manages ${type} here and leaves that one alone, which overrides SPIFFE in an older way`,
    remedy: "keep each in one place: nobody documents which counts when both stand for one CA",
  };
}
