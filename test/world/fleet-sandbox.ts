import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { EmulatedPlatform, FaultRequest } from "../../src/sandbox/emulated-platform.ts";
import { type Served, serve } from "../../src/sandbox/serve.ts";
import { TeleportPlatform } from "../../src/sandbox/teleport/teleport-platform.ts";
import { Repository } from "./repository.ts";

interface FleetOptions {
  readonly speed?: number;
  /** Labels of each cluster, by its name. */
  readonly labels?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/**
 * Many small Teleport clusters that one daemon in this process plays, each behind a `tctl` of its own, and a repository
 * that declares them all.
 */
export class FleetSandbox {
  readonly repository: Repository;
  readonly platforms: ReadonlyMap<string, TeleportPlatform>;
  readonly #served: Served;

  private constructor(
    repository: Repository,
    platforms: ReadonlyMap<string, TeleportPlatform>,
    served: Served,
  ) {
    this.repository = repository;
    this.platforms = platforms;
    this.#served = served;
  }

  static async start(
    names: readonly string[],
    { speed = 200, labels = {} }: FleetOptions = {},
  ): Promise<FleetSandbox> {
    const repository = await Repository.create();
    const platforms = new Map<string, TeleportPlatform>();
    for (const name of names) {
      platforms.set(name, await TeleportPlatform.start({ name, speed, nodes: 1, endpoints: 0 }));
    }
    const dir = join(repository.folder, ".capstan", "sandbox");
    const served = await serve(
      { dir, speed, platforms: [...platforms].map(([name, platform]) => ownTool(name, platform)) },
      () => {},
    );
    await repository.must("init");
    for (const [name, of] of Object.entries(labels)) {
      const pairs = Object.entries(of).map(([key, value]) => `${key}: ${value}`);
      await editFile(fileOf(repository, name), (text) =>
        text.replace(/^( {2}name: .*)$/m, `$1\n  labels: { ${pairs.join(", ")} }`),
      );
    }
    await repository.commit("what is live");
    const remote = join(repository.folder, ".capstan", "origin.git");
    await repository.git("init", "--quiet", "--bare", "--initial-branch=main", remote);
    await repository.git("remote", "add", "origin", remote);
    await repository.git("push", "--quiet", "--set-upstream", "origin", "main");
    return new FleetSandbox(repository, platforms, served);
  }

  /** Puts an executable of one's own in the place of the cluster's `tctl`: a script of `sh`. */
  async replaceTool(name: string, script: string): Promise<void> {
    await writeFile(
      join(this.repository.folder, ".capstan", "sandbox", "bin", toolOf(name)),
      `#!/bin/sh\n${script}\n`,
    );
  }

  /** What people edited goes to the branch that `reconcile` follows. */
  async push(message: string): Promise<void> {
    await this.repository.commit(message);
    await this.repository.git("push", "--quiet");
  }

  async fault(name: string, request: FaultRequest): Promise<void> {
    await this.#platform(name).fault(request);
  }

  /** What faults of calls are faults of. */
  tool(name: string): string {
    return this.#platform(name).tools[0] ?? "";
  }

  /** The keys that sign for a CA, as it really is. */
  activeKeys(name: string, authority = "host"): readonly string[] {
    const { authorities } = this.#platform(name).status();
    return authorities.find(({ type }) => type === authority)?.active ?? [];
  }

  /** The phase of a CA as it really is. */
  phase(name: string, authority = "host"): string {
    const { authorities } = this.#platform(name).status();
    return authorities.find(({ type }) => type === authority)?.phase ?? "unknown";
  }

  async editCluster(name: string, change: (text: string) => string): Promise<void> {
    await editFile(fileOf(this.repository, name), change);
  }

  async stop(): Promise<void> {
    await this.#served.stop();
    await this.repository.remove();
  }

  #platform(name: string): TeleportPlatform {
    const platform = this.platforms.get(name);
    if (platform === undefined) throw new Error(`there is no ${name}`);
    return platform;
  }
}

function toolOf(name: string): string {
  return `tctl-${name}`;
}

/** The daemon finds a platform by the name of its executable. */
function ownTool(name: string, platform: TeleportPlatform): EmulatedPlatform {
  return {
    cluster: name,
    platform: "teleport",
    tools: [toolOf(name)],
    versions: platform.versions,
    targets: () => platform.targets(),
    connection(binFolder) {
      const spec = platform.connection(binFolder);
      return { ...spec, teleport: { tctl: [join(binFolder, toolOf(name))] } };
    },
    run: async (call) => await platform.run({ ...call, tool: "tctl" }),
    fault: async (request) => await platform.fault(request),
    status: () => platform.status(),
    stop: async () => await platform.stop(),
  };
}

function fileOf({ folder }: Repository, name: string): string {
  return join(folder, "clusters", name, "cluster.yaml");
}

async function editFile(file: string, change: (text: string) => string): Promise<void> {
  await writeFile(file, change(await readFile(file, "utf8")));
}
