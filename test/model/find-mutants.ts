/**
 * `npm run test:mutants [-- RULE…]`: each mutant of the table in a copy of the tree, walked until the walks find it. Ends
 * with 1 where they do not, or only by another rule.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MUTANTS, type Mutant } from "./mutants.ts";

const ROOT = join(import.meta.dirname, "../..");
const COPIED = ["src", "test", "schemas", "package.json"];
const SEED = "20261121";
/** About a minute on one core. */
const WALKS = "2000";

interface Found {
  readonly walks: number;
  readonly cpu_seconds: number;
  readonly breach: { readonly rule: string; readonly what: string } | null;
}

/** A mutant may also break the walk itself: what it throws is no finding of a rule. */
function walked(folder: string): Found | null {
  const script = join(folder, "test/model/until-breach.ts");
  const { status, stdout } = spawnSync(process.execPath, [script, SEED, WALKS], { encoding: "utf8" });
  return status === 0 ? (JSON.parse(stdout) as Found) : null;
}

function findsIt(folder: string, { rule, file, line, instead }: Mutant): boolean {
  const path = join(folder, file);
  const whole = readFileSync(path, "utf8");
  if (!whole.includes(line)) throw new Error(`${file} has no longer: ${line}`);
  writeFileSync(
    path,
    whole.replace(line, () => instead),
  );
  const found = walked(folder);
  writeFileSync(path, whole);
  const isFound = found?.breach?.rule === rule;
  const after =
    found === null ? "the walk broke" : `${found.walks} walks, ${found.cpu_seconds.toFixed(1)} s of CPU`;
  console.log(
    `${isFound ? "found    " : "NOT FOUND"}  ${rule}  ${file}  ${after}  ${found?.breach?.what ?? ""}`,
  );
  return isFound;
}

const wanted = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "capstan-mutants-"));
try {
  for (const name of COPIED) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const mutants = MUTANTS.filter(({ rule }) => wanted.length === 0 || wanted.includes(rule));
  const missed = mutants.filter((mutant) => !findsIt(folder, mutant));
  process.exitCode = missed.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
