import { nameOf, type Path } from "../../foreign-value.ts";
import { PROFILES } from "../../profiles.ts";
import { registerSecret } from "../../secrets.ts";
import type { Diagnostic } from "../model/desired.ts";
import { shorten } from "../model/shorten.ts";
import { insteadOf, mayBeNamed, VARIABLE_OPENING } from "../model/variables.ts";
import { diagnosticInText, diagnosticOn, type ResourceDocument } from "./document.ts";
import { complain } from "./source-file.ts";

/** Where `${VAR}` works: how to reach a cluster is the machine's business, everything else is the review's. */
const CONNECTION_FIELDS: readonly string[] = Object.keys(PROFILES);

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** A document with its variables put in, and those that could not be. */
export interface Substituted {
  readonly value: Readonly<Record<string, unknown>>;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Puts environment variables into connection fields; anywhere else `${` is an error. What a variable held is in no
 * output of this run from then on.
 */
export function substitute(document: ResourceDocument, env: NodeJS.ProcessEnv): Substituted {
  // Most documents have none, and their values are taken as they are.
  if (!document.file.text.includes(VARIABLE_OPENING)) return { value: document.value, diagnostics: [] };
  const diagnostics: Diagnostic[] = [];
  const visit = (value: unknown, path: Path): unknown => {
    if (typeof value === "string") return substituteText(document, env, value, path, diagnostics);
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    if (typeof value !== "object" || value === null) return value;
    const copy = Object.entries(value).map(([key, inner]) => {
      if (key.includes(VARIABLE_OPENING)) diagnostics.push(misplaced(document, [...path, key], "key"));
      return [key, visit(inner, [...path, key])] as const;
    });
    return Object.fromEntries(copy);
  };
  return { value: visit(document.value, []) as Record<string, unknown>, diagnostics };
}

function substituteText(
  document: ResourceDocument,
  env: NodeJS.ProcessEnv,
  text: string,
  path: Path,
  diagnostics: Diagnostic[],
): string {
  if (!text.includes(VARIABLE_OPENING)) return text;
  const connection =
    document.kind === "cluster" && path[0] === "spec" && CONNECTION_FIELDS.includes(String(path[1]));
  if (!connection) {
    diagnostics.push(misplaced(document, path, "value"));
    return text;
  }
  const complaint = (part: string, message: string, suggestion: string) =>
    diagnostics.push(diagnosticInText(document, path, part, complain(message, suggestion)));
  if (text.replaceAll(REFERENCE, "").includes(VARIABLE_OPENING)) {
    complaint(
      VARIABLE_OPENING,
      `${nameOf(path)} has a "${VARIABLE_OPENING}" that is no variable`,
      `write it as ${VARIABLE_OPENING}NAME}`,
    );
    return text;
  }
  const missing = new Set<string>();
  const refused = new Set<string>();
  const result = text.replaceAll(REFERENCE, (reference, name: string) => {
    if (!mayBeNamed(name, env)) {
      refused.add(name);
      return reference;
    }
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined) missing.add(name);
    else registerSecret(value, name);
    return value ?? reference;
  });
  const [unlisted] = refused;
  if (unlisted !== undefined) {
    complaint(
      `${VARIABLE_OPENING}${unlisted}}`,
      `${nameOf(path)} names the environment variable ${unlisted}, which resources may not`,
      insteadOf(unlisted),
    );
    return text;
  }
  const [first, ...others] = missing;
  if (first !== undefined) {
    // One finding for all of a text: to look for the place of each would take time that grows with their square.
    const which = others.length === 0 ? first : shorten([...missing].join(", "), 200);
    const message = `the environment variable${others.length === 0 ? "" : "s"} ${which} ${others.length === 0 ? "is" : "are"} not set`;
    complaint(`${VARIABLE_OPENING}${first}}`, message, `set it, as in: export ${first}=…`);
  }
  if (result.trim() === "" && missing.size === 0)
    complaint(VARIABLE_OPENING, `${nameOf(path)} comes out empty`, "give its environment variable a value");
  return result;
}

function misplaced(document: ResourceDocument, path: Path, at: "key" | "value"): Diagnostic {
  const message = `"${VARIABLE_OPENING}" in ${nameOf(at === "key" ? path.slice(0, -1) : path)}: variables work only in the connection fields of a cluster (${CONNECTION_FIELDS.map((field) => `spec.${field}`).join(", ")})`;
  const complaint = complain(message, "write the value itself: what is reviewed must be what happens");
  return at === "key"
    ? diagnosticOn(document, path, complaint, "key")
    : diagnosticInText(document, path, VARIABLE_OPENING, complaint);
}
