import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/apply/event.ts";
import { readObservations, writeObservations } from "../../src/cli/observations-file.ts";
import { Failure } from "../../src/failure.ts";
import { makePlan } from "../../src/planner/planner.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import { event as isEvent } from "../../src/resources/read/compiled/event.js";
import { emptyRecord } from "../../src/rotation/record.ts";
import { planMarkdown } from "../../src/views/markdown/plan-markdown.ts";
import { liveStatusText } from "../../src/views/text/live-status-text.ts";
import { plainPaint } from "../../src/views/text/paint.ts";
import { planText } from "../../src/views/text/plan-text.ts";
import * as plans from "../views/plans.ts";
import { BUSY_PLAN, failing, runOf, step } from "../views/tui/sample.ts";
import { runHere } from "../world/command-line.ts";
import { flat } from "../world/flat.ts";
import { CLUSTER, desired, memory, NOW, OLD, observation, rotation } from "../world/host-rotation.ts";

const AT = "2026-11-21T12:00:00.000Z";
const WHERE = { cluster: CLUSTER, rotation: "host-2026-11" };
const STEP = step("host-2026-11", "host", { from: "standby", to: "init" });

/** One of each: a kind of event that the schema does not know yet is an error of the types here. */
const EVENTS: { readonly [Type in RunEvent["type"]]: Extract<RunEvent, { type: Type }> } = {
  plan: { at: AT, type: "plan", plan: plans.blocked() },
  "step-started": { at: AT, type: "step-started", ...WHERE, step: STEP },
  "transition-requested": {
    at: AT,
    type: "transition-requested",
    cluster: CLUSTER,
    authority: "host",
    to: "init",
  },
  "transition-observed": {
    at: AT,
    type: "transition-observed",
    cluster: CLUSTER,
    authority: "host",
    phase: "init",
  },
  waiting: {
    at: AT,
    type: "waiting",
    cluster: CLUSTER,
    authority: "host",
    phase: "init",
    deadline: AT,
    progress: [{ kind: "node", ready: 1, total: 2 }],
    laggards: [{ subject: "node/n1", message: "is at standby", since: AT }],
    probes: [{ subject: "postgres/orders", ready: false, message: "uses the old CA" }],
  },
  "step-verified": { at: AT, type: "step-verified", ...WHERE, step: STEP },
  "step-failed": {
    at: AT,
    type: "step-failed",
    ...WHERE,
    step: STEP,
    message: "two nodes did not follow",
    findings: [{ subject: "node/n1", message: "is silent", remedy: "start it" }],
  },
  "rollback-started": { at: AT, type: "rollback-started", ...WHERE, reason: "a node did not follow" },
  override: {
    at: AT,
    type: "override",
    stage: "requested",
    cluster: CLUSTER,
    authority: "db_client",
    action: {
      id: `override/db_client/${"0a".repeat(32)}/create-override`,
      key_hash: "0a".repeat(32),
      call: "create-override",
      purpose: "add",
      why: "git wants it",
      moment: "now",
      force: false,
      missing: [],
    },
  },
  blocked: { at: AT, type: "blocked", ...WHERE, step: { ...STEP, guards: failing("roster", []) } },
  interrupted: { at: AT, type: "interrupted", cluster: CLUSTER, message: "stopped" },
  notice: { at: AT, type: "notice", message: "a word" },
  "cluster-finished": {
    at: AT,
    type: "cluster-finished",
    cluster: CLUSTER,
    outcome: "locked",
    message: "somebody else holds the lock",
    hint: null,
  },
  finished: { at: AT, type: "finished", outcome: "applied", message: "1 step" },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "capstan-hostile-files-"));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

const replay = async (text: string, name = "run.jsonl") => {
  await writeFile(join(folder, name), text);
  return await runHere(["replay", name, "--no-tui"], { cwd: folder, env: {} });
};

/** What stands in the place of a value in a damaged file. */
const DAMAGES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e300,
  "",
  "x",
  "\u202e\u0007\u009b31m",
  "2026-13-45",
  [],
  {},
  [null],
  [[]],
  { id: null },
  "__proto__",
];

interface Damage {
  readonly at: number;
  readonly kind: "replace" | "remove" | "twice" | "cut" | "byte";
  readonly by: number;
}

