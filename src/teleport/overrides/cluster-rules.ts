import type { LiveAuthority } from "../../rotation/observation.ts";
import type { Phase } from "../../rotation/phase.ts";
import type { KeyHash } from "../../x509/spki.ts";
import { sameCertificates } from "./compare.ts";
import { crlProblem } from "./crl.ts";
import { checkEntry } from "./entry-rules.ts";
import { type FindingCode, hasErrors, type OverrideFinding } from "./finding.ts";
import { authorityKey, type CaKeys, caKeys, generations, isKnown } from "./keys.ts";
import {
  type EntryChange,
  KEY_UNKNOWN,
  ORPHAN_EDITED,
  ORPHAN_ENABLED,
  type Told,
} from "./refused-by-server.ts";
import type { CaOverride } from "./resource.ts";

/** What the checks against a cluster need to know. */
export interface LiveContext {
  readonly authority: LiveAuthority;
  /** What the cluster has; `emptyOverride` where it has none. */
  readonly live: CaOverride;
  readonly desired: CaOverride;
  /** Where the repository wants the rotation to be; `null` without a rotation. */
  readonly goal: Phase | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** When the rotation can be over at the earliest, with soak times and windows; `null` without one. */
  readonly rotationEndsAt: number | null;
  /** Keys that an earlier rotation is known to have retired: they tell "too late" from "too early". */
  readonly retired: readonly KeyHash[];
}

/**
 * One row per rule, asked for every entry of the desired resource, with the entry that the cluster has for the
 * same key. The order is the server's: live cluster (reference 2.5), then CRL (2.6), then what only capstan sees.
 */
interface EntryRule {
  readonly code: FindingCode;
  readonly severity: OverrideFinding["severity"];
  readonly find: (subject: EntrySubject) => (Told & { readonly at?: string }) | null;
}

interface EntrySubject extends LiveContext, EntryChange {
  readonly keys: CaKeys;
  /** End of the self-signed certificate of the same key. */
  readonly bound: string | null;
}

const ENTRY_RULES: readonly EntryRule[] = [
  { ...KEY_UNKNOWN, severity: "error" },
  { ...ORPHAN_ENABLED, severity: "error" },
  {
    code: "expires-after-self-signed", // L4
    severity: "error",
    find: ({ entry: { keyHash, certificate }, bound }) =>
      certificate === null || bound === null || Date.parse(certificate.notAfter) <= Date.parse(bound)
        ? null
        : {
            at: ".certificate",
            message: `expires at ${certificate.notAfter}, after the self-signed certificate of its key (${bound})`,
            remedy: `have it issued with an end of at most ${bound}`,
            serverText: `certificate override "${keyHash}" expires after self-signed CA certificate, that is not allowed: ${certificate.notAfter} > ${bound}`,
          },
  },
  {
    code: "live-disable", // L5
    severity: "error",
    find: ({ entry, before, keys }) =>
      before?.state === "enabled" && entry.state !== "enabled" && keys.active.includes(entry.keyHash)
        ? {
            message:
              "would be disabled while its key signs: everybody who trusts only the external CA is cut off",
            remedy:
              "first have the self-signed certificate trusted everywhere; then waive `overrides` for this key, with a reason",
            serverText: `Attempt to disable enabled override "${entry.keyHash}" of active certificate denied`,
          }
        : null,
  },
  {
    code: "crl-impossible",
    severity: "error",
    find: ({ entry: { keyHash, certificate }, live, known, now }) => {
      if (certificate === null || known) return null;
      const problem = crlProblem(live.crls.get(keyHash), certificate, now);
      return problem === null
        ? null
        : {
            message: `needs a new revocation list (${problem}), which nobody can sign: its key is gone from the CA`,
            remedy:
              "remove the entry; until then every other change of this resource fails too, even with force",
            serverText: `unknown CA certificate "${keyHash}", cannot create CRL`,
          };
    },
  },
  {
    code: "self-signed-expired",
    severity: "error",
    find: ({ entry: { keyHash, certificate }, live, bound, now }) =>
      certificate === null ||
      bound === null ||
      Date.parse(bound) >= now ||
      crlProblem(live.crls.get(keyHash), certificate, now) === null
        ? null
        : {
            message: `needs a revocation list, but the self-signed certificate of its key expired at ${bound}`,
            remedy: "rotate this CA",
            serverText: "x509: template.ThisUpdate is after template.NextUpdate",
          },
  },
  {
    code: "crl-held-elsewhere",
    severity: "info",
    find: ({ entry, live, keys, authority, now }) => {
      const storage = authorityKey(authority, entry.keyHash)?.storage ?? "software";
      const shared = keys.active.length + keys.additional.length > 1;
      if (entry.state !== "enabled" || storage === "software" || !shared) return null;
      return crlProblem(live.crls.get(entry.keyHash), entry.certificate, now) === null
        ? null
        : {
            message: `has its key in ${storage}, perhaps of another auth server than the one that answers`,
            remedy:
              "nothing to do: capstan creates it disabled, waits for its revocation list, then enables it",
            serverText: `Auth server cannot sign CRL for enabled override "${entry.keyHash}"`,
          };
    },
  },
  {
    code: "orphan",
    severity: "warning",
    find: ({ before, known }) =>
      known || before === undefined
        ? null
        : {
            message: "is for a key that is gone from the CA",
            remedy: "remove the entry from the repository: capstan then deletes it from the cluster too",
          },
  },
  { ...ORPHAN_EDITED, severity: "error" },
  {
    code: "expires-before-rotation-ends",
    severity: "error",
    find: ({ entry: { state, certificate, chain }, known, rotationEndsAt }) => {
      if (state === "waived" || !known || rotationEndsAt === null) return null;
      const first = [certificate, ...chain].find(({ notAfter }) => Date.parse(notAfter) < rotationEndsAt);
      return first === undefined
        ? null
        : {
            message: `ends at ${first.notAfter}, before the rotation can be over (${new Date(rotationEndsAt).toISOString()})`,
            remedy: "renew it before the rotation goes on",
          };
    },
  },
];

/** Everything between the desired resource and the live cluster. `override.findings` and `checkOverride` come on top. */
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
      const subject: EntrySubject = { ...context, entry, before, keys, known, bound };
      return ENTRY_RULES.flatMap(({ code, severity, find }) => {
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
      remedy:
        "put the entry back; to retire it, have the self-signed certificate trusted everywhere, then waive `overrides` for this key",
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

/** Whether the repository asks to finish the rotation: then what belongs to OLD goes away, after the last step. */
export function endsForward(phase: Phase, goal: Phase | null): boolean {
  return goal === "standby" && phase !== "standby" && phase !== "rollback";
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

/** The keys whose live entry is in force, or would be, and would let people down (row U4). */
export function faultyKeys(live: CaOverride, now: number): ReadonlySet<KeyHash> {
  return new Set(
    [...live.entries.values()].flatMap((entry) => {
      const own = live.findings.filter(({ where }) => where.startsWith(entry.where));
      return entry.state === "enabled" && hasErrors([...own, ...checkEntry(entry, live.type, now)])
        ? [entry.keyHash]
        : [];
    }),
  );
}
