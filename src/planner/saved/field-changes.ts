import { isFields } from "../../foreign-value.ts";
import { canonicalJson, contentHash } from "../../resources/model/canonical.ts";
import { formatDuration } from "../../resources/model/duration.ts";

/**
 * What is different between two values of a resource, field by field, as sentences: whatever it is, so that no field
 * that capstan reads can be changed without a word. Names are those of YAML.
 */
export function fieldChanges(
  about: string,
  was: unknown,
  is: unknown,
  /** Fields that are told elsewhere: `spec.teleport.tctl` as `teleport.tctl`. */
  told: ReadonlySet<string> = new Set(),
): readonly string[] {
  return differences("", was, is)
    .filter(({ field }) => !isTold(field, told))
    .map(({ field, text }) => `${about}: ${shown(field)} ${text}`);
}

interface Difference {
  /** `policy.soak`, `trust_consumers[orders-db].address`. */
  readonly field: string;
  readonly text: string;
}

function differences(field: string, was: unknown, is: unknown): readonly Difference[] {
  if (same(was, is)) return [];
  if (isNamedList(was) && isNamedList(is)) return namedDifferences(field, was, is);
  if (isFields(was) && isFields(is)) {
    return [...new Set([...Object.keys(was), ...Object.keys(is)])].flatMap((name) =>
      differences(
        field === "" ? yamlName(name) : `${field}.${yamlName(name)}`,
        textual(name, was[name]),
        textual(name, is[name]),
      ),
    );
  }
  return [{ field, text: `was ${valueText(was)}, and is ${valueText(is)}` }];
}

function namedDifferences(field: string, was: readonly Named[], is: readonly Named[]): readonly Difference[] {
  const names = [...new Set([...was, ...is].map(({ name }) => name))];
  const apart = names.flatMap((name): readonly Difference[] => {
    const place = `${field}[${name}]`;
    const before = was.find((item) => item.name === name);
    const now = is.find((item) => item.name === name);
    if (before === undefined) return [{ field: place, text: `is added: ${valueText(now)}` }];
    if (now === undefined) return [{ field: place, text: `is removed, which was ${valueText(before)}` }];
    return differences(place, before, now);
  });
  // Twice the same name, or another order: told as a whole.
  return apart.length > 0 ? apart : [{ field, text: "is in another order" }];
}

interface Named {
  readonly name: string;
}

function isNamedList(value: unknown): value is readonly Named[] {
  return (
    Array.isArray(value) &&
    value.every((item) => typeof item === "object" && item !== null && typeof item.name === "string")
  );
}

function same(one: unknown, other: unknown): boolean {
  return canonicalJson(one ?? null) === canonicalJson(other ?? null);
}

/** `soakMs` holds milliseconds, and is `soak` in YAML. */
function textual(name: string, value: unknown): unknown {
  return name.endsWith("Ms") && typeof value === "number" ? formatDuration(value) : value;
}

function yamlName(name: string): string {
  return name.replace(/Ms$/, "").replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function valueText(value: unknown): string {
  if (value === null || value === undefined) return "none";
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(valueText).join(", ");
  if (typeof value !== "object") return readable(String(value));
  return Object.entries(value)
    .filter(([, inner]) => inner !== null && inner !== undefined)
    .map(([name, inner]) => `${yamlName(name)} ${valueText(textual(name, inner))}`)
    .join(", ");
}

/** Of a certificate or a sealed key only that it is another counts: whoever wants to read it has the changed files. */
function readable(text: string): string {
  if (text.length <= LONGEST && !text.includes("\n")) return text;
  return `a text of ${text.length} characters (sha256 ${contentHash(text).slice(0, 12)}…)`;
}

const LONGEST = 160;

function isTold(field: string, told: ReadonlySet<string>): boolean {
  const plain = field.replaceAll(/\[[^\]]*\]/g, "");
  return told.has(plain);
}

function shown(field: string): string {
  return field === "" ? "it" : field;
}
