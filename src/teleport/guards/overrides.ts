import { failWith, unknown } from "../../guards/judgement.ts";
import type { Guard, GuardInput } from "../../profile/profile.ts";
import { isForward } from "../../rotation/phase.ts";
import { fingerprintOfHash, keyHashOf } from "../../x509/spki.ts";
import { caKeys, generations } from "../overrides/ca-keys.ts";
import { OVERRIDABLE_TYPES } from "../overrides/ca-override.ts";
import type { CaSituation } from "../overrides/ca-situation.ts";
import { judgeEdge } from "../overrides/judge-edge.ts";
import type { OverrideOutlook, OverrideOutlooks } from "../overrides/outlook.ts";

/**
 * Teleport forgets about overrides when it rotates: a new key without one silently signs with its self-signed
 * certificate, and who trusts only the external root is cut off (reference teleport-overrides 5.2). The state table
 * of section 5.3 decides, row by row.
 */
export const overrides: Guard = {
  id: "overrides",
  about: "keys",
  refuses: "a step after which a key would sign without the override that people rely on",
  waivable: true,
  subjects: ["override", "authority"],
  appliesTo: ({ authority }) => (OVERRIDABLE_TYPES as readonly string[]).includes(authority.type),
  judge: (input) => {
    const { type } = input.authority;
    const outlook = outlooksOf(input)?.get(type);
    if (outlook === undefined || outlook.unknown !== null) {
      return unknown({
        subject: `override/${type}`,
        message: `nobody knows what is overridden: ${outlook?.unknown ?? "the overrides were not looked at"}`,
        remedy: "give the identity `list` and `read` on cert_authority_override, then plan again",
      });
    }
    const { findings } = judgeEdge(situationAtEdge(input, outlook), input.edge, type);
    const moves = input.edge.from !== input.edge.to && isForward(input.edge);
    const known = new Set(findings.map(({ subject }) => subject));
    const more = moves ? outlook.obstacles.filter(({ subject }) => !known.has(subject)) : [];
    return failWith([...findings, ...more]);
  },
};

function situationAtEdge({ authority, record, rotation }: GuardInput, outlook: OverrideOutlook): CaSituation {
  const keys = caKeys(authority);
  const { phase } = authority.rotation;
  const { old } = generations(phase, keys);
  const overridden = record?.overridden ?? null;
  return {
    ...outlook,
    phase,
    keys,
    overriddenBefore: overridden === null ? null : new Set(overridden.map(keyHashOf)),
    // Every auth server that held a key of its own brings a new one.
    expectedKeys: phase === "standby" ? 0 : Math.max(1, old.length),
    mode: authority.rotation.mode ?? rotation?.mode ?? null,
  };
}

/** The keys that are overridden now, for the record of a rotation that is about to begin. */
export function overriddenKeys({ entries }: Pick<CaSituation, "entries">) {
  return [...entries].filter(([, state]) => state === "enabled").map(([hash]) => fingerprintOfHash(hash));
}

/** What planning made of the overrides, `undefined` where nobody looked. */
function outlooksOf({ overrides: outlooks }: GuardInput): OverrideOutlooks | undefined {
  return outlooks as OverrideOutlooks | undefined;
}
