import type { FullBackup } from "../platforms/full-backup.ts";
import type { BackupRecord, RotationRecord } from "../rotation/record.ts";
import type { ClusterRun } from "./context.ts";
import { emitNow } from "./emit-now.ts";
import type { StepAtHand } from "./step-at-hand.ts";

/**
 * Keeps what the CAs are right before a step: the public state always, for whoever has to understand later what there
 * was; the full one where the cluster resource says who keeps it. Throws a `Failure` when either cannot be kept, before
 * anything is written.
 */
export async function backUp(run: ClusterRun, atHand: StepAtHand, at: string): Promise<BackupRecord> {
  const { cluster, authorities } = atHand.observation;
  await run.lock.confirm();
  const full = wantsFull(atHand) ? await backUpFully(run, atHand, at) : null;
  const sealed = full?.by === "seal" ? full.sealed : null;
  const where = await run.store.backup({ format_version: "1.0", at, cluster, authorities }, sealed);
  if (full === null) return { at, where };
  const message =
    full.by === "seal"
      ? `the CAs of ${cluster} are backed up with their keys, sealed: ${where}`
      : `the CAs of ${cluster} are backed up with their keys, by ${full.command}`;
  emitNow(run, { type: "notice", cluster, message });
  return { at, where, full: full.by === "seal" ? "sealed" : "command" };
}

/** Somebody was named to keep the full state, perhaps only since the rotation began, and has not kept it yet. */
export function lacksFull(atHand: StepAtHand, memory: RotationRecord): boolean {
  return wantsFull(atHand) && memory.backup?.full === undefined;
}

/** The way back destroys no key that was there before, and must not end at a backup that cannot be made. */
function wantsFull({ cluster, step }: StepAtHand): boolean {
  const isWayBack = step.to === "rollback" || step.from === "rollback";
  return cluster.backup !== undefined && step.action === "rotate" && !isWayBack;
}

async function backUpFully(run: ClusterRun, atHand: StepAtHand, at: string): Promise<FullBackup> {
  const { platform, cluster, step, rotationName } = atHand;
  if (platform.backUp === undefined) throw new Error(`${cluster.name} is to be backed up, and cannot be`);
  return await platform.backUp({
    format_version: "1.0",
    at,
    cluster: cluster.name,
    platform: cluster.platform,
    rotation: rotationName,
    authority: step.authority,
    phase: step.from,
    to: step.to,
    commit: run.commit,
  });
}
