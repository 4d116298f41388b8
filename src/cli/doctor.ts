import { Failure, failureOfOne } from "../failure.ts";
import { preflight, recordCheck } from "../planner/preflight.ts";
import type { Check } from "../profile/preflight.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import { harmlessLine } from "../views/harmless.ts";
import { jsonText } from "../views/json/json-text.ts";
import { paragraph } from "../views/text/columns.ts";
import type { Paint, TextTone } from "../views/text/paint.ts";
import type { CommonOptions } from "./commands/common-flags.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { openCommit } from "./open-clusters.ts";
import { sayWhoseRecord } from "./open-record.ts";
import { paintFor, type Terminal } from "./terminal.ts";

/** `capstan doctor`: whether this machine could rotate these clusters. */
export async function doctor(
  terminal: Terminal,
  directory: string | undefined,
  options: CommonOptions,
): Promise<ExitCode> {
  const { workspace, platforms } = await openCommit(terminal, directory, options);
  const clusters = await Promise.all(
    workspace.clusters.map(async (cluster) => ({ name: cluster.name, checks: await examine(cluster.name) })),
  );
  const well = clusters.every(({ checks }) => checks.every(({ outcome }) => outcome === "pass"));
  if (options.format === "json") {
    terminal.stdout.write(`${jsonText({ format_version: "1.0", well, clusters })}\n`);
  } else {
    const paint = await paintFor(terminal.stdout, terminal.env, options.color);
    for (const { name, checks } of clusters) {
      terminal.stdout.write(
        `${paint("strong", harmlessLine(name))}\n${checks.map((check) => line(check, paint)).join("\n")}\n`,
      );
    }
    await sayWhoseRecord(workspace, terminal, options);
  }
  return well ? EXIT.ok : EXIT.error;

  /** A cluster that cannot be reached is a finding here, and the others are examined all the same. */
  async function examine(name: string): Promise<readonly Check[]> {
    const cluster = workspace.clusters.find((candidate) => candidate.name === name);
    const platform = platforms.get(name);
    if (cluster === undefined || platform === undefined) return [];
    try {
      const [observation, record] = await Promise.all([
        platform.observe({ components: "all" }),
        recordOf(name),
      ]);
      return [
        ...preflight(cluster, observation, terminal.now()),
        record instanceof Failure ? failed("record", record) : recordCheck(observation, record),
      ];
    } catch (error) {
      return [failed("connection", failureOfOne(error))];
    }
  }

  async function recordOf(name: string): Promise<ClusterRecord | Failure> {
    try {
      return await workspace.store.load(name);
    } catch (error) {
      return failureOfOne(error);
    }
  }
}

function failed(name: string, { message, hint }: Failure): Check {
  return { name, outcome: "fail", message, remedy: hint };
}

const TONES: Readonly<Record<Check["outcome"], TextTone>> = { pass: "good", fail: "bad", unknown: "warn" };

function line({ name, outcome, message, remedy }: Check, paint: Paint): string {
  const head = `  ${paint(TONES[outcome], outcome.padEnd(8))} ${name.padEnd(17)} `;
  const text = paragraph(harmlessLine(message), head, " ".repeat(29));
  return remedy === null
    ? text
    : `${text}\n${paragraph(`→ ${harmlessLine(remedy)}`, " ".repeat(29), " ".repeat(31))}`;
}
