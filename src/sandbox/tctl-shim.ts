/**
 * What an emulated executable runs: hands its command line to the daemon of a sandbox and prints what comes
 * back. `node tctl-shim.js FOLDER TOOL ARGUMENT…`. It starts with every call: nothing heavy belongs here.
 */
import { readFileSync } from "node:fs";
import { handOver } from "./hand-over.ts";
import { tshArguments } from "./tsh-arguments.ts";

const [folder = "", tool = "", ...words] = process.argv.slice(2);
const argv = tool === "tsh" ? tshArguments(words, process.env) : words;

function unreachable(): never {
  process.stderr.write(
    'ERROR: Cannot connect to the auth server. Is the auth server running on "127.0.0.1:3025"?\n',
  );
  process.exit(1);
}

/** Only where a resource may come that way; elsewhere an open stdin would hold the call up. */
function readStdin(): string {
  const readsStdin = argv.at(-1) === "create" || argv.at(-1) === "-";
  if (!readsStdin || process.stdin.isTTY) return "";
  try {
    return readFileSync(0, "utf8");
  } catch {
    return "";
  }
}

/** One call of the daemon; gives its exit status. */
async function ask(stdin: string, print?: (payload: Buffer) => void): Promise<number> {
  return (await handOver(folder, { tool, argv, cwd: process.cwd(), stdin }, print)) ?? unreachable();
}

/** `tctl edit` runs its editor here, in the terminal and the environment of whoever called. */
async function edit(): Promise<number> {
  const pieces: Buffer[] = [];
  const exit = await ask("", (payload) => pieces.push(payload));
  if (exit !== 0) return exit;
  const { editText } = await import("./edit-text.ts");
  const edited = editText(Buffer.concat(pieces).toString());
  return edited === null ? 1 : await ask(edited);
}

process.stdout.on("error", () => process.exit(1));
const edits = argv.includes("edit") && !argv.includes("--help");
process.exitCode = await (edits ? edit() : ask(readStdin()));
