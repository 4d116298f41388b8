import type { DesiredState, Diagnostic } from "../resources/model/desired.ts";
import { suggestOneOf } from "../resources/read/suggest.ts";
import { type AcknowledgementContext, diagnosticOfStatement } from "./acknowledgements.ts";

/**
 * Waivers of consumers that git does not declare for the CAs of the rotation. A warning: the consumer may be gone, and
 * the waiver left over.
 */
export function waiverDiagnostics(
  { rotations, authorities }: Pick<DesiredState, "rotations" | "authorities">,
  context: Pick<AcknowledgementContext, "files">,
): readonly Diagnostic[] {
  return rotations.flatMap(({ cluster, authorities: rotated, waive, source }) => {
    const types = rotated.map(({ type }) => type);
    const subjects = authorities
      .filter((authority) => authority.cluster === cluster && types.includes(authority.type))
      .flatMap(({ trustConsumers }) => trustConsumers.map(({ name }) => `consumer/${name}`));
    return waive
      .filter(({ subject }) => subject.startsWith("consumer/") && !subjects.includes(subject))
      .map((waiver) => {
        const problem = {
          message: `${types.join(", ")} has no trust consumer "${waiver.subject}", so this waiver matches nothing`,
          suggestion:
            subjects.length === 0 ? "remove it" : suggestOneOf(waiver.subject, subjects, "there are"),
        };
        return {
          ...diagnosticOfStatement(problem, waiver.source ?? source, context),
          severity: "warning" as const,
        };
      });
  });
}
