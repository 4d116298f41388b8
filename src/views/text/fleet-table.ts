import stringWidth from "string-width";
import type { ClusterPlan } from "../../rotation/plan.ts";
import { count } from "../count.ts";
import { type FleetRow, type FleetStanding, fleetRows, isIdle, needsPerson } from "../facts/fleet-rows.ts";
import { harmlessLine } from "../harmless.ts";
import { COLUMNS, paragraph, table } from "./columns.ts";
import type { Paint, TextTone } from "./paint.ts";

const TONES: Readonly<Record<FleetStanding, TextTone>> = {
  unread: "bad",
  blocked: "bad",
  final: "warn",
  waiting: "dim",
  ready: "good",
  quiet: "dim",
};

/** So many are shown whole below the table. */
const UNFOLDED = 10;

/** Of hundreds of clusters nobody reads a line for each with nothing to do: more than so many are counted. */
const IDLE_LISTED = 10;

/**
 * Many clusters: a table with a line for each with something to do, the worst first, and below it those that wait for a
 * person, told by `tell`. Ends without a line feed.
 */
export function fleetText(
  clusters: readonly ClusterPlan[],
  heading: string,
  paint: Paint,
  tell: (cluster: ClusterPlan) => string,
): readonly string[] {
  const rows = fleetRows(clusters);
  const idle = rows.filter(isIdle);
  const isCounted = idle.length > IDLE_LISTED;
  const listed = isCounted ? rows.filter((row) => !isIdle(row)) : rows;
  const waiting = rows.filter(needsPerson);
  const shown = waiting.slice(0, UNFOLDED).map(({ cluster }) => tell(cluster));
  const rest = waiting.length - shown.length;
  const more = `and ${count(rest, "cluster")} more that wait for somebody: --cluster NAME shows one`;
  const quiet = isCounted ? [paint("dim", `  ${count(idle.length, "cluster")} with nothing to do`)] : [];
  const lines = [...(listed.length === 0 ? [] : [tableText(listed, paint)]), ...quiet];
  return [
    `${paint("strong", count(clusters.length, "cluster"))}${heading}\n\n${lines.join("\n")}\n`,
    ...shown,
    ...(rest === 0 ? [] : [`${paragraph(more, "")}\n`]),
  ];
}

function tableText(rows: readonly FleetRow[], paint: Paint): string {
  const hasWaves = rows.some(({ cluster }) => cluster.wave != null);
  const head = ["cluster", ...(hasWaves ? ["wave"] : []), "next", "state"].map((text) => paint("dim", text));
  const cells = rows.map(({ cluster, move }) => [
    harmlessLine(cluster.name),
    ...(hasWaves ? [harmlessLine(cluster.wave?.name ?? "none")] : []),
    harmlessLine(move),
  ]);
  const before = widthBefore([head, ...cells]);
  const body = rows.map(({ standing, state }, index) => [
    ...(cells[index] ?? []),
    paint(TONES[standing], cut(harmlessLine(state), COLUMNS - before)),
  ]);
  return table([head, ...body], "  ");
}

/** Of all columns but the last, with what stands between. */
function widthBefore(rows: readonly (readonly string[])[]): number {
  const columns = Math.max(...rows.map((row) => row.length)) - 1;
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => stringWidth(row[column] ?? ""))),
  );
  return widths.reduce((sum, width) => sum + width + 2, 2);
}

const SHORTEST = 24;

/** A state is a line: what is longer is told below, or by `--cluster`. */
function cut(text: string, columns: number): string {
  const room = Math.max(SHORTEST, columns);
  return stringWidth(text) <= room ? text : `${text.slice(0, room - 1).trimEnd()}…`;
}
