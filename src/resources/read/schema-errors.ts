import type { ErrorObject } from "ajv";
import { nameOf, type Path, textAt } from "../../foreign-value.ts";
import type { Diagnostic } from "../model/desired.ts";
import { formatDuration } from "../model/duration.ts";
import { holdsSecret, shorten } from "../model/shorten.ts";
import { VARIABLE_OPENING } from "../model/variables.ts";
import { diagnosticOn, type ResourceDocument } from "./document.ts";
import { type Complaint, complain } from "./source-file.ts";
import { nearest, suggestOneOf } from "./suggest.ts";

/** The parts of a schema that messages are made of. */
interface SchemaPart {
  readonly title?: string;
  readonly type?: string;
  readonly pattern?: string;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaPart>>;
}

/** What the compiled validator found, in words for the person who wrote the file. */
export function schemaDiagnostics(document: ResourceDocument, errors: readonly ErrorObject[]): Diagnostic[] {
  const misspelt = new Set<string>();
  const mistyped = new Set(
    errors.filter(({ keyword }) => keyword === "type").map((error) => error.instancePath),
  );
  const diagnostics: Diagnostic[] = [];
  // Unknown fields first: a misspelt one explains the missing one, and one finding is enough for both.
  for (const error of errors) {
    if (error.keyword !== "additionalProperties") continue;
    const parent = parsePointer(document, error.instancePath);
    const field = String(error.params["additionalProperty"]);
    const properties = (error.parentSchema as SchemaPart).properties ?? {};
    const known = Object.keys(properties);
    const data = error.data as Readonly<Record<string, unknown>>;
    const free = known.filter((name) => !Object.hasOwn(data, name));
    const near = nearest(field, free) ?? nearest(field, known);
    if (near !== null) misspelt.add(`${error.instancePath}/${near}`);
    const name = nameOf(parent) || `the ${document.kind} resource`;
    const deeper = known.find((child) => properties[child]?.properties?.[field] !== undefined);
    const suggestion =
      near !== null
        ? `did you mean "${near}"?`
        : deeper !== undefined
          ? `it belongs in ${nameOf([...parent, deeper])}`
          : free.length > 0
            ? `fields that ${name} can have besides: ${free.join(", ")}`
            : "remove it";
    const complaint = complain(`unknown field "${shorten(field)}" in ${name}`, suggestion);
    diagnostics.push(diagnosticOn(document, [...parent, field], complaint, "key"));
  }
  for (const error of errors) {
    // `if` says that its `then` failed, which that says better itself.
    if (error.keyword === "additionalProperties" || error.keyword === "if") continue;
    const path = parsePointer(document, error.instancePath);
    if (error.keyword === "required") {
      const field = String(error.params["missingProperty"]);
      if (misspelt.has(`${error.instancePath}/${field}`)) continue;
      const part = (error.parentSchema as SchemaPart).properties?.[field];
      const complaint = missing(nameOf(path) || `the ${document.kind} resource`, field, part);
      diagnostics.push(diagnosticOn(document, path, complaint, "key"));
    } else if (error.keyword === "false schema") {
      diagnostics.push(diagnosticOn(document, path, misplaced(document, path), "key"));
    } else if (error.keyword === "type" || !(mistyped.has(error.instancePath) || isVariable(error.data))) {
      diagnostics.push(diagnosticOn(document, path, wrong(error, path)));
    }
  }
  return diagnostics;
}

/** A field that another kind of the same list has: `address` of a file. */
function misplaced(document: ResourceDocument, path: Path): Complaint {
  const kind = textAt(document.value, [...path.slice(0, -1), "kind"]) ?? "this kind";
  return complain(`${nameOf(path)} does not go with kind ${shorten(kind)}`, "remove it");
}

/** What is wrong with a misplaced variable is that it is one: `substitute` says so. */
function isVariable(data: unknown): boolean {
  return typeof data === "string" && data.includes(VARIABLE_OPENING);
}

function missing(parent: string, field: string, part: SchemaPart | undefined): Complaint {
  const example = part?.examples?.[0];
  const suggestion =
    typeof example === "string" || typeof example === "number"
      ? `add it, for example "${field}: ${shorten(String(example), 40)}"`
      : `add "${field}:"`;
  return complain(`missing field "${field}" in ${parent}`, suggestion);
}

