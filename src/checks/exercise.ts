import type { Fingerprint, LiveAuthority } from "../rotation/observation.ts";
import { identify } from "../rotation/observation.ts";
import { type Edge, isPointOfNoReturn } from "../rotation/phase.ts";
import type { Finding } from "../rotation/plan.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import type { EnabledOverride, SessionEvidence } from "../rotation/session-evidence.ts";
import { writtenDate } from "../written-date.ts";

/** A key that signs and for which an external certificate stands: whether a session was opened with it. */
export interface Exercise {
  readonly enabled: EnabledOverride;
  /** The last session that proves it; `null`: none does. */
  readonly proof: SessionEvidence | null;
  /** Why the newest of the others proves nothing, a sentence; `null` where there is none. */
  readonly refused: string | null;
}

/** The overrides of the keys of a CA that sign now, as far as the record knows them. */
export function exercisesOf(
  { active, type }: LiveAuthority,
  past: ClusterRecord | undefined,
): readonly Exercise[] {
  const signing = identify(active);
  const sessions = (past?.sessions ?? [])
    .filter(({ authority }) => authority === type)
    .toSorted((one, other) => Date.parse(one.at) - Date.parse(other.at));
  return (past?.overrides ?? [])
    .filter(({ authority, key }) => authority === type && signing.includes(key))
    .map((enabled) => {
      const problem = (session: SessionEvidence) => exerciseProblem(session, enabled, past?.cluster ?? "");
      const newest = sessions.at(-1);
      return {
        enabled,
        proof: sessions.findLast((session) => problem(session) === null) ?? null,
        refused: newest === undefined ? null : problem(newest),
      };
    });
}

/** Why a session proves nothing of an override; `null`: it was opened by it. */
export function exerciseProblem(
  { session, cluster, opened, overridden, key, at }: SessionEvidence,
  enabled: EnabledOverride,
  here: string,
): string | null {
  if (cluster !== here) return `session ${session} was in the cluster ${cluster || "(none)"}, not in ${here}`;
  if (!opened) return `session ${session} did not open`;
  if (!overridden) return `session ${session} went without an override: the CA's own certificate was shown`;
  if (key !== enabled.key)
    return `session ${session} was opened by the override of another key, ${key ?? "which it does not name"}`;
  if (Date.parse(at) < Date.parse(enabled.since))
    return `session ${session} began on ${writtenDate(at)}, before the override was in force (${writtenDate(enabled.since)})`;
  return null;
}

/** `override/db_client/KEYHASH/exercise`: what findings are about, and what waivers name. */
export function exerciseSubject(authority: string, key: Fingerprint): string {
  return `override/${authority}/${key.slice("sha256:".length)}/exercise`;
}

/** Holds the point of no return: from then on nobody can go back to the certificate that everybody knows. */
export function unexercised(
  authority: LiveAuthority,
  past: ClusterRecord | undefined,
  edge: Edge,
): readonly Finding[] {
  if (!isPointOfNoReturn(edge)) return [];
  return exercisesOf(authority, past)
    .filter(({ proof }) => proof === null)
    .map(({ enabled, refused }) => ({
      subject: exerciseSubject(authority.type, enabled.key),
      message: `no session has shown that the override of this key is used${refused === null ? "" : `: ${refused}`}`,
      remedy: `have a check of kind \`command\` with \`authorities: [${authority.type}]\` open a session and print its start event from the audit log, as JSON; apply runs it before this step`,
    }));
}
