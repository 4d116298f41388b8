import { appendFileSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { basename, join } from "node:path";
import { readInfo } from "../../src/sandbox/folder.ts";
import { kubectl } from "../../src/sandbox/talos/kubectl.ts";
import { SANDBOX_FILE, type SandboxFile } from "../../src/sandbox/talos/sandbox-file.ts";
import { talosctl } from "../../src/sandbox/talos/talosctl.ts";
import { tshArguments } from "../../src/sandbox/tsh-arguments.ts";
import { encodeFrame, FRAME, frameReader } from "../../src/sandbox/wire.ts";

/** An executable that a sandbox has written. */
interface EmulatedTool {
  /** Of the sandbox. */
  readonly folder: string;
  readonly tool: string;
}

interface Call {
  readonly argv: readonly string[];
  readonly environment: () => NodeJS.ProcessEnv;
  readonly stdin: string;
  readonly signal: AbortSignal;
}

interface Answer {
  readonly exit: number;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** Of several clusters in one sandbox each has a `tctl` of its own. */
const NAMES = /^(tctl(-.+)?|tsh|desktop-session|talosctl|kubectl)$/;

/** Read from its script, so that a link to it is the same one; `null` where it is none. */
export function emulatedTool(file: string): EmulatedTool | null {
  if (!NAMES.test(basename(file))) return null;
  let script: string;
  try {
    script = readFileSync(file, "utf8");
  } catch {
    return null;
  }
  const [call] = /^NODE_OPTIONS= exec '.*$/m.exec(script) ?? [];
  if (!script.startsWith("#!/bin/sh\n") || call === undefined) return null;
  const [, shim = "", folder, tool = basename(shim).replace(/-shim\..*/, "")] = quotedWords(call);
  return folder === undefined ? null : { folder, tool };
}

function quotedWords(script: string): readonly string[] {
  return (script.match(/'(?:[^']|'\\'')*'/g) ?? []).map((word) => word.slice(1, -1).replaceAll("'\\''", "'"));
}

/**
 * What running it would print, without the process in between: `tctl` is asked for at the port of its sandbox, as its
 * script does it; `talosctl` and `kubectl`, which are clients of the machines, run here.
 */
export async function callTool(emulated: EmulatedTool, call: Call): Promise<Answer> {
  return emulated.tool === "talosctl" || emulated.tool === "kubectl"
    ? await runClient(emulated, call)
    : await askSandbox(emulated, call);
}

function askSandbox(
  { folder, tool }: EmulatedTool,
  { argv: words, environment, stdin, signal }: Call,
): Promise<Answer> {
  const argv = tool === "tsh" ? tshArguments(words, environment()) : words;
  const info = readInfo(folder);
  if (info === null) return Promise.resolve(UNREACHABLE);
  const printed: Buffer[] = [];
  let stderr = "";
  let exit: number | null = null;
  const socket = connect(info.port, "127.0.0.1");
  const hangUp = () => void socket.destroy();
  signal.addEventListener("abort", hangUp);
  socket.setNoDelay(true);
  const request = { token: info.token, operation: "tool", tool, argv, cwd: process.cwd(), stdin };
  socket.write(encodeFrame(FRAME.request, JSON.stringify(request)));
  socket.on(
    "data",
    frameReader((type, payload) => {
      if (type === FRAME.stdout) printed.push(payload);
      else if (type === FRAME.stderr) stderr += payload.toString();
      else if (type === FRAME.exit) exit = Number(payload.toString());
    }),
  );
  return new Promise((resolve, reject) => {
    // Nobody listens, or the sandbox went down: that is an answer. Anything else is a fault of this machine.
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "ECONNREFUSED" && error.code !== "ECONNRESET") reject(error);
    });
    socket.on("close", () => {
      signal.removeEventListener("abort", hangUp);
      resolve(exit === null ? UNREACHABLE : { exit, stdout: Buffer.concat(printed), stderr });
    });
  });
}

const UNREACHABLE: Answer = {
  exit: 1,
  stdout: new Uint8Array(),
  stderr: 'ERROR: Cannot connect to the auth server. Is the auth server running on "127.0.0.1:3025"?\n',
};

async function runClient({ folder, tool }: EmulatedTool, { argv, environment }: Call): Promise<Answer> {
  const sandbox = JSON.parse(readFileSync(join(folder, SANDBOX_FILE), "utf8")) as SandboxFile;
  const started = Date.now();
  let [stdout, stderr] = ["", ""];
  const exit = await (tool === "kubectl" ? kubectl : talosctl)({
    argv,
    env: environment(),
    cwd: process.cwd(),
    out: (text) => {
      stdout += text;
    },
    err: (text) => {
      stderr += text;
    },
    sandbox,
  });
  if (sandbox.callLog !== undefined) {
    const call = { at: new Date(started).toISOString(), tool, argv, exit, ms: Date.now() - started };
    appendFileSync(sandbox.callLog, `${JSON.stringify(call)}\n`);
  }
  return { exit, stdout: Buffer.from(stdout), stderr };
}
