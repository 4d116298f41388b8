import type { OverridesInput } from "../../profile/profile.ts";
import type { Waiver } from "../../resources/model/desired.ts";
import type { LiveAuthority } from "../../rotation/observation.ts";
import { type ClusterRecord, openRotation } from "../../rotation/record.ts";
import { type KeyHash, keyHashOf } from "../../x509/spki.ts";
import { type CaKeys, generations } from "../overrides/ca-keys.ts";
import { type CaOverride, type EntryState, entryStatesOf } from "../overrides/ca-override.ts";
import type { CaSituation } from "../overrides/ca-situation.ts";
import { keysWithCrl } from "../overrides/crl.ts";
import { faultyKeys } from "../overrides/faulty-keys.ts";
import { subjectOf } from "../overrides/judge-edge.ts";
import type { OverrideAction } from "../overrides/override-action.ts";
import type { OverridePair } from "../overrides/read-cluster.ts";

/** What people have stated in git about the entries of one CA, in its rotations or in its own resource. */
export interface Statements {
  readonly acknowledged: ReadonlySet<string>;
  readonly waivers: readonly Waiver[];
}

/** What people stated and waived about the overrides of a CA, in its rotations and in its own resource. */
export function statementsFor(type: string, { desired, cluster, now }: OverridesInput): Statements {
  const rotations = desired.rotations.filter(
    (rotation) =>
      rotation.cluster === cluster.name && rotation.authorities.some((authority) => authority.type === type),
  );
  const own = desired.authorities.filter(
    (authority) => authority.cluster === cluster.name && authority.type === type,
  );
  const all = [...rotations, ...own];
  return {
    acknowledged: new Set(all.flatMap(({ acknowledge = [] }) => acknowledge.map(({ step }) => step))),
    waivers: all
      .flatMap(({ waive = [] }) => waive)
      .filter(({ guard, expires }) => guard === "overrides" && Date.parse(expires) > now),
  };
}

/** Where a CA and its entries are, as the table of states asks for it. */
export function situationOf({
  type,
  authority,
  pair,
  keys,
  statements,
  context,
}: {
  readonly type: string;
  readonly authority: LiveAuthority;
  readonly pair: OverridePair;
  readonly keys: CaKeys;
  readonly statements: Statements;
  readonly context: OverridesInput;
}): CaSituation {
  const { live } = pair;
  const { record, now } = context;
  const { phase, mode } = authority.rotation;
  const { old, next } = generations(phase, keys);
  const stated = (subjects: Iterable<string>) => {
    const named = new Set(subjects);
    const hashes = [...keys.active, ...keys.additional, ...live.entries.keys()];
    return new Set(hashes.filter((hash) => named.has(subjectOf(type, hash))));
  };
  const overridden = openRotation(record, type)?.overridden ?? null;
  const desired = pair.desired?.override;
  return {
    phase,
    keys,
    entries: entryStatesOf(live),
    withCrl: keysWithCrl(live, now),
    trustAcknowledged: stated(statements.acknowledged),
    waived: stated(statements.waivers.map(({ subject }) => subject)),
    faulty: faultyKeys(live, now),
    overriddenBefore: overridden === null ? null : new Set(overridden.map(keyHashOf)),
    expectedKeys: phase === "standby" ? 0 : Math.max(1, old.length),
    lastRotation: lastRotation(type, record),
    withdrawn: desired !== undefined && next.length > 0 && !next.some((hash) => desired.entries.has(hash)),
    mode,
  };
}

function lastRotation(type: string, { rotations }: ClusterRecord): CaSituation["lastRotation"] {
  const last = rotations.findLast(({ authority, ended_at }) => authority === type && ended_at !== null);
  if (last?.state === "finished" || last?.state === "rolled_back") return last.state;
  return null;
}

/** The entries as they are once everything that comes before a phase step is done; apply waits for each of them. */
export function afterActions(
  situation: CaSituation,
  actions: readonly OverrideAction[],
  live: CaOverride,
  now: number,
): CaSituation {
  const entries = new Map<KeyHash, EntryState>(situation.entries);
  const withCrl = new Set(keysWithCrl(live, now));
  const faulty = new Set(situation.faulty);
  for (const action of actions.filter(({ moment }) => moment === "now")) {
    const { keyHash } = action;
    switch (action.call) {
      case "create-override":
        entries.set(keyHash, action.certificate === null ? "waived" : "staged");
        break;
      case "update-override":
        if (action.set.disabled !== undefined)
          entries.set(keyHash, action.set.disabled ? "staged" : "enabled");
        // The errors of what git wants are findings by themselves.
        if (action.set.certificate !== undefined || action.set.chain !== undefined) faulty.delete(keyHash);
        break;
      case "delete-override":
        entries.delete(keyHash);
        break;
      case "await-crl":
        withCrl.add(keyHash);
        break;
    }
  }
  return { ...situation, entries, withCrl, faulty };
}
