import { describe, expect, it } from "vitest";
import { metafiles } from "../delivery/metafiles.ts";

const { product, sandbox } = metafiles;

type Part = typeof product;

/** The files of a bundle that are loaded with one of them, itself included; later on, too, where that is asked. */
function loadedWith({ outputs }: Part, file: string, later = false, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const { path, kind, external } of outputs[file]?.imports ?? []) {
    if (external !== true && (later || kind !== "dynamic-import"))
      loadedWith({ outputs } as Part, path, later, seen);
  }
  return seen;
}

/** The file of a bundle that a source begins. */
function startOf({ outputs }: Part, source: string): string {
  const found = Object.keys(outputs).find((file) => outputs[file]?.entryPoint === source);
  if (found === undefined) throw new Error(`${source} begins no file of the bundle`);
  return found;
}

/** The packages of which something is in these files. */
function packagesIn({ outputs }: Part, files: Iterable<string>): readonly string[] {
  const inputs = [...files].flatMap((file) => Object.entries(outputs[file]?.inputs ?? {}));
  return inputs.flatMap(([path, { bytesInOutput }]) =>
    bytesInOutput === 0 ? [] : (/^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []),
  );
}

const HEAVY = ["react", "ink", "yoga-layout", "@peculiar/x509"];

describe("text commands load no screen and no X.509 library", () => {
  it.each(["plan", "apply", "status", "validate", "rotate", "doctor", "init"])("%s", (command) => {
    const starts = [startOf(product, "src/cli/main.ts"), startOf(product, `src/cli/${command}.ts`)];
    const files = new Set(starts.flatMap((start) => [...loadedWith(product, start)]));
    expect(files.size).toBeGreaterThan(3);
    const packages = packagesIn(product, files);
    expect(HEAVY.filter((name) => packages.includes(name))).toEqual([]);
  });

  // What no command loads would never be found either if its name were wrong.
  it.each([
    ["the screen", product, "src/views/tui/on-screen.tsx", ["react", "ink", "yoga-layout"]],
    ["plan, for a Talos cluster", product, "src/cli/plan.ts", ["@peculiar/x509"]],
    ["the sandbox", sandbox, "src/sandbox/daemon.ts", ["@peculiar/x509"]],
  ] as const)("and %s loads it later on, so the name is right", (_, part, source, names) => {
    const packages = packagesIn(part, loadedWith(part, startOf(part, source), true));
    expect(names.filter((name) => !packages.includes(name))).toEqual([]);
  });
});

describe("the sandbox is a part of its own", () => {
  /** How its processes are started and told what to do, and which words its flags take. */
  const FROM_OUTSIDE = [
    "command-flags.ts",
    "control.ts",
    "entry.ts",
    "faults.ts",
    "folder.ts",
    "go-duration.ts",
    "sandbox.ts",
    "spawn-daemon.ts",
    "talos/dialect.ts",
    "teleport/ca-types.ts",
    "teleport/release.ts",
    "wire.ts",
  ];

  it("of which the product holds nothing but how it is started and told what to do", () => {
    const held = Object.keys(product.inputs).filter((path) => path.startsWith("src/sandbox/"));
    expect(held.toSorted()).toEqual(FROM_OUTSIDE.map((path) => `src/sandbox/${path}`));
  });
});
