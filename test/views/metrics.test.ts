import { describe, expect, it } from "vitest";
import { clusterSamples } from "../../src/views/metrics/cluster-samples.ts";
import { METRICS } from "../../src/views/metrics/metric-table.ts";
import { openmetricsText } from "../../src/views/metrics/openmetrics.ts";
import { HOSTILE, metricFacts } from "../world/metric-facts.ts";

const SAMPLE =
  /^(?<name>[a-z_]+)(?:\{(?<labels>[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*)\})? (?<value>-?\d+(?:\.\d+)?(?:e[+-]\d+)?)$/;

/** The part of both grammars that is used here, line by line; a name and its labels are there once. */
function read(text: string): readonly string[] {
  const lines = text.split("\n");
  expect(lines.splice(-2)).toEqual(["# EOF", ""]);
  const families = new Set<string>();
  const seen = new Set<string>();
  let family = "";
  for (const line of lines) {
    const [, kind = "", name = ""] = /^# (HELP|TYPE) ([a-z_]+) ./.exec(line) ?? [];
    if (kind === "HELP") {
      expect(families.has(name), `${name} is told twice`).toBe(false);
      families.add(name);
      family = name;
      continue;
    }
    if (kind === "TYPE") {
      expect(line).toBe(`# TYPE ${family} gauge`);
      continue;
    }
    const sample = SAMPLE.exec(line);
    expect(sample, line).not.toBeNull();
    expect(sample?.groups?.["name"]).toBe(family);
    const series = line.slice(0, line.lastIndexOf(" "));
    expect(seen.has(series), series).toBe(false);
    seen.add(series);
  }
  return lines.filter((line) => !line.startsWith("#"));
}

describe("metrics", () => {
  const text = openmetricsText(clusterSamples(metricFacts()));
  const samples = read(text);

  it("fit the grammar, whatever things are called", () => {
    expect(samples.filter((line) => line.startsWith("capstan_cluster_up"))).toEqual([
      'capstan_cluster_up{cluster="acme.cluster",platform="teleport"} 1',
      'capstan_cluster_up{cluster="far.cluster",platform="teleport"} 0',
    ]);
    expect(text).toContain('holder="x\\"} 1�# EOF�capstan_cluster_up{cluster=\\"forged\\\\@here"} 1\n');
    expect(text).not.toContain(HOSTILE);
  });

  it.each([
    'capstan_authority_phase{cluster="acme.cluster",authority="host",phase="init"} 1',
    'capstan_authority_phase{cluster="acme.cluster",authority="host",phase="standby"} 0',
    'capstan_authority_phase_seconds{cluster="acme.cluster",authority="host",phase="init"} 2700',
    'capstan_components{cluster="acme.cluster",kind="node",standing="lagging"} 1',
    'capstan_components{cluster="acme.cluster",kind="node",standing="following"} 1',
    'capstan_guard_blocked{cluster="acme.cluster",rotation="host-2026-11",guard="soak"} 1',
    'capstan_cluster_steps{cluster="acme.cluster"} 1',
    'capstan_last_apply_timestamp_seconds{cluster="acme.cluster"} 1795255200',
    'capstan_lock_held{cluster="far.cluster",holder=""} 0',
    "capstan_observed_timestamp_seconds 1795262400",
  ])("tell %s", (sample) => {
    expect(samples).toContain(sample);
  });

  it("tell of one subject when its first end is due", () => {
    const { forecast, ...facts } = metricFacts();
    const [item] = forecast.items;
    if (item === undefined) throw new Error("this world has an identity that ends");
    const later = { ...item, id: "other", at: "2030-01-01T00:00:00.000Z" };
    const twice = {
      ...facts,
      forecast: { ...forecast, items: [item, later, { ...item, kind: "override" as const, at: null }] },
    };
    const due = read(openmetricsText(clusterSamples(twice))).filter((line) =>
      line.startsWith("capstan_due_"),
    );
    expect(due.map((line) => line.replace(/\{.*\}/, ""))).toEqual([
      "capstan_due_seconds 3600",
      "capstan_due_unknown 1",
    ]);
  });

  it("tell of checks as the record knows them, and of overrides that nobody saw in use", () => {
    const facts = metricFacts();
    const evidence = { at: new Date(facts.now - 12_000).toISOString(), of: 3, detail: "" };
    const check = {
      ...{ name: HOSTILE, kind: "ssh", speaks_for: "people", required: false, evidence: "" },
      state: "failed" as const,
      last: { ...evidence, outcome: "failed" as const, passed: 2 },
      baseline: { ...evidence, outcome: "passed" as const, passed: 3 },
    };
    const away = { ...check, name: "away", state: "not_yet" as const, baseline: null };
    const exercise = { authority: "db_client", session: null, at: null, refused: null } as const;
    const open = { ...exercise, id: "override/db_client/aa/exercise", state: "open" as const };
    const clusters = facts.plan.clusters.map((cluster) => ({
      ...cluster,
      rotations: cluster.rotations.map((one) => ({ ...one, checks: [check, away], exercises: [open] })),
    }));
    const told = read(openmetricsText(clusterSamples({ ...facts, plan: { ...facts.plan, clusters } })));
    const about = (word: string) =>
      told.filter((line) => line.includes(word)).map((line) => line.replace(/cluster="acme.cluster",/, ""));
    expect(about('check="x')).toHaveLength(6);
    expect(about('check="away"')).toEqual([
      'capstan_check_passed{rotation="host-2026-11",check="away",run="last"} 2',
      'capstan_check_tried{rotation="host-2026-11",check="away",run="last"} 3',
      'capstan_check_age_seconds{rotation="host-2026-11",check="away"} 12',
      'capstan_check_current{rotation="host-2026-11",check="away"} 0',
    ]);
    expect(about("capstan_exercise")).toEqual([
      'capstan_exercise_open{authority="db_client",subject="override/db_client/aa/exercise"} 1',
    ]);
  });

  it("are named as Prometheus names things: snake case, base units, no suffix that another type has", () => {
    for (const name of Object.keys(METRICS)) {
      expect(name).toMatch(/^capstan(_[a-z]+)+$/);
      expect(name).not.toMatch(/_(total|count|sum|bucket|info|created|days|hours|minutes|ms)$/);
    }
  });
});
