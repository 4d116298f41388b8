import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { type BuildOptions, build, type Metafile, type Plugin, transform } from "esbuild";
import { REQUIRE_BUILTIN, withoutBuiltinImports } from "./builtin-modules.ts";

/**
 * Modules that a package loads for a feature which capstan does not have: commander runs sub-commands that are
 * executables of their own, and loading node:child_process for that is a tenth of what `--help` costs; ink talks to
 * React's developer tools; debug takes supports-color from whatever folder it is installed in.
 */
const NOT_NEEDED = [
  { module: /^node:child_process$/, by: "/commander/" },
  { module: /^react-devtools-core$/, by: "/ink/" },
  { module: /^supports-color$/, by: "/debug/" },
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

/**
 * What measures text makes these when it is loaded: some 30 ms, as much as Node itself takes, for texts that are hardly
 * ever measured. In the bundles each is made when it is asked for first.
 */
const MADE_AT_ONCE = /^const (\w+) = (new Intl\.Segmenter\(\)|\/.*\\p\{RGI_Emoji\}.*\/v);$/gm;

/**
 * Printable ASCII is measured by its length; for all else the tables of Unicode are loaded, for 40 ms. The signs that
 * capstan itself writes are each one column wide, too, and no part of another sign.
 */
const ASCII_ALONE = [
  [String.raw`/[^\u{20}-\u{7E}]/v;`, String.raw`/[^\u{20}-\u{7E}SIGNS]/v;`],
  [String.raw`/^[\u0020-\u007E]*$/`, String.raw`/^[\u0020-\u007ESIGNS]*$/`],
  ["/^[ -~]*$/", "/^[ -~SIGNS]*$/"],
] as const;

/** As a class of characters has them; U+E000 stands for a blank that does not break (`views/text/columns.ts`). */
export const ONE_COLUMN = String.raw`\u00b1\u00b7\u00d7\u2010-\u2027\u203a\u2190-\u2193\u2264\u2265\u2500-\u25fc\u2713\u2714\u2717\ue000`;

const withLateMade: Plugin = {
  name: "with-late-made",
  setup({ onLoad }) {
    onLoad({ filter: /\/(string-width|wrap-ansi)\/index\.js$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const late = text.replaceAll(MADE_AT_ONCE, (_line, name: string, made: string) => {
        const calls = ["segment", "test", "exec"].map(
          (call) => `${call}: (text) => (${name}Made ??= ${made}).${call}(text)`,
        );
        return `let ${name}Made;\nconst ${name} = { ${calls.join(", ")} };`;
      });
      if (late === text) throw new Error(`${path} makes nothing at once any more: see MADE_AT_ONCE`);
      const contents = ASCII_ALONE.reduce(
        (before, [ascii, more]) => before.replace(ascii, () => more.replace("SIGNS", ONE_COLUMN)),
        late,
      );
      if (contents === late) throw new Error(`${path} measures ASCII in another way: see ASCII_ALONE`);
      return { contents };
    });
  },
};

/** Of react-reconciler the names alone are 180 KB, and nobody debugs it by a stack trace of capstan. */
const withShortNames: Plugin = {
  name: "with-short-names",
  setup({ onLoad }) {
    onLoad({ filter: /\/react-reconciler\.production\.js$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), { format: "cjs", minify: true });
      return { contents: code };
    });
  },
};

/** What holds for every part. No path of this machine gets into it: two builds in two folders are equal. */
const COMMON = {
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node22.18",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  charset: "utf8",
  banner: { js: REQUIRE_BUILTIN },
  plugins: [withoutUnneeded, withLateMade, withShortNames],
  // React's development build is several times larger and slower.
  define: { "process.env.NODE_ENV": '"production"' },
  jsx: "automatic",
  logLevel: "warning",
  metafile: true,
  // A package is named by where it lies in node_modules, wherever that leads.
  preserveSymlinks: true,
} as const satisfies BuildOptions;

/** The executable looks at the version before it loads the program, which lies beside it in pieces. */
const withProgramBeside: Plugin = {
  name: "with-program-beside",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/main\.ts$/ }, () => ({ path: "./main.mjs", external: true }));
  },
};

/** What is bundled apart from the rest, and where it goes. */
const PARTS = {
  // One file each and nothing that it does not need: every other costs `--version` and `--help` a tenth of bare Node, and
  // so each of the hundreds of runs of `tctl` in a tour.
  executable: {
    entryPoints: { capstan: "src/cli/capstan.ts", "sandbox/tctl-shim": "src/sandbox/tctl-shim.ts" },
    outdir: "dist",
    banner: {},
    plugins: [withProgramBeside],
  },
  // In lazily loaded pieces, so that `--version` never pays for Ink or X.509 code (design, section 9). Names stay as
  // they are in the sources, for whoever reads a stack trace; shorter ones start no faster.
  product: {
    entryPoints: { main: "src/cli/main.ts" },
    outdir: "dist",
    splitting: true,
    // By this name Node knows what they are without looking for a package.json, for each of them.
    outExtension: { ".js": ".mjs" },
  },
  // The emulated clusters, which the product starts as processes and never loads.
  sandbox: {
    entryPoints: {
      daemon: "src/sandbox/daemon.ts",
      "talosctl-shim": "src/sandbox/talos/talosctl-shim.ts",
      "kubectl-shim": "src/sandbox/talos/kubectl-shim.ts",
      tour: "src/sandbox/tour/tour.ts",
    },
    outdir: "dist/sandbox",
    splitting: true,
    minifyIdentifiers: true,
  },
  // What `capstan action` needs, in one file.
  action: {
    entryPoints: { action: "src/cli/action-file.ts" },
    outdir: "dist",
    splitting: false,
  },
} as const satisfies Readonly<Record<string, BuildOptions>>;

/** Perl, and delivered as it is. */
const HAND_OVER = "sandbox/hand-over.pl";

/** What went into each part, and which file loads which, as esbuild tells it. */
export type Metafiles = Readonly<Record<keyof typeof PARTS, Metafile>>;

/** A file of the build, by its path from the folder of the sources. */
export interface BuiltFile {
  readonly path: string;
  readonly contents: Uint8Array | string;
}

/** Bundles every part, and writes nothing: a file comes after those that it loads. */
export async function bundle(): Promise<{
  readonly metafiles: Metafiles;
  readonly files: readonly BuiltFile[];
}> {
  const files: BuiltFile[] = [];
  const made = async (part: keyof typeof PARTS) => {
    const { metafile, outputFiles } = await build({ ...COMMON, ...PARTS[part], write: false });
    files.push(
      ...outputFiles.map(({ path, text }) => ({
        path: relative(process.cwd(), path),
        contents: withoutBuiltinImports(text),
      })),
    );
    return metafile;
  };
  const [executable, product, sandbox, action] = await Promise.all([
    made("executable"),
    made("product"),
    made("sandbox"),
    made("action"),
  ]);
  files.push({ path: `dist/${HAND_OVER}`, contents: await readFile(`src/${HAND_OVER}`) });
  const metafiles = { executable, product, sandbox, action };
  const entries = Object.values(PARTS).flatMap(({ outdir, entryPoints }) =>
    Object.keys(entryPoints).map((name) => `${outdir}/${name}.js`),
  );
  // The executable loads the program, and that the pieces.
  const rank = ({ path }: BuiltFile) => (path === "dist/capstan.js" ? 2 : entries.includes(path) ? 1 : 0);
  return { metafiles, files: files.toSorted((one, other) => rank(one) - rank(other)) };
}
