import { isKnown } from "./ca-keys.ts";
import { callsFor } from "./entry-calls.ts";
import { type ActionInputs, isStuck, roleOf } from "./key-role.ts";
import { type OverrideAction, PURPOSES } from "./override-action.ts";
import type { OverrideFinding } from "./override-finding.ts";
import { refusedChange } from "./refused-changes.ts";

/** What is to be called for the entries of one CA. */
export interface OverrideWork {
  readonly actions: readonly OverrideAction[];
  /** What git asks for and no call can, or may, bring about now; `checkAgainstLive` says some of it as well. */
  readonly refused: readonly OverrideFinding[];
}

/**
 * What has to be called so that the cluster has what git says. Errors that the checks find are the caller's to
 * honour; this function only knows what each call would do.
 */
export function planActions(context: ActionInputs): OverrideWork {
  const { desired, live } = context;
  // What could not be read would look absent, and be deleted or created twice.
  const unread = [desired, live].find(({ complete }) => !complete);
  if (unread !== undefined) return { actions: [], refused: [notUnderstood(unread === desired)] };
  const hashes = [...new Set([...desired.entries.keys(), ...live.entries.keys()])].sort();
  const roles = hashes.map((hash) => {
    const role = roleOf(context, hash);
    return { role, refusal: refusedChange(role) };
  });
  const actions = roles
    .flatMap(({ role, refusal }) => (refusal === null ? callsFor(role) : []))
    .toSorted((a, b) => PURPOSES.indexOf(a.purpose) - PURPOSES.indexOf(b.purpose));
  const jam = actions.length === 0 ? [] : jammed(context);
  if (jam.length > 0) return { actions: [], refused: jam };
  return { actions, refused: roles.flatMap(({ refusal }) => refusal ?? []) };
}

/**
 * Every write repeats the revocation list step for the whole resource, so one orphan without a list that holds
 * makes every call fail but its own deletion; two of them make all calls fail (reference 2.6).
 */
function jammed({ live, desired, keys, now }: ActionInputs): readonly OverrideFinding[] {
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
