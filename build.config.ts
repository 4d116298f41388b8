/**
 * Builds `dist/`: one bundle in lazily loaded parts, so that `--version` never pays for Ink or X.509 code
 * (design, section 9). JSON Schemas are compiled to plain functions first. Run by `npm run build`.
 */
import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { Ajv2020 } from "ajv/dist/2020.js";
import standaloneCode from "ajv/dist/standalone/index.js";
import { build, type Plugin } from "esbuild";
import { combineSchemas } from "./combine-schemas.ts";
import { COMBINED_SCHEMA, releaseSchemas, schemaBelow } from "./src/cli/schema-base.ts";

const SCHEMA_FOLDER = "schemas";
const COMPILED_FOLDER = "src/resources/read/compiled";

/**
 * One module with a validating function per schema file, named after it: `cluster.schema.json` gives `cluster`; and one
 * schema for editors, made from those of the kinds.
 */
async function compileSchemas(): Promise<void> {
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: true,
    strict: true,
    allowUnionTypes: true,
    code: { source: true, esm: true },
  });
  const exported: Record<string, string> = {};
  const schemas = [];
  for (const file of (await readdir(SCHEMA_FOLDER)).sort()) {
    if (!file.endsWith(".schema.json") || file === COMBINED_SCHEMA) continue;
    const schema = JSON.parse(await readFile(`${SCHEMA_FOLDER}/${file}`, "utf8"));
    ajv.addSchema(schema);
    schemas.push(schema);
    exported[file.slice(0, -".schema.json".length).replaceAll("-", "_")] = schema.$id;
  }
  const combined = combineSchemas(schemaBelow(releaseSchemas()), schemas);
  await writeFile(`${SCHEMA_FOLDER}/${COMBINED_SCHEMA}`, `${JSON.stringify(combined, null, 2)}\n`);
  await mkdir(COMPILED_FOLDER, { recursive: true });
  await writeFile(`${COMPILED_FOLDER}/schemas.js`, standaloneCode(ajv, exported));
  const declarations = Object.keys(exported).map((name) => `export const ${name}: ValidateFunction;`);
  await writeFile(
    `${COMPILED_FOLDER}/schemas.d.ts`,
    `import type { ValidateFunction } from "ajv";\n${declarations.join("\n")}\n`,
  );
}

/**
 * Modules that a package loads for a feature which capstan does not have: commander runs sub-commands that are
 * executables of their own, and loading node:child_process for that is a tenth of what `--help` costs; ink talks to
 * React's developer tools.
 */
const NOT_NEEDED = [
  { module: /^node:child_process$/, by: "/commander/" },
  { module: /^react-devtools-core$/, by: "/ink/" },
];

const withoutUnneeded: Plugin = {
  name: "without-unneeded",
  setup({ onResolve, onLoad }) {
    for (const { module, by } of NOT_NEEDED) {
      onResolve({ filter: module }, ({ importer, path }) =>
        importer.includes(by) ? { path, namespace: "not-needed" } : undefined,
      );
    }
    onLoad({ filter: /.*/, namespace: "not-needed" }, () => ({ contents: "export default {};" }));
  },
};

await compileSchemas();
await rm("dist", { recursive: true, force: true });
await build({
  entryPoints: {
    capstan: "src/cli/capstan.ts",
    main: "src/cli/main.ts",
    daemon: "src/sandbox/daemon.ts",
    "tctl-shim": "src/sandbox/tctl-shim.ts",
    "talosctl-shim": "src/sandbox/talos/talosctl-shim.ts",
    "kubectl-shim": "src/sandbox/talos/kubectl-shim.ts",
    tour: "src/sandbox/tour/tour.ts",
  },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22.18",
  minifySyntax: true,
  legalComments: "none",
  // CommonJS packages in an ESM bundle still call require() for Node's own modules.
  banner: {
    js: "import { createRequire as capstanRequire } from 'node:module'; const require = capstanRequire(import.meta.url);",
  },
  plugins: [withoutUnneeded],
  // React's development build is several times larger and slower.
  define: { "process.env.NODE_ENV": '"production"' },
  jsx: "automatic",
  logLevel: "warning",
});
// What `capstan --help` prints, so that it costs no more than bare Node (design, section 9).
await writeFile("dist/help.txt", execFileSync(process.execPath, ["dist/capstan.js", "help"]));
