import type { OverrideEntryPlan, OverridePlan, PlannedAction } from "../../rotation/override-plan.ts";
import { count } from "../count.ts";

/** What is done about an entry, by the word that plans and events have for it. */
const PURPOSES: ReadonlyMap<string, string> = new Map([
  ["unblock", "delete the entry that makes every other change fail"],
  ["stage", "create its entry, disabled"],
  ["renew", "give its entry the new certificate"],
  ["await-crl", "wait for the revocation list of its entry"],
  ["enable", "enable its entry"],
  ["disable", "disable its entry"],
  ["delete", "delete its entry"],
  ["waive", "record that it is not overridden"],
  ["purge", "delete the entry of a key that is gone"],
  ["retire", "delete its entry"],
]);

/** What a call about an override entry does: `enable its entry, with force`. */
export function actionText({
  purpose,
  force,
  moment,
}: Pick<PlannedAction, "purpose" | "force" | "moment">): string {
  return [
    PURPOSES.get(purpose) ?? purpose,
    ...(force ? ["with force"] : []),
    ...(moment === "now" ? [] : ["after the last step"]),
  ].join(", ");
}

const KEYS: Readonly<Record<OverrideEntryPlan["key"], string>> = {
  active: "the key that signs",
  additional: "a key that does not sign",
  orphan: "a key that is gone",
  unknown: "a key that the CA does not have",
};

/** Which key an entry stands for. */
export function keyOfEntryText({ key }: Pick<OverrideEntryPlan, "key">): string {
  return KEYS[key];
}

const STATES: Readonly<Record<OverrideEntryPlan["state"], string>> = {
  enabled: "enabled",
  staged: "there, disabled",
  waived: "recorded as not overridden",
  absent: "no entry",
};

/** `no entry → there, disabled`. */
export function entryStateText({
  state,
  state_wanted,
}: Pick<OverrideEntryPlan, "state" | "state_wanted">): string {
  return state === state_wanted ? STATES[state] : `${STATES[state]} → ${STATES[state_wanted]}`;
}

/** What holds the calls about one CA back, or that nothing does: as the guards of a step. */
export function overrideGuardText({ findings, actions }: OverridePlan): string {
  const errors = findings.filter(({ severity, waived }) => severity === "error" && waived === undefined);
  const waived = findings.filter((finding) => finding.waived !== undefined);
  const missing = actions.flatMap((action) => action.missing);
  const held = [
    ...(errors.length === 0 ? [] : [`held by ${count(errors.length, "finding")}`]),
    ...missing.map((one) => `waits for ${missingText(one)}`),
  ];
  const by = waived.length === 0 ? "" : `, ${count(waived.length, "finding")} by waiver`;
  return held.length === 0 ? `every check of its entries passes${by}` : `${held.join("; ")}${by}`;
}

/** What a person has to state in git first: `a waiver of override/db_client/…`. */
export function missingText({ statement, subject }: PlannedAction["missing"][number]): string {
  return `${statement === "waiver" ? "a waiver" : "an acknowledgement"} of ${subject}`;
}
