import { closest, distance } from "fastest-levenshtein";
import type {
  DesiredState,
  Diagnostic,
  OverrideResource,
  Source,
  Waiver,
} from "../resources/model/desired.ts";
import { type AcknowledgementContext, diagnosticOfStatement } from "./acknowledgements.ts";
import type { AcknowledgementProblem } from "./tick.ts";

type Problem = Omit<AcknowledgementProblem, "index">;

/**
 * Statements about override entries that would count for nothing: a waiver of what the guard never finds, and a key
 * hash that almost is the one of an entry in git. Which keys a CA has, only the cluster knows; but that is a slip.
 */
export function overrideStatementDiagnostics(
  { authorities, rotations, overrides }: DesiredState,
  context: Pick<AcknowledgementContext, "files">,
): readonly Diagnostic[] {
  const found = (problem: Problem | null, { source }: { readonly source?: Source }, of: Source) =>
    problem === null ? [] : [diagnosticOfStatement(problem, source ?? of, context)];
  return [
    ...authorities.flatMap((authority) => {
      const subjects = subjectsIn(overrides, authority.cluster, [authority.type]);
      const { acknowledge = [], waive = [], source } = authority;
      return [
        ...acknowledge.flatMap((one) => found(misspelt(one.step, subjects), one, source)),
        ...waive.flatMap((one) => found(waiverProblem(one, [authority.type], subjects), one, source)),
      ];
    }),
    ...rotations.flatMap(({ cluster, authorities: rotated, acknowledge, waive, source }) => {
      const types = rotated.map(({ type }) => type);
      const subjects = subjectsIn(overrides, cluster, types);
      return [
        ...acknowledge.flatMap((one) => found(misspelt(one.step, subjects), one, source)),
        ...waive.flatMap((one) => found(waiverProblem(one, types, subjects), one, source)),
      ];
    }),
  ];
}

/** What statements about the entries in git are called, as far as these name their keys. */
function subjectsIn(
  overrides: readonly OverrideResource[],
  cluster: string,
  types: readonly string[],
): readonly string[] {
  return overrides
    .filter((one) => one.cluster === cluster && types.includes(one.type))
    .flatMap(({ type, document }) => publicKeys(document).map((hash) => `override/${type}/${hash}`));
}

function publicKeys(document: unknown): readonly string[] {
  const { spec } = (document ?? {}) as { readonly spec?: { readonly certificate_overrides?: unknown } };
  const entries: readonly unknown[] = Array.isArray(spec?.certificate_overrides)
    ? spec.certificate_overrides
    : [];
  return entries.flatMap((entry) => {
    const { public_key } = (entry ?? {}) as { readonly public_key?: unknown };
    return typeof public_key === "string" ? [public_key.toLowerCase()] : [];
  });
}

function waiverProblem(
  { guard, subject }: Waiver,
  types: readonly string[],
  subjects: readonly string[],
): Problem | null {
  if (guard !== "overrides") return null;
  if (isSubject(subject, types)) return misspelt(subject, subjects);
  if (types.some((type) => subject === `authority/${type}`)) return null;
  return {
    message: `the overrides guard of ${types.join(", ")} has no subject "${subject}"`,
    suggestion:
      nearestOf(subject, subjects) ?? `write override/${types[0] ?? ""}/KEYHASH, as the plan prints it`,
  };
}

function isSubject(text: string, types: readonly string[]): boolean {
  const [, type] = /^override\/([a-z_]+)\/[0-9a-f]{64}$/.exec(text) ?? [];
  return type !== undefined && types.includes(type);
}

/** Two key hashes have some 60 of their 64 digits different: a few are a slip. */
const SLIP = 6;

function misspelt(text: string, subjects: readonly string[]): Problem | null {
  const meant = subjects.find((subject) => subject !== text && distance(subject, text) <= SLIP);
  if (meant === undefined || subjects.includes(text)) return null;
  return { message: `git has no override entry for "${text}"`, suggestion: `did you mean "${meant}"?` };
}

function nearestOf(text: string, subjects: readonly string[]): string | null {
  if (subjects.length === 0) return null;
  const nearest = closest(text, [...subjects]);
  return distance(nearest, text) <= nearest.length / 3 ? `did you mean "${nearest}"?` : null;
}
