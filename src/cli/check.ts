import { runChecks } from "../checks/run/run-checks.ts";
import { resultText } from "../checks/words.ts";
import { Failure } from "../failure.ts";
import type { ValuesOf } from "../flag.ts";
import { kindOfCheck } from "../profile/check-kind.ts";
import { profileOf } from "../profiles.ts";
import type { AccessCheck } from "../resources/model/access-check.ts";
import type { ClusterResource } from "../resources/model/desired.ts";
import { suggestOneOf } from "../resources/read/suggest.ts";
import type { CheckResult } from "../rotation/check-result.ts";
import { harmlessLine, harmlessValue } from "../views/harmless.ts";
import { jsonText } from "../views/json/json-text.ts";
import { paragraph } from "../views/text/columns.ts";
import type { Paint, TextTone } from "../views/text/paint.ts";
import { checkMeans } from "./check-means.ts";
import type { CHECK } from "./commands/repository-rows.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { onSignals } from "./signals.ts";
import { paintFor, type Terminal } from "./terminal.ts";
import { notInPlan, uncommitted } from "./uncommitted.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

/** `capstan check`: runs the checks of the commit now, and changes nothing, neither a cluster nor the record. */
export async function check(
  terminal: Terminal,
  names: readonly string[],
  options: ValuesOf<typeof CHECK.flags>,
): Promise<ExitCode> {
  const workspace = await openWorkspace(options.directory, options, terminal, "commit");
  const wanted = checksNamed(workspace.clusters, names);
  const found = workspace.commit === null ? null : notInPlan(await uncommitted(workspace), workspace.commit);
  if (found !== null && options.quiet !== true) terminal.stderr.write(`${paragraph(found, "")}\n`);
  const { stop, dispose } = onSignals(terminal);
  try {
    const clusters = await Promise.all(
      wanted.map(async ({ cluster, checks }) => {
        const means = checkMeans(workspace, terminal, options, stop.signal);
        return { name: cluster.name, checks: shownOf(cluster, await runChecks(cluster, checks, means)) };
      }),
    );
    const passed = clusters.every(({ checks }) => checks.every(({ outcome }) => outcome === "passed"));
    const said = harmlessValue({ format_version: "1.0", passed, clusters });
    if (options.format === "json") {
      terminal.stdout.write(`${jsonText(said)}\n`);
    } else {
      const paint = await paintFor(terminal.stdout, terminal.env, options.color);
      terminal.stdout.write(`${checksText(said.clusters, paint)}\n`);
    }
    return passed ? EXIT.ok : EXIT.blocked;
  } finally {
    dispose();
  }
}

interface Wanted {
  readonly cluster: ClusterResource;
  readonly checks: readonly AccessCheck[];
}

/** All, or those of these names in whatever cluster has them. Throws a `Failure` (`usage`) where no cluster has one. */
function checksNamed(clusters: Workspace["clusters"], names: readonly string[]): readonly Wanted[] {
  const known = clusters.flatMap(({ checks = [] }) => checks.map(({ name }) => name));
  const missing = names.find((name) => !known.includes(name));
  if (missing !== undefined) {
    const hint = known.length === 0 ? "no cluster has `checks`" : suggestOneOf(missing, known, "there are");
    throw new Failure("usage", `there is no check "${missing}"`, { hint });
  }
  return clusters
    .map((cluster) => ({
      cluster,
      checks: (cluster.checks ?? []).filter(({ name }) => names.length === 0 || names.includes(name)),
    }))
    .filter(({ checks }) => checks.length > 0);
}

/** What is printed of one check. */
interface ShownCheck extends Omit<CheckResult, "content"> {
  readonly kind: string;
  readonly speaks_for: string;
  readonly required: boolean;
}

function shownOf(
  { checks = [], platform }: ClusterResource,
  results: readonly CheckResult[],
): readonly ShownCheck[] {
  return results.flatMap(({ content: _, ...result }) => {
    const declared = checks.find(({ name }) => name === result.name);
    if (declared === undefined) return [];
    const { kind, required } = declared;
    const speaksFor = kindOfCheck(profileOf(platform), declared)?.speaksFor ?? "";
    return [{ ...result, kind, speaks_for: speaksFor, required }];
  });
}

const TONES: Readonly<Record<CheckResult["outcome"], TextTone>> = {
  passed: "good",
  failed: "bad",
  not_run: "warn",
};

function checksText(
  clusters: readonly { readonly name: string; readonly checks: readonly ShownCheck[] }[],
  paint: Paint,
): string {
  if (clusters.length === 0) return "No cluster here has `checks`: nothing was run.";
  const widest = Math.max(...clusters.flatMap(({ checks }) => checks.map(({ name }) => name.length)));
  return clusters
    .flatMap(({ name, checks }) => [
      paint("strong", harmlessLine(name)),
      ...checks.map((one) => checkText(one, Math.min(widest, 30), paint)),
    ])
    .join("\n");
}

function checkText(one: ShownCheck, width: number, paint: Paint): string {
  const head = `  ${one.name.padEnd(width)}  ${paint(TONES[one.outcome], resultText(one))}`;
  const who = paint("dim", `  (${one.kind}: ${one.speaks_for})`);
  const detail = one.detail === "" ? [] : [paragraph(harmlessLine(one.detail), "      ")];
  return [`${head}${who}`, ...detail].join("\n");
}
