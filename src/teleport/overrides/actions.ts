import type { Phase } from "../../rotation/phase.ts";
import type { KeyHash } from "../../x509/spki.ts";
import { endsForward } from "./cluster-rules.ts";
import { sameCertificates, sameChain } from "./compare.ts";
import { crlProblem, keysWithCrl } from "./crl.ts";
import type { OverrideFinding } from "./finding.ts";
import { type CaKeys, generations, isKnown } from "./keys.ts";
import {
  type ImpossibleChange,
  KEY_UNKNOWN,
  ORPHAN_EDITED,
  ORPHAN_ENABLED,
  type Told,
} from "./refused-by-server.ts";
import type { CaOverride, OverrideEntry } from "./resource.ts";

/** One call, as data: the platform spells it (reference 3.3 to 3.5). Never more fields than have to change. */
export type OverrideAction = {
  readonly keyHash: KeyHash;
  readonly purpose: Purpose;
  /** `after-standby`: once the last step of the rotation is done; everything else comes before a phase step. */
  readonly moment: "now" | "after-standby";
  /** What has to be true first, and is not for the platform to find out. */
  readonly needs: readonly Need[];
  /** Only where the server refuses without it, and never without a waiver. */
  readonly force: boolean;
} & Call;

type Call =
  /** Always disabled at first. Without a certificate (a waived key) no sub-command does it, only create or edit. */
  | {
      readonly call: "create-override";
      readonly certificate: string | null;
      readonly chain: readonly string[];
    }
  | { readonly call: "update-override"; readonly set: FieldsToSet }
  | { readonly call: "delete-override" }
  /** No call at all: wait until the cluster shows the entry's revocation list. */
  | { readonly call: "await-crl" };

interface FieldsToSet {
  readonly certificate?: string;
  /** An empty one clears it. A new certificate keeps the old chain unless this says otherwise. */
  readonly chain?: readonly string[];
  readonly disabled?: boolean;
}

type Need =
  /** A reviewed waiver of the `overrides` guard for this key. */
  | "waiver"
  /** Somebody has acknowledged that the world outside trusts the certificate. */
  | "trust";

/**
 * In the order in which they are safe (reference 9.3):
 *
 *     unblock -> stage -> renew -> await-crl -> enable -> disable -> delete -> waive -> purge -> [phase step] -> retire
 *
 * `unblock` is the purge of an orphan whose revocation list no longer holds: it makes every other write fail.
 */
const PURPOSES = [
  "unblock",
  "stage",
  "renew",
  "await-crl",
  "enable",
  "disable",
  "delete",
  "waive",
  "purge",
  "retire",
] as const;

type Purpose = (typeof PURPOSES)[number];

