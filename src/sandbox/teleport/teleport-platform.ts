import { Failure } from "../../failure.ts";
import { ArmedCalls } from "../armed-calls.ts";
import type {
  ConnectionSpec,
  DatabaseLogin,
  EmulatedPlatform,
  FaultRequest,
  ToolCall,
  ToolResult,
} from "../emulated-platform.ts";
import { type FaultName, faultNamed, TELEPORT_FAULTS } from "../faults.ts";
import { LEAF_TCTL } from "../folder.ts";
import { pinsOf } from "./authority-store.ts";
import { TeleportCluster } from "./cluster.ts";
import type { WantedCluster } from "./cluster-options.ts";
import { desktopSession } from "./desktop-session.ts";
import { failedCall, HUNG_UP, REFUSED, unreachable } from "./failed-call.ts";
import type { Pin } from "./keys.ts";
import { signForDatabaseService } from "./sign.ts";
import { tctl } from "./tctl.ts";
import { tsh } from "./tsh.ts";

/** What people log in with, beside what administrators use. */
const TSH = "tsh";
const DESKTOP_SESSION = "desktop-session";

type CallFault = FaultName<"teleport", "call">;

/** Calls in which the server plays a part: all but the one that only asks the tool for its version. */
const NEEDS_NO_SERVER = "version";

/** The time that the planner should give the components at this speed: the real default is ten minutes. */
/** Longer than the cache lags behind a write (recordings: up to 3 s). */
const STALE_READ_MS = 3_000;
const PHASE_TIMEOUT_S = { real: 600, least: 20 };

const STALE_MS = 30_000;

const ALERT =
  "\u001b[33mThe following CAs do not hold a key of the preferred type: host, user. " +
  "Rotate them to use it.\u001b[0m\n\n";

/** What one process of the cluster is up to, for `sandbox status` and for tests. */
interface ComponentStatus {
  readonly name: string;
  readonly host_id: string;
  readonly roles: readonly string[];
  /** `null` beyond the processes that have a port. */
  readonly port: number | null;
  readonly phase: string;
  readonly current_id: string | null;
  readonly alive: boolean;
  readonly fault: string | null;
  /** Its own log's last complaint. */
  readonly problem: string | null;
  /** Seconds of cluster time; 0 when its rows are gone. */
  readonly expires_in_s: number;
  /** The CA keys that signed what it dials and what it serves with. */
  readonly issuers: { readonly client: Pin; readonly server: Pin };
}

interface AuthorityStatus {
  readonly type: string;
  readonly phase: string;
  readonly mode: string;
  readonly active: readonly Pin[];
  readonly trusted: readonly Pin[];
}

export interface TeleportStatus {
  readonly authorities: readonly AuthorityStatus[];
  readonly components: readonly ComponentStatus[];
  /** The trust with the other cluster of a pair, as it really is. */
  readonly trust: {
    readonly peer: string;
    readonly tunnel: "up" | "down";
    readonly last_heartbeat: string;
  } | null;
  /** Armed faults of the executable. */
  readonly call_faults: readonly { readonly fault: string; readonly remaining: number | null }[];
}

/** Teleport for the daemon: the cluster, its `tctl`, and what can be broken. */
export class TeleportPlatform implements EmulatedPlatform {
  readonly platform = "teleport";
  readonly tools: readonly string[];
  readonly world: TeleportCluster;
  readonly #armed: ArmedCalls<CallFault>;

  private constructor(world: TeleportCluster) {
    this.world = world;
    this.#armed = new ArmedCalls(() => world.options.clock.now());
    this.tools = world.options.place === "leaf" ? [LEAF_TCTL] : ["tctl", TSH, DESKTOP_SESSION];
  }

  static async start(options: WantedCluster): Promise<TeleportPlatform> {
    return new TeleportPlatform(await TeleportCluster.create(options));
  }

  get cluster(): string {
    return this.world.options.name;
  }

