import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const DIST = join(import.meta.dirname, "..", "..", "dist");

/** Everything that is loaded at once when a file of the bundle is, the file included. */
function loadedWith(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(join(DIST, file), "utf8");
  for (const [, imported] of text.matchAll(/^(?:import|export)[^"'()]*["']\.\/([^"']+)["']/gm)) {
    if (imported !== undefined) loadedWith(imported, seen);
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

  it("and the screen does, so the signs are right", () => {
    const texts = [...loadedWith(partOf("open"))]
      .map((file) => readFileSync(join(DIST, file), "utf8"))
      .join("\n");
    expect(HEAVY.react.test(texts)).toBe(true);
    expect(HEAVY.ink.test(texts)).toBe(true);
    const daemon = [...loadedWith("daemon.js")]
      .map((file) => readFileSync(join(DIST, file), "utf8"))
      .join("\n");
    expect(HEAVY["@peculiar/x509"].test(daemon)).toBe(true);
  });
});
