import { describe, expect, it } from "vitest";
import { acknowledgementDiagnostics } from "../../src/checklist/acknowledgements.ts";
import type { Acknowledgement, AuthorityResource } from "../../src/resources/model/desired.ts";
import { emptyRecord } from "../../src/rotation/record.ts";
import { TELEPORT } from "../../src/teleport/profile.ts";
import { CLUSTER, memory, NOW, rotation } from "../world/host-rotation.ts";

const NOW_TEXT = new Date(NOW).toISOString();
const FILE = { path: "rotation.yaml", text: "kind: ca_rotation\n    - { step: x }\n" };

const profileOf = () => TELEPORT;

function problems(step: string, at: string | null, startedAt: string | null = null) {
  const said: Acknowledgement = {
    step,
    who: "ada",
    note: null,
    evidence: null,
    at,
    source: { file: FILE.path, line: 2 },
  };
  const records =
    startedAt === null
      ? []
      : [{ ...emptyRecord(CLUSTER), rotations: [memory("init", { started_at: startedAt })] }];
  const resources = { rotations: [rotation("init", { acknowledge: [said] })], authorities: [] };
  return acknowledgementDiagnostics(resources, { files: [FILE], records, profileOf, now: NOW_TEXT });
}

describe("an acknowledgement that cannot be true is an error at its place", () => {
  it.each([
    ["an unknown step", "host/init/pins", null, null, 'no step "host/init/pins"'],
    ["a step of another CA", "user/init/trusted-clusters", null, null, "belongs to user"],
    ["a time to come", "host/init/trusted-clusters", "2026-11-21T12:00:01.000Z", null, "in the future"],
    ["a day to come", "host/init/trusted-clusters", "2026-11-22", null, "in the future"],
    [
      "a day of the rotation before",
      "host/init/trusted-clusters",
      "2026-11-20",
      "2026-11-21T10:00:00.000Z",
      "before this rotation started",
    ],
  ])("%s", (_, step, at, startedAt, message) => {
    const [diagnostic, ...others] = problems(step, at, startedAt);
    expect(others).toEqual([]);
    expect(diagnostic).toMatchObject({ severity: "error", file: "rotation.yaml", line: 2, column: 7 });
    expect(diagnostic?.excerpt).toBe("    - { step: x }");
    expect(diagnostic?.message).toContain(message);
  });

  it.each([
    ["no time", null],
    ["the day on which it started", "2026-11-21"],
    ["a time after the start", "2026-11-21T10:30:00.000Z"],
  ])("%s is fine", (_, at) => {
    expect(problems("host/init/trusted-clusters", at, "2026-11-21T10:00:00.000Z")).toEqual([]);
  });
});

describe("an acknowledgement of a certificate_authority", () => {
  const trust = `override/db_client/${"ab".repeat(32)}`;

  function problemsOutside(step: string, at: string | null = null) {
    const source = { file: FILE.path, line: 2 };
    const authority: AuthorityResource = {
      cluster: CLUSTER,
      type: "db_client",
      source: { file: FILE.path, line: 1 },
      activeKeys: [],
      maxAgeMs: null,
      trustConsumers: [],
      acknowledge: [{ step, who: "ada", note: null, evidence: null, at, source }],
    };
    const context = { files: [FILE], records: [], profileOf, now: NOW_TEXT };
    return acknowledgementDiagnostics({ rotations: [], authorities: [authority] }, context);
  }

  it("may say that people outside trust an override certificate", () => {
    expect(problemsOutside(trust)).toEqual([]);
  });

  it.each([
    ["a typo in the key", `${trust}0`, null, "states nothing", "here stands override/db_client/KEY_HASH"],
    ["another CA", trust.replace("db_client", "windows"), null, "states nothing", "here stands"],
    ["work of a rotation", "db_client/init/trust-both", null, "states nothing", "in its ca_rotation"],
    ["a day to come", trust, "2026-11-22", "in the future", "after it is done"],
  ])("%s is an error at its place", (_, step, at, message, suggestion) => {
    const [diagnostic, ...others] = problemsOutside(step, at);
    expect(others).toEqual([]);
    expect(diagnostic).toMatchObject({ severity: "error", file: "rotation.yaml", line: 2, column: 7 });
    expect(diagnostic?.message).toContain(message);
    expect(diagnostic?.suggestion).toContain(suggestion);
  });
});
