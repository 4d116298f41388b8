import type { RotationState } from "./rotation-machine.ts";

/**
 * What a Teleport process does when it notices that the host CA's rotation differs from what it has stored
 * (reference teleport-rotation 1.10): pure, no certificates in it.
 */
export type FollowAction =
  /** Nothing to do, or nothing that it would notice. */
  | "none"
  /** Remember the rotation; certificates stay. */
  | "store"
  /** Register again, use the new certificate towards others only. */
  | "renew-client"
  /** Serve with the certificate that is used as a client. */
  | "promote"
  /** Register again, use the new certificate for both. */
  | "renew"
  /** It missed what it needed: only a rollback or a fresh join helps. */
  | "out-of-sync";

/** `null` is a CA, or a process, that never saw a rotation. */
export function followAction(local: RotationState | null, remote: RotationState | null): FollowAction {
  if (remote === null || matches(local, remote)) return "none";
  const idle = local === null || local.state === "standby";
  const sameRotation = local?.currentId === remote.currentId;
  switch (remote.phase) {
    case "init":
      return idle ? "store" : "out-of-sync";
    case "update_clients":
      return local?.phase === "init" || sameRotation ? "renew-client" : "out-of-sync";
    case "update_servers":
      return local?.phase === "update_clients" || sameRotation ? "promote" : "out-of-sync";
    case "rollback":
      return "renew";
    case "standby":
      // A process that slept through the whole rotation is not detected here.
      if (idle) return "none";
      return local.phase === "rollback" || sameRotation ? "renew" : "out-of-sync";
  }
}

/** The sentence in the process's own log. */
export function outOfSync(role: string, local: RotationState | null, remote: RotationState | null): string {
  return (
    `${role} cluster rotation state (${describe(remote)}) is out of sync with local (${describe(local)}). ` +
    `Clear local state and re-register this ${role}.`
  );
}

function matches(local: RotationState | null, remote: RotationState): boolean {
  return (
    local !== null &&
    local.currentId === remote.currentId &&
    local.state === remote.state &&
    local.phase === remote.phase
  );
}

function describe(rotation: RotationState | null): string {
  if (rotation === null) return "never updated";
  return rotation.state === "standby" ? "standby" : `${rotation.phase}, mode: ${rotation.mode}`;
}
