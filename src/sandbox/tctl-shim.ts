/**
 * What an emulated executable runs: hands its command line to the daemon of a sandbox and prints what comes
 * back. `node tctl-shim.js FOLDER TOOL ARGUMENT…`. It starts with every call: nothing heavy belongs here.
 */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { encodeFrame, FRAME, frameReader, INFO_FILE } from "./wire.ts";

const [folder = "", tool = "", ...argv] = process.argv.slice(2);

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

const { port, token } = readInfo();
const socket = connect(port, "127.0.0.1");
let exit: number | null = null;

/** Slow readers of our output slow the daemon down, instead of filling our memory. */
function forward(stream: NodeJS.WriteStream, payload: Buffer): void {
  if (stream.write(payload)) return;
  socket.pause();
  stream.once("drain", () => socket.resume());
}

process.stdout.on("error", () => process.exit(1));
socket.setNoDelay(true);
socket.write(
  encodeFrame(
    FRAME.request,
    JSON.stringify({ token, operation: "tool", tool, argv, cwd: process.cwd(), stdin: readStdin() }),
  ),
);
socket.on(
  "data",
  frameReader((type, payload) => {
    if (type === FRAME.stdout) forward(process.stdout, payload);
    else if (type === FRAME.stderr) process.stderr.write(payload);
    else if (type === FRAME.exit) exit = Number(payload.toString());
  }),
);
socket.on("error", () => {
  if (exit === null) unreachable();
});
socket.on("close", () => {
  if (exit === null) unreachable();
  process.exitCode = exit;
});
