import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cell } from "./cell.ts";

/** What a schema says of one value, as far as a page shows it. */
interface Schema {
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const FOLDER = join(import.meta.dirname, "..", "..", "schemas");
/** Those that people write; the others are files of capstan's own. */
const WRITTEN = ["repository", "cluster", "certificate-authority", "ca-rotation", "cert-authority-override"];

/** The page of all fields of all kinds that a person writes, from the schemas. */
export function resourcesPage(): string {
  const files = readdirSync(FOLDER);
  return [
    "# Resources",
    "Every kind has a JSON Schema in `schemas/`, which the loader and editors use. An unknown field is an error with its line, and the nearest known one.",
    ...WRITTEN.filter((name) => files.includes(`${name}.schema.json`)).flatMap(section),
  ].join("\n\n");
}

function section(name: string): readonly string[] {
  const schema = JSON.parse(readFileSync(join(FOLDER, `${name}.schema.json`), "utf8")) as Schema;
  const kind = schema.properties?.["kind"]?.const;
  return [
    `## ${String(kind ?? name.replaceAll("-", "_"))}`,
    schema.description ?? "",
    ["| field | | |", "|---|---|---|", ...rows(schema, schema, "", new Set())].join("\n"),
  ];
}

function rows(schema: Schema, whole: Schema, path: string, within: ReadonlySet<string>): readonly string[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, written]) => {
    const { $ref } = written;
    const meant = { ...resolved($ref, whole), ...written };
    const at = path === "" ? name : `${path}.${name}`;
    const item = meant.items === undefined ? null : { ...resolved(meant.items.$ref, whole), ...meant.items };
    const inner = item?.properties === undefined ? meant : item;
    // A definition that contains itself is shown once.
    const isRound = $ref !== undefined && within.has($ref);
    const below = isRound ? [] : rows(inner, whole, item === null ? at : `${at}[]`, new Set([...within, ...($ref === undefined ? [] : [$ref])]));
    if (path === "" && (name === "kind" || name === "version")) return [];
    return [row(at, meant, required.includes(name)), ...below];
  });
}

function resolved($ref: string | undefined, whole: Schema): Schema {
  const name = $ref?.replace("#/$defs/", "");
  return name === undefined ? {} : (whole.$defs?.[name] ?? {});
}

function row(path: string, schema: Schema, isRequired: boolean): string {
  const example = schema.examples?.[0];
  const isShort = example !== undefined && JSON.stringify(example).length < 60;
  const notes = [
    ...(isRequired ? ["required"] : []),
    ...(schema.enum === undefined ? [] : [schema.enum.length > 6 ? "" : schema.enum.map((one) => `\`${String(one)}\``).join(", ")]),
    ...(schema.default === undefined ? [] : [`default \`${JSON.stringify(schema.default)}\``]),
    ...(isShort ? [`\`${typeof example === "string" ? example : JSON.stringify(example)}\``] : []),
  ].filter((note) => note !== "");
  return `| \`${path}\` | ${cell(schema.description ?? schema.title ?? "")} | ${cell(notes.join("; "))} |`;
}
