import { acknowledgementDiagnostics } from "../checklist/acknowledgements.ts";
import { overrideStatementDiagnostics } from "../checklist/override-statements.ts";
import type { Failure } from "../failure.ts";
import { waiverDiagnostics } from "../guards/waiver-diagnostics.ts";
import { profileNamed } from "../profiles.ts";
import { loadEach } from "../record/load-each.ts";
import type { RecordStore } from "../record/store.ts";
import type { DesiredState, Diagnostic } from "../resources/model/desired.ts";
import type { LoadResult } from "../resources/read/load.ts";

/**
 * Wrong acknowledgements and waivers of loaded resources. The record at hand tells when a rotation began; a statement from
 * before that is about another one.
 */
export async function checkAcknowledgements(
  { state, diagnostics, files }: LoadResult,
  store: Pick<RecordStore, "load">,
  now: number,
): Promise<readonly Diagnostic[]> {
  // What is wrong anyway is said first; half of a file makes no sense of the rest.
  if (diagnostics.some(({ severity }) => severity === "error")) return [];
  const time = new Date(now).toISOString();
  const rotations = state.rotations.filter(({ acknowledge }) => acknowledge.length > 0);
  const clusters = [...new Set(rotations.map(({ cluster }) => cluster))];
  const { records, unreadable } = await loadEach(store, clusters);
  const ofCluster = (name: string) => {
    const platform = state.clusters.find((cluster) => cluster.name === name)?.platform;
    return platform === undefined ? undefined : profileNamed(platform);
  };
  return [
    ...[...unreadable].map(([name, failure]) => unjudged(name, failure, state)),
    ...acknowledgementDiagnostics(
      { rotations, authorities: state.authorities },
      { files, records, profileOf: ofCluster, now: time },
    ),
    ...overrideStatementDiagnostics(state, { files }),
    ...waiverDiagnostics(state, { files, profileOf: ofCluster }),
  ];
}

/** Whether a statement is about an earlier attempt is not known then; a plan of that cluster says so too, as its problem. */
function unjudged(name: string, { message, hint }: Failure, { clusters }: DesiredState): Diagnostic {
  const source = clusters.find((cluster) => cluster.name === name)?.source;
  return {
    severity: "warning",
    file: source?.file ?? "",
    line: source?.line ?? 1,
    column: 1,
    message: `statements about ${name} are checked without its record: ${message}`,
    excerpt: null,
    suggestion: hint,
  };
}
