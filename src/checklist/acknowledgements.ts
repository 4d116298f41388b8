import type { PlatformProfile } from "../profile/profile.ts";
import type {
  Acknowledgement,
  AuthorityResource,
  DesiredState,
  Diagnostic,
  RotationResource,
  Source,
} from "../resources/model/desired.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import { type AcknowledgementProblem, standingProblem, tickChecklist } from "./tick.ts";

/** Where acknowledgements stand, and what is known of the rotations that they are about. */
export interface AcknowledgementContext {
  /** Paths as in `Source.file`. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  readonly records: readonly ClusterRecord[];
  /** The profile of a cluster; `undefined` where nothing declares it, which is an error of its own. */
  readonly profileOf: (cluster: string) => PlatformProfile | undefined;
  /** ISO 8601. */
  readonly now: string;
}

/**
 * Statements that cannot be true, or that are about something else, each at its place: an unknown step, a step of
 * another rotation or of an earlier one, a time to come. They are errors: a wrong tick is worse than none.
 */
export function acknowledgementDiagnostics(
  { rotations, authorities }: Pick<DesiredState, "rotations" | "authorities">,
  context: AcknowledgementContext,
): readonly Diagnostic[] {
  const ofRotations = rotations.flatMap((rotation) =>
    problemsOf(rotation, context).map((problem) =>
      diagnosticOfStatement(problem, placeOf(rotation, rotation.acknowledge[problem.index]), context),
    ),
  );
  const ofAuthorities = authorities.flatMap((authority) =>
    (authority.acknowledge ?? []).flatMap((acknowledgement) => {
      const problem = standing(acknowledgement, authority, context);
      return problem === null
        ? []
        : [diagnosticOfStatement(problem, placeOf(authority, acknowledgement), context)];
    }),
  );
  return [...ofRotations, ...ofAuthorities];
}

function standing(
  acknowledgement: Acknowledgement,
  { cluster, type }: AuthorityResource,
  { now, profileOf }: AcknowledgementContext,
) {
  const profile = profileOf(cluster);
  return profile === undefined ? null : standingProblem(acknowledgement, type, { profile, now });
}

/** When the attempt that is under way, or the last one, began; `null` when the record knows of none. */
function startOf(rotation: RotationResource, records: readonly ClusterRecord[]): string | null {
  const record = records.find(({ cluster }) => cluster === rotation.cluster);
  const starts = (record?.rotations ?? [])
    .filter(({ name }) => name === rotation.name)
    .map(({ started_at }) => started_at);
  return starts.at(-1) ?? null;
}

function problemsOf(
  rotation: RotationResource,
  { records, now, profileOf }: AcknowledgementContext,
): readonly AcknowledgementProblem[] {
  const profile = profileOf(rotation.cluster);
  if (profile === undefined) return [];
  const types = rotation.authorities.map(({ type }) => type);
  const startedAt = startOf(rotation, records);
  return tickChecklist([], rotation.acknowledge, { profile, types, now, startedAt }).problems;
}

function placeOf(
  { source }: { readonly source: Source },
  acknowledgement: Acknowledgement | undefined,
): Source {
  return acknowledgement?.source ?? source;
}

/** An error about a statement, at its place. */
export function diagnosticOfStatement(
  { message, suggestion }: Omit<AcknowledgementProblem, "index">,
  { file, line }: Source,
  { files }: Pick<AcknowledgementContext, "files">,
): Diagnostic {
  const text = files.find(({ path }) => path === file)?.text ?? null;
  const excerpt = text?.split(/\r?\n/)[line - 1] ?? null;
  const column = (excerpt?.search(/[^\s-]/) ?? 0) + 1;
  return {
    severity: "error",
    file,
    line,
    column: Math.max(1, column),
    message,
    excerpt,
    suggestion,
  };
}
