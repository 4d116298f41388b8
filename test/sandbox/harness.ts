import type { ToolResult } from "../../src/sandbox/emulated-platform.ts";
import type { TeleportCluster } from "../../src/sandbox/teleport/cluster.ts";
import type { WantedCluster } from "../../src/sandbox/teleport/cluster-options.ts";
import { TeleportPlatform } from "../../src/sandbox/teleport/teleport-platform.ts";
import { TrustLink } from "../../src/sandbox/teleport/trust-link.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** What a caller of an executable sees. */
export interface Printed {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

function printed({ exit, stdout, stderr }: ToolResult): Printed {
  if (typeof stdout === "string") return { exit, stdout, stderr };
  const text = stdout instanceof Uint8Array ? Buffer.from(stdout).toString() : [...stdout].join("");
  return { exit, stdout: text, stderr };
}

/** A cluster in this process on a clock that the test drives: hours pass in milliseconds. */
export class TimelessTeleport {
  readonly platform: TeleportPlatform;
  readonly clock: VirtualClock;
  #worlds: readonly TeleportCluster[];
  /** What happens whenever something has changed, before the clock goes on. */
  between: () => Promise<void> = async () => {};

  private constructor(platform: TeleportPlatform, clock: VirtualClock) {
    this.platform = platform;
    this.clock = clock;
    this.#worlds = [platform.world];
  }

  /** `start`: when its clock begins, the real now unless a recorded session says otherwise. */
  static async start(options: WantedCluster, start?: number): Promise<TimelessTeleport> {
    const clock = new VirtualClock(start);
    const platform = await TeleportPlatform.start({ seed: 7, endpoints: 0, ...options, clock });
    return new TimelessTeleport(platform, clock);
  }

  /** A root and a leaf that trusts it, on one clock: whoever lets time pass lets it pass for both. */
  static async startPair(
    options: WantedCluster,
    names = { root: "acme.cluster", leaf: "leaf.acme.cluster" },
    start?: number,
  ): Promise<{ readonly root: TimelessTeleport; readonly leaf: TimelessTeleport; readonly link: TrustLink }> {
    const root = await TimelessTeleport.start({ ...options, name: names.root, place: "root" }, start);
    const platform = await TeleportPlatform.start({
      seed: 8,
      endpoints: 0,
      nodes: 1,
      ...options,
      name: names.leaf,
      place: "leaf",
      clock: root.clock,
    });
    const leaf = new TimelessTeleport(platform, root.clock);
    root.#worlds = leaf.#worlds = [root.platform.world, leaf.platform.world];
    return { root, leaf, link: new TrustLink(root.platform.world, leaf.platform.world) };
  }

  async tctl(...argv: readonly string[]): Promise<Printed> {
    return await this.run(this.platform.tools[0] ?? "", ...argv);
  }

  /** One of its executables. */
  async run(tool: string, ...argv: readonly string[]): Promise<Printed> {
    const call = { tool, argv, cwd: "/", stdin: "", signal: new AbortController().signal };
    return printed(await this.platform.run(call));
  }

  /** Runs `tctl` and insists on its success. */
  async ok(...argv: readonly string[]): Promise<string> {
    const { exit, stdout, stderr } = await this.tctl(...argv);
    if (exit !== 0) throw new Error(`tctl ${argv.join(" ")}: ${stderr}`);
    return stdout;
  }

  rotate(type: string, phase: string): Promise<Printed> {
    return this.tctl("auth", "rotate", "--manual", `--type=${type}`, `--phase=${phase}`);
  }

  /** Moves the host CA and lets everybody follow. */
  async step(phase: string, seconds = 20): Promise<void> {
    await this.ok("auth", "rotate", "--manual", "--type=host", `--phase=${phase}`);
    await this.pass(seconds);
  }

  async pass(seconds: number): Promise<void> {
    await this.clock.advance(seconds * 1000, async () => {
      for (const world of this.#worlds) await world.idle();
      await this.between();
    });
  }

  async nodes(): Promise<readonly NodeRow[]> {
    const rows = JSON.parse(await this.ok("get", "nodes", "--format=json"));
    return Array.isArray(rows) ? rows : [rows];
  }

  async node(hostname: string): Promise<NodeRow | undefined> {
    return (await this.nodes()).find((row) => row.spec.hostname === hostname);
  }

  component(name: string) {
    const found = this.platform.status().components.find((component) => component.name === name);
    if (found === undefined) throw new Error(`no component ${name}`);
    return found;
  }

  authority(type: string) {
    const found = this.platform.status().authorities.find((authority) => authority.type === type);
    if (found === undefined) throw new Error(`no authority ${type}`);
    return found;
  }
}

export interface NodeRow {
  readonly metadata: { readonly name: string; readonly expires: string };
  readonly spec: {
    readonly hostname: string;
    readonly rotation: { readonly phase?: string; readonly current_id?: string; readonly mode?: string };
  };
}
