import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { makePlan } from "../../src/planner/planner.ts";
import {
  type Approved,
  byCluster,
  requireApproved,
  staleClusters,
} from "../../src/planner/saved/approved.ts";
import { bindingOf, fingerprintOfPlan } from "../../src/planner/saved/fingerprint.ts";
import { bindingDifference, planDifference } from "../../src/planner/saved/plan-difference.ts";
import {
  type BoundPlan,
  openPlanFile,
  planFileText,
  readPlanFile,
  requireCommit,
  sealPlan,
} from "../../src/planner/saved/plan-file.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type { DesiredState } from "../../src/resources/model/desired.ts";
import type { HistoryFacts } from "../../src/rotation/history.ts";
import { PHASES, type Phase } from "../../src/rotation/phase.ts";
import type { Plan } from "../../src/rotation/plan.ts";
import { emptyRecord, type RotationRecord } from "../../src/rotation/record.ts";
import {
  authority,
  CLUSTER,
  component,
  components,
  desired,
  historyWithout,
  key,
  memory,
  NEW,
  NOW,
  OLD,
  OTHER,
  observation,
  rotation,
} from "../world/host-rotation.ts";

const COMMIT = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";
const MADE = { madeAt: "2026-11-21T12:00:00.000Z", version: "0.1.0" };

interface Situation {
  readonly live?: Phase;
  readonly wanted?: Phase;
  readonly observed?: Partial<ClusterObservation>;
  readonly state?: DesiredState;
  readonly commit?: string | null;
  readonly record?: RotationRecord;
}

function planned({ live = "init", wanted = "update_clients", ...other }: Situation = {}): BoundPlan {
  const state = other.state ?? desired([rotation(wanted)]);
  const seen = observation(live, other.observed);
  const record = {
    ...emptyRecord(CLUSTER),
    rotations: live === "standby" ? [] : [other.record ?? memory(live)],
  };
  const plan = makePlan({
    desired: state,
    observations: [seen],
    records: [record],
    commit: other.commit === undefined ? COMMIT : other.commit,
    now: NOW,
  });
  return { plan, binding: bindingOf(state, [seen], plan.clusters) };
}

function fileOf(situation?: Situation) {
  return sealPlan(planned(situation), MADE);
}

function by(file: ReturnType<typeof fileOf>): readonly Approved[] {
  return [{ by: "file", name: "plan.json", file }];
}

function refusal(work: () => unknown): unknown {
  try {
    work();
    return null;
  } catch (error) {
    return error;
  }
}

describe("the fingerprint", () => {
  const fingerprint = (situation?: Situation) => fingerprintOfPlan(planned(situation).binding);

  it("does not depend on the commit, on the time, or on who is online", () => {
    const same = [
      planned({ commit: null }),
      planned({ observed: { components: [], observedAt: "2027-01-01T00:00:00Z" } }),
      planned({ observed: { versions: { client: "19.0.0", server: null } } }),
    ];
    for (const { binding } of same) expect(fingerprintOfPlan(binding)).toBe(fingerprint());
  });

  it("does not depend on the order of anything", () => {
    const user = { ...authority("standby"), type: "user", active: [key(OTHER), key(OLD)] };
    const turned = { ...user, active: [key(OLD), key(OTHER)] };
    const one = fingerprint({ observed: { authorities: [authority("init"), user] } });
    expect(fingerprint({ observed: { authorities: [turned, authority("init")] } })).toBe(one);
  });

  const live = authority("init");
  const MOVES: Readonly<Record<string, Situation>> = {
    "the phase": { live: "update_clients" },
    "the rotation id": {
      observed: { authorities: [{ ...live, rotation: { ...live.rotation, currentId: "other" } }] },
    },
    "the mode": { observed: { authorities: [{ ...live, rotation: { ...live.rotation, mode: "auto" } }] } },
    "a key that signs": { observed: { authorities: [{ ...live, active: [key(OLD), key(OTHER)] }] } },
    "a key that is trusted": { observed: { authorities: [{ ...live, trusted: [] }] } },
    "another CA of the cluster": {
      observed: { authorities: [live, { ...authority("standby"), type: "user" }] },
    },
    "the rotation in git": { state: desired([rotation("update_clients", { contentHash: "changed" })]) },
    "the policy in git": { state: desired([rotation("update_clients")], { onFailure: "halt" }) },
    "a rotation more in git": {
      state: desired([rotation("update_clients"), rotation("init", { name: "x" })]),
    },
    "active_keys in git": {
      state: {
        ...desired([rotation("update_clients")]),
        authorities: [
          {
            cluster: CLUSTER,
            type: "host",
            source: { file: "x", line: 1 },
            activeKeys: [OLD],
            maxAgeMs: null,
            trustConsumers: [],
          },
        ],
      },
    },
    "an override in git": {
      state: {
        ...desired([rotation("update_clients")]),
        overrides: [{ cluster: CLUSTER, type: "host", source: { file: "x", line: 1 }, document: {} }],
      },
    },
  };

  it.each(Object.entries(MOVES))("moves with %s, and the difference says so", (_, situation) => {
    expect(fingerprint(situation)).not.toBe(fingerprint());
    expect(bindingDifference(planned().binding, planned(situation).binding)).not.toEqual([]);
  });
});

