import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { Diagnostic } from "../../src/resources/model/desired.ts";
import { diagnosticText } from "../../src/views/text/diagnostic-text.ts";

export const FIXTURES = join(import.meta.dirname, "../../fixtures/resources");

/** The clock of these tests. */
export const NOW = new Date("2026-11-21T12:00:00Z");

/** A folder for one test, with files in it, gone afterwards. */
export function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), "capstan-resources-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** As a person would read them. */
export function described(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(diagnosticText).join("");
}

export function fingerprint(digit: string): `sha256:${string}` {
  return `sha256:${digit.repeat(64)}`;
}

export const CLUSTER = `kind: cluster
version: v1
metadata: { name: acme.cluster }
spec: { platform: teleport }
`;

export function rotation(name: string, digit: string, phase = "init"): string {
  return `kind: ca_rotation
version: v1
metadata: { name: ${name} }
spec:
  cluster: acme.cluster
  authorities:
    - { type: host, retire: [${fingerprint(digit)}] }
  phase: ${phase}
`;
}
