import { harmless } from "../harmless.ts";
import { METRICS, type MetricName, type Sample } from "./metric-table.ts";

/** What a scraper is told that it gets. */
export const OPENMETRICS_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** Samples as text, metric by metric in the order of the table. Ends with `# EOF` and a line feed. */
export function openmetricsText(samples: readonly Sample[]): string {
  const byName = Map.groupBy(samples, ({ name }) => name);
  const families = (Object.keys(METRICS) as MetricName[]).flatMap((name) => {
    const own = byName.get(name) ?? [];
    if (own.length === 0) return [];
    return [`# HELP ${name} ${escaped(METRICS[name])}`, `# TYPE ${name} gauge`, ...own.map(line)];
  });
  return `${[...families, "# EOF"].join("\n")}\n`;
}

function line({ name, labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(harmless(text))}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`;
}

function escaped(text: string): string {
  return text.replaceAll(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
}
