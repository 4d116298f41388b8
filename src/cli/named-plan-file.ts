import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { Failure } from "../failure.ts";
import {
  type BoundPlan,
  openPlanFile,
  type PlanFile,
  planFileText,
  type ReadPlanFile,
  readPlanFile as readAnyPlanFile,
  sealPlan,
} from "../planner/saved/plan-file.ts";
import { readForeignFile, readForeignStream } from "../process/foreign-file.ts";
import { lookAtTarget, namedByFlag, notWritten, readTarget, writeTarget } from "../process/written-file.ts";
import { valueWithoutSecrets } from "../secrets.ts";
import type { Terminal } from "./terminal.ts";

/** A plan file with the name that the person gave it. */
export interface NamedPlanFile {
  readonly name: string;
  readonly file: PlanFile;
}

/** A name that stands for standard input, or for standard output. */
export const STREAM = "-";

/** Over an older one, too: a plan file is made anew whenever something moved. */
export async function writePlanFile(terminal: Terminal, name: string, plan: BoundPlan): Promise<PlanFile> {
  // Before it is sealed: a digest over what is then left out of the file would not fit.
  const file = sealPlan(valueWithoutSecrets(plan), {
    madeAt: new Date(terminal.now()).toISOString(),
    version: packageJson.version,
  });
  if (name === STREAM) {
    terminal.stdout.write(planFileText(file));
    return file;
  }
  const target = namedByFlag(terminal.cwd, name);
  const found = await lookAtTarget(target);
  if (found?.isFile() === true && found.size > 0 && !isPlanFile(await readTarget(target)))
    throw notWritten(name, "capstan did not write what is there: it is no plan file", "name another file");
  await writeTarget(target, { bytes: planFileText(file) });
  return file;
}

function isPlanFile(text: string | null): boolean {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return typeof value === "object" && value !== null && "bound_to" in value && "digest" in value;
  } catch {
    return false;
  }
}

/**
 * A plan file to be applied. Throws a `Failure`: none is there, it was changed by hand, or is of an earlier
 * format (`stale`).
 */
export async function readNamedPlanFile(terminal: Terminal, name: string): Promise<NamedPlanFile> {
  return { name, file: openPlanFile(await textOf(terminal, name), name) };
}

/** A plan file to be shown: of every format that there was, as nothing is done by it. */
export async function readShownPlanFile(terminal: Terminal, name: string): Promise<ReadPlanFile> {
  return readAnyPlanFile(await textOf(terminal, name), name);
}

/** The text of a file that was named, `-` for standard input. */
export async function readNamed(
  { stdin, cwd }: Pick<Terminal, "stdin" | "cwd">,
  name: string,
): Promise<string> {
  return name === STREAM ? await readForeignStream(stdin) : await readForeignFile(resolve(cwd, name));
}

async function textOf(terminal: Terminal, name: string): Promise<string> {
  try {
    return await readNamed(terminal, name);
  } catch (cause) {
    throw new Failure("usage", `cannot read the plan file ${name}: ${reason(cause)}`, {
      hint: "`capstan plan --out FILE` writes one",
      cause,
    });
  }
}

/** `capstan apply` takes a folder or a plan file; what is no folder is meant to be a plan. */
export async function isFolder(terminal: Terminal, path: string): Promise<boolean> {
  try {
    return (await stat(resolve(terminal.cwd, path))).isDirectory();
  } catch {
    return false;
  }
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
