import { formatGoDuration } from "../go-duration.ts";

/**
 * The auth server's rotation state machine, as a pure function (reference teleport-rotation 1.3 to 1.7).
 * It stands here for the real server and shares nothing with the planner but the names of the phases: what
 * is checked against the planner must not be the planner.
 *
 *     ""/standby --> init --> update_clients --> update_servers --> standby   (completed)
 *                      \            \                   \
 *                       +------------+-------------------+--> rollback --> standby   (reverted)
 */
export interface AuthorityState<Key> {
  /** API spelling (`db_client`). */
  readonly type: string;
  /** Keys that sign. A set: an HSM cluster has one per auth server. */
  readonly active: readonly Key[];
  readonly trusted: readonly Key[];
  /** `null` until it is touched for the first time. */
  readonly rotation: RotationState | null;
}

type RotationPhase = "standby" | "init" | "update_clients" | "update_servers" | "rollback";

/** Times are milliseconds since 1970; `null` is Go's zero time. */
export interface RotationState {
  readonly state: "standby" | "in_progress";
  readonly phase: RotationPhase;
  readonly mode: "" | RotationMode;
  readonly currentId: string;
  readonly started: number | null;
  readonly gracePeriodMs: number;
  readonly lastRotated: number | null;
  readonly schedule: RotationSchedule | null;
}

interface RotationSchedule {
  readonly update_clients: number;
  readonly update_servers: number;
  readonly standby: number;
}

type RotationMode = "manual" | "auto";

/** What `tctl auth rotate` sends (reference 1.2). */
export interface RotationRequest {
  /** A free string; empty means `init`. */
  readonly phase: string;
  readonly mode: RotationMode;
  readonly gracePeriodMs: number;
}

/** What chance decides, so that the function stays pure. Only `init` uses it. */
export interface Entropy<Key> {
  readonly id: string;
  readonly keys: readonly Key[];
}

/** `v5` and `v11` as recorded, `v18` as in the reference. Here only `v5` differs, in texts and a rollback from init. */
export type TctlDialect = "v5" | "v11" | "v18";

export type RotationOutcome<Key> =
  | { readonly ok: true; readonly authority: AuthorityState<Key> }
  | { readonly ok: false; readonly error: string };

/** Whether a request would generate keys, which is slow and so is done before the transition. */
export function generatesKeys(authority: AuthorityState<unknown>, request: RotationRequest): boolean {
  return (request.phase === "" || request.phase === "init") && authority.rotation?.state !== "in_progress";
}

/** Answers one request. `now` is when the server handles it. */
export function rotate<Key>(
  authority: AuthorityState<Key>,
  request: RotationRequest,
  now: number,
  entropy: Entropy<Key>,
  dialect: TctlDialect,
): RotationOutcome<Key> {
  // The schedule is regenerated on each request, so that the period is checked even where it means nothing.
  if (request.gracePeriodMs <= 0) {
    return refuse(`invalid grace period "${formatGoDuration(request.gracePeriodMs)}", provide value > 0`);
  }
  const target = request.phase === "" ? "init" : request.phase;
  const from = authority.rotation?.phase ?? "";
  switch (target) {
    case "init":
      if (authority.rotation?.state === "in_progress") {
        const verb = dialect === "v5" ? "initate" : "initiate";
        return refuse(`can not ${verb} rotation while another is in progress`);
      }
      return accept(start(authority, request, now, entropy));
    case "update_clients":
      if (from !== "init") return refuse(onlyFrom("update_clients", "init", from));
      return accept({
        ...authority,
        active: authority.trusted,
        trusted: authority.active,
        rotation: moved(authority, target, request.mode),
      });
    case "update_servers":
      if (from !== "update_clients") return refuse(onlyFrom("update_servers", "update_clients", from));
      return accept({ ...authority, rotation: moved(authority, target, request.mode) });
    case "rollback":
      if (from !== "init" && from !== "update_clients" && from !== "update_servers") {
        return refuse(`can not transition to phase "rollback" from "${from}" phase.`);
      }
      return accept(rollBack(authority, from, dialect));
    case "standby":
      if (from !== "update_servers" && from !== "rollback") {
        return refuse(
          dialect === "v5"
            ? onlyFrom("update_servers", "update_clients", from)
            : `can not transition to phase "standby" from "${from}" phase.`,
        );
      }
      return accept(complete(authority, now));
    default:
      return refuse(`unsupported phase: "${target}"`);
  }
}

/**
 * The phase that the server's tick moves an automatic rotation to, `null` when it is not time. It looks at
 * nothing but the clock (reference 1.7).
 */
export function automaticPhase(rotation: RotationState | null, now: number): RotationPhase | null {
  if (rotation?.mode !== "auto" || rotation.state !== "in_progress" || rotation.schedule === null)
    return null;
  const next = AUTOMATIC[rotation.phase];
  return next !== undefined && rotation.schedule[next] <= now ? next : null;
}

const AUTOMATIC: Readonly<Partial<Record<RotationPhase, keyof RotationSchedule>>> = {
  init: "update_clients",
  update_clients: "update_servers",
  update_servers: "standby",
};

function start<Key>(
  authority: AuthorityState<Key>,
  request: RotationRequest,
  now: number,
  entropy: Entropy<Key>,
): AuthorityState<Key> {
  const third = request.gracePeriodMs / 3;
  return {
    ...authority,
    // Keys that are already trusted come from a new HSM auth server: merged, not replaced (reference 1.9).
    trusted: [...authority.trusted, ...entropy.keys],
    rotation: {
      state: "in_progress",
      phase: "init",
      mode: request.mode,
      currentId: entropy.id,
      started: now,
      gracePeriodMs: request.gracePeriodMs,
      lastRotated: authority.rotation?.lastRotated ?? null,
      schedule: {
        update_clients: now + third,
        update_servers: now + 2 * third,
        standby: now + request.gracePeriodMs,
      },
    },
  };
}

function rollBack<Key>(
  authority: AuthorityState<Key>,
  from: RotationPhase,
  dialect: TctlDialect,
): AuthorityState<Key> {
  // v5 swaps from init too, where nothing had been swapped yet: the new key ends up active (recordings/README).
  const swap = from !== "init" || dialect === "v5";
  return {
    ...authority,
    active: swap ? authority.trusted : authority.active,
    trusted: swap ? authority.active : authority.trusted,
    rotation: moved(authority, "rollback", "manual"),
  };
}

/** Leaves update_servers or rollback: whatever is only trusted is dropped. */
function complete<Key>(authority: AuthorityState<Key>, now: number): AuthorityState<Key> {
  return {
    ...authority,
    trusted: [],
    rotation: {
      ...rotationOf(authority),
      state: "standby",
      phase: "standby",
      mode: "",
      started: null,
      lastRotated: now,
      schedule: null,
    },
  };
}

function moved(authority: AuthorityState<unknown>, phase: RotationPhase, mode: RotationMode): RotationState {
  return { ...rotationOf(authority), phase, mode };
}

function rotationOf(authority: AuthorityState<unknown>): RotationState {
  if (authority.rotation === null) throw new Error(`the ${authority.type} authority has no rotation`);
  return authority.rotation;
}

function onlyFrom(to: RotationPhase, allowed: RotationPhase, from: RotationPhase | ""): string {
  return `can only switch to phase ${to} from ${allowed}, current phase is ${from}`;
}

function accept<Key>(authority: AuthorityState<Key>): RotationOutcome<Key> {
  return { ok: true, authority };
}

function refuse(error: string): { readonly ok: false; readonly error: string } {
  return { ok: false, error };
}
