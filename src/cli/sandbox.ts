import { writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { Failure } from "../failure.ts";
import { parseDuration } from "../resources/model/duration.ts";
import { IDENTITY_FILE } from "../sandbox/folder.ts";
import {
  DEFAULT_SANDBOX_DIR,
  sandboxDatabaseLogin,
  sandboxDown,
  sandboxFault,
  sandboxStatus,
  sandboxUp,
} from "../sandbox/sandbox.ts";
import type { SandboxOptions } from "../sandbox/start.ts";
import type { TalosMinor } from "../sandbox/talos/dialect.ts";
import type { Release } from "../sandbox/teleport/release.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { CommonOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";

export interface SandboxPlace extends CommonOptions {
  readonly dir?: string;
}

export interface UpOptions extends SandboxPlace {
  readonly speed?: number;
  readonly nodes?: number;
  readonly teleport?: Release;
  readonly leaf?: boolean;
  readonly authServers?: number;
  readonly hsm?: boolean;
  readonly agentless?: readonly string[];
  readonly emptyLists?: "[]" | "null";
  readonly talos?: TalosMinor;
  readonly controlPlanes?: number;
  readonly workers?: number;
}

export interface FaultOptions extends SandboxPlace {
  readonly for?: string;
  readonly times?: number;
  readonly match?: string;
  readonly expired?: boolean;
}

/** `capstan sandbox up`: an embedded cluster in the background. */
export async function up(terminal: Terminal, options: UpOptions): Promise<ExitCode> {
  if (options.talos === undefined && (options.controlPlanes ?? options.workers) !== undefined)
    throw new Failure("usage", "--control-planes and --workers are for a Talos cluster", {
      hint: "say which Talos it plays: --talos 1.13 or --talos 1.14",
    });
  const { started, info } = await sandboxUp(
    options.talos === undefined
      ? teleportOptions(terminal, options)
      : {
          dir: placeOf(terminal, options),
          talos: options.talos,
          controlPlanes: options.controlPlanes ?? 3,
          workers: options.workers ?? 2,
          speed: options.speed ?? 10,
        },
  );
  if (options.format === "json")
    terminal.stdout.write(`${JSON.stringify({ started, ...shown(info) }, null, 2)}\n`);
  else {
    terminal.stdout.write(`The sandbox ${started ? "is up" : "was up already"} (process ${info.pid}).\n`);
    for (const { name, platform, versions } of info.clusters) {
      terminal.stdout.write(`  ${name}: ${platform} ${versions["server"] ?? ""}\n`);
    }
    if (info.clusters.some(({ platform }) => platform === "talos")) {
      const file = join(info.dir, IDENTITY_FILE);
      const below = relative(terminal.cwd, file);
      const path = below.startsWith("..") ? quoted(file) : `"$PWD/${below}"`;
      terminal.stdout.write(`Who opens keys that are sealed there:\n  export SOPS_AGE_KEY_FILE=${path}\n`);
    }
    terminal.stdout.write("Next: `capstan init` writes its resources, `capstan sandbox down` ends it.\n");
  }
  return EXIT.ok;
}

function teleportOptions(terminal: Terminal, options: UpOptions): SandboxOptions {
  return {
    dir: placeOf(terminal, options),
    teleport: options.teleport ?? "18",
    speed: options.speed ?? 10,
    nodes: options.nodes ?? 4,
    leaf: options.leaf ?? false,
    authServers: options.authServers ?? 1,
    hsm: options.hsm ?? false,
    agentless: options.agentless ?? [],
    emptyListing: options.emptyLists ?? "[]",
  };
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
    throw new Failure("storage", `no sandbox is up in ${dir}`, { hint: "start one: `capstan sandbox up`" });
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
  options: FaultOptions,
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

export interface LoginOptions extends SandboxPlace {
  readonly user: string;
  readonly out: string;
}

/** `capstan sandbox db-login`: what the Database Service would dial a database with at this moment, as files. */
export async function databaseLogin(terminal: Terminal, options: LoginOptions): Promise<ExitCode> {
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
