import { fileURLToPath } from "node:url";
import { SANDBOX_FOLDER } from "./entry.ts";

const PERL = "/usr/bin/perl";
const HAND_OVER = fileURLToPath(new URL("hand-over.pl", SANDBOX_FOLDER));

/** An emulated executable. */
export interface ExecutableFile {
  /** Of the sandbox. */
  readonly folder: string;
  readonly tool: string;
  /** What runs it in Node, before its arguments. */
  readonly inNode: readonly string[];
  /** It needs nothing of its caller but the arguments, and what a client of Talos reads of the environment. */
  readonly quick: boolean;
}

/**
 * The text of an emulated executable, so that it can be named without arguments and lie in a folder with spaces: a quick
 * one is handed over by Perl where that is, as Node takes ten times as long to start as the rest. Nothing of the
 * caller's changes what either of them loads.
 */
export function executableScript({ folder, tool, inNode, quick }: ExecutableFile): string {
  const perl = [PERL, HAND_OVER, folder, tool, ...inNode, "--"];
  return [
    "#!/bin/sh",
    ...(quick ? [`[ ! -x ${PERL} ] || PERL5LIB= PERL5OPT= PERL_BADLANG=0 exec ${quoted(perl)} "$@"`] : []),
    `NODE_OPTIONS= exec ${quoted(inNode)} "$@"`,
    "",
  ].join("\n");
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}