describe("an approval covers all that runs: what the record and the history decide", () => {
  interface Known {
    readonly phase?: Phase;
    readonly rotations?: DesiredState["rotations"];
    readonly record?: readonly RotationRecord[];
    readonly history?: HistoryFacts;
  }
  const planOf = ({ phase = "init", rotations = [], record = [memory(phase)], history }: Known) =>
    makePlan({
      desired: desired(rotations),
      observations: [observation(phase)],
      records: [{ format_version: "1.0", cluster: CLUSTER, rotations: record }],
      histories: new Map(history === undefined ? [] : [[CLUSTER, history]]),
      commit: COMMIT,
      now: NOW,
    });
  const idsOf = ({ clusters }: Plan) =>
    clusters.flatMap(({ rotations }) => rotations.flatMap(({ steps }) => steps.map(({ id }) => id)));

  it("a deletion that a poor clone cannot prove is another plan than one that is proven", () => {
    const proven = historyWithout("host", OLD, COMMIT);
    const poor = planOf({ history: { ...proven, relation: "unknown", why: "it is shallow", deletions: [] } });
    const full = planOf({ history: proven });
    expect([idsOf(poor), idsOf(full)]).toEqual([
      [],
      ["host-2026-11/host/init-rollback", "host-2026-11/host/rollback-standby"],
    ]);
    expect(full.fingerprint).not.toBe(poor.fingerprint);
  });

  it("a quarantine that the record keeps is another plan than one without that record", () => {
    const started = rotation("init");
    const past = memory("init", { state: "rolled_back", ended_at: new Date(NOW - 60_000).toISOString() });
    const held = planOf({ phase: "standby", rotations: [started], record: [past] });
    const lost = planOf({ phase: "standby", rotations: [started], record: [] });
    expect(idsOf(lost)).toEqual(idsOf(held));
    expect(lost.fingerprint).not.toBe(held.fingerprint);
  });

  it("a phase that is seen to be reached meanwhile is the same plan: to look changes nothing", () => {
    const rotations = [rotation("update_clients")];
    const phases = memory("init").phases.map((entry) => ({ ...entry, verified_at: null }));
    const before = planOf({ rotations, record: [memory("init", { phases })] });
    const after = planOf({ rotations });
    expect(idsOf(after)).not.toEqual(idsOf(before));
    expect(after.fingerprint).toBe(before.fingerprint);
  });
});