function wrong(error: ErrorObject, path: Path): Complaint {
  const name = nameOf(path);
  const part = error.parentSchema as SchemaPart;
  const { data } = error;
  switch (error.keyword) {
    case "type":
      return wrongType(name, String(error.params["type"]), data, part);
    case "enum": {
      const allowed = (error.params["allowedValues"] as readonly unknown[]).map(String);
      return complain(
        `${name} cannot be ${quote(data)}`,
        typeof data === "string" ? suggestOneOf(data, allowed, "one of") : `one of: ${allowed.join(", ")}`,
      );
    }
    case "const":
      return complain(`${name} must be "${error.params["allowedValue"]}", not ${quote(data)}`);
    case "minItems":
      return complain(`${name} must not be empty`, "add at least one");
    case "minimum":
      return complain(`${name} must be ${error.params["limit"]} or more, not ${quote(data)}`);
    case "pattern":
      return part.title === undefined
        ? complain(`${name} must not be blank`)
        : complain(
            `${name} must be ${part.title}, not ${quote(data)}`,
            better(String(data), part) ?? exampleOf(part),
          );
    default:
      return complain(`${name} ${error.message ?? "is not valid"}`);
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "text",
  object: "a map",
  array: "a list",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
};

function wrongType(name: string, wanted: string, data: unknown, part: SchemaPart): Complaint {
  if (data === null) return complain(`${name} has no value`, exampleOf(part));
  const message = `${name} must be ${TYPE_NAMES[wanted] ?? wanted}, not ${describe(data)}`;
  const scalar = typeof data === "number" || typeof data === "boolean";
  if (wanted === "string" && typeof data === "number" && part.title?.startsWith("a duration"))
    return complain(message, `give it a unit: ${data}m, ${data}h, ${data}s`);
  if (wanted === "string" && scalar) return complain(message, `put it in quotes: "${data}"`);
  if (wanted === "array" && (scalar || typeof data === "string"))
    return complain(message, `write it as a list: [${shorten(String(data), 40)}]`);
  return complain(message, exampleOf(part));
}

function exampleOf(part: SchemaPart): string | null {
  const example = part.examples?.[0];
  return typeof example === "string" || typeof example === "number" ? `for example ${example}` : null;
}

/** The valid spelling of a value that is only written differently. */
function better(text: string, part: SchemaPart): string | null {
  const hex = text
    .replace(/^sha-?256:/i, "")
    .replaceAll(/[:\s]/g, "")
    .toLowerCase();
  if (part.title?.startsWith("a key fingerprint") && /^[0-9a-f]{64}$/.test(hex))
    return `did you mean "sha256:${hex}"?`;
  if (holdsSecret(text))
    return "whoever reads this repository has that key: use another one, and take this one out of use";
  const days = /^(\d{1,5})\s*(d|days?|w|weeks?|y|years?)$/i.exec(text);
  if (part.title?.startsWith("a duration") && days !== null) {
    const perUnit = { d: 24, w: 168, y: 8760 }[(days[2] ?? "d").charAt(0).toLowerCase()] ?? 24;
    return `hours are the largest unit: did you mean "${formatDuration(Number(days[1]) * perUnit * 3_600_000)}"?`;
  }
  return null;
}

function describe(data: unknown): string {
  if (data === null || data === undefined) return "empty";
  if (Array.isArray(data)) return "a list";
  if (typeof data === "object") return "a map";
  return typeof data === "string" ? `the text ${quote(data)}` : quote(data);
}

function quote(data: unknown): string {
  if (typeof data === "string")
    return holdsSecret(data) ? "a private key in the clear" : `"${shorten(data)}"`;
  return typeof data === "object" ? describe(data) : String(data);
}

/** A JSON pointer, with indexes as numbers where the document has a list. */
function parsePointer(document: ResourceDocument, pointer: string): Path {
  if (pointer === "") return [];
  let value: unknown = document.value;
  return pointer
    .slice(1)
    .split("/")
    .map((part) => {
      const step = part.replaceAll("~1", "/").replaceAll("~0", "~");
      const isIndex = Array.isArray(value);
      value = (value as Readonly<Record<string, unknown>> | null)?.[step];
      return isIndex ? Number(step) : step;
    });
}
