import { Failure } from "../failure.ts";

/**
 * What can be broken on purpose, on either platform, as `capstan sandbox fault --help` lists it. `component`: a
 * condition until it is cleared; `event`: happens once; `call`: hits calls of an executable, or of a machine's API.
 */
interface Fault {
  readonly of: "teleport" | "talos";
  readonly name: string;
  readonly scope: "component" | "event" | "call";
  /** One line, for help. */
  readonly description: string;
}

const FAULTS = [
  {
    of: "teleport",
    name: "offline",
    scope: "component",
    description: "stops: no heartbeat, port closed; its row expires later, --expired: now",
  },
  { of: "teleport", name: "slow", scope: "component", description: "follows the host CA six times slower" },
  {
    of: "teleport",
    name: "stuck",
    scope: "component",
    description: "stays alive and announces itself, but never follows",
  },
  {
    of: "teleport",
    name: "lying",
    scope: "component",
    description: "reports every phase at once, but keeps the certificates it has",
  },
  {
    of: "teleport",
    name: "flapping",
    scope: "component",
    description: "goes offline and comes back, every 20 s of cluster time",
  },
  {
    of: "teleport",
    name: "rejoin",
    scope: "component",
    description: "the cure: wipes its state and joins anew, as after `out of sync`",
  },
  {
    of: "teleport",
    name: "reborn",
    scope: "component",
    description: "restarts without its storage: a new id, and old rows until they expire",
  },
  {
    of: "teleport",
    name: "error-after-success",
    scope: "call",
    description: "does what was asked, then fails with the error of doing it twice",
  },
  {
    of: "teleport",
    name: "timeout",
    scope: "call",
    description: "hangs without doing anything, until the caller gives up",
  },
  {
    of: "teleport",
    name: "timeout-after-success",
    scope: "call",
    description: "does what was asked, then hangs",
  },
  {
    of: "teleport",
    name: "truncated",
    scope: "call",
    description: "prints the first half of its output and exits 0",
  },
  { of: "teleport", name: "denied", scope: "call", description: "access denied (RBAC); nothing is done" },
  {
    of: "teleport",
    name: "expired-credentials",
    scope: "call",
    description: "the credentials have expired; nothing is done",
  },
  { of: "teleport", name: "unreachable", scope: "call", description: "cannot connect to the auth server" },
  {
    of: "teleport",
    name: "reloading",
    scope: "call",
    description: "the auth server reloads: the connection ends before an answer",
  },
  {
    of: "teleport",
    name: "alert",
    scope: "call",
    description: "succeeds, and prints a cluster alert to stderr",
  },
  {
    of: "teleport",
    name: "stale",
    scope: "call",
    description: "listings keep showing the CAs of now, for 30 s of cluster time or --for",
  },
  {
    of: "talos",
    name: "offline",
    scope: "component",
    description: "powered off; comes back by booting from its disk when cleared",
  },
  {
    of: "talos",
    name: "unreachable",
    scope: "component",
    description: "takes connections and never answers, as behind a firewall",
  },
  {
    of: "talos",
    name: "flapping",
    scope: "component",
    description: "its API goes away and comes back, every 5 s of cluster time",
  },
  { of: "talos", name: "slow", scope: "component", description: "takes six times longer for everything" },
  {
    of: "talos",
    name: "stuck",
    scope: "component",
    description: "takes configurations, but its certificates and trust stay as they are",
  },
  {
    of: "talos",
    name: "stale-trust",
    scope: "component",
    description: "a worker that does not ask trustd when its configuration changes",
  },
  { of: "talos", name: "clock-behind", scope: "component", description: "its clock is two hours slow" },
  { of: "talos", name: "clock-ahead", scope: "component", description: "its clock is two hours fast" },
  {
    of: "talos",
    name: "time-unsynced",
    scope: "component",
    description: "no time server: it issues no Kubernetes certificates",
  },
  {
    of: "talos",
    name: "air-gapped",
    scope: "component",
    description: "is not meant to reach a time server: its synchronisation is switched off",
  },
  {
    of: "talos",
    name: "undiscovered",
    scope: "component",
    description: "is missing from the list of members",
  },
  {
    of: "talos",
    name: "vip-first",
    scope: "component",
    description: "the list of members shows the shared address as its first",
  },
  {
    of: "talos",
    name: "kubelet-stuck",
    scope: "component",
    description: "its kubelet does not come back from the next restart",
  },
  {
    of: "talos",
    name: "pods-stuck",
    scope: "component",
    description: "its static pods do not come back from the next restart",
  },
  {
    of: "talos",
    name: "reboot",
    scope: "event",
    description: "reboots; a tried configuration is gone, a staged one in force",
  },
  {
    of: "talos",
    name: "renew",
    scope: "event",
    description: "renews its API certificate, as it does every 12 hours",
  },
  { of: "talos", name: "lead", scope: "event", description: "its controller manager becomes the leader" },
  {
    of: "talos",
    name: "foreign-ca",
    scope: "event",
    description: "somebody adds a CA of their own to its accepted ones",
  },
  {
    of: "talos",
    name: "staged",
    scope: "event",
    description: "somebody stages a change for the next reboot",
  },
  {
    of: "talos",
    name: "folded",
    scope: "event",
    description: "somebody writes its certificates as folded blocks (crt: >-)",
  },
  {
    of: "talos",
    name: "literal",
    scope: "event",
    description: "somebody writes its certificates as blocks of lines (crt: |)",
  },
  {
    of: "talos",
    name: "aliased",
    scope: "event",
    description: "somebody writes its Talos CA once, and an alias to it among the accepted",
  },
  {
    of: "talos",
    name: "stale-config",
    scope: "event",
    description: "somebody applies the configuration of the cluster's first day again",
  },
  {
    of: "talos",
    name: "error-after-success",
    scope: "call",
    description: "does what was asked, and the answer is lost",
  },
  {
    of: "talos",
    name: "offline-after-success",
    scope: "call",
    description: "does what was asked, then loses power",
  },
  {
    of: "talos",
    name: "timeout",
    scope: "call",
    description: "hangs without doing anything, until the caller gives up",
  },
  {
    of: "talos",
    name: "timeout-after-success",
    scope: "call",
    description: "does what was asked, then hangs",
  },
  {
    of: "talos",
    name: "truncated",
    scope: "call",
    description: "talosctl prints the first half of its output and exits 0",
  },
  { of: "talos", name: "denied", scope: "call", description: "PermissionDenied; nothing is done" },
] as const satisfies readonly Fault[];

type Platform = Fault["of"];
type Row<Of extends Platform> = Extract<(typeof FAULTS)[number], { of: Of }>;

/** The names of one platform's faults of one scope. */
export type FaultName<Of extends Platform, Scope extends Fault["scope"]> = Extract<
  Row<Of>,
  { scope: Scope }
>["name"];

export const TELEPORT_FAULTS = faultsOf("teleport");
export const TALOS_FAULTS = faultsOf("talos");

function faultsOf<Of extends Platform>(of: Of): readonly Row<Of>[] {
  return FAULTS.filter((fault): fault is Row<Of> => fault.of === of);
}

/** The row of a fault, or a refusal that says where they are listed. */
export function faultNamed<Row extends Fault>(rows: readonly Row[], name: string, whose: string): Row {
  const found = rows.find((fault) => fault.name === name);
  if (found !== undefined) return found;
  throw new Failure("usage", `There is no fault "${name}"${whose}.`, {
    hint: "`capstan sandbox fault --help` lists them",
  });
}
