import { waitsOf } from "../../guards/haste.ts";
import type { OverridesInput } from "../../profile/profile.ts";
import { identify, type LiveAuthority } from "../../rotation/observation.ts";
import type {
  CertificateDue,
  OverrideEntryPlan,
  OverridePlan,
  OverridePlanFinding,
  PlannedAction,
} from "../../rotation/override-plan.ts";
import { type Phase, walkBetween } from "../../rotation/phase.ts";
import { type ClusterRecord, openRotation } from "../../rotation/record.ts";
import { acknowledgeCommand, waiveCommand } from "../../rotation/remedy-command.ts";
import { type KeyHash, keyHashOf } from "../../x509/spki.ts";
import { planActions } from "../overrides/actions.ts";
import { type CaKeys, caKeys, generations } from "../overrides/ca-keys.ts";
import { type CaOverride, emptyOverride, OVERRIDABLE_TYPES } from "../overrides/ca-override.ts";
import type { CaSituation } from "../overrides/ca-situation.ts";
import { checkAgainstLive } from "../overrides/cluster-rules.ts";
import { compareOverrides } from "../overrides/compare-overrides.ts";
import { keysWithCrl } from "../overrides/crl.ts";
import { checkOverride } from "../overrides/entry-rules.ts";
import { classify, subjectOf } from "../overrides/judge-edge.ts";
import { nothingOverridden, type OverrideOutlook, type OverrideOutlooks } from "../overrides/outlook.ts";
import type { OverrideAction } from "../overrides/override-action.ts";
import type { OverridePair, OverrideReading } from "../overrides/read-cluster.ts";
import { effectOf } from "./effects.ts";
import {
  distinct,
  liveWarnings,
  notThere,
  obstaclesOf,
  planFinding,
  spiffe,
  unread,
  unsupported,
} from "./plan-findings.ts";
import { afterActions, type Statements, situationOf, statementsFor } from "./planned-situation.ts";

interface PlannedOverrides {
  readonly plans: readonly OverridePlan[];
  readonly outlooks: OverrideOutlooks;
}

/** What becomes of a cluster's overrides, and what the guard has to know of them. */
export function planOverrides(reading: OverrideReading, context: OverridesInput): PlannedOverrides {
  const planned = typesOf(reading, context).map((type) => [type, planOne(type, reading, context)] as const);
  return {
    plans: planned.flatMap(([, { plan }]) => (plan === null ? [] : [plan])),
    outlooks: new Map(planned.map(([type, { outlook }]) => [type, outlook])),
  };
}

interface PlannedOverride {
  readonly plan: OverridePlan | null;
  readonly outlook: OverrideOutlook;
}

/** Those that git or the cluster overrides, and those that rotate and could be. */
function typesOf({ pairs }: OverrideReading, context: OverridesInput): readonly string[] {
  const rotating = OVERRIDABLE_TYPES.filter(
    (type) =>
      context.isDeclared(type) ||
      openRotation(context.record, type) !== undefined ||
      context.observation.authorities.some(
        (live) => live.type === type && live.rotation.state === "in_progress",
      ),
  );
  return [...new Set([...pairs.keys(), ...rotating])].sort();
}

function planOne(type: string, reading: OverrideReading, context: OverridesInput): PlannedOverride {
  const { cluster, observation } = context;
  const empty = emptyOverride(cluster.name, type);
  const pair = reading.pairs.get(type) ?? { desired: null, live: empty, document: null };
  const authority = observation.authorities.find((live) => live.type === type);
  if (authority === undefined) {
    const finding = notThere(type, pair);
    return { plan: shell(type, pair, [finding]), outlook: nothingOverridden() };
  }
  if (reading.state === "unknown") {
    const why = reading.note ?? "the overrides were not looked at";
    const plan = pair.desired === null ? null : shell(type, pair, [unread(type, why)]);
    return { plan, outlook: { ...nothingOverridden(), unknown: why } };
  }
  if (reading.state === "unsupported") {
    const wanted = (pair.desired?.override.entries.size ?? 0) > 0;
    const finding = unsupported(type, reading.note ?? "", wanted);
    return { plan: shell(type, pair, [finding]), outlook: nothingOverridden() };
  }
  return planKnown(type, pair, authority, reading.spiffeIssuer, context);
}

