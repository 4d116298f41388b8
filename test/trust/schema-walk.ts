import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A value for every field that a schema has, and for each of them another one: so that a test can ask of all fields,
 * those to come included, what it asks of one.
 */
interface Schema {
  readonly $ref?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly type?: string;
  readonly title?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly examples?: readonly unknown[];
  readonly pattern?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

export function readSchema(file: string): Schema {
  return JSON.parse(readFileSync(join(import.meta.dirname, "../../schemas", file), "utf8")) as Schema;
}

/** `spec.trust_consumers[].address`: the leaves, lists of text being one. */
export type FieldPath = string;

/** Every field that holds a value of its own. */
export function fieldsOf(schema: Schema): readonly { readonly path: FieldPath; readonly schema: Schema }[] {
  return walk(schema, "");

  function walk(at: Schema, path: string): readonly { readonly path: FieldPath; readonly schema: Schema }[] {
    const node = resolved(at, schema);
    if (node.const !== undefined) return [];
    if (node.type === "object" && node.properties !== undefined) {
      return Object.entries(node.properties).flatMap(([name, inner]) =>
        walk(inner, path === "" ? name : `${path}.${name}`),
      );
    }
    const items = node.items === undefined ? null : resolved(node.items, schema);
    if (items !== null && items.type === "object") return walk(items, `${path}[]`);
    return [{ path, schema: node }];
  }
}

function resolved(node: Schema, root: Schema): Schema {
  if (node.$ref === undefined) return node;
  const name = node.$ref.replace("#/$defs/", "");
  const target = root.$defs?.[name];
  if (target === undefined) throw new Error(`${node.$ref} is not in the schema`);
  const { $ref: _, ...beside } = node;
  return { ...target, ...beside };
}

/** The value at a path, where lists are entered at their first item. */
export function valueAt(document: unknown, path: FieldPath): unknown {
  return stepsOf(path).reduce<unknown>(
    (value, step) =>
      typeof value === "object" && value !== null ? (value as Record<string, unknown>)[step] : undefined,
    document,
  );
}

/** A copy with another value there. */
export function withValue(document: unknown, path: FieldPath, value: unknown): unknown {
  const copy = structuredClone(document);
  const steps = stepsOf(path);
  const last = steps.pop() ?? "";
  const parent = steps.reduce<Record<string, unknown>>(
    (at, step) => {
      const inner = at[step];
      if (typeof inner !== "object" || inner === null) throw new Error(`${path}: there is no ${step}`);
      return inner as Record<string, unknown>;
    },
    copy as Record<string, unknown>,
  );
  parent[last] = value;
  return copy;
}

function stepsOf(path: FieldPath): string[] {
  return path.split(".").flatMap((part) => (part.endsWith("[]") ? [part.slice(0, -2), "0"] : [part]));
}
