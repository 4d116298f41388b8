import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { Failure } from "../failure.ts";
import type { ValuesOf } from "../flag.ts";
import { parseDuration } from "../resources/model/duration.ts";
import { upOptions } from "../sandbox/command-flags.ts";
import { IDENTITY_FILE } from "../sandbox/folder.ts";
import {
  DEFAULT_SANDBOX_DIR,
  sandboxDatabaseLogin,
  sandboxDown,
  sandboxFault,
  sandboxStatus,
  sandboxUp,
} from "../sandbox/sandbox.ts";
import type { SANDBOX_DB_LOGIN, SANDBOX_DOWN, SANDBOX_FAULT, SANDBOX_UP } from "./commands/sandbox-rows.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

type SandboxPlace = ValuesOf<typeof SANDBOX_DOWN.flags>;

/** `capstan sandbox up`: an embedded cluster in the background. */
export async function up(terminal: Terminal, options: ValuesOf<typeof SANDBOX_UP.flags>): Promise<ExitCode> {
  const { started, info } = await sandboxUp(upOptions(placeOf(terminal, options), options));
  if (options.format === "json")
    terminal.stdout.write(`${JSON.stringify({ started, ...shown(info) }, null, 2)}\n`);
  else {
    terminal.stdout.write(`The sandbox ${started ? "is up" : "was up already"} (process ${info.pid}).\n`);
    for (const { name, platform, versions } of info.clusters) {
      terminal.stdout.write(`  ${name}: ${platform} ${versions["server"] ?? ""}\n`);
    }
    const file = join(info.dir, IDENTITY_FILE);
    if (existsSync(file)) {
      const below = relative(terminal.cwd, file);
      const path = below.startsWith("..") ? quoted(file) : `"$PWD/${below}"`;
      terminal.stdout.write(`Who opens keys that are sealed there:\n  export SOPS_AGE_KEY_FILE=${path}\n`);
    }
    terminal.stdout.write(`${nextOf(terminal, info.dir, options.dir)}\n`);
  }
  return EXIT.ok;
}

/** `init` looks for a sandbox where it is by default; of one elsewhere it has to be told. */
function nextOf({ cwd }: Terminal, dir: string, elsewhere: string | undefined): string {
  if (elsewhere === undefined)
    return "Next: `capstan init` writes its resources, `capstan sandbox down` ends it.";
  const below = relative(cwd, dir);
  const place = quoted(below.startsWith("..") || below === "" ? dir : below);
  return `Its executables are in ${quoted(join(dir, "bin"))}; \`capstan sandbox down --dir ${place}\` ends it.`;
}

/** `capstan sandbox down`: leaves no process and no file. */
export async function down(terminal: Terminal, options: SandboxPlace): Promise<ExitCode> {
  const { stopped } = await sandboxDown(placeOf(terminal, options));
  terminal.stdout.write(stopped ? "The sandbox is down.\n" : "No sandbox was up.\n");
  return EXIT.ok;
}

/** `capstan sandbox status`: what the emulated cluster itself says, to compare with what capstan sees. */
export async function sandboxState(terminal: Terminal, options: SandboxPlace): Promise<ExitCode> {
  const dir = placeOf(terminal, options);
  const status = await sandboxStatus(dir);
  if (status === null) {
    throw new Failure("storage", `no sandbox is up in ${dir}`, { hint: "`capstan sandbox up` starts one" });
  }
  const answer = { ...shown(status.info), clusters: status.clusters };
  terminal.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
  return EXIT.ok;
}

/** `capstan sandbox fault`: breaks a component or the next calls of an executable, on purpose. */
export async function fault(
  terminal: Terminal,
  target: string,
  name: string,
  options: ValuesOf<typeof SANDBOX_FAULT.flags>,
): Promise<ExitCode> {
  const forMs = options.for === undefined ? undefined : parseDuration(options.for);
  if (forMs === null) {
    throw new Failure("usage", `--for ${options.for} is not a duration`, { hint: "write it like 30s or 5m" });
  }
  const sentences = await sandboxFault(placeOf(terminal, options), {
    target,
    fault: name,
    ...(forMs === undefined ? {} : { forMs }),
    ...(options.times === undefined ? {} : { times: options.times }),
    ...(options.match === undefined ? {} : { match: options.match }),
    ...(options.expired === undefined ? {} : { expired: options.expired }),
  });
  for (const sentence of sentences) terminal.stdout.write(`${sentence}\n`);
  return EXIT.ok;
}

/** `capstan sandbox db-login`: what the Database Service would dial a database with at this moment, as files. */
export async function databaseLogin(
  terminal: Terminal,
  options: ValuesOf<typeof SANDBOX_DB_LOGIN.flags>,
): Promise<ExitCode> {
  const login = await sandboxDatabaseLogin(placeOf(terminal, options), options.user);
  const prefix = resolve(terminal.cwd, options.out);
  const files = { key: login.key, crt: login.certificate, cas: login.authorities };
  for (const [extension, content] of Object.entries(files)) {
    await writeFile(`${prefix}.${extension}`, content, { mode: 0o600 });
    terminal.stdout.write(`${options.out}.${extension}\n`);
  }
  return EXIT.ok;
}

/** For a shell, which is where it is pasted. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function placeOf(terminal: Terminal, { dir, directory }: SandboxPlace): string {
  return resolve(terminal.cwd, dir ?? join(directory, DEFAULT_SANDBOX_DIR));
}

/** The token that steers the daemon is nobody else's business. */
function shown<Info extends { readonly token: string }>({ token: _token, ...info }: Info) {
  return info;
}
