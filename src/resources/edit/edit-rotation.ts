import { isMap, isScalar, type Node } from "yaml";
import type { Phase } from "../../rotation/phase.ts";
import { appendDocument, type NewRotation, renderRotation } from "./edit-render.ts";
import {
  editResource,
  lastOffsetOf,
  lineEndOf,
  rangeOf,
  refuseErrors,
  replaceScalar,
  type Splice,
  type Wanted,
} from "./edit-text.ts";

/** A rotation is its cluster and its name; a name alone will do for a file with one of them. */
type RotationName = string | { readonly cluster: string; readonly name: string };

function rotationNamed(rotation: RotationName): Wanted {
  return typeof rotation === "string"
    ? { kind: "ca_rotation", name: rotation }
    : { kind: "ca_rotation", name: rotation.name, cluster: rotation.cluster };
}

/** Sets `spec.phase` of a `ca_rotation`; every other byte of the file stays. */
export function setRotationPhase(text: string, rotation: RotationName, phase: Phase): string {
  return editResource(text, rotationNamed(rotation), ["spec", "phase"], (current, node) =>
    current === phase ? null : { value: phase, splice: replaceScalar(node, phase) },
  );
}

/** Says why a rotation that was rolled back is started again: with the reason its content is another one. */
export function setResume(text: string, rotation: RotationName, reason: string): string {
  return editResource(text, rotationNamed(rotation), ["spec"], (current, node) => {
    const spec = current as { readonly resume?: { readonly reason: string } };
    return { value: { ...spec, resume: { reason } }, splice: resumeSplice(node, text, reason) };
  });
}

/** Over the reason that is there, else a line below the phase; `null` for a `spec` in braces. */
function resumeSplice(spec: Node, text: string, reason: string): Splice | null {
  if (!isMap(spec) || spec.flow === true) return null;
  const old = spec.getIn(["resume", "reason"], true);
  if (isScalar(old)) {
    const [start, end] = rangeOf(old);
    return { start, end, text: JSON.stringify(reason) };
  }
  const phase = spec.items.find(({ key }) => isScalar(key) && key.value === "phase");
  const [keyStart] = rangeOf(phase?.key);
  const indent = text.slice(text.lastIndexOf("\n", keyStart) + 1, keyStart);
  const rest = text.slice(rangeOf(phase?.value)[1]);
  const end = rangeOf(phase?.value)[1] + (/^[^\r\n]*/.exec(rest)?.[0].length ?? 0);
  return {
    start: end,
    end,
    text: `${lineEndOf(text)}${indent}resume: { reason: ${JSON.stringify(reason)} }`,
  };
}

/** Takes out what people stated about an attempt: the next one has to be worked for anew. */
export function clearAcknowledgements(text: string, rotation: RotationName): string {
  return editResource(text, rotationNamed(rotation), ["spec"], (current, node) => {
    const { acknowledge, ...rest } = current as { readonly acknowledge?: unknown };
    if (acknowledge === undefined) return null;
    return { value: rest, splice: withoutLines(node, text, "acknowledge") };
  });
}

/** The lines of one field; `null` for a `spec` in braces. */
function withoutLines(spec: Node, text: string, field: string): Splice | null {
  if (!isMap(spec) || spec.flow === true) return null;
  const pair = spec.items.find(({ key }) => isScalar(key) && key.value === field);
  const start = text.lastIndexOf("\n", rangeOf(pair?.key)[0]) + 1;
  const after = text.indexOf("\n", lastOffsetOf(pair?.value));
  return { start, end: after === -1 ? text.length : after + 1, text: "" };
}

/** A file's text with one more `ca_rotation` at its end; `null` stands for a file that does not exist yet. */
export function addRotation(text: string | null, rotation: NewRotation): string {
  if (text !== null) refuseErrors(text);
  return appendDocument(text, renderRotation(rotation));
}
