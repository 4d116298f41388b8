import { Failure } from "../../failure.ts";
import { redact } from "../../process/redact.ts";
import type { Runner } from "../../process/runner.ts";

/** What is known of a cluster before there is a resource for it. */
export interface DiscoverOptions {
  /** Executable and leading arguments. */
  readonly talosctl: readonly string[];
  readonly talosconfig: string;
  /** `null` is the file's current one. */
  readonly context: string | null;
  readonly runner: Runner;
}

export interface Discovered {
  /** Name of the context. */
  readonly context: string;
  /** Whom the talosconfig goes through. */
  readonly endpoints: readonly string[];
  readonly controlPlanes: readonly string[];
  readonly workers: readonly string[];
}

/**
 * The inventory of a live cluster, to be written down once: later, what discovery says is only compared with it
 * (reference talos-rotation 3.1). A member is taken for who it is when its own address answers with its identity, as
 * the list may show an address that machines share, or one that is gone (talos#10357).
 */
export async function discoverTalos(options: DiscoverOptions): Promise<Discovered> {
  const asking = new Asking(options);
  const { context, endpoints, roles } = await asking.info();
  if (!roles.includes("os:admin")) {
    throw new Failure(
      "denied",
      `the user of ${options.talosconfig} has the role ${roles.join(", ") || "none"}`,
      {
        hint: "rotating needs os:admin: `talosctl config new --roles os:admin` makes such a talosconfig",
      },
    );
  }
  const { node, members } = await firstAnswer(endpoints.map(nodeOf), async (one) => ({
    node: one,
    members: await asking.members(one),
  }));
  if (members.length === 0) {
    throw new Failure("refused", "the cluster lists no members: its discovery is off", {
      hint: "write the cluster resource by hand, with all machines in control_planes and workers",
    });
  }
  const shared = await asking.sharedAddresses(node);
  const found = await Promise.all(
    members.map(async (member) => ({ ...member, address: await asking.addressOf(member, shared) })),
  );
  const lost = found.filter(({ address }) => address === null);
  if (lost.length > 0) {
    const names = lost.map(({ hostname, addresses }) => `${hostname} (${addresses.join(", ")})`).join(", ");
    throw new Failure(
      "refused",
      `${names} ${lost.length === 1 ? "does" : "do"} not answer as the member of that name`,
      {
        hint: "start it; a machine that was removed leaves the list after half an hour",
      },
    );
  }
  const of = (wanted: boolean) =>
    found
      .filter(({ isControlPlane }) => isControlPlane === wanted)
      .flatMap(({ address }) => address ?? [])
      .sort(byNumbers);
  return { context, endpoints, controlPlanes: of(true), workers: of(false) };
}

interface Member {
  readonly hostname: string;
  readonly nodeId: string;
  readonly isControlPlane: boolean;
  readonly addresses: readonly string[];
}

/** `get … -o json` of one machine, as far as it is used here. */
class Asking {
  readonly #options: DiscoverOptions;
  #endpoints: readonly string[] = [];

  constructor(options: DiscoverOptions) {
    this.#options = options;
  }

