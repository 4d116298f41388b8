import type { NotesInput } from "../profile/profile.ts";
import { listedOfKind } from "../rotation/component-table.ts";
import { pinProblems } from "../rotation/pins.ts";
import { clockNote } from "./clock-note.ts";
import { untriedNote } from "./tried-releases.ts";

/** A release that nobody has tried, a clock that is off, and files that still list the pin of a key which is gone. */
export function notesOn(about: NotesInput): readonly string[] {
  const untried = about.standing === "finished" ? null : untriedNote(about.observation.versions.server);
  return [...(untried === null ? [] : [untried]), ...clockOff(about), ...pinsLeft(about)];
}

/** Windows, soak and expiry are judged by the clock here. */
function clockOff({ observation: { components, observedAt }, standing }: NotesInput): readonly string[] {
  if (standing === "finished") return [];
  const off = clockNote(listedOfKind(components, "auth_server"), Date.parse(observedAt));
  return off === null ? [] : [`the clock here ${off}: windows and soak times are judged by it`];
}

function pinsLeft({ live, observation, standing, retire }: NotesInput): readonly string[] {
  if (standing !== "finished" || live.type !== "host" || live.rotation.state !== "standby") return [];
  const left = pinProblems(observation.surroundings?.pins ?? [], { old: retire, new: [] }, "after");
  return left.map(({ file, line, message }) => `${file}:${line} ${message}`);
}
