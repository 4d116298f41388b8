import { X509Certificate } from "node:crypto";
import { Failure } from "../../failure.ts";
import { type Fields, isFields, textOf, textsOf } from "../../foreign-value.ts";
import { BeyondBounds, elementsOf } from "../../listings/json-stream.ts";
import { redact } from "../../process/redact.ts";
import type { Runner } from "../../process/runner.ts";
import { canonicalAddress } from "../../talos/machine-address.ts";
import { type SharedAddresses, sharedAddresses } from "../../talos/shared-addresses.ts";
import { readTalosconfig } from "./talosconfig.ts";

/** Who reads it starts with these; the rest are seen by the next try. */
const LOST_NAMED = 10;

/** What is known of a cluster before there is a resource for it. */
export interface DiscoverOptions {
  /** Executable and leading arguments. */
  readonly talosctl: readonly string[];
  readonly talosconfig: string;
  /** `null` is the file's current one. */
  readonly context: string | null;
  readonly runner: Runner;
}

/** The machines of a live cluster, by their own addresses. */
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
  const { context, endpoints, roles } = await readInfo(options);
  asking.through(endpoints);
  if (!roles.includes("os:admin")) {
    throw new Failure(
      "denied",
      `the user of ${options.talosconfig} has the role ${roles.join(", ") || "none"}`,
      {
        hint: "make one of os:admin, which rotating needs: `talosctl config new --roles os:admin`",
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
    const named = lost.slice(0, LOST_NAMED);
    const names = named.map(({ hostname, addresses }) => `${hostname} (${addresses.join(", ")})`).join(", ");
    const more = lost.length > named.length ? ` and ${lost.length - named.length} more` : "";
    throw new Failure(
      "refused",
      `${names}${more} ${lost.length === 1 ? "does" : "do"} not answer as the member of that name`,
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

  through(endpoints: readonly string[]): void {
    this.#endpoints = endpoints;
  }

  async members(node: string): Promise<readonly Member[]> {
    return (await this.#get(node, ["members"])).map((spec) => ({
      hostname: textOf(spec["hostname"]),
      nodeId: textOf(spec["nodeId"]),
      isControlPlane: spec["machineType"] !== "worker",
      addresses: textsOf(spec["addresses"]),
    }));
  }

  /** Of the configuration nothing else is looked at, and nothing of it is quoted. */
  async sharedAddresses(node: string): Promise<SharedAddresses> {
    const [config] = await this.#specs(node, ["machineconfig", "v1alpha1"]);
    return typeof config === "string" ? sharedAddresses(config) : { virtual: [], endpoint: null };
  }

  /**
   * The first address of its own at which it answers. Whoever holds a virtual address answers there with its own
   * identity, so that one is never taken; the cluster's endpoint only where the member has no other address.
   */
  async addressOf({ addresses, nodeId }: Member, shared: SharedAddresses): Promise<string | null> {
    const named = addresses.filter((address) => !shared.virtual.includes(canonicalAddress(address)));
    const own = named.filter((address) => canonicalAddress(address) !== shared.endpoint);
    for (const address of own.length > 0 ? own : addresses.length === 1 ? named : []) {
      const [identity] = await this.#get(address, ["identity", "local"]).catch(() => []);
      if (identity !== undefined && identity["nodeId"] === nodeId) return address;
    }
    return null;
  }

  async #get(node: string, words: readonly string[]): Promise<readonly Fields[]> {
    return (await this.#specs(node, words)).filter(isFields);
  }

  async #specs(node: string, words: readonly string[]): Promise<readonly unknown[]> {
    const stdout = await this.#run([
      ...["--endpoints", this.#endpoints.join(","), "--nodes", node],
      ...["get", ...words, "-o", "json"],
    ]);
    if (stdout.trim() === "") return [];
    // Objects one after the other; unlike YAML, half of one is not taken for a whole (reference talos-rotation 3.1).
    return parsed(stdout, (text) =>
      elementsOf(text).map((object) => (object as { readonly spec?: unknown }).spec),
    );
  }

  async #run(words: readonly string[]): Promise<string> {
    const { talosctl, talosconfig, context, runner } = this.#options;
    const file = ["--talosconfig", talosconfig, ...(context === null ? [] : ["--context", context])];
    const { exitCode, stdout, stderr } = await runner.run({ argv: [...talosctl, ...file, ...words] });
    if (exitCode === 0) return stdout;
    const [said = ""] = redact(stderr).trim().split("\n");
    throw new Failure("executable", `talosctl get failed: ${said}`, {
      hint: `does \`talosctl --talosconfig ${talosconfig} version\` work?`,
    });
  }
}

/**
 * The file says it itself: `talosctl --context C config info` prints the name of the current context, and fails where
 * there is none (fixtures/recordings/talos).
 */
async function readInfo({ talosconfig, context }: DiscoverOptions) {
  const read = await readTalosconfig(talosconfig, context);
  if (read === null) {
    throw new Failure("denied", `cannot read the talosconfig ${talosconfig}: no such file`, {
      hint: "`talosctl config new` writes one",
    });
  }
  if (read.omni) {
    throw new Failure("refused", `the talosconfig ${talosconfig} belongs to an Omni cluster`, {
      hint: "use omnictl: Omni rotates the CAs of its clusters itself",
    });
  }
  if (read.endpoints.length === 0) {
    throw new Failure("resources", `the context ${read.name} of ${talosconfig} has no endpoints`, {
      hint: "`talosctl config endpoint ADDRESS` adds one",
    });
  }
  try {
    const { subject } = new X509Certificate(read.crt);
    const roles = subject.split("\n").flatMap((part) => /^O=(.*)$/.exec(part)?.[1] ?? []);
    return { context: read.name, endpoints: read.endpoints, roles };
  } catch {
    throw new Failure("denied", `the context ${read.name} of ${talosconfig} has no client certificate`, {
      hint: "`talosctl config new --roles os:admin` makes such a talosconfig",
    });
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
  } catch (error) {
    const why = error instanceof BeyondBounds ? `: ${error.message}` : "";
    throw new Failure("executable", `talosctl printed what cannot be read${why}`, {
      hint: "run it again; with --verbose the call is shown",
    });
  }
}

/** 10.0.0.9 before 10.0.0.10. */
function byNumbers(left: string, right: string): number {
  return left.localeCompare(right, "en", { numeric: true });
}
