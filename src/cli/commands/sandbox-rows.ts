import { FAULT_ARGUMENTS, FAULT_FLAGS, FAULT_HELP, UP_FLAGS } from "../../sandbox/command-flags.ts";
import { row } from "./command-row.ts";
import { COMMON } from "./common-flags.ts";

/** `capstan sandbox …`. */
export const SANDBOX = {
  name: "sandbox",
  summary: "an embedded cluster to try everything on: up, down, status, fault",
} as const;

const PLACED = {
  ...COMMON,
  dir: { value: "dir", says: "where it lives (default: .capstan/sandbox of the repository)" },
} as const;

/** `capstan sandbox up`. */
export const SANDBOX_UP = row({
  name: "sandbox up",
  summary: "start it in the background",
  arguments: [],
  flags: { ...PLACED, ...UP_FLAGS },
  examples: ["capstan sandbox up", "capstan sandbox up --speed 100 --nodes 2"],
  exits: ["ok", "error"],
});

/** `capstan sandbox down`. */
export const SANDBOX_DOWN = row({
  name: "sandbox down",
  summary: "end it, and remove its files",
  arguments: [],
  flags: PLACED,
  examples: ["capstan sandbox down"],
  exits: ["ok", "error"],
});

/** `capstan sandbox status`. */
export const SANDBOX_STATUS = row({
  name: "sandbox status",
  summary: "what the emulated cluster itself says, as JSON",
  arguments: [],
  flags: PLACED,
  examples: ["capstan sandbox status"],
  exits: ["ok", "error"],
});

/** `capstan sandbox fault`. */
export const SANDBOX_FAULT = row({
  name: "sandbox fault",
  summary: "break a component, or calls of an executable, on purpose",
  arguments: FAULT_ARGUMENTS,
  flags: { ...PLACED, ...FAULT_FLAGS },
  examples: ["capstan sandbox fault node2 offline --for 5m", "capstan sandbox fault all clear"],
  exits: ["ok", "error"],
  more: FAULT_HELP,
});

/** `capstan sandbox db-login`. */
export const SANDBOX_DB_LOGIN = row({
  name: "sandbox db-login",
  summary: "write what the Database Service would dial a database with, now",
  arguments: [],
  flags: {
    ...PLACED,
    user: { value: "name", says: "database user", required: true },
    out: { value: "prefix", says: "writes PREFIX.key, PREFIX.crt and PREFIX.cas", required: true },
  },
  examples: ["capstan sandbox db-login --user alice --out login"],
  exits: ["ok", "error"],
});
