import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { encodeFrame, FRAME, frameReader, INFO_FILE } from "./wire.ts";

/** A command line, as the process was started with it. */
export interface CommandLine {
  readonly tool: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly stdin: string;
  /** Of the environment what the tool reads, where it reads any. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Lets the daemon of a sandbox run a command line; gives its exit status. `null` where none listens, or it went before
 * it had answered. What it prints goes where `print` says. Loaded with every run of an emulated executable.
 */
export function handOver(
  folder: string,
  command: CommandLine,
  print: (payload: Buffer, socket: Socket) => void = forward,
): Promise<number | null> {
  const info = readInfo(folder);
  if (info === null) return Promise.resolve(null);
  const socket = connect(info.port, "127.0.0.1");
  let exit: number | null = null;
  socket.setNoDelay(true);
  socket.write(
    encodeFrame(FRAME.request, JSON.stringify({ token: info.token, operation: "tool", ...command })),
  );
  socket.on(
    "data",
    frameReader((type, payload) => {
      if (type === FRAME.stdout) print(payload, socket);
      else if (type === FRAME.stderr) process.stderr.write(payload);
      else if (type === FRAME.exit) exit = Number(payload.toString());
    }),
  );
  // That it is over says `close`, which follows.
  socket.on("error", () => {});
  return new Promise((resolve) => socket.on("close", () => resolve(exit)));
}

/** Not the one of `folder.ts`, which loads what else one does with folders. */
function readInfo(folder: string): { readonly port: number; readonly token: string } | null {
  try {
    return JSON.parse(readFileSync(`${folder}/${INFO_FILE}`, "utf8"));
  } catch {
    return null;
  }
}

/** Slow readers of our output slow the daemon down, instead of filling our memory. */
function forward(payload: Buffer, socket: Socket): void {
  if (process.stdout.write(payload)) return;
  socket.pause();
  process.stdout.once("drain", () => socket.resume());
}
