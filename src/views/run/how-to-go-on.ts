import type { Run, Track } from "./run-state.ts";

/** How a person goes on after a run; `null` where its ending says so itself. */
export function howToGoOn({ ending, tracks }: Pick<Run, "ending" | "tracks">): string | null {
  if (ending?.message.includes("capstan apply") === true) return null;
  switch (ending?.outcome) {
    case "applied":
      return editDue(ending.message) ?? afterApplied(tracks);
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

function afterApplied(tracks: readonly Track[]): string {
  const open = tracks.find(({ state, phase }) => state === "done" && phase !== "standby");
  if (open === undefined) return afterTheEnd(tracks);
  // A pair moves together, and is named together.
  const types = tracks
    .filter(({ cluster, rotation }) => cluster === open.cluster && rotation === open.rotation)
    .map(({ authority }) => authority)
    .join(",");
  return open.phase === "update_servers"
    ? `capstan rotate finish ${types} drops the old key, for a commit: the point of no return`
    : `capstan rotate advance ${types} sets the next phase, for a commit`;
}

/** A walk came to the end without a commit of its own for it: git still names the old key. */
function afterTheEnd(tracks: readonly Track[]): string {
  const walked = tracks.filter(({ state, steps }) => state === "done" && steps.length > 1);
  if (walked.length === 0) return "capstan status shows the keys as they are now";
  const types = walked.map(({ authority }) => authority).join(",");
  return `capstan rotate finish ${types} writes the new key into git, for a commit`;
}
