import { registerEnvironment, withoutSecrets } from "../secrets.ts";
import type { Paint } from "../views/text/paint.ts";

/** The world as a command sees it; no command touches `process` itself. */
export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** The streams are opened when they are first used: each costs milliseconds that `--version` does not need. */
export function processTerminal(): Terminal {
  return {
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return process.stdout;
    },
    get stderr() {
      return process.stderr;
    },
    env: process.env,
    cwd: process.cwd(),
    now: () => Date.now(),
  };
}

/**
 * The same terminal, on which no secret can be printed: whatever a command writes goes through here, be it text, JSON,
 * Markdown or a screen.
 */
export function discreet(terminal: Terminal): Terminal {
  registerEnvironment(terminal.env);
  const streams = new Map<NodeJS.WriteStream, NodeJS.WriteStream>();
  const guarded = (stream: NodeJS.WriteStream): NodeJS.WriteStream => {
    const known = streams.get(stream) ?? withoutSecretsOn(stream);
    streams.set(stream, known);
    return known;
  };
  return {
    get stdin() {
      return terminal.stdin;
    },
    get stdout() {
      return guarded(terminal.stdout);
    },
    get stderr() {
      return guarded(terminal.stderr);
    },
    env: terminal.env,
    cwd: terminal.cwd,
    now: () => terminal.now(),
  };
}

function withoutSecretsOn(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  return streamOf(stream, (text, ...rest) =>
    Reflect.apply(stream.write, stream, [withoutSecrets(text), ...rest]),
  );
}

/** The same stream, whose texts are written in another way. */
export function streamOf(
  stream: NodeJS.WriteStream,
  write: (text: string, ...rest: unknown[]) => unknown,
): NodeJS.WriteStream {
  const written = (chunk: unknown, ...rest: unknown[]): boolean =>
    (typeof chunk === "string"
      ? write(chunk, ...rest)
      : Reflect.apply(stream.write, stream, [chunk, ...rest])) !== false;
  return new Proxy(stream, {
    get(target, property) {
      if (property === "write") return written;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A person can be asked: a terminal on both ends, and not a CI that pretends to have one. */
export function canAsk({ stdin, stdout, env }: Terminal): boolean {
  return stdin.isTTY === true && stdout.isTTY === true && !env["CI"];
}

/**
 * Colour only on a terminal, or where FORCE_COLOR asks for it (a log that shows it; force-color.org); never against
 * NO_COLOR (no-color.org) or --no-color.
 */
export async function paintFor(
  stream: NodeJS.WriteStream,
  env: NodeJS.ProcessEnv,
  wanted: boolean,
): Promise<Paint> {
  const { colourPaint, plainPaint } = await import("../views/text/paint.ts");
  const forced = env["FORCE_COLOR"] !== undefined && !["", "0", "false"].includes(env["FORCE_COLOR"]);
  const able = forced || (stream.isTTY === true && env["TERM"] !== "dumb");
  const colour = wanted && able && !env["NO_COLOR"];
  return colour ? colourPaint : plainPaint;
}
