import { authorityKey, type CaKeys, caKeys, endsForward, generations, isKnown } from "./ca-keys.ts";
import type { CaOverride } from "./ca-override.ts";
import { sameCertificates } from "./compare-overrides.ts";
import { crlProblem } from "./crl.ts";
import { CLUSTER_ENTRY_RULES, type EntryInCluster } from "./entry-in-cluster.ts";
import type { LiveContext } from "./live-context.ts";
import type { OverrideFinding } from "./override-finding.ts";

/**
 * Everything between the desired resource and the live cluster. `override.findings` and `checkOverride`
 * come on top.
 */
export function checkAgainstLive(context: LiveContext): readonly OverrideFinding[] {
  const { authority, live, desired } = context;
  const keys = caKeys(authority);
  return [
    ...wrongCluster(context),
    ...unreadable(live),
    ...[...desired.entries.values()].flatMap((entry) => {
      const before = live.entries.get(entry.keyHash);
      const known = isKnown(keys, entry.keyHash);
      const bound = authorityKey(authority, entry.keyHash)?.certificate?.notAfter ?? null;
      const subject: EntryInCluster = { ...context, entry, before, keys, known, bound };
      return CLUSTER_ENTRY_RULES.flatMap(({ code, severity, find }) => {
        const told = find(subject);
        if (told === null) return [];
        const { at = "", ...rest } = told;
        return [{ severity, code, where: `${entry.where}${at}`, ...rest }];
      });
    }),
    ...removals(context, keys),
    ...touchedRollbackEntries(context, keys),
    ...incompleteHsm(desired, keys),
    ...missingCrls(context, keys),
  ];
}

function wrongCluster({ authority, desired }: LiveContext): readonly OverrideFinding[] {
  if (desired.cluster === authority.cluster) return [];
  return [
    {
      severity: "error",
      code: "cluster-wrong",
      where: "metadata.name",
      message: `is ${desired.cluster}; this cluster is ${authority.cluster}`,
      remedy:
        "an override is made on the cluster that owns the CA: correct the name, or the `cluster` resource",
      serverText: `invalid metadata.name/clusterName: "${desired.cluster}", only "${authority.cluster}" is allowed`,
    },
  ];
}

function unreadable({ complete, findings }: CaOverride): readonly OverrideFinding[] {
  if (complete) return [];
  const first = findings.find(({ severity }) => severity === "error");
  return [
    {
      severity: "error",
      code: "live-unreadable",
      where: first?.where ?? "",
      message: `is in the cluster, but cannot be understood: ${first?.message ?? "unknown form"}`,
      remedy: "repair the live resource with `tctl edit`; until then nothing about its entries is certain",
    },
  ];
}

/** L6. Whoever replaces one key's entry by another's removes the first. */
function removals(
  { authority, live, desired, goal }: LiveContext,
  { active }: CaKeys,
): readonly OverrideFinding[] {
  // Before the keys flip, OLD is the one that signs; a walk to the end drops its entry after the last step.
  const { phase } = authority.rotation;
  if (phase === "init" && endsForward(phase, goal)) return [];
  return [...live.entries.values()]
    .filter(
      ({ state, keyHash }) =>
        state === "enabled" && active.includes(keyHash) && !desired.entries.has(keyHash),
    )
    .map(({ keyHash }) => ({
      severity: "error",
      code: "live-removal",
      where: `key ${keyHash}`,
      message:
        "would be removed while it is enabled and its key signs: everybody who trusts only the external CA is cut off",
      remedy: "put the entry back; to retire it, first have the self-signed certificate trusted everywhere",
      serverText: `Attempt to delete enabled override "${keyHash}" of active certificate denied`,
    }));
}

/** The server lets anybody delete the very entry that a rollback needs (reference 2.5). */
function touchedRollbackEntries(
  { authority, live, desired, goal }: LiveContext,
  keys: CaKeys,
): readonly OverrideFinding[] {
  const { phase } = authority.rotation;
  if (phase === "standby") return [];
  return generations(phase, keys).old.flatMap((keyHash) => {
    const before = live.entries.get(keyHash);
    const after = desired.entries.get(keyHash);
    if (before?.state !== "enabled") return [];
    const removedAtTheEnd = after === undefined && endsForward(phase, goal);
    const protectedByServer = after?.state !== "enabled" && keys.active.includes(keyHash);
    const untouched = after?.state === "enabled" && sameCertificates(before, after);
    if (untouched || removedAtTheEnd || protectedByServer) return [];
    return [
      {
        severity: "error",
        code: "rollback-entry-touched",
        where: after?.where ?? `key ${keyHash}`,
        message: `would be ${after === undefined ? "removed" : after.state === "enabled" ? "changed" : "disabled"} during a rotation; a rollback depends on it as it is`,
        remedy: "leave this entry alone until the rotation is over",
      },
    ];
  });
}

function incompleteHsm({ entries }: CaOverride, { active }: CaKeys): readonly OverrideFinding[] {
  const without = active.filter((hash) => entries.get(hash)?.state !== "enabled");
  if (without.length === 0 || without.length === active.length) return [];
  return without.map((keyHash) => ({
    severity: "error",
    code: "hsm-incomplete",
    where: entries.get(keyHash)?.where ?? `key ${keyHash}`,
    message:
      "signs without an override, while other active keys have one: which issuer people see depends on the auth server",
    remedy: `add and enable the entry of this key (capstan override csr), or disable all`,
  }));
}

function missingCrls({ live, desired, now }: LiveContext, keys: CaKeys): readonly OverrideFinding[] {
  return [...live.entries.values()].flatMap(({ keyHash, certificate }) => {
    const wanted = desired.entries.get(keyHash);
    if (certificate === null || !isKnown(keys, keyHash) || wanted === undefined) return [];
    const problem = crlProblem(live.crls.get(keyHash), certificate, now);
    return problem === null
      ? []
      : [
          {
            severity: "warning",
            code: "crl-missing",
            where: wanted.where,
            message: `has no revocation list that holds: ${problem}`,
            remedy: "wait some minutes: the auth servers sign them in the background; then look at their log",
          },
        ];
  });
}
