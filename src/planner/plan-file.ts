import { Failure } from "../failure.ts";
import { canonicalJson } from "../resources/canonical.ts";
import { plan_file as isPlanFile } from "../resources/compiled/schemas.js";
import type { Plan } from "../rotation/plan.ts";
import { type Binding, digestOf, fingerprintOf } from "./fingerprint.ts";
import { bindingDifference, consequences } from "./plan-difference.ts";

/**
 * A plan that was saved to be applied later, or not at all: bound to a commit and to what it was made of. It holds
 * certificates' public facts and hashes only, so it needs no hiding.
 *
 * The digest notices damage and edits. It proves no author: whoever may replace the file may replace its digest,
 * so an approval names the fingerprint, which is computed anew from git and the live clusters.
 */
export interface PlanFile {
  readonly format_version: "1.0";
  /** Version of the capstan that made it. */
  readonly capstan: string;
  /** ISO 8601. */
  readonly made_at: string;
  /** Hash of `bound_to`. */
  readonly fingerprint: string;
  readonly bound_to: Binding;
  readonly plan: Plan;
  /** Hash of everything else in the file. */
  readonly digest: string;
}

/** A plan with what it is bound to, as it is made now. */
export interface BoundPlan {
  readonly plan: Plan;
  readonly binding: Binding;
}

export function sealPlan(
  { plan, binding }: BoundPlan,
  { madeAt, version }: { readonly madeAt: string; readonly version: string },
): PlanFile {
  const sealed = {
    format_version: "1.0",
    capstan: version,
    made_at: madeAt,
    fingerprint: fingerprintOf(binding),
    bound_to: binding,
    plan,
  } as const;
  return { ...sealed, digest: digestOf(sealed) };
}

/** Canonical JSON and a line feed. */
export function planFileText(file: PlanFile): string {
  return `${canonicalJson(file)}\n`;
}

/** Reads a plan file, however old: one that was changed by hand, or is none, is a `Failure`. */
export function openPlanFile(text: string, name: string): PlanFile {
  const value = parsed(text);
  if (value === undefined) throw notAPlanFile(name, "it is not JSON");
  const version = versionOf(value);
  if (version !== "1.0") {
    throw notAPlanFile(
      name,
      version === null
        ? "it has no format_version"
        : `its format_version is ${version}, and this capstan reads 1.0`,
    );
  }
  if (!isPlanFile(value)) {
    const [error] = isPlanFile.errors ?? [];
    throw notAPlanFile(name, `${error?.instancePath || "/"} ${error?.message ?? "does not fit"}`);
  }
  const file = value as PlanFile;
  const { digest, ...sealed } = file;
  if (digestOf(sealed) !== digest || fingerprintOf(file.bound_to) !== file.fingerprint) {
    throw new Failure("stale", `${name} was changed after capstan wrote it: its digest does not fit`, {
      hint: "apply only what `capstan plan --out` wrote; plan again",
    });
  }
  return file;
}

/** The commit that is checked out is the one that was planned. */
export function requireCommit(file: PlanFile, commit: string | null, name: string): void {
  const made = file.plan.commit;
  if (made === commit) return;
  throw new Failure("stale", `${name} was made of ${named(made)}, and ${named(commit)} is checked out`, {
    hint: "check out the commit that was approved, or plan again",
  });
}

/** Git and the live clusters are as they were when the plan was made; else it says what moved. */
export function requireFresh(file: PlanFile, now: BoundPlan, name: string): void {
  const same = fingerprintOf(now.binding) === file.fingerprint;
  // The record is not part of the fingerprint, and a step that nobody approved is never taken.
  const planned = stepIds(file.plan);
  if (same && [...stepIds(now.plan)].every((id) => planned.has(id))) return;
  const facts = same ? [] : bindingDifference(file.bound_to, now.binding);
  const moved = same || facts.length > 0 ? facts : ["what it is bound to"];
  throw new Failure(
    "stale",
    `${name} is stale: since ${file.made_at} this moved\n${listed([...moved, ...consequences(file.plan, now.plan)])}`,
    { hint: "nothing was applied; plan again, and have it approved again" },
  );
}

/** The plan as it is now has the fingerprint that was approved (`--expect`). */
export function requireExpected(expected: string, { binding }: BoundPlan): void {
  const fingerprint = fingerprintOf(binding);
  if (fingerprint === expected) return;
  throw new Failure(
    "stale",
    `the plan is not the one that was approved: its fingerprint is ${fingerprint}, and ${expected} is expected`,
    { hint: "git or a cluster moved since the approval; look at `capstan plan`, and have it approved again" },
  );
}

function stepIds({ clusters }: Plan): ReadonlySet<string> {
  return new Set(
    clusters.flatMap(({ name, rotations, overrides }) => [
      ...rotations.flatMap(({ steps }) => steps.map(({ id }) => `${name} ${id}`)),
      ...overrides.flatMap(({ actions }) => actions.map(({ id }) => `${name} ${id}`)),
    ]),
  );
}

function listed(sentences: readonly string[]): string {
  return sentences.map((sentence) => `  - ${sentence}`).join("\n");
}

function named(commit: string | null): string {
  return commit === null ? "no commit" : `commit ${commit}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function versionOf(value: unknown): string | null {
  if (typeof value !== "object" || value === null || !("format_version" in value)) return null;
  return String(value.format_version);
}

function notAPlanFile(name: string, why: string): Failure {
  return new Failure("usage", `${name} is no plan file: ${why}`, {
    hint: "`capstan plan --out FILE` writes one",
  });
}
