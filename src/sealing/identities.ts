import { readFile } from "node:fs/promises";
import { Failure } from "../failure.ts";

/** The private halves that open what is sealed. Nothing else reads, keeps or prints them. */
export interface Identities {
  readonly keys: readonly string[];
  /** Where they came from, for messages. */
  readonly from: string;
}

const HINT = "set SOPS_AGE_KEY_FILE to the file that age-keygen wrote, or SOPS_AGE_KEY to its content";

/** `AGE-SECRET-KEY-1…`, and `AGE-SECRET-KEY-PQ-1…` for the post-quantum kind. */
const IDENTITY = /^AGE-SECRET-KEY-(PQ-)?1[0-9A-Z]+$/;

/** From the variables that SOPS reads, in its order and its format: one a line, `#` begins a comment. */
export async function readIdentities(env: NodeJS.ProcessEnv): Promise<Identities> {
  const sources: { readonly from: string; readonly text: string }[] = [];
  const { SOPS_AGE_KEY: inline, SOPS_AGE_KEY_FILE: file } = env;
  if (isSet(inline)) sources.push({ from: "SOPS_AGE_KEY", text: inline });
  if (isSet(file)) sources.push({ from: `SOPS_AGE_KEY_FILE (${file})`, text: await readKeyFile(file) });
  if (sources.length === 0)
    throw new Failure("denied", "a sealed key has to be opened, and there is no age identity", {
      hint: HINT,
    });
  const from = sources.map((source) => source.from).join(" and ");
  const keys = sources.flatMap((source) => parse(source.text, source.from));
  if (keys.length === 0) throw new Failure("denied", `there is no age identity in ${from}`, { hint: HINT });
  return { keys, from };
}

/** Whether somebody meant to give one; whether it is any good, `readIdentities` says. */
export function hasIdentities(env: NodeJS.ProcessEnv): boolean {
  return isSet(env["SOPS_AGE_KEY"]) || isSet(env["SOPS_AGE_KEY_FILE"]);
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== "";
}

async function readKeyFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure("denied", `cannot read the age identities in ${path} (${code ?? "no reason given"})`, {
      hint: HINT,
      cause: error,
    });
  }
}

function parse(text: string, from: string): readonly string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.flatMap((line, index) => {
    if (line === "" || line.startsWith("#")) return [];
    if (IDENTITY.test(line)) return [line];
    // The line itself may be a key with a typing error: it is not printed.
    throw new Failure("denied", `line ${index + 1} of ${from} is no age identity`, {
      hint: "it begins with AGE-SECRET-KEY-1; SSH keys and plugins are not supported",
    });
  });
}
