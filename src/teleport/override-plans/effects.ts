import type { PlannedAction } from "../../rotation/override-plan.ts";
import type { CaKeys } from "../overrides/ca-keys.ts";
import type { CaOverride } from "../overrides/ca-override.ts";
import type { OverrideAction } from "../overrides/override-action.ts";

type Effect = Required<Pick<PlannedAction, "disrupts" | "undo" | "signs">>;

const NOTHING_LOST = "delete the entry: that needs no force";

/**
 * What a call changes for those who meet the CA's certificates, and how it is undone. Only an entry of a key that signs
 * is met by anybody (reference teleport-overrides 0 and 3.7).
 */
export function effectOf(
  { purpose, keyHash }: Pick<OverrideAction, "purpose" | "keyHash">,
  keys: Pick<CaKeys, "active">,
  live: Pick<CaOverride, "entries">,
): Effect {
  const signs = keys.active.includes(keyHash);
  const isMet = signs && live.entries.get(keyHash)?.state === "enabled";
  switch (purpose) {
    case "enable":
      return signs
        ? {
            signs: true,
            disrupts:
              "the CA signs under this certificate from now on: who does not trust its issuer refuses that",
            undo: "disable it again: that takes force and a waiver, as its key signs",
          }
        : {
            signs: false,
            disrupts: "nothing yet: its key signs nothing before update_clients",
            undo: "disable it or delete it: that needs no force",
          };
    case "renew":
      return isMet
        ? {
            signs: true,
            disrupts:
              "the CA signs under the new certificate from now on: who does not trust its issuer refuses that",
            undo: "put the certificate of before back into git, and apply",
          }
        : {
            signs: false,
            disrupts: "nothing: nobody meets this entry yet",
            undo: "put the certificate of before back into git, and apply",
          };
    case "disable":
      return isMet
        ? {
            signs: true,
            disrupts:
              "the CA signs under its own certificate again: who trusts only the external CA refuses that",
            undo: "enable it again",
          }
        : { signs: false, disrupts: "nothing: its key does not sign", undo: "enable it again" };
    case "delete":
      return {
        signs: false,
        disrupts: "nothing more: it is out of force by then",
        undo: "put the entry back into git, and apply",
      };
    case "stage":
      return { signs: false, disrupts: "nothing: it is created disabled", undo: NOTHING_LOST };
    case "await-crl":
      return { signs: false, disrupts: "nothing: it only waits", undo: "nothing to undo" };
    case "waive":
      return {
        signs: false,
        disrupts: "nothing: it only records that this key is not overridden",
        undo: NOTHING_LOST,
      };
    case "purge":
    case "unblock":
    case "retire":
      return {
        signs: false,
        disrupts: "nothing: its key is gone from the CA",
        undo: "cannot be undone: a key that is gone gets no entry again",
      };
  }
}
