import { closest, distance } from "fastest-levenshtein";
import type { PlatformProfile } from "../profile/profile.ts";
import type { Acknowledgement } from "../resources/model/desired.ts";
import { acknowledgeCommand } from "../rotation/remedy-command.ts";
import { writtenDate } from "../written-date.ts";
import { workOfType } from "./checklist.ts";
import { isPlaceholder } from "./placeholder.ts";
import { stepIdsOf } from "./roster-step.ts";
import type { ChecklistStep } from "./step.ts";
import { isUnlistedStep } from "./unlisted-kinds.ts";

/** A step, and the statement that ticks it; `null` while it is open. */
export interface TickedStep {
  readonly step: ChecklistStep;
  readonly state: "done" | "open";
  readonly acknowledgement: Acknowledgement | null;
}

/** A wrong acknowledgement. Its place in the file is the caller's to find: `index` counts in `acknowledge`. */
export interface AcknowledgementProblem {
  readonly index: number;
  readonly message: string;
  readonly suggestion: string | null;
}

/** What a statement is held against. */
export interface TickContext {
  readonly profile: PlatformProfile;
  /** CA types that the rotation moves: an acknowledgement may name any step of theirs, in any phase. */
  readonly types: readonly string[];
  /** ISO 8601. */
  readonly now: string;
  /** When the rotation was seen to start: older statements are about another one. `null` while unknown. */
  readonly startedAt: string | null;
}

/**
 * Ticks `steps` from what people stated. A wrong statement ticks nothing. A statement for a step of another
 * phase or version is none of these steps' business and no error: statements stay in git as the walk goes on.
 */
export function tickChecklist(
  steps: readonly ChecklistStep[],
  acknowledgements: readonly Acknowledgement[],
  context: TickContext,
): { readonly steps: readonly TickedStep[]; readonly problems: readonly AcknowledgementProblem[] } {
  const known = context.types.flatMap((type) => stepIdsOf(context.profile, type));
  const problems: AcknowledgementProblem[] = [];
  const valid: Acknowledgement[] = [];
  acknowledgements.forEach((acknowledgement, index) => {
    const problem = problemOf(acknowledgement, known, context);
    if (problem === null) valid.push(acknowledgement);
    else problems.push({ index, ...problem });
  });
  return {
    steps: steps.map((step) => {
      const acknowledgement = valid.find((candidate) => candidate.step === step.id) ?? null;
      return { step, state: acknowledgement === null ? "open" : "done", acknowledgement };
    }),
    problems,
  };
}

/** Whether somebody stated a step of this rotation, rightly. */
export function isStated(
  step: string,
  acknowledgements: readonly Acknowledgement[],
  context: TickContext,
): boolean {
  return acknowledgements.some((one) => one.step === step && problemOf(one, [step], context) === null);
}

/**
 * What is wrong with a statement of a `certificate_authority`, outside any rotation: only the trust in an override
 * certificate outlives one.
 */
export function standingProblem(
  acknowledgement: Acknowledgement,
  type: string,
  { profile, now }: Pick<TickContext, "profile" | "now">,
): Omit<AcknowledgementProblem, "index"> | null {
  const { step } = acknowledgement;
  if (isOverrideTrust(step, [type])) {
    return problemOf(acknowledgement, [], { profile, types: [type], now, startedAt: null });
  }
  const isWork = workOfType(profile, type).some(({ id }) => id === step);
  return {
    message: `"${step}" states nothing that holds for the ${type} CA outside a rotation`,
    suggestion: isWork
      ? "acknowledge work of a rotation in its ca_rotation"
      : `here stands override/${type}/KEY_HASH, 64 hexadecimal digits, as the plan names it`,
  };
}

const DAY_MS = 24 * 3_600_000;

function problemOf(
  { step, who, at }: Acknowledgement,
  known: readonly string[],
  context: TickContext,
): Omit<AcknowledgementProblem, "index"> | null {
  const { types, now, startedAt } = context;
  const isStatement = isOverrideTrust(step, types) || isUnlistedStep(step, context.profile);
  if (!known.includes(step) && !isStatement) return unknownStep(step, known, context);
  if (isPlaceholder(who)) {
    return {
      message: `step ${step} is acknowledged by "${who}", which is nobody`,
      suggestion: `write who did it; \`${acknowledgeCommand(step)}\` takes the name that git has of you`,
    };
  }
  if (at === null) return null;
  const time = Date.parse(at);
  if (Number.isNaN(time)) {
    return {
      message: `"${at}" is not a time`,
      suggestion: "write it as in 2026-11-21T10:00:00Z",
    };
  }
  if (time > Date.parse(now)) {
    return {
      message: `step ${step} is acknowledged in the future: ${at}, and it is ${now}`,
      suggestion: "acknowledge a step after it is done",
    };
  }
  // A date alone may be any time of its day, whole seconds any time of their second.
  const latest = time + (!at.includes("T") ? DAY_MS : at.endsWith(".000Z") ? 1000 : 1) - 1;
  if (startedAt !== null && latest < Date.parse(startedAt)) {
    return {
      message: `step ${step} was acknowledged on ${writtenDate(at)}, before this rotation started (${writtenDate(startedAt)})`,
      suggestion: "an acknowledgement is valid for one rotation only: do the step again",
    };
  }
  return null;
}

/**
 * That people outside trust the override certificate of one key: no step of the table, as only the cluster knows
 * the key. The `overrides` guard reads it.
 */
function isOverrideTrust(step: string, types: readonly string[]): boolean {
  const [, type] = /^override\/([a-z_]+)\/[0-9a-f]{64}$/.exec(step) ?? [];
  return type !== undefined && types.includes(type);
}

function unknownStep(
  step: string,
  known: readonly string[],
  { profile, types }: TickContext,
): Omit<AcknowledgementProblem, "index"> {
  const owner = step.split("/", 1)[0] ?? "";
  if (!types.includes(owner) && stepIdsOf(profile, owner).includes(step)) {
    return {
      message: `step ${step} belongs to ${owner}, which this rotation does not move (${types.join(", ")})`,
      suggestion: null,
    };
  }
  const nearest = known.length === 0 ? null : closest(step, known);
  const isNear = nearest !== null && distance(step, nearest) <= Math.max(3, Math.floor(step.length / 3));
  return {
    message: `no step "${step}" in a rotation of ${types.join(", ")}`,
    suggestion: isNear ? `did you mean "${nearest}"?` : null,
  };
}
