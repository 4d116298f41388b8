import { type AcknowledgementContext, diagnosticOfStatement } from "../checklist/acknowledgements.ts";
import { workOfType } from "../checklist/checklist.ts";
import { isPlaceholder } from "../checklist/placeholder.ts";
import type { PlatformProfile } from "../profile/profile.ts";
import type { DesiredState, Diagnostic, RotationResource, Waiver } from "../resources/model/desired.ts";
import { suggestOneOf } from "../resources/read/suggest.ts";
import { guardsOf } from "./chain.ts";

/** What is wrong with a waiver. */
export interface WaiverProblem {
  readonly message: string;
  readonly suggestion: string | null;
}

/**
 * Waivers that count for nothing, each at its place: of a guard that cannot be waived, of a subject that no plan can have,
 * with a placeholder for a reason. A consumer that git does not declare is a warning: it may be gone, and the waiver
 * left over.
 */
export function waiverDiagnostics(
  { rotations, authorities }: Pick<DesiredState, "rotations" | "authorities">,
  context: Pick<AcknowledgementContext, "files" | "profileOf">,
): readonly Diagnostic[] {
  const told = (severity: Diagnostic["severity"], found: WaiverProblem | null, place: Waiver["source"]) =>
    found === null || place === undefined
      ? []
      : [{ ...diagnosticOfStatement(found, place, context), severity }];
  const ofRotations = rotations.flatMap((rotation) => {
    const profile = context.profileOf(rotation.cluster);
    return rotation.waive.flatMap((waiver) => {
      const place = waiver.source ?? rotation.source;
      const error = profile === undefined ? null : waiverProblem(waiver, rotation, profile);
      return error === null
        ? told("warning", unknownConsumer(waiver, rotation, authorities), place)
        : told("error", error, place);
    });
  });
  // What an authority may waive is the affair of who looks after overrides.
  const ofAuthorities = authorities.flatMap(({ waive = [], source }) =>
    waive.flatMap((waiver) => told("error", reasonProblem(waiver), waiver.source ?? source)),
  );
  return [...ofRotations, ...ofAuthorities];
}

/** Why a waiver of a rotation can never count; `null` where it can. */
export function waiverProblem(
  waiver: Pick<Waiver, "guard" | "subject" | "reason">,
  { authorities }: Pick<RotationResource, "authorities">,
  profile: PlatformProfile,
): WaiverProblem | null {
  const guards = guardsOf(profile);
  const guard = guards.find(({ id }) => id === waiver.guard);
  if (guard?.waivable !== true) {
    const waivable = guards.filter((one) => one.waivable).map(({ id }) => id);
    return guard === undefined
      ? {
          message: `${profile.title} has no guard "${waiver.guard}"`,
          suggestion: suggestOneOf(waiver.guard, waivable, "those that can be waived are"),
        }
      : {
          message: `the guard "${guard.id}" cannot be waived: it blocks ${guard.refuses}`,
          suggestion: "remove the waiver, and do what the finding says",
        };
  }
  const types = authorities.map(({ type }) => type);
  return subjectProblem(waiver.subject, guard, types, profile) ?? reasonProblem(waiver);
}

function subjectProblem(
  subject: string,
  { id, subjects }: Pick<PlatformProfile["guards"][number], "id" | "subjects">,
  types: readonly string[],
  profile: PlatformProfile,
): WaiverProblem | null {
  const [kind = "", ...name] = subject.split("/");
  const kinds = subjects.flatMap((one) =>
    one === "component" ? profile.componentKinds.map((row) => row.kind) : [one],
  );
  const rest = name.join("/");
  if (!kinds.includes(kind)) {
    return {
      message: `no finding of "${id}" is about "${subject}"`,
      suggestion: suggestOneOf(
        subject,
        kinds.flatMap((one) => examplesOf(one, types)),
        "its findings are about",
      ),
    };
  }
  if ((kind === "authority" || kind === "roster") && !types.includes(rest)) {
    const meant = types.map((type) => `${kind}/${type}`).join(" or ");
    return { message: `this rotation does not move "${subject}"`, suggestion: `write ${meant}` };
  }
  if (kind !== "step") return null;
  const steps = types.flatMap((type) => workOfType(profile, type)).map((step) => step.id);
  return steps.includes(rest)
    ? null
    : {
        message: `no step "${rest}" in a rotation of ${types.join(", ")}`,
        suggestion: suggestOneOf(rest, steps, "there are"),
      };
}

function examplesOf(kind: string, types: readonly string[]): readonly string[] {
  return kind === "authority" || kind === "roster"
    ? types.map((type) => `${kind}/${type}`)
    : [`${kind}/NAME`];
}

function reasonProblem({ reason }: Pick<Waiver, "reason">): WaiverProblem | null {
  return isPlaceholder(reason)
    ? {
        message: `"${reason}" is no reason`,
        suggestion: "write why this is accepted: it stands in every plan",
      }
    : null;
}

function unknownConsumer(
  { subject }: Waiver,
  { cluster, authorities: rotated }: RotationResource,
  authorities: DesiredState["authorities"],
): WaiverProblem | null {
  const types = rotated.map(({ type }) => type);
  const subjects = authorities
    .filter((authority) => authority.cluster === cluster && types.includes(authority.type))
    .flatMap(({ trustConsumers }) => trustConsumers.map(({ name }) => `consumer/${name}`));
  if (!subject.startsWith("consumer/") || subjects.includes(subject)) return null;
  return {
    message: `${types.join(", ")} has no trust consumer "${subject}", so this waiver matches nothing`,
    suggestion: subjects.length === 0 ? "remove it" : suggestOneOf(subject, subjects, "there are"),
  };
}
