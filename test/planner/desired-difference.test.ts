import { describe, expect, it } from "vitest";
import { desiredDifference, type Side } from "../../src/planner/saved/desired-difference.ts";
import { profileOf } from "../../src/profiles.ts";
import { DEFAULT_REPOSITORY } from "../../src/resources/model/default-repository.ts";
import type {
  DesiredState,
  RepositoryResource,
  RotationResource,
} from "../../src/resources/model/desired.ts";
import { PHASES, type Phase } from "../../src/rotation/phase.ts";
import { CLUSTER, desired, NEW, OLD, OTHER, rotation } from "../world/host-rotation.ts";

function side(
  rotations: readonly RotationResource[],
  state: Partial<DesiredState> = {},
  repository: Partial<RepositoryResource> = {},
): Side {
  return {
    profileOf,
    desired: { ...desired(rotations), ...state },
    repository: { ...DEFAULT_REPOSITORY, ...repository },
  };
}

function difference(was: readonly RotationResource[], is: readonly RotationResource[]) {
  return desiredDifference(side(was), side(is));
}

const said = ({ findings }: ReturnType<typeof difference>) =>
  findings.map(({ severity, subject, message }) => `${severity} ${subject} ${message}`);

/**
 * Base (rows) against head (columns), `-` for a rotation that is not there. `=`: nothing to say; `E`: an error, as
 * it can never be right; `w`: a warning, as it depends on how far the live one is.
 */
const TABLE: Readonly<Record<string, string>> = {
  //                - standby init update_clients update_servers rollback
  "-": "= E = E E =",
  standby: "= = w w w w",
  init: "w E = = E =",
  update_clients: "w E w = = =",
  update_servers: "w = w w = =",
  rollback: "= E w E E =",
};

const COLUMNS = ["-", ...PHASES] as const;

const cells = Object.entries(TABLE).flatMap(([base, row]) =>
  row.split(" ").map((cell, column) => ({ base, head: COLUMNS[column] ?? "-", cell })),
);

const of = (phase: string) => (phase === "-" ? [] : [rotation(phase as Phase)]);

describe("phase edges between base and head", () => {
  it.each(cells)("$base, then $head: $cell", ({ base, head, cell }) => {
    const { findings } = difference(of(base), of(head));
    const expected = cell === "=" ? [] : [cell === "E" ? "error" : "warning"];
    expect(findings.map(({ severity }) => severity)).toEqual(expected);
    for (const { remedy, source } of findings) {
      expect(remedy).not.toBe("");
      expect(source?.file).toBeDefined();
    }
  });

  it("a walk may go over several edges", () => {
    const walk = rotation("standby", { strategy: "walk" });
    expect(difference([], [walk]).findings).toEqual([]);
    expect(difference([rotation("init")], [walk]).findings).toEqual([]);
  });

  it("the note of a rotation that is over may come late", () => {
    const over = { ...rotation("standby"), authorities: [{ type: "host", retire: [OTHER] }] };
    const authorities = [
      {
        cluster: CLUSTER,
        type: "host",
        source: { file: "a.yaml", line: 1 },
        activeKeys: [OLD],
        maxAgeMs: null,
        trustConsumers: [],
      },
    ];
    expect(desiredDifference(side([], { authorities }), side([over], { authorities })).findings).toEqual([]);
  });

  it("a jump says over how many edges, and what to write", () => {
    const [finding] = difference(of("init"), of("standby")).findings;
    expect(finding?.message).toBe("goes from init to standby in one change, over 3 edges");
    expect(finding?.remedy).toContain("`phase: update_clients`");
  });

  it("what was rolled back starts again with a reason", () => {
    const again = rotation("init", { resume: "the node is repaired" });
    expect(difference(of("rollback"), [again])).toMatchObject({
      findings: [],
      changes: [
        `${CLUSTER}: rotation ${again.name} moves from rollback to init`,
        `${CLUSTER}: rotation ${again.name} resumes: the node is repaired`,
      ],
    });
  });
});

describe("renames, deletions, several rotations", () => {
  const renamed = (phase: Phase, name: string) => ({ ...rotation(phase), name });

  it("a rename is no end and no start: the retired key names the rotation", () => {
    const found = difference([rotation("init")], [renamed("update_clients", "host-of-autumn")]);
    expect(found.findings).toEqual([]);
    expect(found.changes).toEqual([
      `${CLUSTER}: rotation ${rotation("init").name} is renamed to host-of-autumn`,
      `${CLUSTER}: rotation host-of-autumn moves from init to update_clients`,
    ]);
  });

  it("two that swap their names are still told apart", () => {
    const user = { ...rotation("init"), name: "user", authorities: [{ type: "user", retire: [NEW] }] };
    const host = { ...rotation("update_servers"), name: "host" };
    const swapped = [
      { ...user, name: "host" },
      { ...host, name: "user" },
    ];
    const { findings, changes } = difference([user, host], swapped);
    expect(findings).toEqual([]);
    expect(changes).toEqual([
      `${CLUSTER}: rotation user is renamed to host`,
      `${CLUSTER}: rotation host is renamed to user`,
    ]);
  });

  it("one that is under way cannot retire another key", () => {
    const other = { ...rotation("update_clients"), authorities: [{ type: "host", retire: [OTHER] }] };
    expect(said(difference([rotation("init")], [other]))).toEqual([
      `error rotation/${other.name} is under way, and what it retires is changed`,
    ]);
  });

  it("after the end the name may be used again", () => {
    const other = { ...rotation("init"), authorities: [{ type: "host", retire: [NEW] }] };
    const { findings, changes } = difference([rotation("standby")], [other]);
    expect(findings).toEqual([]);
    expect(changes).toEqual([
      `${CLUSTER}: rotation ${other.name} is added, at init`,
      `${CLUSTER}: rotation ${other.name} is removed, which was at standby`,
    ]);
  });

  it("a deletion under way is a rollback", () => {
    expect(said(difference([rotation("update_clients")], []))).toEqual([
      `warning rotation/${rotation("init").name} is removed while it is at update_clients: apply rolls it back`,
    ]);
  });

  it("a cluster that goes leaves nobody to look after its rotation", () => {
    const found = desiredDifference(side([rotation("init")]), side([], { clusters: [] }));
    expect(found.changes[0]).toBe(`cluster ${CLUSTER} is removed`);
    expect(found.findings.map(({ message }) => message)).toContain("is at init, and its cluster is removed");
  });

  it("more rotations at once than the policy lets rotate wait for each other", () => {
    const user = { ...rotation("init"), name: "user", authorities: [{ type: "user", retire: [NEW] }] };
    expect(said(difference([], [rotation("init"), user]))).toEqual([
      `warning cluster/${CLUSTER} ${rotation("init").name} and user move together, and 1 may rotate at a time`,
    ]);
    expect(difference([user], [user, rotation("standby", { strategy: "walk" })]).findings).toEqual([]);
  });
});

