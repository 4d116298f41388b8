import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { growthChart, shortNumber } from "./chart.ts";
import { FINDINGS } from "./findings.ts";
import type { Machine } from "./machine.ts";
import { readResults } from "./results.ts";
import { type Figure, isMet, limitOf, type Measured, type Row } from "./row.ts";

const DOCS = join(import.meta.dirname, "../docs");

/** Writes `docs/performance.md` and its charts from what was measured: of each row the newest figures, and those before. */
export async function writePage(rows: Readonly<Record<string, Row>>): Promise<void> {
  const days = await readResults();
  const found = Object.entries(rows).map(([name, row]) => {
    const [newest, before] = days
      .flatMap(({ day, rows }) => (rows[name] === undefined ? [] : [{ day, ...rows[name] }]))
      .toReversed();
    return { name, row, newest, before };
  });
  const charts = found.flatMap(({ name, newest }) =>
    (newest?.growth ?? []).map((growth, index) => ({ file: `performance-${name}-${index + 1}.svg`, growth })),
  );
  for (const { file, growth } of charts) await writeFile(join(DOCS, file), growthChart(growth));
  const measured = found.flatMap(({ newest }) => (newest === undefined ? [] : [newest]));
  const missing = found.filter(({ newest }) => newest === undefined).map(({ row }) => row.what);
  const parts = [
    INTRODUCTION,
    machinesText(measured.map(({ machine, day }) => ({ machine, day }))),
    "## Figures",
    TABLE_INTRODUCTION,
    ["| What | Against | Measured | Goal | Before |", "|---|---|---|---|---|"]
      .concat(found.flatMap(({ row, newest, before }) => tableRows(row, newest, before)))
      .join("\n"),
    ...(missing.length === 0 ? [] : [`Not measured yet: ${missing.join("; ")}.`]),
    "## Growth",
    "Three sizes each. The broken line is straight through zero and the largest size: what grows faster than linear lies below it.",
    charts.map(({ file, growth }) => `![${growth.what}](${file})`).join(" "),
    FINDINGS,
  ];
  await writeFile(join(DOCS, "performance.md"), `${parts.join("\n\n")}\n`);
}

const INTRODUCTION = `# Performance

<!-- Made by \`npm run bench\`; do not edit. -->

What capstan costs beside what one would use instead: \`tctl\` with \`jq\` in a shell loop, or bare Node. Each row is a file in
\`bench/rows/\`. \`npm run bench\` measures all of them (with some 3 GB of files below the folder for
temporary files), \`npm run bench -- NAME\` one, and writes this page from \`bench/results/\`. It needs \`jq\`,
\`git\`, \`hyperfine\` and GNU time.

Both sides run in turn, those of a minute once and all others several times, and the least counts: what else the machine
does only ever adds. Where others wanted more than its cores (the load below), only CPU and memory tell anything. CPU is user and
system time of all processes together, memory that of the largest one. Executables are emulated by a shell script that
prints what a real cluster printed (\`fixtures/recordings/\`), so that capstan is what is measured.`;

const TABLE_INTRODUCTION =
  "**Bold** is a goal that is missed; what stands in the way is said below. A figure is first its ratio, then both sides.";

function machinesText(all: readonly { readonly machine: Machine; readonly day: string }[]): string {
  const lines = all.map(
    ({ machine, day }) =>
      `${day}: ${machine.processor}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.system}, Node ${machine.node}; load ${Math.round(machine.load)}`,
  );
  return [...new Set(lines)].map((line) => `- ${line}`).join("\n");
}

function tableRows(row: Row, newest: Measured | undefined, before: Measured | undefined): readonly string[] {
  return (newest?.figures ?? []).map((figure, index) => {
    const what = index === 0 ? `${row.what}: ${figure.what}` : figure.what;
    const old = before?.figures.find((one) => one.what === figure.what);
    const cells = [
      what,
      figure.theirs === null ? "" : row.against,
      isMet(figure) ? figureText(figure) : `**${figureText(figure)}**`,
      goalText(figure),
      old === undefined ? "" : figureText(old),
    ];
    return `| ${cells.join(" | ")} |`;
  });
}

function figureText({ ours, theirs, unit }: Figure): string {
  if (theirs === null) return amount(ours, unit);
  return `${(ours / theirs).toFixed(2)} × (${amount(ours, unit)}, ${amount(theirs, unit)})`;
}

function goalText({ goal, theirs, unit }: Figure): string {
  const plus = goal.plus === undefined ? "" : amount(goal.plus, unit);
  if (theirs === null) return `≤ ${plus}`;
  const limit = amount(limitOf({ theirs, goal }), unit);
  return plus === "" ? `≤ ${goal.factor} ×` : `≤ ${goal.factor} × + ${plus} (${limit})`;
}

function amount(value: number, unit: Figure["unit"]): string {
  if (unit === "ms" && value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  if (unit === "ms" && value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return unit === "" ? shortNumber(value) : `${Math.round(value)} ${unit}`;
}
