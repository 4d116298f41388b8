import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const DIST = join(import.meta.dirname, "..", "..", "dist");

const AT_ONCE = /^(?:import|export)[^"'()]*["']\.\/([^"']+)["']/gm;
const LAZILY = /\bimport\(["']\.\/([^"']+)["']\)/g;

/** Everything that is loaded at once when a file of the bundle is, the file included. */
function loadedWith(file: string): ReadonlySet<string> {
  return reached(file, [AT_ONCE]);
}

/** And what it may load later on. */
function everLoadedWith(file: string): ReadonlySet<string> {
  return reached(file, [AT_ONCE, LAZILY]);
}

function reached(file: string, imports: readonly RegExp[], seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(join(DIST, file), "utf8");
  for (const [, imported] of imports.flatMap((pattern) => [...text.matchAll(pattern)])) {
    if (imported !== undefined) reached(imported, imports, seen);
  }
  return seen;
}

/** The lazily loaded part of a command. */
function partOf(command: string): string {
  const found = readdirSync(DIST).find((file) => file.startsWith(`${command}-`) && file.endsWith(".js"));
  if (found === undefined) throw new Error(`${command} is not a part of the bundle`);
  return found;
}

const HEAVY = {
  react: /Symbol\.for\("react\./,
  ink: /yoga/i,
  "@peculiar/x509": /X509CertificateGenerator/,
};

describe("text commands load no screen and no X.509 library", () => {
  it.each(["plan", "apply", "status", "validate", "rotate", "doctor", "init"])("%s", (command) => {
    const files = new Set([...loadedWith("main.js"), ...loadedWith(partOf(command))]);
    expect(files.size).toBeGreaterThan(3);
    for (const file of files) {
      const text = readFileSync(join(DIST, file), "utf8");
      for (const [name, sign] of Object.entries(HEAVY))
        expect(sign.test(text), `${file} holds ${name}`).toBe(false);
    }
  });

  // What no command loads would never be found either if its sign were wrong.
  it.each([
    ["the screen", "react", () => loadedWith(partOf("on-screen"))],
    ["the screen", "ink", () => loadedWith(partOf("on-screen"))],
    ["the sandbox, later on", "@peculiar/x509", () => everLoadedWith("daemon.js")],
    ["plan, for a Talos cluster", "@peculiar/x509", () => everLoadedWith(partOf("plan"))],
  ] as const)("and %s loads %s, so the sign is right", (_, name, files) => {
    const holders = [...files()].filter((file) => HEAVY[name].test(readFileSync(join(DIST, file), "utf8")));
    expect(holders).not.toEqual([]);
  });
});
