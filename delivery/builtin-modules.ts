/**
 * Node's own modules in a bundle, without the modules of ES that Node makes of them for `import`: for these it reads each
 * export, and so loads what stands behind every getter (all streams for `node:fs`, standard input, output and error for
 * `node:process`). What a command imports cost a fifth of bare Node more.
 */

/** In place of the `require` that packages in CommonJS expect; they ask for nothing but Node's own modules. */
export const REQUIRE_BUILTIN = "const require=name=>globalThis.process.getBuiltinModule(name);";

/** As esbuild writes them. */
const IMPORT = /\bimport ?(?:(\w+)|\{([^}]*)\}|\* ?as (\w+)|(\w+),\{([^}]*)\}) ?from ?"(node:[\w/]+)";/g;

/** A file of a bundle with constants in place of such imports, at its head, as imports come before all else. */
export function withoutBuiltinImports(code: string): string {
  const heads: string[] = [];
  const body = code.replaceAll(
    IMPORT,
    (
      _all,
      whole?: string,
      parts?: string,
      namespace?: string,
      both?: string,
      more?: string,
      module?: string,
    ) => {
      const name = whole ?? namespace ?? both;
      const found = `globalThis.process.getBuiltinModule("${module}")`;
      if (name !== undefined) heads.push(`const ${name}=${found};`);
      const named = parts ?? more;
      if (named !== undefined) heads.push(`const{${named.replaceAll(/ as /g, ":")}}=${name ?? found};`);
      return "";
    },
  );
  const left = /\bfrom ?"node:[^"]*"/.exec(body);
  if (left !== null) throw new Error(`an import of another form than those known: ${left[0]}`);
  // The first line may say which program runs it.
  const [, start = "", rest = ""] = /^(#![^\n]*\n)?([\s\S]*)$/.exec(body) ?? [];
  return `${start}${heads.join("")}${rest}`;
}
