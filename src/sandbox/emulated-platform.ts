import type { CommandLine } from "./hand-over.ts";

/**
 * What the daemon needs to know of an emulated platform. Teleport is one; another brings its own folder beside
 * `teleport/` and its own executables, and nothing in the daemon changes.
 */
export interface EmulatedPlatform {
  /** The name of its cluster. */
  readonly cluster: string;
  readonly platform: "teleport" | "talos";
  /** Names of the executables that only hand their calls to the daemon, which writes them. */
  readonly tools: readonly string[];
  /** Executables that talk to the cluster themselves where no daemon runs them, and lie there already. */
  readonly clients?: readonly string[];
  /** Versions for people: `{ client, server }`. */
  readonly versions: Readonly<Record<string, string>>;
  /** The names that `sandbox fault` takes, executables included. */
  readonly targets: () => readonly string[];
  /** The `spec` of a ready `cluster` resource. */
  connection(binFolder: string): ConnectionSpec;
  run?(call: ToolCall): Promise<ToolResult>;
  /** Gives a sentence that says what happens from now on. */
  fault(request: FaultRequest): Promise<string>;
  status(): unknown;
  /** What its Database Service dials a database with, for a database user; only where it has one. */
  databaseLogin?(user: string): Promise<DatabaseLogin>;
  stop(): Promise<void>;
}

/** One run of an executable, as the shim saw it. Relative file names start in `cwd`. */
export interface ToolCall extends CommandLine {
  /** Fires when the caller is gone. */
  readonly signal: AbortSignal;
}

export interface ToolResult {
  readonly exit: number;
  /** On stderr, before anything else is printed. */
  readonly warnings?: string;
  /** In pieces when it may be large. */
  readonly stdout: string | Uint8Array | Iterable<string>;
  readonly stderr: string;
}

/** PEM, all of it. */
export interface DatabaseLogin {
  readonly certificate: string;
  readonly key: string;
  /** The CAs whose server certificates are accepted. */
  readonly authorities: string;
}

export interface FaultRequest {
  /** A component, an executable, or `all`. */
  readonly target: string;
  /** A name of the platform's table of faults, or `clear`. */
  readonly fault: string;
  /** Ends by itself after this wall-clock time. */
  readonly forMs?: number;
  /** How many calls it hits. */
  readonly times?: number;
  /** Only calls with this among their arguments; of Talos, with this in `METHOD TYPE`, as in `Get machineconfig`. */
  readonly match?: string;
  /** `offline`: let the row vanish at once. */
  readonly expired?: boolean;
}

/** The `spec` of a ready `cluster` resource, as YAML spells it. */
export type ConnectionSpec = TeleportSpec | TalosSpec;

interface TeleportSpec {
  readonly platform: "teleport";
  readonly teleport: { readonly tctl: readonly string[] };
  readonly policy: PolicySpec;
}

export interface TalosSpec {
  readonly platform: "talos";
  readonly talos: {
    readonly talosctl: readonly string[];
    readonly kubectl: readonly string[];
    readonly talosconfig: string;
    readonly control_planes: readonly string[];
    readonly workers: readonly string[];
    readonly recipients: readonly string[];
  };
  readonly policy: PolicySpec;
}

/** A policy that suits the pace of the sandbox. */
interface PolicySpec {
  readonly soak: string;
  readonly phase_timeout: string;
  /** Absent where reads are never stale. */
  readonly stale_read?: string;
}