function planKnown(
  type: string,
  pair: OverridePair,
  authority: LiveAuthority,
  spiffeIssuer: boolean,
  context: OverridesInput,
): PlannedOverride {
  const { now } = context;
  const { live } = pair;
  const desired = pair.desired?.override ?? live;
  const keys = caKeys(authority);
  const { phase } = authority.rotation;
  const goal = context.goalOf(authority);
  const statements = statementsFor(type, context);
  const work =
    pair.desired === null
      ? { actions: [], refused: [] }
      : planActions({ desired, live, keys, phase, goal, now });
  const found =
    pair.desired === null
      ? liveWarnings(live, now)
      : [
          ...desired.findings,
          ...checkOverride(desired, now),
          ...checkAgainstLive({
            authority,
            live,
            desired,
            goal,
            now,
            rotationEndsAt: endOfRotation(authority, goal, context),
            retired: keysOfFinished(type, context.record),
          }),
          ...work.refused,
        ];
  const findings = [
    ...distinct(found).map((finding) => planFinding(type, finding, desired, statements.waivers)),
    ...(spiffeIssuer && pair.desired !== null ? [spiffe(type)] : []),
  ];
  const actions = work.actions.map((action) => ({
    ...plannedAction(type, action, statements),
    ...effectOf(action, keys, live),
  }));
  const errors = findings.filter(({ severity, waived }) => severity === "error" && waived === undefined);
  const stuck = errors.length > 0 || actions.some(({ missing }) => missing.length > 0);
  const situation = situationOf({ type, authority, pair, keys, statements, context });
  const row = classify(situation);
  const plan: OverridePlan = {
    authority: type,
    managed: pair.desired !== null,
    row: row.id,
    situation: row.sentence,
    entries: entryPlans(live, desired, keys, now),
    actions,
    due: certificatesDue(type, situation, desired),
    findings,
    blocked: stuck || (row.verdict === "incident" && actions.length === 0),
  };
  const shown = plan.managed || plan.entries.length > 0;
  const outlook = stuck ? situation : afterActions(situation, work.actions, live, now);
  return {
    plan: shown ? plan : null,
    outlook: { ...outlook, unknown: unreadable(live), obstacles: obstaclesOf(type, errors, actions) },
  };
}

/** At the earliest: the soak time of every step that is left until the old key is gone. */
function endOfRotation(
  { type, active, trusted, rotation }: LiveAuthority,
  goal: Phase | null,
  { cluster, desired, now }: OverridesInput,
): number | null {
  if (goal === null || goal === "rollback") return null;
  const left = walkBetween(rotation.phase, "standby");
  const present = identify([...active, ...trusted]);
  const meant = desired.rotations.find(
    (one) =>
      one.cluster === cluster.name &&
      one.authorities.some((of) => of.type === type && of.retire.some((key) => present.includes(key))),
  );
  return left === null ? null : now + left.length * waitsOf(cluster.policy, meant).soakMs;
}

function keysOfFinished(type: string, { rotations }: ClusterRecord): readonly KeyHash[] {
  return rotations
    .filter(({ authority, state }) => authority === type && state === "finished")
    .flatMap(({ retire }) => retire.map(keyHashOf));
}

