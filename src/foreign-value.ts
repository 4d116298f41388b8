/**
 * Looking into values of text that somebody else wrote, YAML or JSON: each is looked at before it is believed, and
 * what is not there reads as nothing.
 */

/** An object by its fields, none of which is known yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whether a value is an object; a list is none. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object, an empty one for anything else. */
export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

/** One field of an object; `undefined` where there is none, or no object. */
export function fieldOf(value: unknown, name: string): unknown {
  return fieldsOf(value)[name];
}

/** The list, an empty one for anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The text, `""` for anything else: Go leaves empty strings out. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The texts of a list; what else is in it is left out. */
export function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter((one) => typeof one === "string");
}

/** The keys and indexes that lead to a value. */
export type Path = readonly (string | number)[];

/** The value at the end of a path; `undefined` where the path leads nowhere. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[step];
  }
  return value;
}

/** The text at the end of a path; `null` where there is none. */
export function textAt(root: unknown, path: Path): string | null {
  const value = valueAt(root, path);
  return typeof value === "string" ? value : null;
}

/** The list at the end of a path, an empty one where there is none. */
export function listAt(root: unknown, path: Path): readonly unknown[] {
  return listOf(valueAt(root, path));
}

/** `spec.authorities[0].retire`, as people write it; empty for the document itself. */
export function nameOf(path: Path): string {
  let name = "";
  for (const step of path) name += typeof step === "number" ? `[${step}]` : name === "" ? step : `.${step}`;
  return name;
}
