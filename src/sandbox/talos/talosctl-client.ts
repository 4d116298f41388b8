import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { branch, text } from "../values.ts";
import type { CliWorld } from "./cli.ts";
import type { CobraFlags } from "./cli-flags.ts";
import { dialectOf } from "./dialect.ts";
import { certificatePool, openSslKey } from "./go-pem.ts";
import { APID_PORT } from "./network.ts";
import { RpcError } from "./rpc.ts";
import { dial, type RpcAnswer, type RpcConnection, type RpcMetadata } from "./rpc-client.ts";
import { contextIn, type TalosconfigContext } from "./talosconfig.ts";

/** A talosctl that knows whom to ask, with whose certificate. */
export class TalosctlClient {
  readonly context: TalosconfigContext;
  readonly endpoints: readonly string[];
  readonly nodes: readonly string[];
  readonly #world: CliWorld;
  #connection: RpcConnection | null = null;
  #truncate = false;

  constructor(world: CliWorld, context: TalosconfigContext, flags: CobraFlags) {
    this.#world = world;
    this.context = context;
    this.endpoints = flags.list("endpoints").length > 0 ? flags.list("endpoints") : context.endpoints;
    this.nodes = flags.list("nodes").length > 0 ? flags.list("nodes") : context.nodes;
    if (this.endpoints.length === 0)
      throw new Error("error constructing client: failed to determine endpoints");
  }

  /** A fault: what is printed now is to be cut off. */
  get truncate(): boolean {
    return this.#truncate;
  }

  someNodes(): readonly string[] {
    if (this.nodes.length > 0) return this.nodes;
    throw new Error(
      "nodes are not set for the command: please use `--nodes` flag or configuration file to set the nodes to run the command against",
    );
  }

  oneNode(command: string): string {
    const [node = "", ...others] = this.someNodes();
    if (others.length > 0) {
      throw new Error(`command ${JSON.stringify(command)} is not supported with multiple nodes`);
    }
    return node;
  }

  async call(node: string, method: string, params: unknown): Promise<Readonly<Record<string, unknown>>> {
    this.#connection ??= await this.#connect();
    this.#world.signal?.throwIfAborted();
    const metadata: RpcMetadata = { node };
    const answer: RpcAnswer = await this.#connection.call(method, params, metadata);
    this.#truncate ||= answer.truncate;
    return branch(answer.result);
  }

  /** `get` and `patch` do this first. */
  async warnOfOlderServer(node: string): Promise<void> {
    const { version } = await this.call(node, "Version", {});
    const server = text(branch(version)["tag"]).slice(1);
    const client = dialectOf(this.#world.sandbox.client).tag.slice(1);
    if (compareVersions(server, client) < 0) {
      this.#world.err(`WARNING: ${node}: server version ${server} is older than client version ${client}\n`);
    }
  }

  close(): void {
    this.#connection?.close();
  }

  /** grpc-go's round robin over a shuffled list: whichever connection works is used; the last error counts. */
  async #connect(): Promise<RpcConnection> {
    const { sandbox } = this.#world;
    const shuffled = [...this.endpoints].sort(() => Math.random() - 0.5);
    let last: unknown = new RpcError("Unavailable", "no endpoints");
    for (const endpoint of shuffled) {
      const { host, port } = parseEndpoint(endpoint);
      const { crt, key, ca } = this.context;
      try {
        return await dial({
          routes: sandbox.routes,
          address: host,
          port,
          roots: certificatePool(ca),
          ...(crt === "" ? {} : { identity: { cert: crt, key: openSslKey(key) } }),
          now: Date.now(),
          timeoutMs: sandbox.dialTimeoutMs,
        });
      } catch (error) {
        last = error;
      }
    }
    throw last instanceof RpcError ? last : new Error(`error constructing client: ${String(last)}`);
  }
}

function parseEndpoint(endpoint: string): { host: string; port: number } {
  const [, host = "", port] = /^(?:https?:\/\/)?([^:/]+)(?::(\d+))?\/?$/.exec(endpoint) ?? [];
  return { host, port: port === undefined ? APID_PORT : Number(port) };
}

export function compareVersions(left: string, right: string): number {
  const parts = (version: string): readonly number[] =>
    version.split(/[.-]/).map((part) => Number.parseInt(part, 10) || 0);
  const [first, second] = [parts(left), parts(right)];
  for (let index = 0; index < 3; index++) {
    const difference = (first[index] ?? 0) - (second[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `--talosconfig`, `$TALOSCONFIG`, `$TALOS_HOME/config`, `~/.talos/config`. */
export async function openTalosconfig(world: CliWorld, flags: CobraFlags): Promise<TalosconfigContext> {
  return contextIn(await talosconfigSource(world, flags), flags.text("context"));
}

/** `config …` asks for a current context first, also when another one is given. */
export async function openCurrent(
  world: CliWorld,
  flags: CobraFlags,
): Promise<{ readonly current: string; readonly context: TalosconfigContext }> {
  const source = await talosconfigSource(world, flags);
  const { name: current } = contextIn(source, undefined);
  return { current, context: contextIn(source, flags.text("context")) };
}

async function talosconfigSource(world: CliWorld, flags: CobraFlags): Promise<string> {
  const home = world.env["TALOS_HOME"] ?? join(world.env["HOME"] ?? homedir(), ".talos");
  const path = flags.text("talosconfig") ?? world.env["TALOSCONFIG"] ?? join(home, "config");
  try {
    return await readFile(absolute(world, path), "utf8");
  } catch (error) {
    throw new Error(`failed to open config file ${JSON.stringify(path)}: open ${path}: ${reason(error)}`);
  }
}

export function absolute({ cwd }: CliWorld, path: string): string {
  return isAbsolute(path) ? path : resolve(cwd, path);
}

/** Go's words for what goes wrong with files. */
export function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT") return "no such file or directory";
  if (code === "EACCES") return "permission denied";
  return code === "EISDIR" ? "is a directory" : String(error);
}
