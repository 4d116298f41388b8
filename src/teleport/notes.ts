import type { NotesInput } from "../profile/profile.ts";
import { pinProblems } from "../rotation/pins.ts";
import { untriedNote } from "./tried-releases.ts";

/** A release that nobody has tried, and files that still list the pin of a key which is gone. */
export function notesOn(about: NotesInput): readonly string[] {
  const untried = about.standing === "finished" ? null : untriedNote(about.observation.versions.server);
  return [...(untried === null ? [] : [untried]), ...pinsLeft(about)];
}

function pinsLeft({ live, observation, standing, retire }: NotesInput): readonly string[] {
  if (standing !== "finished" || live.type !== "host" || live.rotation.state !== "standby") return [];
  const left = pinProblems(observation.surroundings?.pins ?? [], { old: retire, new: [] }, "after");
  return left.map(({ file, line, message }) => `${file}:${line} ${message}`);
}
