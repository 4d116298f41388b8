/**
 * One schema for editors, made from those of the single kinds: `schemas/capstan.schema.json`. A file may hold resources
 * of several kinds, and an editor applies one schema to it, so this one switches on `kind`, and for a cluster on its
 * platform. Written by the build; a test says when it is out of date.
 */

/** A JSON Schema, or a part of one. */
export interface Schema {
  readonly [keyword: string]: unknown;
}

/** The combined schema. Of the given ones those are taken that describe a kind of resource, in the given order. */
export function combineSchemas(id: string, schemas: readonly Schema[]): Schema {
  const kinds = schemas.flatMap((schema) => {
    const kind = at(schema, "properties", "kind", "const");
    return typeof kind === "string" ? [{ kind, schema }] : [];
  });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: id,
    title: "capstan",
    description: "Resources of capstan: what the certificate authorities of a cluster should be.",
    type: "object",
    required: ["kind"],
    properties: {
      kind: { enum: kinds.map(({ kind }) => kind), description: "What this resource is." },
    },
    allOf: kinds.map(({ kind }) => ({
      if: { required: ["kind"], properties: { kind: { const: kind } } },
      // biome-ignore lint/suspicious/noThenProperty: it is the keyword of JSON Schema
      then: { $ref: `#/$defs/${kind}` },
    })),
    $defs: Object.fromEntries(kinds.map(({ kind, schema }) => [kind, within(kind, schema)])),
  };
}

/** The schema of one kind, where its own definitions are one level deeper. */
function within(kind: string, { $schema: _, $id: __, ...schema }: Schema): unknown {
  const moved = forEditors(schema, `#/$defs/${kind}/`) as Schema;
  const rules = platformRules(schema);
  return rules.length === 0 ? moved : { ...moved, allOf: rules };
}

function forEditors(value: unknown, root: string): unknown {
  if (Array.isArray(value)) return value.map((item) => forEditors(item, root));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) =>
    key === "$ref" && typeof inner === "string"
      ? [key, inner.replace(/^#\//, root)]
      : [key, forEditors(inner, root)],
  );
  return { ...Object.fromEntries(entries), ...patternInWords(value) };
}

/** The title of a text with a pattern says what it is; without this, VS Code and others quote the pattern. */
function patternInWords(schema: object): Schema {
  const { pattern, title } = schema as Schema;
  if (typeof pattern !== "string" || typeof title !== "string") return {};
  return { patternErrorMessage: `It has to be ${title}.` };
}

/** Of a resource with a platform: the block of another one is not allowed, and its own is needed if anything in it is. */
function platformRules(schema: Schema): readonly Schema[] {
  const platforms = at(schema, "properties", "spec", "properties", "platform", "enum");
  if (!Array.isArray(platforms)) return [];
  return platforms.map((platform: string) => {
    const others = platforms.filter((other: string) => other !== platform);
    const needed = at(schema, "properties", "spec", "properties", platform, "required") !== undefined;
    const spec = {
      properties: Object.fromEntries(others.map((other: string) => [other, false])),
      ...(needed ? { required: [platform] } : {}),
    };
    const isIt = { required: ["platform"], properties: { platform: { const: platform } } };
    return {
      if: { required: ["spec"], properties: { spec: isIt } },
      // biome-ignore lint/suspicious/noThenProperty: it is the keyword of JSON Schema
      then: { properties: { spec } },
    };
  });
}

function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, name) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, name) : undefined),
    value,
  );
}
