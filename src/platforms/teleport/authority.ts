import { type Fields, fieldsOf, listOf, textOf } from "../../foreign-value.ts";
import { apiSpelling } from "../../profile/authority-type.ts";
import {
  type AuthorityKey,
  type LiveAuthority,
  type LiveRotation,
  NEVER_ROTATED,
} from "../../rotation/observation.ts";
import { isPhase } from "../../rotation/phase.ts";
import { readAuthorityKey } from "../../x509/authority-key.ts";
import { goTime } from "./go-time.ts";

/**
 * One element of `tctl get cert_authority --format=json`, in the layout of any version, into one model
 * (reference teleport-rotation 4.3). Unknown types are kept, unknown fields ignored. Throws an Error that says
 * what cannot be read; the caller knows which authority it was.
 */
export async function readAuthority(element: unknown): Promise<LiveAuthority> {
  const { sub_kind, metadata, spec: rawSpec } = fieldsOf(element);
  const spec = fieldsOf(rawSpec);
  const { active, trusted } = splitKeys(spec);
  return {
    type: apiSpelling(textOf(spec["type"]) || textOf(sub_kind)),
    cluster: textOf(fieldsOf(metadata)["name"]) || textOf(spec["cluster_name"]),
    active: await readKeys("active", active),
    trusted: await readKeys("trusted", trusted),
    rotation: readRotation(spec["rotation"]),
  };
}

/** A key as listed, before it is decoded. */
interface ListedKey {
  readonly protocol: AuthorityKey["protocol"];
  /** Base64 of the text form: every key field is `[]byte` in Go. */
  readonly base64: unknown;
  readonly storage: unknown;
}

interface SplitKeys {
  readonly active: readonly ListedKey[];
  readonly trusted: readonly ListedKey[];
}

/** Versions in between print both layouts; the newer one counts. */
function splitKeys(spec: Fields): SplitKeys {
  const active = keySet(spec["active_keys"]);
  const trusted = keySet(spec["additional_trusted_keys"]);
  return active.length + trusted.length > 0 ? { active, trusted } : splitLegacyKeys(spec);
}

/** `active_keys` and `additional_trusted_keys`, about v7 and later. Lists are sets: HSM clusters have several. */
function keySet(value: unknown): readonly ListedKey[] {
  const { ssh, tls, jwt } = fieldsOf(value);
  return [
    ...listOf(ssh)
      .map(fieldsOf)
      .map((key) => listed("ssh", key["public_key"], key["private_key_type"])),
    ...listOf(tls)
      .map(fieldsOf)
      .map((key) => listed("tls", key["cert"], key["key_type"])),
    ...listOf(jwt)
      .map(fieldsOf)
      .map((key) => listed("jwt", key["public_key"], key["private_key_type"])),
  ];
}

/** v5 and v6: of each list the first is active, the rest is trusted (recordings). */
function splitLegacyKeys(spec: Fields): SplitKeys {
  const lists = [
    listOf(spec["checking_keys"]).map((key) => listed("ssh", key, undefined)),
    listOf(spec["tls_key_pairs"])
      .map(fieldsOf)
      .map((key) => listed("tls", key["cert"], key["key_type"])),
    listOf(spec["jwt_key_pairs"])
      .map(fieldsOf)
      .map((key) => listed("jwt", key["public_key"], key["private_key_type"])),
  ];
  return {
    active: lists.flatMap((keys) => keys.slice(0, 1)),
    trusted: lists.flatMap((keys) => keys.slice(1)),
  };
}

function listed(protocol: ListedKey["protocol"], base64: unknown, storage: unknown): ListedKey {
  return { protocol, base64, storage };
}

async function readKeys(status: string, keys: readonly ListedKey[]): Promise<readonly AuthorityKey[]> {
  return Promise.all(
    keys.map(async ({ protocol, base64, storage }) => {
      try {
        const material = Buffer.from(textOf(base64), "base64").toString("utf8");
        return await readAuthorityKey(protocol, material, storageName(storage));
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`its ${status} ${protocol} key cannot be read: ${reason}`, { cause: error });
      }
    }),
  );
}

/** Absent, number or name: which of them `get` prints is unconfirmed (4.3, 11). Names as in `status` (4.5). */
const STORAGE: Readonly<Record<string, string>> = {
  "": "software",
  "0": "software",
  RAW: "software",
  "1": "PKCS#11 HSM",
  PKCS11: "PKCS#11 HSM",
  "2": "GCP KMS",
  GCP_KMS: "GCP KMS",
  "3": "AWS KMS",
  AWS_KMS: "AWS KMS",
};

function storageName(value: unknown): string {
  const name = value === undefined || value === null ? "" : String(value);
  return STORAGE[name] ?? `unknown (${name})`;
}

function readRotation(value: unknown): LiveRotation {
  if (value === undefined || value === null) return NEVER_ROTATED;
  const rotation = fieldsOf(value);
  const phase = textOf(rotation["phase"]) || "standby";
  if (!isPhase(phase)) throw new Error(`its rotation phase ${JSON.stringify(phase)} is unknown`);
  const state = stateOf(textOf(rotation["state"]), phase);
  const mode = textOf(rotation["mode"]);
  const { update_clients, update_servers, standby } = fieldsOf(rotation["schedule"]);
  const schedule = [goTime(update_clients), goTime(update_servers), goTime(standby)] as const;
  return {
    state,
    phase,
    // Anything but manual moves without being asked.
    mode: mode === "" ? null : mode === "manual" ? "manual" : "auto",
    currentId: textOf(rotation["current_id"]) || null,
    started: goTime(rotation["started"]),
    lastRotated: goTime(rotation["last_rotated"]),
    gracePeriod: textOf(rotation["grace_period"]) || null,
    schedule:
      schedule[0] !== null && schedule[1] !== null && schedule[2] !== null
        ? { update_clients: schedule[0], update_servers: schedule[1], standby: schedule[2] }
        : null,
  };
}

/** Empty until the first rotation. One that nobody knows, or that its phase belies, is no standby. */
function stateOf(state: string, phase: LiveRotation["phase"]): LiveRotation["state"] {
  if (state !== "" && state !== "standby" && state !== "in_progress")
    throw new Error(`its rotation state ${JSON.stringify(state)} is unknown`);
  const told = state === "in_progress" ? "in_progress" : "standby";
  if ((told === "standby") !== (phase === "standby"))
    throw new Error(`its rotation is ${JSON.stringify(state)} and its phase ${phase}, which do not fit`);
  return told;
}
