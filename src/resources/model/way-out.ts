import type { Connection } from "./desired.ts";
import { formatAddress, parseAddress } from "./trust-consumer.ts";

/** What capstan does because a field says so. */
export type Does = "runs" | "dials" | "reads" | "writes" | "seals for";

/** A command line, or text; `null` where nothing is said and the executable decides by itself. */
export type WayValue = readonly string[] | string | null;

/** What makes a way one that may be taken before a merge, where the base does not have the same one. */
export type WayRule =
  /** The whole command line is among `executables` of the repository resource. */
  | "listed-executable"
  /** Host and port are among `addresses`. */
  | "listed-address"
  /** A credential: one variable and nothing else, so that the operator says which, or one that the base uses. */
  | "credential"
  /** Within what the others allow. */
  | "free"
  /** A plan does not take it. */
  | "only-after-merge";

/** A field of a connection by which capstan runs, dials, reads or writes something. */
export interface ConnectionWay {
  /** Within the field of `spec` that has the platform's name. */
  readonly field: string;
  readonly does: Does;
  readonly rule: WayRule;
  readonly of: (connection: Connection) => readonly WayValue[];
}

/** `host:port`, with the port that it would be dialled at; what is no address stays what it is, and fits no list. */
export function dialled(text: string | null, port: number): string | null {
  if (text === null) return null;
  const bare = /^[\da-fA-F]*:[\da-fA-F:.]*:[\da-fA-F:.]*(?:%\w+)?$/.test(text) ? `[${text}]` : text;
  const address = parseAddress(bare, port);
  return address === null ? text : formatAddress(address);
}
