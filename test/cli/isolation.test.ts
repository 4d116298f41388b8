import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../../src/rotation/plan.ts";
import { FleetSandbox } from "../world/fleet-sandbox.ts";
import "../world/in-process.ts";
import type { Ran, Repository } from "../world/repository.ts";
import { patience } from "../world/shortcut.ts";

/** What is wrong with each is in its name. */
const WELL = ["well-1", "well-2"];
const TROUBLED = ["broken-lock", "hangs", "record-damaged", "rubbish", "unreachable"];
/** Those that are in trouble before anybody takes a lock. */
const UNPLANNED = TROUBLED.filter((name) => name !== "broken-lock");

let fleet: FleetSandbox;
let repository: Repository;

beforeAll(async () => {
  patience.ms = 3_000;
  fleet = await FleetSandbox.start([...TROUBLED, ...WELL]);
  repository = fleet.repository;
  await repository.must(
    "rotate",
    "start",
    "host",
    ...[...TROUBLED, ...WELL].flatMap((name) => ["--cluster", name]),
  );
  await repository.commit("start everywhere");
  await fleet.replaceTool(
    "unreachable",
    'echo "ERROR: dial tcp 192.0.2.1:3025: connect: connection refused" >&2; exit 1',
  );
  await fleet.replaceTool("hangs", "exec sleep 600");
  await fleet.replaceTool("rubbish", "echo '<html>502 Bad Gateway</html>'");
  await damage(["record", "record-damaged.json"], '{"format_version": "1.0", "clus');
  // A folder where the file of a lock belongs.
  await mkdir(join(repository.folder, ".capstan", "locks", "broken-lock", "1.json"), { recursive: true });
});
afterAll(() => fleet.stop());

async function damage(path: readonly string[], text: string): Promise<void> {
  const file = join(repository.folder, ".capstan", ...path);
  await mkdir(join(file, ".."), { recursive: true });
  await writeFile(file, text);
}

function problems({ clusters }: Pick<Plan, "clusters">): readonly string[] {
  return clusters.flatMap(({ name, problem }) => (problem === null ? [] : [name])).toSorted();
}

function phases(names: readonly string[]): readonly string[] {
  return names.map((name) => fleet.phase(name));
}

describe("several clusters, most of them in trouble", { timeout: 300_000 }, () => {
  it("plan names each that it cannot plan, with why, and plans the others: exit 1", async () => {
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(1);
    expect(problems(plan)).toEqual(UNPLANNED);
    const why = Object.fromEntries(plan.clusters.map(({ name, problem }) => [name, problem?.message]));
    expect(why["unreachable"]).toContain("connection refused");
    expect(why["hangs"]).toContain("did not finish within 3 s");
    expect(why["rubbish"]).toContain("something else than a listing");
    expect(why["record-damaged"]).toContain("record-damaged.json");
    for (const name of [...WELL, "broken-lock"]) {
      const cluster = plan.clusters.find((one) => one.name === name);
      expect(cluster?.fingerprint).toMatch(/^sha256:/);
      expect(cluster?.rotations.flatMap(({ steps }) => steps.map(({ to }) => to))).toEqual(["init"]);
    }
  });

  it("statements in git about a cluster of a damaged record do not fail the others", async () => {
    await repository.edit(
      "clusters/record-damaged/rotations/*.yaml",
      (text) => `${text.trimEnd()}\n  acknowledge:\n    - { step: host/init/known-hosts-both, who: ada }\n`,
    );
    await repository.commit("a statement");
    const { exit, plan } = await repository.plan();
    expect([exit, problems(plan)]).toEqual([1, UNPLANNED]);
    const validated = await repository.capstan("validate");
    expect(validated.stdout).toContain("record-damaged.json");
  });

  it("status, its metrics, forecast and doctor do the same", async () => {
    const status = await repository.capstan("status", "--format", "json");
    expect(status.exit).toBe(1);
    expect(problems(JSON.parse(status.stdout))).toEqual(UNPLANNED);
    const metrics = await repository.capstan("status", "--format", "openmetrics");
    expect(metrics.exit).toBe(1);
    for (const name of UNPLANNED)
      expect(metrics.stdout).toContain(`capstan_cluster_up{cluster="${name}",platform="teleport"} 0\n`);
    for (const name of [...WELL, "broken-lock"])
      expect(metrics.stdout).toContain(`capstan_cluster_up{cluster="${name}",platform="teleport"} 1\n`);
    expect(metrics.stdout).toContain('capstan_lock_held{cluster="well-1",holder=""} 0\n');
    expect(metrics.stdout).not.toContain('capstan_lock_held{cluster="broken-lock"');
    const forecast = await repository.capstan("forecast", "--format", "json");
    expect(forecast.exit).toBe(1);
    const made = JSON.parse(forecast.stdout) as {
      readonly problems: readonly { readonly cluster: string }[];
    };
    expect(made.problems.map(({ cluster }) => cluster).toSorted()).toEqual(UNPLANNED);
    const doctor = await repository.capstan("doctor", "--format", "json");
    expect(doctor.exit).toBe(1);
    const { clusters } = JSON.parse(doctor.stdout) as {
      readonly clusters: readonly {
        readonly name: string;
        readonly checks: readonly { readonly outcome: string }[];
      }[];
    };
    const failing = clusters.filter(({ checks }) => checks.some(({ outcome }) => outcome === "fail"));
    expect(failing.map(({ name }) => name).toSorted()).toEqual(UNPLANNED);
  });

  it("the text of a plan is a table that a person reads: who is in trouble comes first, with what to do", async () => {
    const { exit, stdout, stderr } = await repository.capstan("plan");
    expect([exit, stderr]).toEqual([1, expect.not.stringContaining("error")]);
    const told = [...UNPLANNED, ...WELL].map((name) => stdout.indexOf(name));
    expect(told.every((at) => at >= 0)).toBe(true);
    expect(Math.max(...told.slice(0, UNPLANNED.length))).toBeLessThan(
      Math.min(...told.slice(UNPLANNED.length)),
    );
  });

  it("apply walks those that can be walked, and says of each other one how it ended: exit 1", async () => {
    const ran = await repository.capstan("apply", "--auto-approve");
    expect(ran.exit).toBe(1);
    expect(phases(WELL)).toEqual(["init", "init"]);
    expect(phases(TROUBLED)).toEqual(TROUBLED.map(() => "standby"));
    for (const name of TROUBLED) expect(ran.stderr).toMatch(new RegExp(`${name}\\b.*failed`));
  });

  it("reconcile takes one round with the same end", async () => {
    await repository.must("rotate", "advance", "host", ...WELL.flatMap((name) => ["--cluster", name]));
    await fleet.push("on");
    const ran: Ran = await repository.capstan("reconcile", "--once");
    expect(ran.exit).toBe(1);
    expect(phases(WELL)).toEqual(["update_clients", "update_clients"]);
    for (const name of TROUBLED) expect(`${ran.stdout}${ran.stderr}`).toContain(name);
  });
});
