import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { env, exit, stderr } from "node:process";
import { clusterSamples } from "../src/views/metrics/cluster-samples.ts";
import { openmetricsText } from "../src/views/metrics/openmetrics.ts";
import { metricFacts } from "./world/metric-facts.ts";

/**
 * What others make of our metrics, alerts and dashboard: `npm run test:fleet`. Needs `promtool` (Debian's package
 * prometheus) and a Python with prometheus_client (`PYTHON=…/bin/python npm run test:fleet`).
 */
const FIXTURES = join(import.meta.dirname, "..", "fixtures");
const text = openmetricsText(clusterSamples(metricFacts()));

/** A family more than once, or a sample that is cut, is an exception in either parser. */
const PARSE = `
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as prometheus
text = sys.stdin.read()
told = [[(s.name, sorted(s.labels.items()), s.value) for f in parse(text) for s in f.samples] for parse in (openmetrics, prometheus)]
assert told[0] == told[1] and len(told[0]) == ${text.split("\n").filter((line) => /^[a-z]/.test(line)).length}, told
assert not any(labels.get("cluster") == "forged" for f in openmetrics(text) for labels in [s.labels for s in f.samples])
`;

const folder = mkdtempSync(join(tmpdir(), "capstan-promql-"));
const queries = join(folder, "queries.yml");
writeFileSync(queries, JSON.stringify({ groups: [{ name: "dashboard", rules: dashboardRules() }] }));

/** promtool reads no dashboards; a query that it cannot parse is no rule either. */
function dashboardRules() {
  const dashboard = JSON.parse(readFileSync(join(FIXTURES, "grafana", "capstan.json"), "utf8")) as {
    readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
  };
  const exprs = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  return exprs.map((expr, index) => ({ record: `capstan:query${index}`, expr }));
}

const CHECKS: readonly (readonly [what: string, argv: readonly string[], input: string])[] = [
  ["metrics, by promtool", ["promtool", "check", "metrics"], text],
  ["metrics, by prometheus_client", [env["PYTHON"] ?? "python3", "-c", PARSE], text],
  ["alerts", ["promtool", "check", "rules", join(FIXTURES, "prometheus", "capstan.rules.yml")], ""],
  [
    "what alerts fire",
    ["promtool", "test", "rules", join(FIXTURES, "prometheus", "capstan.rules.test.yml")],
    "",
  ],
  ["queries of the dashboard", ["promtool", "check", "rules", queries], ""],
];

const failed = CHECKS.filter(([what, [file = "", ...argv], input]) => {
  const { status, error, stdout, stderr: said } = spawnSync(file, argv, { input, encoding: "utf8" });
  const ended = status === 0 ? "ok" : `FAILED\n${error?.message ?? ""}${stdout}${said}`;
  stderr.write(`${what}: ${ended}\n`);
  return status !== 0;
});
rmSync(folder, { recursive: true });
exit(failed.length === 0 ? 0 : 1);