describe("a plan file", () => {
  it("comes back as it was written, the same bytes for the same plan", () => {
    const text = planFileText(fileOf());
    expect(openPlanFile(text, "plan.json")).toEqual(fileOf());
    expect(planFileText(openPlanFile(text, "plan.json"))).toBe(text);
  });

  it("is accepted at its commit and in its world", () => {
    const file = fileOf();
    requireCommit(file, COMMIT, "plan.json");
    requireApproved(by(file), planned({ observed: { components: components("init").slice(1) } }));
    requireApproved([{ by: "plan", fingerprint: file.fingerprint }], planned());
  });

  it("of another commit is refused", () => {
    expect(refusal(() => requireCommit(fileOf(), "beef", "plan.json"))).toMatchObject({
      code: "stale",
      message: `plan.json was made of commit ${COMMIT}, and commit beef is checked out`,
    });
  });

  it("that is stale is refused, with what moved and what follows from it", () => {
    const now = planned({ live: "update_clients", wanted: "update_clients" });
    const failure = refusal(() => requireApproved(by(fileOf()), now));
    expect(failure).toMatchObject({ code: "stale" });
    expect(String(failure)).toMatchInlineSnapshot(`
      "Failure: plan.json is stale: since 21 November 2026, 12:00 UTC this moved
        - acme.cluster host: the phase was init, and is update_clients
        - acme.cluster host: it no longer signs with tls sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a
        - acme.cluster host: it now signs with tls sha256:1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b
        - acme.cluster host: it no longer trusts tls sha256:1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b1b
        - acme.cluster host: it now trusts tls sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a
        - acme.cluster host: init → update_clients was planned, and is not any more
        - the verdict was ready, and is no changes"
    `);
  });

  it("is stale when the record brings steps that nobody approved, though git and the cluster are the same", () => {
    const file = fileOf();
    const unverified = memory("init");
    const phases = unverified.phases.map((entry) => ({ ...entry, verified_at: null }));
    const now = planned({ record: { ...unverified, phases } });
    expect(now.plan.fingerprint).toBe(file.fingerprint);
    const added = now.plan.clusters[0]?.rotations[0]?.steps.map(({ id }) => id) ?? [];
    expect(added).toContain("host-2026-11/host/init");
    expect(refusal(() => requireApproved(by(file), now))).toMatchObject({ code: "stale" });
  });

  it("is stale when a step may cut off somebody whom it did not name", () => {
    const used = { ...memory("rollback"), turned_back: null };
    const waiting = { live: "rollback", wanted: "rollback" } as const;
    const file = fileOf({ ...waiting, record: used });
    expect(refusal(() => requireApproved(by(file), planned({ ...waiting, record: used })))).toBeNull();
    const unknown = planned({ ...waiting, record: { ...used, roster: null } });
    expect(unknown.plan.fingerprint).toBe(file.fingerprint);
    expect(String(refusal(() => requireApproved(by(file), unknown)))).toContain(
      "is a point of no return now",
    );
  });

  it("is not the approved one when its fingerprint is another", () => {
    const failure = refusal(() => requireApproved([{ by: "plan", fingerprint: "sha256:beef" }], planned()));
    expect(failure).toMatchObject({
      code: "stale",
      message: expect.stringContaining("not the one that was approved"),
    });
  });

  it.each([
    [
      "a step",
      (file: ReturnType<typeof fileOf>) => ({ ...file, plan: { ...file.plan, outcome: "ready" as const } }),
    ],
    [
      "its commit",
      (file: ReturnType<typeof fileOf>) => ({ ...file, plan: { ...file.plan, commit: "beef" } }),
    ],
    [
      "its fingerprint",
      (file: ReturnType<typeof fileOf>) => ({ ...file, fingerprint: `sha256:${"0".repeat(64)}` }),
    ],
    ["a field more", (file: ReturnType<typeof fileOf>) => ({ ...file, approved: true })],
  ])("that was edited is refused: %s", (_, edit) => {
    const text = planFileText(edit(fileOf({ wanted: "standby" })));
    expect(refusal(() => openPlanFile(text, "plan.json"))).toMatchObject({
      code: "stale",
      message: "plan.json was changed after capstan wrote it: its digest does not fit",
    });
  });

  it.each([
    ["no JSON", "plan: yes"],
    ["something else", "[]"],
    ["a plan that is no plan file", JSON.stringify(planned().plan)],
    ["of a format to come", planFileText({ ...fileOf(), format_version: "2.0" as "1.1" })],
  ])("is told apart from %s", (_, text) => {
    expect(refusal(() => openPlanFile(text, "plan.json"))).toMatchObject({
      code: "usage",
      message: expect.stringMatching(/^plan\.json is no plan file: /),
    });
  });

  it("of format 1.0 is stale, not damaged, and is still shown", () => {
    const text = readFileSync(join(import.meta.dirname, "../../fixtures/plan-file-1.0.json"), "utf8");
    expect(refusal(() => openPlanFile(text, "plan.json"))).toMatchObject({
      code: "stale",
      message: expect.stringMatching(/^plan\.json was made by capstan 0\.1\.0, whose plans cover less/),
    });
    const { written_as, file } = readPlanFile(text, "plan.json");
    expect(written_as).toBe("1.0");
    expect(file.plan.clusters.map(({ name, fingerprint }) => [name, fingerprint])).toEqual([[CLUSTER, null]]);
    const edited = text.replace('"outcome":"ready"', '"outcome":"blocked"');
    expect(refusal(() => readPlanFile(edited, "plan.json"))).toMatchObject({ code: "stale" });
  });

  it("holds no key material", () => {
    expect(planFileText(fileOf())).not.toMatch(/-----BEGIN|PRIVATE|client-key-data/);
  });
});