export interface ActionContext {
  readonly desired: CaOverride;
  /** `emptyOverride` where the cluster has none. */
  readonly live: CaOverride;
  readonly keys: CaKeys;
  readonly phase: Phase;
  /** Where the repository wants the rotation to be; `null` without a rotation. */
  readonly goal: Phase | null;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface OverrideWork {
  readonly actions: readonly OverrideAction[];
  /** What git asks for and no call can, or may, bring about now; `checkAgainstLive` says some of it as well. */
  readonly refused: readonly OverrideFinding[];
}

/**
 * What has to be called so that the cluster has what git says. Errors that the checks find are the caller's to
 * honour; this function only knows what each call would do.
 */
export function planActions(context: ActionContext): OverrideWork {
  const { desired, live } = context;
  // What could not be read would look absent, and be deleted or created twice.
  const unread = [desired, live].find(({ complete }) => !complete);
  if (unread !== undefined) return { actions: [], refused: [notUnderstood(unread === desired)] };
  const hashes = [...new Set([...desired.entries.keys(), ...live.entries.keys()])].sort();
  const work = hashes.map((hash) => workOn(roleOf(context, hash)));
  const actions = work
    .flatMap(({ actions: own }) => own)
    .toSorted((a, b) => PURPOSES.indexOf(a.purpose) - PURPOSES.indexOf(b.purpose));
  const jam = actions.length === 0 ? [] : jammed(context);
  if (jam.length > 0) return { actions: [], refused: jam };
  return { actions, refused: work.flatMap(({ refused }) => refused) };
}

/**
 * Every write repeats the revocation list step for the whole resource, so one orphan without a list that holds
 * makes every call fail but its own deletion; two of them make all calls fail (reference 2.6).
 */
function jammed({ live, desired, keys, now }: ActionContext): readonly OverrideFinding[] {
  const stuck = [...live.entries.values()].filter(
    (entry) => !isKnown(keys, entry.keyHash) && isStuck(entry, live, now),
  );
  const [first] = stuck;
  if (first === undefined || (stuck.length === 1 && !desired.entries.has(first.keyHash))) return [];
  return stuck.map(({ keyHash }) => ({
    severity: "error",
    code: "crl-impossible",
    where: desired.entries.get(keyHash)?.where ?? `key ${keyHash}`,
    message:
      "has neither a key in the CA nor a revocation list that holds, so every call that changes this resource fails",
    remedy: `remove ${stuck.length === 1 ? "the entry from the repository" : `all ${stuck.length} such entries at once with \`tctl edit\``}`,
  }));
}

function isStuck({ keyHash, certificate }: OverrideEntry, live: CaOverride, now: number): boolean {
  return certificate !== null && crlProblem(live.crls.get(keyHash), certificate, now) !== null;
}

/** A key, and what this rotation makes of it. */
interface Role extends ActionContext {
  readonly keyHash: KeyHash;
  readonly before: OverrideEntry | undefined;
  readonly after: OverrideEntry | undefined;
  readonly known: boolean;
  /** Disabling or dropping its entry changes what people see at once. */
  readonly inForce: boolean;
  /** A rotation is under way, and a rollback would need this entry as it is. */
  readonly neededForRollback: boolean;
  readonly generation: "old" | "next" | "gone";
  readonly hasCrl: boolean;
}

function roleOf(context: ActionContext, keyHash: KeyHash): Role {
  const { desired, live, keys, phase, now } = context;
  const { old, next } = generations(phase, keys);
  const before = live.entries.get(keyHash);
  return {
    ...context,
    keyHash,
    before,
    after: desired.entries.get(keyHash),
    known: isKnown(keys, keyHash),
    inForce: before?.state === "enabled" && keys.active.includes(keyHash),
    neededForRollback: before?.state === "enabled" && phase !== "standby" && old.includes(keyHash),
    generation: old.includes(keyHash) ? "old" : next.includes(keyHash) ? "next" : "gone",
    hasCrl: keysWithCrl(live, now).has(keyHash),
  };
}

function workOn(role: Role): OverrideWork {
  const { before, after } = role;
  const refused = REFUSALS.flatMap((refusal) => {
    const told = refusal.find(role);
    if (told === null) return [];
    const where = after?.where ?? `key ${role.keyHash}`;
    return [{ severity: "error" as const, code: refusal.code, where, ...told }];
  }).slice(0, 1);
  if (refused.length > 0) return { actions: [], refused };
  if (after === undefined) return { actions: before === undefined ? [] : removal(role, before), refused };
  return { actions: before === undefined ? addition(role, after) : change(role, before, after), refused };
}

interface Refusal {
  readonly code: OverrideFinding["code"];
  readonly find: (role: Role) => Told | null;
}

const forEntry = ({ code, find }: ImpossibleChange): Refusal => ({
  code,
  find: (role) => (role.after === undefined ? null : find({ ...role, entry: role.after, retired: [] })),
});

/** First one wins. */
const REFUSALS: readonly Refusal[] = [
  forEntry(KEY_UNKNOWN),
  forEntry(ORPHAN_ENABLED),
  forEntry(ORPHAN_EDITED),
  {
    code: "rollback-new-entry",
    find: ({ phase, generation, before, after }) =>
      phase === "rollback" &&
      generation === "next" &&
      after !== undefined &&
      (before === undefined || (after.state === "enabled" && before.state !== "enabled"))
        ? {
            message: "is for the key that this rollback drops",
            remedy: "remove the entry: after standby it would be an orphan",
          }
        : null,
  },
  {
    code: "disable-with-phase-step",
    find: ({ inForce, after, phase, goal, generation }) =>
      inForce &&
      after?.state !== "enabled" &&
      goal !== null &&
      goal !== phase &&
      !(after === undefined && generation === "old" && endsForward(phase, goal))
        ? {
            message: "would be taken out of force in the same run as a step of the rotation",
            remedy: "do one of them in a commit of its own, and see that everybody can still connect",
          }
        : null,
  },
];

function addition(role: Role, after: OverrideEntry): readonly OverrideAction[] {
  if (after.state === "waived") return [keyOnly(role)];
  const create = act(role, "stage", {
    call: "create-override",
    certificate: after.certificate.pem,
    chain: pems(after),
  });
  return [create, awaitCrl(role), ...(after.state === "enabled" ? [enable(role)] : [])];
}

function change(role: Role, before: OverrideEntry, after: OverrideEntry): readonly OverrideAction[] {
  if (before.state === after.state && sameCertificates(before, after)) return [];
  if (after.state === "waived") {
    return [...takeOutOfForce(role), drop(role, "delete"), keyOnly(role)];
  }
  const content = contentToSet(before, after);
  const changes = Object.keys(content).length > 0;
  if (before.state === "enabled") {
    return after.state === "enabled"
      ? [act(role, "renew", { call: "update-override", set: content }, touching(role))]
      : [disable(role, content)];
  }
  return [
    ...(changes ? [act(role, "renew", { call: "update-override", set: content })] : []),
    ...(changes || (after.state === "enabled" && !role.hasCrl) ? [awaitCrl(role)] : []),
    ...(after.state === "enabled" ? [enable(role)] : []),
  ];
}

function removal(role: Role, before: OverrideEntry): readonly OverrideAction[] {
  const { known, live, now, generation, phase, goal } = role;
  if (!known) {
    return [act(role, isStuck(before, live, now) ? "unblock" : "purge", { call: "delete-override" })];
  }
  if (generation === "old" && endsForward(phase, goal)) {
    return [{ ...act(role, "retire", { call: "delete-override" }), moment: "after-standby" }];
  }
  return [...takeOutOfForce(role), drop(role, "delete")];
}

/** Live entries go in two calls, so that only the first one needs force and a probe can look in between. */
function takeOutOfForce(role: Role): readonly OverrideAction[] {
  return role.inForce ? [disable(role, {})] : [];
}

function disable(role: Role, content: FieldsToSet): OverrideAction {
  const call = { call: "update-override", set: { ...content, disabled: true } } as const;
  return { ...act(role, "disable", call, touching(role)), force: role.inForce };
}

function drop(role: Role, purpose: Purpose): OverrideAction {
  return act(role, purpose, { call: "delete-override" }, touching(role));
}

function enable(role: Role): OverrideAction {
  // Putting OLD's entry back in force restores what people trusted all along.
  const restores = role.phase !== "standby" && role.generation === "old";
  const call = { call: "update-override", set: { disabled: false } } as const;
  return act(role, "enable", call, restores ? [] : ["trust"]);
}

function keyOnly(role: Role): OverrideAction {
  return act(role, "waive", { call: "create-override", certificate: null, chain: [] });
}

function awaitCrl(role: Role): OverrideAction {
  return act(role, "await-crl", { call: "await-crl" });
}

/** In force, or needed for a rollback: nobody touches that without a reviewed reason. In place renewal is the exception. */
function touching({ inForce, neededForRollback, after }: Role): readonly Need[] {
  return neededForRollback || (inForce && after?.state !== "enabled") ? ["waiver"] : [];
}

function act(role: Role, purpose: Purpose, call: Call, needs: readonly Need[] = []): OverrideAction {
  return { keyHash: role.keyHash, purpose, moment: "now", needs, force: false, ...call };
}

function contentToSet(before: OverrideEntry, after: OverrideEntry): FieldsToSet {
  return {
    ...(after.certificate === null || before.certificate?.sha256 === after.certificate.sha256
      ? {}
      : { certificate: after.certificate.pem }),
    ...(sameChain(before.chain, after.chain) ? {} : { chain: pems(after) }),
  };
}

function pems({ chain }: OverrideEntry): readonly string[] {
  return chain.map(({ pem }) => pem);
}

function notUnderstood(desired: boolean): OverrideFinding {
  return {
    severity: "error",
    code: desired ? "document-invalid" : "live-unreadable",
    where: "spec.certificate_overrides",
    message: desired
      ? "has entries that cannot be understood, so nothing is changed"
      : "has entries in the cluster that cannot be understood, so nothing is changed",
    remedy: desired ? "repair them first" : "repair the live resource with `tctl edit`",
  };
}
