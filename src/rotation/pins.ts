import type { Fingerprint, PinFile } from "./observation.ts";

/** Pins of the host CA by what the rotation does to their keys (reference teleport-rotation 4.7). */
export interface Pins {
  readonly old: readonly Fingerprint[];
  readonly new: readonly Fingerprint[];
}

/**
 * From init to standby either key may be shown to who joins, so both pins belong everywhere; after it, a pin of the
 * old key is a door that nobody watches.
 */
export type PinMoment = "during" | "after";

/** A file that does not list what it should. */
export interface PinProblem {
  readonly file: string;
  /** 1-based: where the pin stands that gives it away. */
  readonly line: number;
  readonly message: string;
  readonly remedy: string;
}

/** For what may list a pin, and could not be searched. */
export const UNREAD_REMEDY =
  "make it readable, or let `policy.pin_files` of the cluster leave it out once you have looked at it yourself";

/** Files that list a pin of this CA and lack one, or still list one; other files are none of our business. */
export function pinProblems(files: readonly PinFile[], pins: Pins, moment: PinMoment): readonly PinProblem[] {
  return files.flatMap((file) => (moment === "during" ? lacking(file, pins) : left(file, pins)));
}

function lacking({ file, pins: listed }: PinFile, pins: Pins): readonly PinProblem[] {
  const all = [...pins.old, ...pins.new];
  const first = listed.find(({ fingerprint }) => all.includes(fingerprint));
  if (first === undefined) return [];
  const missing = all.filter((pin) => !listed.some(({ fingerprint }) => fingerprint === pin));
  return missing.map((pin) => ({
    file,
    line: first.line,
    message: `lacks the ${pins.new.includes(pin) ? "new" : "old"} CA pin ${pin}`,
    remedy: `list both pins, the old and the new one, until the rotation is finished: what dials the Auth Service directly cannot join else`,
  }));
}

function left({ file, pins: listed }: PinFile, pins: Pins): readonly PinProblem[] {
  return listed
    .filter(({ fingerprint }) => pins.old.includes(fingerprint))
    .map(({ fingerprint, line }) => ({
      file,
      line,
      message: `still lists the CA pin of the retired key, ${fingerprint}`,
      remedy: "remove it: a pin that accepts the old key undoes the rotation",
    }));
}
