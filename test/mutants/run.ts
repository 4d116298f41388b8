/**
 * `npm run mutants -- [ROOM…] [FILE…] [--changed]`: one change to the code at a time, and whether a test notices. Without
 * a word, all rooms. What was tried before and has not changed since is remembered in `.mutants`. Ends with 1 where
 * less is noticed than `rooms.ts` asks for, or something that `unnoticed.ts` gives no reason for.
 */
import { execFileSync } from "node:child_process";
import { matchesGlob, relative } from "node:path";
import { argv, cwd, env, exit, stderr, stdout } from "node:process";
import { Stryker } from "@stryker-mutator/core";
import { MUTATED_ROOMS, type MutatedRoom } from "./rooms.ts";
import { type SurvivingMutant, survivors } from "./survivors.ts";
import { UNNOTICED, type UnnoticedMutant } from "./unnoticed.ts";

const words = argv.slice(2);
const named = words.filter((word) => !word.startsWith("--"));
const changed = words.includes("--changed")
  ? execFileSync("git", ["diff", "--name-only", "--diff-filter=d", "main"], { encoding: "utf8" }).split("\n")
  : [];
const files = [...named, ...changed].filter((word) => word.endsWith(".ts"));

/** Of a room: all of it, those of its files that were asked for, or nothing. */
function codeOf({ name, code }: MutatedRoom): readonly string[] {
  if (words.length === 0 || named.includes(name)) return code;
  return files.filter((file) => code.some((glob) => matchesGlob(file, glob)));
}

async function isWell(room: MutatedRoom, code: readonly string[]): Promise<boolean> {
  env["CAPSTAN_MUTANT_TESTS"] = room.tests.join(" ");
  const mutants = await new Stryker({
    mutate: [...code],
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner"],
    vitest: { configFile: "test/mutants/vitest.config.ts", related: false },
    // It looks for an API that TypeScript 7 does not have; the tests need no types.
    tsconfigFile: "none",
    disableTypeChecks: false,
    // What is worded is compared by golden files, in which a reader sees it.
    mutator: { excludedMutations: ["StringLiteral"] },
    ignorePatterns: ["/.mutants", "/bench", "/build", "/dist", "/docs", "/release"],
    concurrency: 1,
    reporters: ["progress-append-only", "json"],
    jsonReporter: { fileName: `.mutants/${room.name}.json` },
    incremental: true,
    incrementalFile: `.mutants/${room.name}-tried.json`,
    tempDirName: ".mutants/tree",
    warnings: false,
  }).runMutationTest();

  const tried = mutants.filter(({ status }) => status !== "Ignored");
  const left = survivors(tried, cwd());
  const open = left.filter((mutant) => !UNNOTICED.some((known) => isThat(mutant, known)));
  // Of a file that was tried: its mutant is noticed now, or its code is gone.
  const needless = UNNOTICED.filter(
    (known) =>
      tried.some(({ fileName }) => relative(cwd(), fileName) === known.file) &&
      !left.some((mutant) => isThat(mutant, known)),
  );
  for (const { file, code: text, instead } of needless)
    stdout.write(`${file}  needs no reason any more  ${text}  =>  ${instead}\n`);
  const percent = (100 * (tried.length - left.length)) / tried.length;
  for (const { file, row, code: text, instead } of open)
    stdout.write(`${file}:${row}  ${text}  =>  ${instead}\n`);
  stdout.write(
    `${room.name}: ${tried.length} mutants, ${percent.toFixed(1)} % noticed, ${left.length - open.length} with a reason, ${open.length} open\n`,
  );
  const isWhole = code === room.code;
  return (
    (!room.explained || open.length + needless.length === 0) && (!isWhole || percent >= (room.least ?? 0))
  );
}

function isThat({ file, line, code, instead }: SurvivingMutant, known: UnnoticedMutant): boolean {
  return known.file === file && known.line === line && known.code === code && known.instead === instead;
}

const unknown = named.filter(
  (word) =>
    !MUTATED_ROOMS.some(({ name, code }) => name === word || code.some((glob) => matchesGlob(word, glob))),
);
if (unknown.length > 0) {
  stderr.write(
    `no room, and no file of one: ${unknown.join(", ")}; rooms are ${MUTATED_ROOMS.map(({ name }) => name).join(", ")}\n`,
  );
  exit(1);
}
const failed: string[] = [];
for (const room of MUTATED_ROOMS) {
  const code = codeOf(room);
  if (code.length > 0 && !(await isWell(room, code))) failed.push(room.name);
}
if (failed.length > 0) {
  stderr.write(`too little is noticed: ${failed.join(", ")}\n`);
  exit(1);
}
