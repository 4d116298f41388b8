import type { WrittenResource } from "../../profile/written-resource.ts";
import type { Diagnostic } from "../model/desired.ts";
import { diagnosticOn, type ResourceDocument, sourceOf } from "./document.ts";
import { complain } from "./source-file.ts";

/** A document as the rules of a platform see it; what they complain of is added to `diagnostics`. */
export function writtenResource(document: ResourceDocument, diagnostics: Diagnostic[]): WrittenResource {
  const { file, line } = sourceOf(document);
  return {
    kind: document.kind,
    value: document.value,
    place: `${file}:${line}`,
    report(path, message, suggestion, at = "value") {
      diagnostics.push(diagnosticOn(document, path, complain(message, suggestion), at));
    },
  };
}
