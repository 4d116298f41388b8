import { INIT_EXAMPLES, INIT_FLAGS } from "../../platforms/init-flags.ts";
import { row } from "./command-row.ts";
import { COMMON, FOLDER, REVIEWED } from "./common-flags.ts";

/** `capstan init`. */
export const INIT = row({
  name: "init",
  summary: "write resources for a live cluster",
  arguments: [{ name: "dir", says: "folder to write to", optional: true }],
  flags: {
    ...COMMON,
    ...INIT_FLAGS,
    schema: { value: "base", says: "where editors find the schemas, if not at the release's address" },
    vscode: { says: "also write .vscode/settings.json: which files have the schema" },
  },
  examples: ["capstan init", ...INIT_EXAMPLES.map((flags) => `capstan init ${flags}`)],
  exits: ["ok", "error"],
});

/** `capstan validate`. */
export const VALIDATE = row({
  name: "validate",
  summary: "check resources without asking a cluster",
  arguments: [FOLDER],
  flags: {
    ...REVIEWED,
    base: { value: "ref", says: "also check what is changed since this commit: phase edges" },
  },
  examples: ["capstan validate", "capstan validate --base origin/main"],
  exits: ["ok", "error"],
});

/** `capstan status`. */
export const STATUS = row({
  name: "status",
  summary: "show live phases, keys and components",
  arguments: [FOLDER],
  flags: {
    ...REVIEWED,
    format: {
      ...REVIEWED.format,
      says: "how results are printed; openmetrics is for Prometheus",
      choices: ["text", "json", "markdown", "openmetrics"],
    },
  },
  examples: [
    "capstan status",
    "capstan status --cluster acme.cluster --format json",
    "capstan status --format openmetrics",
  ],
  exits: ["ok", "error", "blocked"],
});

/** `capstan check`. */
export const CHECK = row({
  name: "check",
  summary: "run your own checks now: do people and machines still get in",
  arguments: [{ name: "names", says: "only these checks", optional: true, several: true }],
  flags: COMMON,
  examples: ["capstan check", "capstan check login orders"],
  exits: ["ok", "error", "blocked"],
});

/** `capstan artifacts`. */
export const ARTIFACTS = row({
  name: "artifacts",
  summary: "write what systems outside must trust now: PEM, DER, OpenSSH lines, CA pins",
  arguments: [FOLDER],
  flags: {
    ...COMMON,
    out: { value: "dir", says: "folder to write to; files of others in it stay as they are", required: true },
    type: { value: "type", says: "only these CA types, separated by commas" },
  },
  examples: ["capstan artifacts --out trust", "capstan artifacts --out trust --type db,db_client"],
  exits: ["ok", "error"],
});

/** `capstan doctor`. */
export const DOCTOR = row({
  name: "doctor",
  summary: "check versions, credentials, permissions and clock",
  arguments: [FOLDER],
  flags: COMMON,
  examples: ["capstan doctor"],
  exits: ["ok", "error"],
});
