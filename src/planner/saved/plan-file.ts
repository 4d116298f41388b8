import { Failure } from "../../failure.ts";
import { canonicalJson } from "../../resources/model/canonical.ts";
import { plan_file as isPlanFile } from "../../resources/read/compiled/plan-file.js";
import { parseForeignJson } from "../../resources/read/foreign-json.ts";
import type { Plan } from "../../rotation/plan.ts";
import { clusterFingerprint, digestOf, type PlanBinding, planFingerprint } from "./fingerprint.ts";

/**
 * A plan that was saved to be applied later, or not at all: bound to a commit and to what it was made of. It holds
 * certificates' public facts and hashes only, so it needs no hiding.
 *
 * The digest notices damage and edits. It proves no author: whoever may replace the file may replace its digest,
 * so an approval names the fingerprint, which is computed anew from git and the live clusters.
 */
export interface PlanFile {
  readonly format_version: "1.1";
  /** Version of the capstan that made it. */
  readonly capstan: string;
  /** ISO 8601. */
  readonly made_at: string;
  /** That of the plan. */
  readonly fingerprint: string;
  readonly bound_to: PlanBinding;
  readonly plan: Plan;
  /** Hash of everything else in the file. */
  readonly digest: string;
}

/** A plan with what it is bound to, as it is made now. */
export interface BoundPlan {
  readonly plan: Plan;
  readonly binding: PlanBinding;
}

/** A plan as it is written to a file, with a digest of its own content. */
export function sealPlan(
  { plan, binding }: BoundPlan,
  { madeAt, version }: { readonly madeAt: string; readonly version: string },
): PlanFile {
  const sealed = {
    format_version: "1.1",
    capstan: version,
    made_at: madeAt,
    fingerprint: plan.fingerprint,
    bound_to: binding,
    plan,
  } as const;
  return { ...sealed, digest: digestOf(sealed) };
}

/** Canonical JSON and a line feed. */
export function planFileText(file: PlanFile): string {
  return `${canonicalJson(file)}\n`;
}

/**
 * Reads a plan file to be applied: one that was changed by hand, or is none, is a `Failure`. One of an earlier format
 * is sound, and was approved for less than decides today: it is stale.
 */
export function openPlanFile(text: string, name: string): PlanFile {
  const read = readPlanFile(text, name);
  if (read.written_as === "1.1") return read.file;
  throw new Failure(
    "stale",
    `${name} was made by capstan ${read.file.capstan}, whose plans cover less than what decides today`,
    { hint: "nothing was applied; plan again, and have it approved again" },
  );
}

/** A plan file to be shown, and the format that it was written in. */
export interface ReadPlanFile {
  readonly written_as: "1.0" | "1.1";
  readonly file: PlanFile;
}

/** However old: what a file of an earlier format does not say is absent from what is shown. */
export function readPlanFile(text: string, name: string): ReadPlanFile {
  const value = parsed(text);
  if (value === undefined) throw notAPlanFile(name, "it is not JSON");
  const version = versionOf(value);
  if (version !== "1.1" && version !== "1.0") {
    throw notAPlanFile(
      name,
      version === null
        ? "it has no format_version"
        : `its format_version is ${version}, and this capstan reads 1.0 and 1.1`,
    );
  }
  const current = version === "1.0" ? upgradedFile(value as object) : value;
  if (!isPlanFile(current)) {
    const [error] = isPlanFile.errors ?? [];
    throw notAPlanFile(name, `${error?.instancePath || "/"} ${error?.message ?? "does not fit"}`);
  }
  const file = current as PlanFile;
  const { digest, ...sealed } = value as PlanFile;
  if (digestOf(sealed) !== digest || (version === "1.1" && !isConsistent(file))) {
    throw new Failure("stale", `${name} was changed after capstan wrote it: its digest does not fit`, {
      hint: "apply only what `capstan plan --out` wrote; plan again",
    });
  }
  return { written_as: version, file };
}

/** The fingerprints are those of what the file is bound to. */
function isConsistent({ fingerprint, bound_to, plan }: PlanFile): boolean {
  const bound = new Map(bound_to.clusters.map((cluster) => [cluster.name, clusterFingerprint(cluster)]));
  return (
    plan.fingerprint === fingerprint &&
    planFingerprint(plan.clusters) === fingerprint &&
    plan.clusters.every((cluster) => (bound.get(cluster.name) ?? null) === cluster.fingerprint)
  );
}

/** A file of format 1.0 had one fingerprint, of another make: of its clusters none is known. */
function upgradedFile(value: object): object {
  const { fingerprint, plan } = value as { readonly fingerprint?: unknown; readonly plan?: unknown };
  return {
    ...value,
    format_version: "1.1",
    bound_to: { clusters: [] },
    plan: upgradedPlan(plan, fingerprint),
  };
}

/**
 * A plan of format 1.0 as one of today, for whoever only shows it; what is none stays what it is. Where nothing says
 * what the fingerprint was, it is that of clusters without one.
 */
export function upgradedPlan(plan: unknown, fingerprint: unknown = planFingerprint([])): unknown {
  if (versionOf(plan) !== "1.0") return plan;
  const older = plan as Readonly<Record<string, unknown>>;
  const { clusters, base, outcome } = older;
  return {
    verdict: outcome === "no_changes" ? "nothing_to_do" : outcome,
    ...older,
    format_version: "1.1",
    fingerprint,
    ...(typeof base === "object" && base !== null ? { base: { connections: [], ...base } } : {}),
    clusters: Array.isArray(clusters)
      ? clusters.map((cluster: unknown) =>
          typeof cluster === "object" && cluster !== null
            ? { fingerprint: null, problem: null, ...cluster }
            : cluster,
        )
      : clusters,
  };
}

/** The commit that is checked out is the one that was planned. */
export function requireCommit(file: PlanFile, commit: string | null, name: string): void {
  const made = file.plan.commit;
  if (made === commit) return;
  throw new Failure("stale", `${name} was made of ${named(made)}, and ${named(commit)} is checked out`, {
    hint: "check out the commit that was approved, or plan again",
  });
}

function named(commit: string | null): string {
  return commit === null ? "no commit" : `commit ${commit}`;
}

function parsed(text: string): unknown {
  try {
    return parseForeignJson(text);
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
