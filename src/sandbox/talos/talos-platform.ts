import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { Failure } from "../../failure.ts";
import { seededRandom } from "../clock.ts";
import type {
  EmulatedPlatform,
  FaultRequest,
  TalosSpec,
  ToolCall,
  ToolResult,
} from "../emulated-platform.ts";
import { CALL_LOG, IDENTITY_FILE } from "../folder.ts";
import type { CliWorld } from "./cli.ts";
import { startTalosCluster, type TalosCluster, type TalosClusterStatus } from "./cluster.ts";
import { dialectOf } from "./dialect.ts";
import { kubectl } from "./kubectl.ts";
import type { TalosSandboxOptions } from "./talos-options.ts";
import { talosctl } from "./talosctl.ts";

/** How long the machines of a real cluster may take to follow one phase, one after the other. */
const PHASE_TIMEOUT_S = { real: 1200, least: 60 };

const CLIENTS: Readonly<Record<string, (world: CliWorld) => Promise<number>>> = { talosctl, kubectl };

const CLUSTER_NAME = "acme-talos";

/** Talos for the daemon. Its executables are clients, which reach the machines over mutual TLS wherever they run. */
export class TalosPlatform implements EmulatedPlatform {
  readonly platform = "talos";
  readonly tools = [];
  readonly clients = Object.keys(CLIENTS);
  readonly cluster = CLUSTER_NAME;
  readonly versions: Readonly<Record<string, string>>;
  readonly #world: TalosCluster;
  readonly #speed: number;
  /** Who can open what is sealed here. */
  readonly #recipient: string;

  private constructor(world: TalosCluster, options: TalosSandboxOptions, recipient: string) {
    const { tag, kubernetes } = dialectOf(options.talos);
    this.versions = { client: tag, server: tag, kubernetes };
    this.#world = world;
    this.#speed = options.speed ?? 1;
    this.#recipient = recipient;
  }

  /** With executables, client configuration and an age identity in the sandbox's folder. */
  static async start(options: TalosSandboxOptions): Promise<TalosPlatform> {
    const { dir, talos, controlPlanes, workers, speed, seed } = options;
    const world = await startTalosCluster({
      directory: dir,
      clusterName: CLUSTER_NAME,
      talos,
      ...(controlPlanes === undefined ? {} : { controlPlanes }),
      ...(workers === undefined ? {} : { workers }),
      ...(speed === undefined ? {} : { speed }),
      ...(seed === undefined ? {} : { random: seededRandom(seed) }),
      callLog: join(dir, CALL_LOG),
    });
    const identity = await generateIdentity();
    const recipient = await identityToRecipient(identity);
    const lines = [`# public key: ${recipient}`, identity];
    await writeFile(join(dir, IDENTITY_FILE), `${lines.join("\n")}\n`, { mode: 0o600 });
    return new TalosPlatform(world, options, recipient);
  }

  targets(): readonly string[] {
    return [...this.#world.targets(), ...this.#world.machines.map(({ address }) => address)];
  }

  connection(binFolder: string): TalosSpec {
    const { talosconfig, controlPlanes, workers } = this.#world.info;
    const timeout = Math.max(PHASE_TIMEOUT_S.least, Math.round(PHASE_TIMEOUT_S.real / this.#speed));
    return {
      platform: "talos",
      talos: {
        talosctl: [join(binFolder, "talosctl")],
        kubectl: [join(binFolder, "kubectl")],
        talosconfig,
        control_planes: controlPlanes.map(({ address }) => address),
        workers: workers.map(({ address }) => address),
        recipients: [this.#recipient],
      },
      policy: { soak: "0s", phase_timeout: `${timeout}s` },
    };
  }

  /** As a process would run it, with the same files and sockets. */
  async run({ tool, argv, cwd, env = {}, signal }: ToolCall): Promise<ToolResult> {
    const client = CLIENTS[tool];
    if (client === undefined) throw new Error(`${tool} is no client of Talos`);
    const { sandbox } = this.#world.info;
    let [warnings, stdout, stderr] = ["", "", ""];
    const exit = await client({
      argv,
      env,
      cwd,
      out: (text) => {
        stdout += text;
      },
      err: (text) => {
        if (stdout === "") warnings += text;
        else stderr += text;
      },
      sandbox,
      signal,
    });
    signal.throwIfAborted();
    return { exit, warnings, stdout, stderr };
  }

  async fault(request: FaultRequest): Promise<string> {
    if (!this.targets().includes(request.target)) {
      throw new Failure("usage", `There is no machine "${request.target}" in this sandbox.`, {
        hint: `there are: ${this.#world.targets().join(", ")}`,
      });
    }
    return await this.#world.fault(request);
  }

  status(): TalosClusterStatus {
    return this.#world.status();
  }

  async stop(): Promise<void> {
    await this.#world.close();
  }
}