function entryPlans(
  live: CaOverride,
  desired: CaOverride,
  keys: CaKeys,
  now: number,
): readonly OverrideEntryPlan[] {
  const withCrl = keysWithCrl(live, now);
  return compareOverrides(live, desired).map(({ keyHash, change, from, to, fields }) => {
    const shown = to ?? from;
    return {
      key_hash: keyHash,
      key: keys.active.includes(keyHash)
        ? "active"
        : keys.additional.includes(keyHash)
          ? "additional"
          : live.entries.has(keyHash)
            ? "orphan"
            : "unknown",
      change,
      state: from?.state ?? "absent",
      state_wanted: to?.state ?? "absent",
      subject: shown?.certificate?.subject ?? null,
      issuer: shown?.certificate?.issuer ?? null,
      not_before: shown?.certificate?.notBefore ?? null,
      not_after: shown?.certificate?.notAfter ?? null,
      chain: shown?.chain ?? [],
      crl: withCrl.has(keyHash),
      fields,
    };
  });
}

const WHY: Readonly<Record<OverrideAction["purpose"], string>> = {
  unblock: "its key is gone and its revocation list no longer holds, which makes every other change fail",
  stage: "git has an entry for this key; it is created disabled, so that its revocation list comes first",
  renew: "git has another certificate or chain for this key",
  "await-crl": "the entry is only enabled once the cluster shows its revocation list",
  enable: "git wants this entry in force",
  disable: "git wants this entry out of force",
  delete: "git has no entry for this key",
  waive: "git records that this key is deliberately not overridden",
  purge: "its key is gone from the CA, and git has no entry for it",
  retire:
    "the rotation drops this key; its entry goes after the last step, as a rollback needs it until then",
};

function plannedAction(type: string, action: OverrideAction, statements: Statements): PlannedAction {
  const { keyHash, call, purpose, moment, force, needs } = action;
  const subject = subjectOf(type, keyHash);
  const missing = needs.flatMap((need): PlannedAction["missing"] => {
    if (need === "trust") {
      if (statements.acknowledged.has(subject)) return [];
      const remedy = `have the certificate trusted by everybody who has to (windows: published in NTAuth), then state it: \`${acknowledgeCommand(subject)}\``;
      return [{ statement: "acknowledgement", subject, remedy }];
    }
    if (statements.waivers.some((waiver) => waiver.subject === subject)) return [];
    const remedy = `have it reviewed; to accept it: \`${waiveCommand("overrides", subject)}\``;
    return [{ statement: "waiver", subject, remedy }];
  });
  return {
    id: `${subject}/${call}${call === "update-override" ? `/${purpose}` : ""}`,
    key_hash: keyHash,
    call,
    purpose,
    why: WHY[purpose],
    moment,
    force,
    ...(action.call === "create-override" ? { certificate: action.certificate, chain: action.chain } : {}),
    ...(action.call === "update-override" ? action.set : {}),
    missing,
  };
}

/** New keys of an overridden CA that neither git nor the cluster has an entry for. */
function certificatesDue(
  type: string,
  { phase, keys, entries }: CaSituation,
  desired: CaOverride,
): readonly CertificateDue[] {
  const { old, next } = generations(phase, keys);
  const overridden = old.some((hash) => entries.get(hash) === "enabled");
  const waiting = phase === "standby" ? (overridden ? old : []) : phase === "rollback" ? [] : next;
  if (!overridden && !next.some((hash) => desired.entries.has(hash))) return [];
  return waiting
    .filter((hash) => !desired.entries.has(hash) && !entries.has(hash))
    .map((hash) => ({
      key_hash: hash,
      message: `override certificate due: ${type} has a ${phase === "standby" ? "" : "new "}key without an override`,
      command: `capstan override csr ${type} --public-key ${hash}`,
    }));
}

function unreadable({ complete, findings }: CaOverride): string | null {
  if (complete) return null;
  const first = findings.find(({ severity }) => severity === "error");
  return `the live resource cannot be understood: ${first?.where ?? ""} ${first?.message ?? ""}`;
}

/** A plan of which only the findings are known. */
function shell(
  type: string,
  { desired }: OverridePair,
  findings: readonly OverridePlanFinding[],
): OverridePlan {
  return {
    authority: type,
    managed: desired !== null,
    row: "S0",
    situation: "Nothing is known to be overridden.",
    entries: [],
    actions: [],
    due: [],
    findings,
    blocked: findings.some(({ severity }) => severity === "error"),
  };
}
