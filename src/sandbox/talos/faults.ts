import type { MachineState } from "./machine-types.ts";

/** Everything that can be broken on purpose (TA 8.3), as `capstan sandbox fault --help` lists it. */
interface TalosFault {
  readonly name: string;
  /** `component`: a condition until it is cleared; `event`: happens once; `call`: hits calls of a machine's API. */
  readonly scope: "component" | "event" | "call";
  /** One line, for help. */
  readonly description: string;
}

export const TALOS_FAULTS = [
  {
    name: "offline",
    scope: "component",
    description: "powered off; comes back by booting from its disk when cleared",
  },
  {
    name: "unreachable",
    scope: "component",
    description: "takes connections and never answers, as behind a firewall",
  },
  {
    name: "flapping",
    scope: "component",
    description: "its API goes away and comes back, every 5 s of cluster time",
  },
  { name: "slow", scope: "component", description: "takes six times longer for everything" },
  {
    name: "stuck",
    scope: "component",
    description: "takes configurations, but its certificates and trust stay as they are",
  },
  {
    name: "stale-trust",
    scope: "component",
    description: "a worker that does not ask trustd when its configuration changes",
  },
  { name: "clock-behind", scope: "component", description: "its clock is two hours slow" },
  { name: "clock-ahead", scope: "component", description: "its clock is two hours fast" },
  {
    name: "time-unsynced",
    scope: "component",
    description: "no time server: it issues no Kubernetes certificates",
  },
  {
    name: "air-gapped",
    scope: "component",
    description: "is not meant to reach a time server: its synchronisation is switched off",
  },
  { name: "undiscovered", scope: "component", description: "is missing from the list of members" },
  {
    name: "vip-first",
    scope: "component",
    description: "the list of members shows the shared address as its first",
  },
  {
    name: "kubelet-stuck",
    scope: "component",
    description: "its kubelet does not come back from the next restart",
  },
  {
    name: "pods-stuck",
    scope: "component",
    description: "its static pods do not come back from the next restart",
  },
  {
    name: "reboot",
    scope: "event",
    description: "reboots; a tried configuration is gone, a staged one in force",
  },
  { name: "renew", scope: "event", description: "renews its API certificate, as it does every 12 hours" },
  { name: "lead", scope: "event", description: "its controller manager becomes the leader" },
  { name: "foreign-ca", scope: "event", description: "somebody adds a CA of their own to its accepted ones" },
  { name: "staged", scope: "event", description: "somebody stages a change for the next reboot" },
  {
    name: "folded",
    scope: "event",
    description: "somebody writes its certificates as folded blocks (crt: >-)",
  },
  {
    name: "literal",
    scope: "event",
    description: "somebody writes its certificates as blocks of lines (crt: |)",
  },
  {
    name: "aliased",
    scope: "event",
    description: "somebody writes its Talos CA once, and an alias to it among the accepted",
  },
  {
    name: "stale-config",
    scope: "event",
    description: "somebody applies the configuration of the cluster's first day again",
  },
  { name: "error-after-success", scope: "call", description: "does what was asked, and the answer is lost" },
  { name: "offline-after-success", scope: "call", description: "does what was asked, then loses power" },
  { name: "timeout", scope: "call", description: "hangs without doing anything, until the caller gives up" },
  { name: "timeout-after-success", scope: "call", description: "does what was asked, then hangs" },
  {
    name: "truncated",
    scope: "call",
    description: "talosctl prints the first half of its output and exits 0",
  },
  { name: "denied", scope: "call", description: "PermissionDenied; nothing is done" },
] as const satisfies readonly TalosFault[];

type Named<Scope> = Extract<(typeof TALOS_FAULTS)[number], { scope: Scope }>["name"];
export type EventFault = Named<"event">;
export type CallFault = Named<"call">;

/** The table and the type cannot drift apart. */
const STATES: readonly MachineState[] = TALOS_FAULTS.filter(({ scope }) => scope === "component").map(
  ({ name }) => name as Named<"component">,
) satisfies readonly Named<"component">[];

export function isState(name: string): name is MachineState {
  return (STATES as readonly string[]).includes(name);
}

export function faultNamed(name: string): (typeof TALOS_FAULTS)[number] | undefined {
  return TALOS_FAULTS.find((fault) => fault.name === name);
}

/** Call faults of one machine, each with the number of calls that it still hits. */
export class CallFaults {
  #waiting: { readonly fault: CallFault; readonly match: string; left: number }[] = [];

  add(fault: CallFault, times: number, match: string | undefined): void {
    // What happens after success is about changes, unless somebody says otherwise.
    const usual = fault.endsWith("-after-success") ? "ApplyConfiguration" : "";
    this.#waiting.push({ fault, match: match ?? usual, left: times });
  }

  clear(): void {
    this.#waiting = [];
  }

  take(call: string): CallFault | null {
    const hit = this.#waiting.find(({ match }) => call.includes(match));
    if (hit === undefined) return null;
    hit.left--;
    this.#waiting = this.#waiting.filter(({ left }) => left > 0);
    return hit.fault;
  }
}