describe("the difference of two plans", () => {
  it("is empty for the same plan", () => {
    expect(planDifference(planned().plan, planned().plan)).toEqual([]);
  });

  it("says which guard changed its mind, and why", () => {
    const lost = components("init").filter(({ name }) => name !== "node2");
    const after = planned({ observed: { components: [...lost, component("node", "node9")] } });
    expect(planDifference(planned().plan, after.plan)).toEqual([
      expect.stringMatching(
        /^acme\.cluster host: init → update_clients: roster was pass, and is fail now: node\/node2 /,
      ),
      expect.stringMatching(/components-ready was pass, and is fail now: node\/node9 /),
      "the verdict was ready, and is blocked",
    ]);
  });

  it("says what came and went", () => {
    const before = planned({ live: "standby", wanted: "init" }).plan;
    const after = planned({ state: desired([rotation("init", { name: "other" })]), live: "standby" }).plan;
    expect(planDifference(before, after)).toEqual([
      "acme.cluster: the rotation host-2026-11 is gone",
      "acme.cluster: the rotation other is new",
      "acme.cluster host: standby → init is planned now",
    ]);
    expect(planDifference(before, { ...before, commit: "beef", clusters: [] })).toEqual([
      `it was made of commit ${COMMIT}, and this is beef`,
      "acme.cluster was part of the plan, and is not any more",
    ]);
  });

  it("tells keys apart by what became of them", () => {
    const sentences = planDifference(planned().plan, planned({ live: "update_clients" }).plan);
    expect(sentences).toContain(
      `acme.cluster host-2026-11: the host tls key ${NEW} was trusted, and is active`,
    );
  });
});

