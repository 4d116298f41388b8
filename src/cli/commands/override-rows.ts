import { row } from "./command-row.ts";
import { COMMON } from "./common-flags.ts";

/** `capstan override …`. */
export const OVERRIDE = {
  name: "override",
  summary: "prepare externally signed CA certificates, for a commit: csr, add, enable, …",
} as const;

const TYPE = { name: "type", says: "db_client or windows" } as const;
const HASHES = {
  name: "hashes",
  says: "only the entries of these keys",
  optional: true,
  several: true,
} as const;
const FILES = {
  name: "files",
  says: "the signed certificate and its chain, PEM, in any order or as a bundle",
  several: true,
} as const;

/** `capstan override csr`. */
export const OVERRIDE_CSR = row({
  name: "override csr",
  summary: "fetch certificate requests, one per key of a CA",
  arguments: [TYPE],
  flags: {
    ...COMMON,
    publicKey: { value: "hash", says: "only for this key" },
    out: { value: "folder", says: "where to write them (default: overrides/requests)" },
    sign: { says: "have the cluster's signer sign them, and add the certificates" },
  },
  examples: ["capstan override csr windows", "capstan override csr db_client --sign"],
  exits: ["ok", "error", "blocked"],
});

/** `capstan override add`. */
export const OVERRIDE_ADD = row({
  name: "override add",
  summary: "put a signed certificate into git, staged",
  arguments: [FILES],
  flags: COMMON,
  examples: ["capstan override add cert.pem chain.pem"],
  exits: ["ok", "error"],
});

/** `capstan override enable`. */
export const OVERRIDE_ENABLE = row({
  name: "override enable",
  summary: "have git ask for staged entries in force",
  arguments: [TYPE, HASHES],
  flags: COMMON,
  examples: ["capstan override enable windows"],
  exits: ["ok", "error"],
});

/** `capstan override renew`. */
export const OVERRIDE_RENEW = row({
  name: "override renew",
  summary: "put another certificate for the same key into git",
  arguments: [FILES],
  flags: COMMON,
  examples: ["capstan override renew cert.pem chain.pem"],
  exits: ["ok", "error"],
});

/** `capstan override retire`. */
export const OVERRIDE_RETIRE = row({
  name: "override retire",
  summary: "remove entries from git whose key is gone, or goes with the last step",
  arguments: [TYPE, HASHES],
  flags: COMMON,
  examples: ["capstan override retire windows"],
  exits: ["ok", "error"],
});