  async info(): Promise<{ context: string; endpoints: readonly string[]; roles: readonly string[] }> {
    const stdout = await this.#run(["config", "info", "-o", "json"]);
    const info = parsed(stdout, (text) => JSON.parse(text) as Record<string, unknown>);
    this.#endpoints = texts(info["endpoints"]);
    if (this.#endpoints.length === 0) {
      throw new Failure("resources", `the context of ${this.#options.talosconfig} has no endpoints`, {
        hint: "`talosctl config endpoint ADDRESS` adds one",
      });
    }
    return { context: textOf(info["context"]), endpoints: this.#endpoints, roles: texts(info["roles"]) };
  }

  async members(node: string): Promise<readonly Member[]> {
    return (await this.#get(node, ["members"])).map((spec) => ({
      hostname: textOf(spec["hostname"]),
      nodeId: textOf(spec["nodeId"]),
      isControlPlane: spec["machineType"] !== "worker",
      addresses: texts(spec["addresses"]),
    }));
  }

  /**
   * Addresses that move from machine to machine: whoever holds one answers there with its own identity. Of the
   * configuration nothing else is looked at, and nothing of it is quoted.
   */
  async sharedAddresses(node: string): Promise<readonly string[]> {
    const [config] = await this.#specs(node, ["machineconfig", "v1alpha1"]);
    if (typeof config !== "string") return [];
    const endpoints = [...config.matchAll(/^\s+endpoint: "?https:\/\/([^\s"/]+?)(?::\d+)?"?(?:\s|$)/gm)];
    const virtual = [...config.matchAll(/^\s+vip:\s*\n\s+ip: "?([^\s"]+)/gm)];
    const documents = [...config.matchAll(/^kind: Layer2VIPConfig\s*\n(?:.*\n)*?name: "?([^\s"]+)/gm)];
    return [...endpoints, ...virtual, ...documents].map(([, address = ""]) =>
      address.replace(/^\[|\]$/g, ""),
    );
  }

  /** The first address of its own at which it answers; a shared one where nothing else does (a single machine). */
  async addressOf({ addresses, nodeId }: Member, shared: readonly string[]): Promise<string | null> {
    const own = addresses.filter((address) => !shared.includes(address));
    for (const address of [...own, ...addresses.filter((one) => !own.includes(one))]) {
      const [identity] = await this.#get(address, ["identity", "local"]).catch(() => []);
      if (identity !== undefined && identity["nodeId"] === nodeId) return address;
    }
    return null;
  }

  async #get(node: string, words: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
    return (await this.#specs(node, words)).filter(isMap);
  }

  async #specs(node: string, words: readonly string[]): Promise<readonly unknown[]> {
    const stdout = await this.#run([
      ...["--endpoints", this.#endpoints.join(","), "--nodes", node],
      ...["get", ...words, "-o", "json"],
    ]);
    if (stdout.trim() === "") return [];
    // Objects one after the other; unlike YAML, half of one is not taken for a whole (reference talos-rotation 3.1).
    return parsed(stdout, (text) =>
      text
        .trimEnd()
        .split(/(?<=^\})\n/m)
        .map((object) => (JSON.parse(object) as { readonly spec?: unknown }).spec),
    );
  }

  async #run(words: readonly string[]): Promise<string> {
    const { talosctl, talosconfig, context, runner } = this.#options;
    const file = ["--talosconfig", talosconfig, ...(context === null ? [] : ["--context", context])];
    const { exitCode, stdout, stderr } = await runner.run({ argv: [...talosctl, ...file, ...words] });
    if (exitCode === 0) return stdout;
    const [said = ""] = redact(stderr).trim().split("\n");
    throw new Failure(
      "executable",
      `talosctl ${words.includes("get") ? "get" : "config info"} failed: ${said}`,
      {
        hint: `does \`talosctl --talosconfig ${talosconfig} version\` work?`,
      },
    );
  }
}

/** Endpoints may have a scheme and a port, machines have neither. */
function nodeOf(endpoint: string): string {
  const host = endpoint.replace(/^https?:\/\//, "").replace(/\/$/, "");
  return /^\[(.+)\](?::\d+)?$/.exec(host)?.[1] ?? host.replace(/^([^:]+):\d+$/, "$1");
}

/** Whatever answers; the last failure when nobody does. */
async function firstAnswer<Value>(
  endpoints: readonly string[],
  ask: (endpoint: string) => Promise<Value>,
): Promise<Value> {
  let last: unknown = null;
  for (const endpoint of endpoints) {
    try {
      return await ask(endpoint);
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

/** A parser would quote what it does not understand, and that may be a key. */
function parsed<Value>(stdout: string, parse: (text: string) => Value): Value {
  try {
    return parse(stdout);
  } catch {
    throw new Failure("executable", "talosctl printed what cannot be read", {
      hint: "run it again; with --verbose the call is shown",
    });
  }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** 10.0.0.9 before 10.0.0.10. */
function byNumbers(left: string, right: string): number {
  return left.localeCompare(right, "en", { numeric: true });
}