const damage: fc.Arbitrary<Damage> = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom("replace", "replace", "replace", "remove", "twice", "cut", "byte"),
  by: fc.nat(),
});

/** The text of a value, damaged in one place. */
function damaged(value: unknown, { at, kind, by }: Damage): string {
  const text = JSON.stringify(value);
  if (kind === "cut") return text.slice(0, at % text.length);
  if (kind === "byte") {
    const place = at % text.length;
    return text.slice(0, place) + String.fromCharCode(33 + (by % 90)) + text.slice(place + 1);
  }
  const copy: unknown = JSON.parse(text);
  const places: (readonly [object, string])[] = [];
  collect(copy, places);
  const [holder, key] = places[at % places.length] ?? [{}, ""];
  if (kind === "replace") Reflect.set(holder, key, DAMAGES[by % DAMAGES.length]);
  else if (kind === "remove")
    Array.isArray(holder) ? holder.splice(Number(key), 1) : Reflect.deleteProperty(holder, key);
  else if (Array.isArray(holder)) holder.push(holder[Number(key)]);
  else Reflect.set(holder, `${key}2`, Reflect.get(holder, key));
  return JSON.stringify(copy);
}

function collect(value: unknown, places: (readonly [object, string])[]): void {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    places.push([value, key]);
    collect(Reflect.get(value, key), places);
  }
}

const SEED = 20_261_129;
/** What no output may hold: whatever moves a cursor, turns the direction of reading or cannot be seen. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
const EFFECT = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/;

describe("hostile input: files of events", () => {
  it.each(Object.entries(EVENTS))("%s is what the schema takes", (_type, event) => {
    expect(isEvent(JSON.parse(JSON.stringify(event))), JSON.stringify(isEvent.errors)).toBe(true);
  });

  it("what apply writes, replay takes", async () => {
    const lines = [...Object.values(EVENTS), ...runOf(BUSY_PLAN)].map((event) => JSON.stringify(event));
    const ran = await replay(lines.join("\n"));
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.stdout).toContain("two nodes did not follow");
  });

  it("what a version with plans of format 1.0 wrote, replay takes, too", async () => {
    const file = join(import.meta.dirname, "..", "..", "fixtures", "plan-file-1.0.json");
    const { plan } = JSON.parse(await readFile(file, "utf8"));
    expect(plan.format_version).toBe("1.0");
    const ran = await replay(
      `${JSON.stringify({ at: AT, type: "plan", plan })}\n${JSON.stringify(EVENTS.finished)}\n`,
    );
    expect(ran.exit, ran.stderr).toBe(0);
    for (const { name } of plan.clusters) expect(ran.stdout).toContain(name);
    expect(ran.stdout).toContain("1 step");
  });

  it("a damaged one is a diagnostic that names the line, or is replayed without effect: never a stack trace", async () => {
    const events: readonly RunEvent[] = [...Object.values(EVENTS), ...runOf(plans.ready())];
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(), damage, async (which, how) => {
        const event = events[which % events.length] as RunEvent;
        const ran = await replay(`${JSON.stringify(EVENTS.notice)}\n${damaged(event, how)}\n`);
        expect(ran.stderr).not.toMatch(/bug of capstan|\n\s+at /);
        expect(ran.stdout + ran.stderr).not.toMatch(EFFECT);
        if (ran.exit !== 0) {
          refused += 1;
          expect(flat(ran.stderr)).toContain("run.jsonl:2 is not an event of a run");
        }
      }),
      { numRuns: 400, seed: SEED },
    );
    expect(refused).toBeGreaterThan(100);
  });

  it("a word that turns the direction of reading has no effect, in any event", async () => {
    const text = "prod\u202egnp\u2066\u009b31m\u001b[2J\u200b";
    const turned = JSON.stringify(Object.values(EVENTS)).replaceAll(
      CLUSTER,
      JSON.stringify(text).slice(1, -1),
    );
    const lines = (JSON.parse(turned) as RunEvent[]).map((event) => JSON.stringify(event));
    const ran = await replay(lines.join("\n"));
    expect(ran.exit, ran.stderr).toBe(0);
    expect(ran.stdout).not.toMatch(EFFECT);
  });
});

describe("hostile input: files of observations", () => {
  it("a damaged one is a diagnostic, or is planned from: never a stack trace", async () => {
    const path = join(folder, "seen.json");
    await writeObservations(path, [everything()]);
    const whole: unknown = JSON.parse(await readFile(path, "utf8"));
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(damage, async (how) => {
        await writeFile(path, damaged(whole, how));
        const seen = await readObservations(path).catch((error: unknown) => {
          expect(error).toBeInstanceOf(Failure);
          return null;
        });
        if (seen === null) refused += 1;
        else expect(allViews(seen)).not.toMatch(EFFECT);
      }),
      { numRuns: 600, seed: SEED },
    );
    expect(refused).toBeGreaterThan(100);
  });

  /** Every part that an observation can have. */
  function everything(): ClusterObservation {
    const seen = observation("init");
    const [first, ...rest] = seen.authorities;
    if (first === undefined) throw new Error("the sample has no authority");
    const schedule = { update_clients: AT, update_servers: AT, standby: AT };
    return {
      ...seen,
      authorities: [
        { ...first, rotation: { ...first.rotation, gracePeriod: "30h0m0s", schedule, towards: null } },
        ...rest,
      ],
      copies: [{ ...first, cluster: "leaf.example" }],
      remoteClusters: [{ name: "leaf.example", connection: "online", lastHeartbeat: AT }],
      unread: [{ what: "db_servers", problem: "access denied" }],
      overrides: {
        state: "listed",
        documents: [{ kind: "cert_authority_override", metadata: { name: CLUSTER } }],
        spiffeIssuer: false,
      },
      surroundings: {
        consumers: [
          {
            authority: "host",
            consumer: "bastion",
            kind: "openssh",
            uses: "old",
            trusts: { old: "yes", new: "no" },
            detail: "known_hosts",
          },
        ],
        peers: [{ cluster: "leaf.example", problem: null, copies: [first] }],
        pins: [{ file: "teleport.yaml", pins: [{ fingerprint: OLD, line: 3 }] }],
      },
    };
  }

  function allViews(observations: readonly ClusterObservation[]): string {
    const plan = makePlan({
      desired: desired([rotation("update_clients")]),
      observations,
      records: [{ ...emptyRecord(CLUSTER), rotations: [memory("init")] }],
      commit: null,
      now: NOW,
    });
    const status = liveStatusText(observations, plan, NOW, plainPaint);
    return planText(plan, plainPaint) + planMarkdown(plan) + status;
  }
});