/** Every object closed: a property that no schema describes is found. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  return "properties" in inner ? { ...inner, additionalProperties: false } : inner;
}

describe("the schemas", () => {
  const ajv = new Ajv2020({ allErrors: true });
  for (const name of ["plan", "plan-file"]) {
    const path = join(import.meta.dirname, "..", "..", "schemas", `${name}.schema.json`);
    ajv.addSchema(closed(JSON.parse(readFileSync(path, "utf8"))) as object);
  }

  it("describe every property of every plan that can be made", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PHASES),
        fc.constantFrom(...PHASES),
        fc.boolean(),
        (live, wanted, drifts) => {
          const state = drifts ? desired([]) : desired([rotation(wanted)]);
          const file = fileOf({ live, wanted, state });
          const valid = ajv.validate("urn:capstan:schema:v1:plan-file", JSON.parse(planFileText(file)));
          expect(ajv.errors ?? []).toEqual([]);
          expect(valid).toBe(true);
        },
      ),
    );
  });
});

describe("an approval, cluster by cluster", () => {
  const LEAF = "leaf.cluster";
  const two = (leaf: Phase = "standby"): BoundPlan => {
    const state = desired([rotation("update_clients")]);
    const seen = [observation("init"), { ...observation(leaf), cluster: LEAF }];
    const records = [{ ...emptyRecord(CLUSTER), rotations: [memory("init")] }];
    const plan = makePlan({ desired: state, observations: seen, records, commit: COMMIT, now: NOW });
    return { plan, binding: bindingOf(state, seen, plan.clusters) };
  };
  const fingerprintIn = ({ plan }: BoundPlan, cluster: string) =>
    plan.clusters.find(({ name }) => name === cluster)?.fingerprint ?? "";
  const stale = (approved: readonly Approved[], now: BoundPlan) => [...staleClusters(approved, now).keys()];

  it("is the sorted lines `NAME FINGERPRINT`, each ended by a line feed", () => {
    const { plan } = two();
    const [acme, leaf] = [fingerprintIn(two(), CLUSTER), fingerprintIn(two(), LEAF)];
    const text = `${CLUSTER} ${acme}\n${LEAF} ${leaf}\n`;
    expect(plan.fingerprint).toBe(`sha256:${createHash("sha256").update(text).digest("hex")}`);
  });

  it("leaves a stale cluster alone, and lets the others go on", () => {
    const before = two();
    const parts = new Map([CLUSTER, LEAF].map((name) => [name, fingerprintIn(before, name)]));
    const file = sealPlan(before, MADE);
    for (const approved of [by(file), [{ by: "clusters", fingerprints: parts }] satisfies Approved[]]) {
      expect(stale(approved, before)).toEqual([]);
      expect(stale(approved, two("init"))).toEqual([LEAF]);
    }
    expect(stale([{ by: "plan", fingerprint: before.plan.fingerprint }], two("init"))).toEqual([
      CLUSTER,
      LEAF,
    ]);
  });

  it("of a whole plan goes on cluster by cluster, once it was compared", () => {
    const before = two();
    const approved = byCluster([{ by: "plan", fingerprint: before.plan.fingerprint }], before);
    const alone = planned();
    expect(stale(approved, alone)).toEqual([]);
    expect(stale(approved, planned({ live: "update_clients" }))).toEqual([CLUSTER]);
  });

  it("does not cover a cluster that is absent from it, or that it knows nothing of", () => {
    const before = two();
    const unread = makePlan({
      desired: desired([rotation("update_clients")]),
      observations: [observation("init")],
      unread: [
        {
          name: LEAF,
          platform: "teleport",
          problem: { code: "not-trusted-yet", message: "is new", remedy: "merge it" },
        },
      ],
      records: [{ ...emptyRecord(CLUSTER), rotations: [memory("init")] }],
      commit: COMMIT,
      now: NOW,
    });
    expect(unread).toMatchObject({ outcome: "incomplete" });
    const binding = { clusters: before.binding.clusters.filter(({ name }) => name === CLUSTER) };
    expect(stale(by(sealPlan({ plan: unread, binding }, MADE)), before)).toEqual([LEAF]);
    expect(stale(by(fileOf()), before)).toEqual([LEAF]);
    const named = new Map([[CLUSTER, fingerprintIn(before, CLUSTER)]]);
    expect(stale([{ by: "clusters", fingerprints: named }], before)).toEqual([LEAF]);
  });
});
