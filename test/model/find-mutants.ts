/**
 * `npm run test:mutants [-- RULE…]`: each mutant of the two tables in a copy of the tree. Those of a rule are walked until
 * the walks find them; those of a race have a test that has to fail. Ends with 1 where one is not found, or only by
 * another rule or for another reason.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { MUTANTS, type Mutant, RACE_MUTANTS, type RaceMutant } from "./mutants.ts";

const ROOT = join(import.meta.dirname, "../..");
const COPIED = ["src", "test", "schemas", "package.json", "vitest.config.ts"];
const SEED = "20261121";
/** About a minute on one core. */
const WALKS = "2000";

interface Found {
  readonly walks: number;
  readonly cpu_seconds: number;
  readonly breach: { readonly rule: string; readonly what: string } | null;
}

/** A mutant may also break the walk itself: what it throws is no finding of a rule. */
function walked(folder: string, { isStrange }: Mutant): Found | null {
  const script = join(folder, "test/model/until-breach.ts");
  const words = [script, SEED, WALKS, ...(isStrange === true ? ["strange"] : [])];
  const { status, stdout } = spawnSync(process.execPath, words, { encoding: "utf8" });
  return status === 0 ? (JSON.parse(stdout) as Found) : null;
}

/** What `look` sees while the mutant is in the tree. */
function changed<Seen>(
  folder: string,
  { file, line, instead }: Pick<Mutant, "file" | "line" | "instead">,
  look: () => Seen,
): Seen {
  const path = join(folder, file);
  const whole = readFileSync(path, "utf8");
  if (!whole.includes(line)) throw new Error(`${file} has no longer: ${line}`);
  writeFileSync(
    path,
    whole.replace(line, () => instead),
  );
  const seen = look();
  writeFileSync(path, whole);
  return seen;
}

function say(isFound: boolean, ...words: readonly string[]): boolean {
  console.log([isFound ? "found    " : "NOT FOUND", ...words].join("  "));
  return isFound;
}

function findsIt(folder: string, mutant: Mutant): boolean {
  const found = changed(folder, mutant, () => walked(folder, mutant));
  const after =
    found === null ? "the walk broke" : `${found.walks} walks, ${found.cpu_seconds.toFixed(1)} s of CPU`;
  const isFound = found?.breach?.rule === mutant.rule;
  return say(isFound, mutant.rule, mutant.file, after, found?.breach?.what ?? "");
}

/** The test passes without the mutant: that is what `npm test` shows. */
function failsWith(folder: string, mutant: RaceMutant): boolean {
  const vitest = join(folder, "node_modules", ".bin", "vitest");
  const { status, stdout, stderr } = changed(folder, mutant, () =>
    spawnSync(vitest, ["run", mutant.test], { cwd: folder, encoding: "utf8" }),
  );
  const said = stripVTControlCharacters(`${stdout}${stderr}`).split("\n");
  const why = status === 0 ? undefined : said.find((text) => mutant.says.test(text));
  return say(why !== undefined, mutant.race, mutant.file, mutant.test, why?.trim() ?? `ended with ${status}`);
}

const wanted = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "capstan-mutants-"));
try {
  for (const name of COPIED) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const isWanted = (word: string) => wanted.length === 0 || wanted.includes(word);
  const found = [
    ...MUTANTS.filter(({ rule }) => isWanted(rule)).map((mutant) => findsIt(folder, mutant)),
    ...RACE_MUTANTS.filter(({ race }) => isWanted(race)).map((mutant) => failsWith(folder, mutant)),
  ];
  process.exitCode = found.every((one) => one) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
