import { isDeepStrictEqual } from "node:util";
import rotation from "../../schemas/ca-rotation.schema.json" with { type: "json" };
import override from "../../schemas/cert-authority-override.schema.json" with { type: "json" };
import authority from "../../schemas/certificate-authority.schema.json" with { type: "json" };
import cluster from "../../schemas/cluster.schema.json" with { type: "json" };
import repository from "../../schemas/repository.schema.json" with { type: "json" };
import type { Page } from "./page.ts";

/** What a schema says of one value, as far as a page shows it. */
interface Schema {
  readonly $ref?: string;
  readonly type?: unknown;
  readonly title?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/** By the kind of the resource. */
const SCHEMAS: Readonly<Record<string, Schema>> = {
  cluster,
  certificate_authority: authority,
  ca_rotation: rotation,
  cert_authority_override: override,
  repository,
};

/** A page for every field that a person writes: `cluster.spec.policy.soak`. */
export function fieldPages(): readonly Page[] {
  return Object.entries(SCHEMAS).flatMap(([kind, schema]) => pagesBelow(kind, schema, schema, []));
}

function pagesBelow(path: string, schema: Schema, whole: Schema, within: readonly string[]): readonly Page[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, written]) => {
    const meant = { ...resolved(written.$ref, whole), ...written };
    const at = `${path}.${name}`;
    const item = meant.items === undefined ? null : { ...resolved(meant.items.$ref, whole), ...meant.items };
    // A definition that contains itself is shown once.
    const isRound = written.$ref !== undefined && within.includes(written.$ref);
    const inside = written.$ref === undefined ? within : [...within, written.$ref];
    const holding = item?.properties === undefined ? meant : item;
    const below = isRound ? [] : pagesBelow(at, holding, whole, inside);
    return [pageOfField(at, meant, required.includes(name), Object.keys(holding.properties ?? {})), ...below];
  });
}

function pageOfField(name: string, schema: Schema, isRequired: boolean, fields: readonly string[]): Page {
  const { enum: values, const: only, default: fallback, examples = [] } = schema;
  const [example] = examples;
  const isNews = ![undefined, only, fallback].some((known) => isDeepStrictEqual(known, example));
  return {
    topic: "field",
    name,
    means: schema.description ?? schema.title ?? "",
    more: [
      ...(isRequired ? [["required", "yes"] as const] : []),
      ...(only === undefined ? [] : [["always", written(only)] as const]),
      ...(fields.length === 0 ? [] : [["fields", fields.join(", ")] as const]),
      ...(values === undefined ? [] : [["one of", values.map(String).join(", ")] as const]),
      ...(fallback === undefined ? [] : [["default", written(fallback)] as const]),
      ...(isNews ? [["example", written(example)] as const] : []),
    ],
  };
}

function written(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function resolved($ref: string | undefined, whole: Schema): Schema {
  const name = $ref?.replace("#/$defs/", "");
  return name === undefined ? {} : (whole.$defs?.[name] ?? {});
}
