import { namingCluster } from "../../rotation/remedy-command.ts";
import type { Run, Track } from "./run-state.ts";

/** How a person goes on after a run; `null` where its ending says so itself. */
export function howToGoOn({
  ending,
  tracks,
  several,
}: Pick<Run, "ending" | "tracks" | "several">): string | null {
  if (ending?.message.includes("capstan apply") === true) return null;
  switch (ending?.outcome) {
    case "applied":
      return editDue(ending.message) ?? afterApplied(tracks, several);
    case "nothing-to-do":
      return "nothing";
    case "rolled-back":
      return "capstan plan shows how it stands; the same content in git does not start it again";
    case "interrupted":
      return "capstan apply goes on from what it then observes";
    case "stale":
      return "plan again";
    case "locked":
      return "wait for the other run, or ask who holds the lock";
    case "blocked":
    case "rollback-unfinished":
    case "failed":
    case undefined:
      return "capstan plan says what is left, what blocks and what to do about it";
  }
}

/** What git lacks after a walk. */
function editDue(message: string): string | null {
  const command = /`(capstan rotate finish [^`]+)`/.exec(message)?.[1];
  return command === undefined ? null : `${command} writes the key that signs now into git, for a commit`;
}

function afterApplied(tracks: readonly Track[], several: boolean): string {
  const open = tracks.find(({ state, phase }) => state === "done" && phase !== "standby");
  if (open === undefined) return afterTheEnd(tracks, several);
  // A pair moves together, and is named together.
  const types = tracks
    .filter(({ cluster, rotation }) => cluster === open.cluster && rotation === open.rotation)
    .map(({ authority }) => authority)
    .join(",");
  return open.phase === "update_servers"
    ? `${typed(`capstan rotate finish ${types}`, open, several)} drops the old key, for a commit: the point of no return`
    : `${typed(`capstan rotate advance ${types}`, open, several)} sets the next phase, for a commit`;
}

/** A walk came to the end without a commit of its own for it: git still names the old key. */
function afterTheEnd(tracks: readonly Track[], several: boolean): string {
  const walked = tracks.filter(({ state, steps }) => state === "done" && steps.length > 1);
  const [first] = walked;
  if (first === undefined) return "capstan status shows the keys as they are now";
  const types = walked
    .filter(({ cluster }) => cluster === first.cluster)
    .map(({ authority }) => authority)
    .join(",");
  return `${typed(`capstan rotate finish ${types}`, first, several)} writes the new key into git, for a commit`;
}

function typed(command: string, { cluster }: Pick<Track, "cluster">, several: boolean): string {
  return several ? namingCluster(command, cluster) : command;
}