describe("a file that anybody named or wrote has an end, and a bottom", () => {
  let folder: string;
  const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);
  const READERS: Readonly<Record<string, readonly string[]>> = {
    show: ["show"],
    apply: ["apply", "--auto-approve"],
    replay: ["replay", "--no-tui"],
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "capstan-test-"));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it.each(
    Object.entries(READERS).flatMap(([name, words]) =>
      [
        `{"format_version":"1.1","x":${deep(200_000)}}`,
        `{"format_version":${deep(200_000)}}`,
        `{"at":"${AT}","type":"interrupted","x":${deep(200_000)}}`,
        deep(200_000),
      ].map((text) => [name, words, text] as const),
    ),
  )("%s of what is nested without a bottom is an error that names the file", async (_, words, text) => {
    await writeFile(join(folder, "file"), text);
    const { exit, stderr } = await runHere([...words, "file"], { cwd: folder, env: process.env });
    expect([exit, flat(stderr)]).toEqual([1, expect.stringContaining("file")]);
    expect(stderr).not.toMatch(/bug of capstan|RangeError|\n {4}at /);
  });

  it("what is nested without a bottom holds no observations", async () => {
    const file = join(folder, "observations");
    await writeFile(file, `{"format_version":"1.0","observations":[],"x":${deep(200_000)}}`);
    await expect(readObservations(file)).rejects.toThrow("it is not JSON");
  });

  it.each(Object.entries(READERS))("%s of a device that has no end is an error", async (_, words) => {
    const { exit, stderr } = await runHere([...words, "/dev/zero"], { cwd: folder, env: process.env });
    expect([exit, flat(stderr)]).toEqual([
      1,
      expect.stringMatching(/\/dev\/zero: it is larger than 128 MiB/),
    ]);
  });
});
