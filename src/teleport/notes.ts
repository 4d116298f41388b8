import type { NotesInput } from "../profile/profile.ts";
import { pinProblems } from "../rotation/pins.ts";

/** Files that still list the pin of a key which is gone. */
export function notesOn({ live, observation, standing, retire }: NotesInput): readonly string[] {
  if (standing !== "finished" || live.type !== "host" || live.rotation.state !== "standby") return [];
  const left = pinProblems(observation.surroundings?.pins ?? [], { old: retire, new: [] }, "after");
  return left.map(({ file, line, message }) => `${file}:${line} ${message}`);
}
