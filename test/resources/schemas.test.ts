import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { guardsOf } from "../../src/guards/chain.ts";
import { PROFILES } from "../../src/profiles.ts";
import { KINDS } from "../../src/resources/read/document.ts";
import { PHASES } from "../../src/rotation/phase.ts";

interface Schema {
  readonly $id?: string;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly const?: unknown;
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly enum?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

const FOLDER = join(import.meta.dirname, "../../schemas");
/** What editors use; the record and the plan are written by capstan itself. */
const RESOURCES = KINDS.map((kind) => `${kind.replaceAll("_", "-")}.schema.json`);
const schemas = RESOURCES.map((file) => ({
  file,
  schema: JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Schema,
}));

function part(file: string, ...path: string[]): Schema | undefined {
  let at = schemas.find((each) => each.file === file)?.schema;
  for (const step of path) at = step === "[]" ? at?.items : at?.properties?.[step];
  return at;
}

/** Every schema within a schema, with the path to it. */
function walk(schema: Schema, path = ""): { path: string; schema: Schema }[] {
  const inner = [
    ...Object.entries(schema.properties ?? {}),
    ...(schema.items === undefined ? [] : [["[]", schema.items] as const]),
  ];
  return [{ path, schema }, ...inner.flatMap(([name, child]) => walk(child, `${path}.${name}`))];
}

describe("schemas say what the code says", () => {
  it("phases", () => {
    expect([...(part("ca-rotation.schema.json", "spec", "phase")?.enum ?? [])].sort()).toEqual(
      [...PHASES].sort(),
    );
  });

  it("guards", () => {
    const ids = Object.values(PROFILES).flatMap((profile) => guardsOf(profile).map(({ id }) => id));
    const inSchema = part("ca-rotation.schema.json", "spec", "waive", "[]", "guard")?.enum ?? [];
    expect([...inSchema].sort()).toEqual([...new Set(ids)].sort());
  });
});

describe.each(schemas)("$file", ({ schema }) => {
  /** Left open on purpose: free text for people, and what other parts of capstan will define. */
  const OPEN = [".metadata.labels", ".spec.checks.[].labels", ".status", ".spec.waves.[].selector"];

  it("is closed to unknown fields everywhere else", () => {
    const open = walk(schema).filter(
      ({ schema: each }) => each.type === "object" && each.additionalProperties !== false,
    );
    expect(OPEN).toEqual(expect.arrayContaining(open.map(({ path }) => path)));
  });

  it("describes itself and every field, for editors", () => {
    expect(schema).toMatchObject({
      $id: expect.stringMatching(/^urn:capstan:schema:v1:/),
      title: expect.any(String),
      description: expect.any(String),
    });
    const silent = walk(schema).filter(({ path, schema: each }) => !path.endsWith("[]") && !each.description);
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  it("gives only examples that it accepts", () => {
    const ajv = new Ajv2020({ allErrors: true, strict: true });
    ajv.addSchema(schema);
    for (const { path, schema: each } of walk(schema)) {
      const pointer = path
        .split(".")
        .slice(1)
        .map((step) => (step === "[]" ? "/items" : `/properties/${step}`))
        .join("");
      for (const example of each.examples ?? [])
        expect(ajv.validate(`${schema.$id}#${pointer}`, example), `${path}: ${JSON.stringify(example)}`).toBe(
          true,
        );
    }
  });
});