  get versions(): Readonly<Record<string, string>> {
    const { version } = this.world.options;
    return { client: version, server: version };
  }

  targets(): readonly string[] {
    const { place } = this.world.options;
    return [
      this.#tctl,
      "all",
      ...(place === "alone" ? [] : [place]),
      ...new Set(this.world.agents.map((agent) => agent.spec.hostname).sort()),
    ];
  }

  connection(binFolder: string): ConnectionSpec {
    const timeout = Math.max(
      PHASE_TIMEOUT_S.least,
      Math.round(PHASE_TIMEOUT_S.real / this.world.options.speed),
    );
    return {
      platform: "teleport",
      teleport: { tctl: [`${binFolder}/${this.#tctl}`] },
      policy: {
        soak: "0s",
        phase_timeout: `${timeout}s`,
        stale_read: `${Math.ceil(STALE_READ_MS / this.world.options.speed)}ms`,
      },
    };
  }

  /** The tool that commands are about; faults of calls are faults of this one. */
  get #tctl(): string {
    return this.tools[0] ?? "tctl";
  }

  async run(call: ToolCall): Promise<ToolResult> {
    if (call.tool === DESKTOP_SESSION) return desktopSession(this.world, call.argv);
    if (call.tool === TSH) return await tsh(this.world, call.argv, call.cwd);
    const { dialect } = this.world.options;
    if (this.#isDown && !call.argv.includes(NEEDS_NO_SERVER)) return unreachable(dialect, REFUSED);
    const fault = this.#armed.take(call.argv.join(" "), !call.argv.includes(NEEDS_NO_SERVER));
    switch (fault) {
      case "denied":
        return failedCall(dialect, deniedText(call.argv));
      case "expired-credentials":
        return failedCall(dialect, "your credentials have expired, please login using `tsh login`");
      case "unreachable":
        return unreachable(dialect, REFUSED);
      case "reloading":
        return unreachable(dialect, HUNG_UP);
      case "timeout":
        return hang(call.signal);
    }
    if (!call.argv.includes(NEEDS_NO_SERVER) && this.world.failsAsItReloads()) {
      return unreachable(dialect, HUNG_UP);
    }
    const result = await tctl(this.world, call.argv, call);
    switch (fault) {
      case "timeout-after-success":
        return hang(call.signal);
      case "truncated": {
        const stdout = wholeText(result.stdout);
        return { ...result, stdout: stdout.slice(0, Math.floor(stdout.length / 2)) };
      }
      case "error-after-success":
        // A request that was retried on its way is refused the second time, although it was done (#8320).
        return result.exit === 0 ? this.#again(call) : result;
      case "alert":
        return { ...result, stderr: `${result.stderr}${ALERT}` };
      default:
        return result;
    }
  }

  async fault(request: FaultRequest): Promise<string> {
    const isTool = request.target === this.#tctl;
    if (request.fault === "clear") {
      if (isTool || request.target === "all") this.#clearCalls();
      if (!isTool) await this.world.inject(this.#agents(request.target), null);
      return `${request.target}: faults cleared`;
    }
    const known = faultNamed(TELEPORT_FAULTS, request.fault, "");
    if ((known.scope === "call") !== isTool) {
      throw new Failure(
        "usage",
        `"${known.name}" is a fault of a ${known.scope}, not of "${request.target}".`,
        {
          hint: known.scope === "call" ? "name the executable: tctl" : "name a component, or all",
        },
      );
    }
    if (known.scope === "component") {
      const agents = this.#agents(request.target);
      const options = { expired: request.expired ?? false };
      await this.world.inject(
        agents,
        known.name,
        request.forMs === undefined ? options : { ...options, forMs: request.forMs },
      );
    } else {
      this.#arm(known.name, request);
    }
    return `${request.target}: ${known.description}`;
  }

  databaseLogin(user: string): Promise<DatabaseLogin> {
    return signForDatabaseService(this.world, user);
  }

  status(): TeleportStatus {
    const { authorities, agents, options } = this.world;
    const now = options.clock.now();
    return {
      authorities: authorities.types.flatMap((type) => {
        const authority = authorities.current(type);
        if (authority === undefined) return [];
        return {
          type,
          phase: authority.rotation?.phase ?? "standby",
          mode: authority.rotation?.mode ?? "",
          active: pinsOf(authority.active),
          trusted: pinsOf(authority.trusted),
        };
      }),
      components: agents
        .filter(({ retired }) => !retired)
        .map((agent) => ({
          name: agent.spec.hostname,
          host_id: agent.spec.hostId,
          roles: agent.spec.roles,
          port: agent.port,
          phase: agent.rotation?.phase ?? "standby",
          current_id: agent.rotation?.currentId ?? null,
          alive: agent.alive,
          fault: agent.fault,
          problem: agent.problem,
          expires_in_s: Math.max(0, Math.round(agent.expiresInMs(now) / 1000)),
          issuers: agent.issuers,
        })),
      trust: this.#trust(),
      call_faults: this.#armed.waiting.map(({ fault, remaining }) => ({
        fault,
        remaining: Number.isFinite(remaining) ? remaining : null,
      })),
    };
  }

  stop(): Promise<void> {
    return this.world.stop();
  }

  /** A leaf that was stopped as a whole answers nobody; a root always does, for the sake of those who look. */
  get #isDown(): boolean {
    const { agents, options } = this.world;
    return options.place === "leaf" && agents.every(({ alive }) => !alive);
  }

  #trust(): TeleportStatus["trust"] {
    const { link } = this.world;
    if (link === null) return null;
    const peer = link.root === this.world ? link.leaf : link.root;
    return {
      peer: peer.options.name,
      tunnel: link.isUp ? "up" : "down",
      last_heartbeat: new Date(link.lastHeartbeat).toISOString(),
    };
  }

  #arm(fault: CallFault, request: FaultRequest): void {
    const { speed } = this.world.options;
    if (fault === "stale") {
      this.world.authorities.freeze(request.forMs ?? STALE_MS / speed);
      return;
    }
    this.#armed.arm(fault, request);
  }

  async #again(call: ToolCall): Promise<ToolResult> {
    const again = await tctl(this.world, call.argv, call);
    return again.exit === 0
      ? failedCall(this.world.options.dialect, "rpc error: code = Unavailable desc = transport is closing")
      : again;
  }

  #clearCalls(): void {
    this.#armed.clear();
    this.world.authorities.thaw();
  }

  #agents(target: string): ReturnType<TeleportCluster["find"]> {
    const found = this.world.find(target);
    if (found.length > 0) return found;
    const names = this.targets();
    const shown = names.length > 12 ? `${names.slice(0, 12).join(", ")}, …` : names.join(", ");
    throw new Failure("usage", `The sandbox has no component "${target}".`, { hint: `it has: ${shown}` });
  }
}

/** Never answers; ends when the caller is gone. */
function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(new Error("the caller is gone"));
    signal.addEventListener("abort", () => reject(new Error("the caller is gone")), { once: true });
  });
}

function deniedText(argv: readonly string[]): string {
  const [verb, kind] = argv.includes("rotate")
    ? ["update", "cert_authority"]
    : argv.includes("get")
      ? // Private halves need a verb of their own (reference 4.3).
        [
          argv.includes("--with-secrets") ? "read" : "list",
          argv[argv.indexOf("get") + 1]?.split(/[/,]/)[0] ?? "cert_authority",
        ]
      : ["readnosecrets", "cert_authority"];
  return `access denied to perform action "${verb}" on "${kind}"`;
}

function wholeText(stdout: ToolResult["stdout"]): string {
  if (typeof stdout === "string") return stdout;
  return stdout instanceof Uint8Array ? Buffer.from(stdout).toString("latin1") : [...stdout].join("");
}