describe("what else is changed", () => {
  it("nothing, for equal states, wherever they stand", () => {
    const moved = { ...rotation("init"), source: { file: "elsewhere.yaml", line: 9 } };
    const nothing = { connections: [], changes: [], findings: [], waivers: [] };
    expect(difference([rotation("init")], [moved])).toEqual(nothing);
  });

  it("what apply insists on", () => {
    const found = desiredDifference(
      side([], {}, { requirePlan: true, branch: "main" }),
      side([], {}, { requirePlan: false }),
    );
    expect(found.changes).toEqual([
      "the repository: branch was main, and is none",
      "the repository: require_plan was true, and is false",
    ]);
  });

  it("policy, with its values; connection as what it is, and as it is written", () => {
    const [cluster] = desired([]).clusters;
    if (cluster === undefined) throw new Error("the world has a cluster");
    const connection = { tctl: ["./tctl"], authServer: null, identityFile: "/from/the/environment" };
    const other = { ...cluster, connection, policy: { ...cluster.policy, soakMs: 60_000 } };
    const written = { ...other, connection: { ...connection, identityFile: "$TELEPORT_ID" } };
    const found = desiredDifference(side([]), side([], { clusters: [{ ...other, asWritten: written }] }));
    expect(found.changes).toEqual([`cluster ${CLUSTER}: policy.soak was 0s, and is 1m`]);
    expect(found.connections.map(({ message }) => message)).toEqual([
      `${CLUSTER} runs another executable: ./tctl, not tctl (spec.teleport.tctl)`,
      `${CLUSTER} reads another file or context: $TELEPORT_ID (spec.teleport.identity_file)`,
    ]);
    expect(JSON.stringify(found)).not.toContain("environment");
  });

  it("windows and freezes, readable", () => {
    const [cluster] = desired([]).clusters;
    if (cluster === undefined) throw new Error("the world has a cluster");
    const windows = [{ days: ["mon", "tue"], from: "22:00", to: "04:00" }] as const;
    const freezes = [
      { from: "2026-12-18T00:00:00.000Z", to: "2027-01-06T23:59:59.999Z", reason: "year-end" },
    ];
    const other = { ...cluster, policy: { ...cluster.policy, timeZone: "Europe/Vienna", windows, freezes } };
    expect(desiredDifference(side([]), side([], { clusters: [other] })).changes).toEqual([
      `cluster ${CLUSTER}: policy.time_zone was UTC, and is Europe/Vienna`,
      `cluster ${CLUSTER}: policy.windows was none, and is days mon, tue, from 22:00, to 04:00`,
      `cluster ${CLUSTER}: policy.freezes was none, and is from 2026-12-18T00:00:00.000Z, to 2027-01-06T23:59:59.999Z, reason year-end`,
    ]);
  });

  it("waivers and statements of work", () => {
    const waive = [
      { guard: "roster", subject: "node/a", reason: "scrapped", expires: "2026-12-01T00:00:00Z" },
    ];
    const acknowledge = [{ step: "host/init/x", who: "ada", note: null, evidence: null, at: null }];
    const about = `${CLUSTER}: rotation ${rotation("init").name}`;
    const bare = [rotation("init")];
    const full = [rotation("init", { waive, acknowledge })];
    expect(difference(bare, full).changes).toEqual([
      `${about} waives roster for node/a until 1 December 2026, 00:00 UTC: scrapped`,
      `${about}: ada states that host/init/x is done`,
    ]);
    const { name } = rotation("init");
    expect(difference(bare, full).waivers).toEqual([
      { cluster: CLUSTER, resource: name, guard: "roster", subject: "node/a" },
    ]);
    // Renewed or reworded: somebody has accepted this finding before.
    const later = waive.map((one) => ({ ...one, expires: "2026-12-24T00:00:00Z" }));
    expect(difference(full, [rotation("init", { waive: later })]).waivers).toEqual([]);
    expect(difference(full, bare).changes).toEqual([
      `${about} no longer waives roster for node/a`,
      `${about}: nobody states any more that host/init/x is done`,
    ]);
  });
});
