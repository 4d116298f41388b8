import type { Path } from "../read/document.ts";

/** Values of documents that may be invalid in parts: each is looked at before it is believed. */
export function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Readonly<Record<string | number, unknown>>)[step];
  }
  return value;
}

export function textAt(root: unknown, path: Path): string | null {
  const value = valueAt(root, path);
  return typeof value === "string" ? value : null;
}

/** Empty for what is no list. */
export function listAt(root: unknown, path: Path): readonly unknown[] {
  const value = valueAt(root, path);
  return Array.isArray(value) ? value : [];
}
