import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import standaloneCode from "ajv/dist/standalone/index.js";
import { transform } from "esbuild";
import { COMBINED_SCHEMA, releaseSchemas, schemaBelow } from "../src/cli/schema-base.ts";
import { combineSchemas } from "./combined-schema.ts";

const SCHEMA_FOLDER = "schemas";
const COMPILED_FOLDER = "src/resources/read/compiled";

/**
 * Compiles JSON Schemas to plain functions: a module with one validating function for each schema file, named after it
 * (`plan-file.schema.json` gives `plan_file` of `plan-file.js`), so that a command loads those alone that it needs; and
 * writes one schema for editors, made from those of the kinds.
 */
export async function compileSchemas(): Promise<void> {
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: true,
    strict: true,
    allowUnionTypes: true,
    code: { source: true, esm: true },
  });
  const ids = new Map<string, string>();
  const schemas = [];
  for (const file of (await readdir(SCHEMA_FOLDER)).sort()) {
    if (!file.endsWith(".schema.json") || file === COMBINED_SCHEMA) continue;
    const schema = JSON.parse(await readFile(`${SCHEMA_FOLDER}/${file}`, "utf8"));
    ajv.addSchema(withoutDescriptions(schema, false));
    schemas.push(schema);
    ids.set(file.slice(0, -".schema.json".length), schema.$id);
  }
  const combined = combineSchemas(schemaBelow(releaseSchemas()), schemas);
  await writeFile(`${SCHEMA_FOLDER}/${COMBINED_SCHEMA}`, `${JSON.stringify(combined, null, 2)}\n`);
  await mkdir(COMPILED_FOLDER, { recursive: true });
  for (const [file, id] of ids) {
    const name = file.replaceAll("-", "_");
    const declared = `import type { ValidateFunction } from "ajv";\nexport const ${name}: ValidateFunction;\n`;
    const module = withImports(standaloneCode(ajv, { [name]: id }));
    // Nobody reads these in a stack trace, and with long names they were a fifth of the package.
    const { code } = await transform(module, { format: "esm", minify: true, charset: "utf8" });
    await writeFile(`${COMPILED_FOLDER}/${file}.js`, code);
    await writeFile(`${COMPILED_FOLDER}/${file}.d.ts`, declared);
  }
}

/** What a validator keeps of its schema, for messages: those show titles and examples, and leave descriptions to editors. */
function withoutDescriptions<Part>(part: Part, isOfFields: boolean): Part {
  if (Array.isArray(part)) return part.map((item) => withoutDescriptions(item, false)) as Part;
  if (typeof part !== "object" || part === null) return part;
  const kept = Object.entries(part).filter(([key]) => isOfFields || key !== "description");
  const FIELDS = ["properties", "patternProperties", "$defs", "dependentSchemas"];
  return Object.fromEntries(
    kept.map(([key, value]) => [key, withoutDescriptions(value, !isOfFields && FIELDS.includes(key))]),
  ) as Part;
}

/**
 * A module of ES that imports what it needs: ajv writes `require` for its own parts even when asked for one
 * (github.com/ajv-validator/ajv, issue 1976). Who imports CommonJS gets all of it, as in Node and in the bundles, or its
 * own default, as in Vitest; the code asks for the default of all of it.
 */
function withImports(code: string): string {
  const imports: string[] = [];
  const body = code.replaceAll(/\brequire\("([^"]+)"\)/g, (_, path: string) => {
    const name = `part${imports.length}`;
    imports.push(`import ${name} from "${path}.js";\n`);
    return `(typeof ${name} === "function" ? { default: ${name} } : ${name})`;
  });
  return imports.join("") + body;
}
