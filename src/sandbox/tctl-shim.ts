/**
 * What an emulated executable runs: hands its command line to the daemon of a sandbox and prints what comes
 * back. `node tctl-shim.js FOLDER TOOL ARGUMENT…`. It starts with every call: nothing heavy belongs here.
 */
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tshArguments } from "./tsh-arguments.ts";
import { encodeFrame, FRAME, frameReader, INFO_FILE } from "./wire.ts";

const [folder = "", tool = "", ...words] = process.argv.slice(2);
const argv = tool === "tsh" ? tshArguments(words, process.env) : words;

function unreachable(): never {
  process.stderr.write(
    'ERROR: Cannot connect to the auth server. Is the auth server running on "127.0.0.1:3025"?\n',
  );
  process.exit(1);
}

function readInfo(): { readonly port: number; readonly token: string } {
  try {
    return JSON.parse(readFileSync(`${folder}/${INFO_FILE}`, "utf8"));
  } catch {
    return unreachable();
  }
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

/** One call of the daemon; gives its exit status. What it prints goes where `print` says. */
function ask(stdin: string, print: (payload: Buffer, socket: Socket) => void): Promise<number> {
  const { port, token } = readInfo();
  const socket = connect(port, "127.0.0.1");
  let exit: number | null = null;
  socket.setNoDelay(true);
  socket.write(
    encodeFrame(
      FRAME.request,
      JSON.stringify({ token, operation: "tool", tool, argv, cwd: process.cwd(), stdin }),
    ),
  );
  socket.on(
    "data",
    frameReader((type, payload) => {
      if (type === FRAME.stdout) print(payload, socket);
      else if (type === FRAME.stderr) process.stderr.write(payload);
      else if (type === FRAME.exit) exit = Number(payload.toString());
    }),
  );
  socket.on("error", () => {
    if (exit === null) unreachable();
  });
  return new Promise((resolve) => socket.on("close", () => resolve(exit ?? unreachable())));
}

/** Slow readers of our output slow the daemon down, instead of filling our memory. */
function forward(payload: Buffer, socket: Socket): void {
  if (process.stdout.write(payload)) return;
  socket.pause();
  process.stdout.once("drain", () => socket.resume());
}

/** `tctl edit` runs its editor here, in the terminal and the environment of whoever called. */
async function edit(): Promise<number> {
  const pieces: Buffer[] = [];
  const exit = await ask("", (payload) => pieces.push(payload));
  if (exit !== 0) return exit;
  const { editText } = await import("./edit-text.ts");
  const edited = editText(Buffer.concat(pieces).toString());
  return edited === null ? 1 : await ask(edited, forward);
}

process.stdout.on("error", () => process.exit(1));
const edits = argv.includes("edit") && !argv.includes("--help");
process.exitCode = await (edits ? edit() : ask(readStdin(), forward));
