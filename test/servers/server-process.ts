import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findExecutable } from "./executables.ts";

/**
 * Real servers for tests: on loopback, in a temporary folder, as a user of their own where the tests run as
 * root (PostgreSQL refuses root). They end with `stop`, with the tests, and when the tests are killed.
 */
export interface ServerProcess {
  readonly folder: ServerFolder;
  readonly port: number;
  signal(signal: NodeJS.Signals): void;
  /** What it wrote to stdout and stderr. */
  log(): string;
  /** Ends it and removes its folder. Twice is once. */
  stop(): Promise<void>;
}

export interface ServerFolder {
  readonly path: string;
  /** Writes at once or not at all, readable by the server alone. */
  write(name: string, content: string): string;
  /** Runs a program to its end, as the server's user. */
  run(executable: string, args: readonly string[]): string;
  command(executable: string, args: readonly string[]): readonly [string, ...string[]];
  remove(): void;
}

interface StartOptions {
  readonly name: string;
  readonly folder: ServerFolder;
  readonly command: (port: number) => readonly [string, ...string[]];
  readonly isReady: (port: number) => Promise<boolean>;
  readonly stopSignal: NodeJS.Signals;
}

const READY_MS = 30_000;
const STOP_MS = 10_000;

/** `user` is who owns the folder and runs the server, when the tests run as root. */
export function makeServerFolder(name: string, user: string): ServerFolder {
  const path = mkdtempSync(join(tmpdir(), `capstan-${name}-`));
  const isRoot = userInfo().uid === 0;
  const ids = isRoot
    ? ["-u", "-g"].map((flag) => Number(execFileSync("id", [flag, user], { encoding: "utf8" })))
    : [];
  const [uid, gid] = ids;
  const own = (file: string, mode: number): void => {
    chmodSync(file, mode);
    if (uid !== undefined && gid !== undefined) chownSync(file, uid, gid);
  };
  own(path, 0o700);
  const command: ServerFolder["command"] = (executable, args) => {
    const setpriv = findExecutable("setpriv");
    if (setpriv === null) {
      if (isRoot) throw new Error("setpriv is not installed: apt-get install util-linux");
      return [executable, ...args];
    }
    const identity = isRoot ? [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"] : [];
    // The kernel ends the server when the tests are gone, however they went.
    return [setpriv, ...identity, "--pdeathsig=QUIT", "--", executable, ...args];
  };
  return {
    path,
    command,
    write(file, content) {
      const target = join(path, file);
      writeFileSync(`${target}.new`, content);
      own(`${target}.new`, 0o600);
      renameSync(`${target}.new`, target);
      return target;
    },
    run(executable, args) {
      const [file, ...rest] = command(executable, args);
      return execFileSync(file, rest, { cwd: path, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Starts a server and waits until it serves. A port that somebody took meanwhile is tried again with another. */
export async function startServer(options: StartOptions): Promise<ServerProcess> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const server = launch(options, port);
    if (await server.becomesReady()) return server;
    const log = server.log();
    await server.end();
    if (attempt === 3 || !/in use/i.test(log)) {
      options.folder.remove();
      throw new Error(`${options.name} did not start:\n${log}`);
    }
  }
}

function launch(options: StartOptions, port: number) {
  const { name, folder, command, isReady, stopSignal } = options;
  const [executable, ...args] = command(port);
  const child = spawn(executable, args, { cwd: folder.path, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.on("error", (error) => {
    log += `${error.message}\n`;
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      log += text;
    });
  }
  const onExit = (): void => {
    child.kill("SIGQUIT");
    folder.remove();
  };
  process.once("exit", onExit);
  const end = async (): Promise<void> => {
    process.off("exit", onExit);
    await endChild(child, stopSignal);
  };
  return {
    folder,
    port,
    end,
    log: () => log,
    signal(signal: NodeJS.Signals) {
      if (!child.kill(signal)) throw new Error(`${name} is not running:\n${log}`);
    },
    async stop() {
      await end();
      folder.remove();
    },
    async becomesReady(): Promise<boolean> {
      const deadline = performance.now() + READY_MS;
      while (isRunning(child) && performance.now() < deadline) {
        if (await isReady(port)) return isRunning(child);
        await delay(25);
      }
      return false;
    },
  };
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

async function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (!isRunning(child)) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill(signal);
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(timer);
}

/** A port that nobody listens on at this moment. */
async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        typeof address === "object" && address !== null
          ? resolve(address.port)
          : reject(new Error("no port")),
      );
    });
  });
}

/** Asks again and again until the answer is as wanted; the last answer is what the test then compares. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isWanted: (answer: T) => boolean,
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer) || performance.now() > deadline) return answer;
    await delay(25);
  }
}
