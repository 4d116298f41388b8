import { Failure } from "../failure.ts";
import { type Runner, shown } from "../process/runner.ts";
import type { Backup, ClusterResource } from "../resources/model/desired.ts";
import type { Phase } from "../rotation/phase.ts";
import { seal } from "../sealing/seal.ts";

/** What is about to change, for whoever backs up: public facts only. Names are a contract with the command. */
export interface BackupRequest {
  readonly format_version: "1.0";
  /** ISO 8601. */
  readonly at: string;
  readonly cluster: string;
  readonly platform: ClusterResource["platform"];
  readonly rotation: string;
  readonly authority: string;
  /** Where the authority is, and where the step takes it. */
  readonly phase: Phase;
  readonly to: Phase;
  readonly commit: string | null;
}

/** What came of it: a sealed text to keep, or the word of a command that it did its work. */
export type FullBackup =
  | { readonly by: "seal"; readonly sealed: string }
  | { readonly by: "command"; readonly command: string };

interface BackupSurroundings {
  readonly runner: Runner;
  readonly signal?: AbortSignal | undefined;
  /** The state of the CAs with their private halves: in memory, for sealing and nothing else. */
  readonly readSecrets: () => Promise<string>;
}

/** Backs up the full state of the CAs. Throws a `Failure` when that cannot be done; nothing has changed then. */
export async function backUpFully(
  backup: Backup,
  request: BackupRequest,
  { runner, signal, readSecrets }: BackupSurroundings,
): Promise<FullBackup> {
  if (backup.by === "seal") return { by: "seal", sealed: await seal(backup.recipients, await readSecrets()) };
  const { command, timeoutMs } = backup;
  const stdin = `${JSON.stringify(request)}\n`;
  const { exitCode, stderr } = await runner.run({ argv: command, stdin, timeoutMs, signal });
  if (exitCode === 0) return { by: "command", command: shown({ argv: command }) };
  const said = stderr.trim().split("\n").slice(-3).join("; ").slice(0, 500);
  throw new Failure(
    "refused",
    `the backup of the CAs of ${request.cluster} failed: ${shown({ argv: command })} ended with exit status ${exitCode}${said === "" ? "" : `, ${said}`}`,
    { hint: "nothing was changed; mend the command of spec.backup in the cluster resource, then run again" },
  );
}
