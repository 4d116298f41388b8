import type { FullBackup } from "../platforms/full-backup.ts";
import type { BackupRecord, RotationRecord } from "../rotation/record.ts";
import { type ClusterRun, type Situation, say } from "./context.ts";

/**
 * Keeps what the CAs are right before a step: the public state always, for whoever has to understand later what there
 * was; the full one where the cluster resource says who keeps it. Throws a `Failure` when either cannot be kept, before
 * anything is written.
 */
export async function backUp(run: ClusterRun, situation: Situation, at: string): Promise<BackupRecord> {
  const { cluster, authorities } = situation.observation;
  await run.lock.confirm();
  const full = wantsFull(situation) ? await backUpFully(run, situation, at) : null;
  const sealed = full?.by === "seal" ? full.sealed : null;
  const where = await run.store.backup({ format_version: "1.0", at, cluster, authorities }, sealed);
  if (full === null) return { at, where };
  const message =
    full.by === "seal"
      ? `the CAs of ${cluster} are backed up with their keys, sealed: ${where}`
      : `the CAs of ${cluster} are backed up with their keys, by ${full.command}`;
  say(run, { type: "notice", message });
  return { at, where, full: full.by === "seal" ? "sealed" : "command" };
}

/** Somebody was named to keep the full state, perhaps only since the rotation began, and has not kept it yet. */
export function lacksFull(situation: Situation, memory: RotationRecord): boolean {
  return wantsFull(situation) && memory.backup?.full === undefined;
}

/** The way back destroys no key that was there before, and must not end at a backup that cannot be made. */
function wantsFull({ cluster, step }: Situation): boolean {
  const isWayBack = step.to === "rollback" || step.from === "rollback";
  return cluster.backup !== undefined && step.action === "rotate" && !isWayBack;
}

async function backUpFully(run: ClusterRun, situation: Situation, at: string): Promise<FullBackup> {
  const { platform, cluster, step, rotationName } = situation;
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
