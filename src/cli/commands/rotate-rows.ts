import { row } from "./command-row.ts";
import { COMMON } from "./common-flags.ts";

/** `capstan rotate …`. */
export const ROTATE = {
  name: "rotate",
  summary: "edit the YAML of a rotation, for a commit: start, advance, finish, rollback, adopt",
} as const;

const TYPES = { name: "types", says: "CA types, separated by commas" } as const;
const NAME = { value: "name", says: "name of the rotation" } as const;

/** `capstan rotate start`. */
export const ROTATE_START = row({
  name: "rotate start",
  summary: "a new ca_rotation, at init, of the keys that sign now",
  arguments: [TYPES],
  flags: {
    ...COMMON,
    name: NAME,
    strategy: {
      value: "strategy",
      says: "one phase per commit, or all in one",
      choices: ["step", "walk"],
    },
    compromise: {
      says: "the key that signs is in wrong hands: `reason: compromise`, which waits shorter by policy",
    },
    reason: { value: "text", says: "why a rotation that was rolled back is started again" },
  },
  examples: ["capstan rotate start host", "capstan rotate start db,db_client --strategy walk"],
  exits: ["ok", "error"],
});

/** `capstan rotate adopt`. */
export const ROTATE_ADOPT = row({
  name: "rotate adopt",
  summary: "a ca_rotation for a rotation that is under way and that git does not declare",
  arguments: [TYPES],
  flags: { ...COMMON, name: NAME },
  examples: ["capstan rotate adopt host"],
  exits: ["ok", "error"],
});

/** `capstan rotate advance`. */
export const ROTATE_ADVANCE = row({
  name: "rotate advance",
  summary: "the next phase",
  arguments: [TYPES],
  flags: COMMON,
  examples: ["capstan rotate advance host"],
  exits: ["ok", "error"],
});

/** `capstan rotate finish`. */
export const ROTATE_FINISH = row({
  name: "rotate finish",
  summary: "standby: the old key is dropped, the point of no return; active_keys follows",
  arguments: [TYPES],
  flags: COMMON,
  examples: ["capstan rotate finish host"],
  exits: ["ok", "error"],
});

/** `capstan rotate rollback`. */
export const ROTATE_ROLLBACK = row({
  name: "rotate rollback",
  summary: "back to the old key",
  arguments: [TYPES],
  flags: COMMON,
  examples: ["capstan rotate rollback host"],
  exits: ["ok", "error"],
});
