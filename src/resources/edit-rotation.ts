import type { Phase } from "../rotation/phase.ts";
import { appendDocument, type NewRotation, renderRotation } from "./edit-render.ts";
import { editResource, refuseErrors, replaceScalar } from "./edit-text.ts";

/** Sets `spec.phase` of a `ca_rotation`; every other byte of the file stays. */
export function setRotationPhase(text: string, rotation: string, phase: Phase): string {
  return editResource(text, { kind: "ca_rotation", name: rotation }, ["spec", "phase"], (current, node) =>
    current === phase ? null : { value: phase, splice: replaceScalar(node, phase) },
  );
}

/** A file's text with one more `ca_rotation` at its end; `null` stands for a file that does not exist yet. */
export function addRotation(text: string | null, rotation: NewRotation): string {
  if (text !== null) refuseErrors(text);
  return appendDocument(text, renderRotation(rotation));
}
