import { setTimeout as delay } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import { Failure } from "../../failure.ts";
import { openSecretFolder, type SecretFolder } from "../../process/secret-folder.ts";
import type { TalosConnection } from "../../talos/resources/connection.ts";
import type { PlatformOptions, RotationMemory } from "../platform.ts";
import { explainError, type TalosError } from "./errors.ts";
import { type TalosClient, talosconfigText } from "./talosconfig.ts";

/** What came of one call to one machine. */
export type MachineReply =
  | { readonly ok: true; readonly stdout: string }
  | { readonly ok: false; readonly error: TalosError };

/**
 * Calls of talosctl, one machine per process: nothing then has to be told apart (reference talos-rotation 3). Every
 * call takes its client configuration, endpoint and node explicitly, and from a file that only its owner may read.
 */
export class Session {
  readonly connection: TalosConnection;
  readonly options: PlatformOptions;
  readonly around: RotationMemory;
  readonly folder: SecretFolder;
  readonly #signal: AbortSignal | undefined;
  /** Client configurations as files, by content. */
  readonly #files = new Map<string, Promise<string>>();
  /** Identities that a machine may accept; the first that worked is asked first the next time. */
  #identities: readonly (() => Promise<TalosClient | null>)[] = [];
  readonly #accepted = new Map<string, TalosClient>();

  private constructor(
    connection: TalosConnection,
    options: PlatformOptions,
    around: RotationMemory,
    folder: SecretFolder,
    signal: AbortSignal | undefined,
  ) {
    this.connection = connection;
    this.options = options;
    this.around = around;
    this.folder = folder;
    this.#signal = signal;
  }

  /** `signal` ends running calls: for looks only, as a change that was sent is waited for. */
  static async open(
    connection: TalosConnection,
    options: PlatformOptions,
    around: RotationMemory,
    signal?: AbortSignal,
  ): Promise<Session> {
    return new Session(connection, options, around, await openSecretFolder(), signal);
  }

  async close(): Promise<void> {
    await this.folder.close();
  }

  /** In the order in which they are tried. */
  offer(identities: readonly (() => Promise<TalosClient | null>)[]): void {
    this.#identities = identities;
    this.#accepted.clear();
  }

  /** Asks with whichever identity the machine accepts, and trusts. */
  async ask(address: string, words: readonly string[]): Promise<MachineReply> {
    const known = this.#accepted.get(address);
    let last: MachineReply | null = known === undefined ? null : await this.as(known, address, words);
    if (last !== null && !isMismatch(last)) return last;
    for (const identity of this.#identities) {
      const client = await identity();
      if (client === null || client === known) continue;
      last = await this.as(client, address, words);
      if (isMismatch(last)) continue;
      this.#accepted.set(address, client);
      return last;
    }
    if (last !== null) return last;
    throw new Failure("denied", `there is no client certificate to ask ${address} with`, {
      hint: "name the client configuration that capstan uses in spec.talos.talosconfig",
    });
  }

  /** Asks with one client and no other: who is refused shall be refused. */
  async as(
    client: TalosClient,
    address: string,
    words: readonly string[],
    endpoint: string = this.#endpoint(address),
  ): Promise<MachineReply> {
    const outcome = await this.options.runner.run({
      argv: [
        ...this.connection.talosctl,
        "--talosconfig",
        await this.#file(client),
        "--endpoints",
        endpoint,
        "--nodes",
        address,
        ...words,
      ],
      ...this.#limits(),
    });
    if (outcome.exitCode === 0) return { ok: true, stdout: outcome.stdout };
    return { ok: false, error: explainError(words[0] ?? "", address, outcome.stderr) };
  }

  /** A call that needs no machine. */
  async offline(words: readonly string[]): Promise<string> {
    const argv = [...this.connection.talosctl, ...words];
    const outcome = await this.options.runner.run({ argv, ...this.#limits() });
    if (outcome.exitCode === 0) return outcome.stdout;
    throw explainError(words[0] ?? "", "this machine", outcome.stderr).failure;
  }

  /** Exit status and text; what failed is the caller's to judge. */
  async kubectl(
    kubeconfig: string,
    words: readonly string[],
  ): Promise<{ exit: number; stdout: string; stderr: string }> {
    const argv = [...this.connection.kubectl, "--kubeconfig", kubeconfig, "--request-timeout=15s", ...words];
    const { exitCode, stdout, stderr } = await this.options.runner.run({ argv, ...this.#limits() });
    return { exit: exitCode, stdout, stderr };
  }

  now(): Date {
    return this.options.now();
  }

  /** Looks until nothing is wrong any more, or the time is up. Gives what was wrong last. */
  async until(check: () => Promise<string | null>, withinMs: number): Promise<string | null> {
    const deadline = performance.now() + withinMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
      const problem = await check();
      if (problem === null || performance.now() >= deadline) return problem;
      this.checkStop();
      await delay(pause);
    }
  }

  /** Between two changes: a safe point. */
  checkStop(): void {
    if (this.options.signal?.aborted) {
      throw new Failure("interrupted", "Stopped between two machines; the next run goes on from there.");
    }
  }

  #limits() {
    const { timeoutMs = CALL_MS } = this.options;
    return { timeoutMs, ...(this.#signal === undefined ? {} : { signal: this.#signal }) };
  }

  /** The machine itself, so that a failure is its own and no other's (reference 2.3); or whom the resource names. */
  #endpoint(address: string): string {
    return this.isDirect() ? address : this.connection.endpoints.join(",");
  }

  isDirect(): boolean {
    const { endpoints, controlPlanes } = this.connection;
    return (
      endpoints.length === controlPlanes.length &&
      endpoints.every((one, index) => one === controlPlanes[index])
    );
  }

  #file(client: TalosClient): Promise<string> {
    // Asked for at each call: what the file would say takes longer to write down than to find by what makes it.
    const identity = JSON.stringify([client.ca, client.crt, client.key]);
    const known = this.#files.get(identity);
    if (known !== undefined) return known;
    const file = this.folder.write("talosconfig", talosconfigText("capstan", [], client));
    this.#files.set(identity, file);
    return file;
  }
}

/** gRPC keeps trying to connect for 20 s, and talosctl has no limit of its own (reference talos-rotation 3.6). */
const CALL_MS = 45_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

function isMismatch(reply: MachineReply): boolean {
  return !reply.ok && MISMATCHES.includes(reply.error.kind);
}

/** Another identity may be the one that fits. */
const MISMATCHES: readonly TalosError["kind"][] = [
  "client-rejected",
  "cut-off",
  "server-untrusted",
  "expired",
];

/** `get … -o yaml`: documents with `metadata` and `spec`. */
export interface TalosResource {
  readonly id: string;
  readonly version: number;
  readonly created: string;
  readonly spec: unknown;
}

/** The resources of `get … -o yaml`, documents one after the other. Throws when one of them is cut off. */
export function readResources(stdout: string): readonly TalosResource[] {
  const documents = parseAllDocuments(stdout);
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    if (document.errors.length > 0) throw new Error("it is not complete YAML");
    const value = document.toJS() as {
      metadata?: { id?: unknown; version?: unknown; created?: unknown };
      spec?: unknown;
    } | null;
    const { id, version, created } = value?.metadata ?? {};
    if (typeof id !== "string") return [];
    return [{ id, version: Number(version ?? 0), created: String(created ?? ""), spec: value?.spec }];
  });
}
