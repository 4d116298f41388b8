import { describe, expect, it } from "vitest";
import { checklistFor } from "../../src/checklist/checklist.ts";
import { tickChecklist } from "../../src/checklist/tick.ts";
import type { Acknowledgement } from "../../src/resources/model/desired.ts";
import { TELEPORT } from "../../src/teleport/profile.ts";

/** The step that everybody has to do. */
const STEPS = checklistFor(TELEPORT, "db_client", "init", "18.7.0").filter(
  ({ binding }) => binding === "always",
);
const CONTEXT = {
  profile: TELEPORT,
  types: ["db", "db_client"],
  now: "2026-11-21T12:00:00Z",
  startedAt: null,
};

function said(step: string, at: string | null = null): Acknowledgement {
  return { step, who: "ada", note: null, evidence: null, at };
}

describe("ticking the checklist", () => {
  it("leaves steps open that nobody acknowledged", () => {
    const { steps, problems } = tickChecklist(STEPS, [], CONTEXT);
    expect(steps.map(({ step, state }) => [step.id, state])).toEqual([["db_client/init/trust-both", "open"]]);
    expect(problems).toEqual([]);
  });

  it("ticks a step, and keeps who said so", () => {
    const statement = said("db_client/init/trust-both", "2026-11-21T11:59:59Z");
    const { steps, problems } = tickChecklist(STEPS, [statement], CONTEXT);
    expect(steps).toMatchObject([{ state: "done", acknowledgement: statement }]);
    expect(problems).toEqual([]);
  });

  it("takes statements about other phases and versions as they are", () => {
    const acknowledgements = [
      said("db_client/standby/remove-old"),
      said("db/init/trust-both-clients"),
      said("db/init/reissue-server-certificates"),
    ];
    const { steps, problems } = tickChecklist(STEPS, acknowledgements, CONTEXT);
    expect(problems).toEqual([]);
    expect(steps.map(({ state }) => state)).toEqual(["open"]);
  });

  it.each([
    ["host", "host/adopt/roster-complete", true],
    ["host", "user/adopt/roster-complete", false],
    ["user", "user/adopt/roster-complete", false],
    ["db", "db/adopt/roster-complete", false],
  ])("knows the roster of a CA that components follow: in a rotation of %s, %s", (type, step, known) => {
    const { problems } = tickChecklist(STEPS, [said(step)], { ...CONTEXT, types: [type] });
    expect(problems.length === 0).toBe(known);
  });

  it("takes the trust in an override certificate as it is, for a CA of this rotation", () => {
    const key = "a".repeat(64);
    const about = (type: string) => tickChecklist(STEPS, [said(`override/${type}/${key}`)], CONTEXT).problems;
    expect(about("db_client")).toEqual([]);
    expect(about("windows")).toHaveLength(1);
  });

  it.each([
    [
      "an unknown step, with the nearest one",
      said("db_client/init/trust-bot"),
      'no step "db_client/init/trust-bot" in a rotation of db, db_client',
      'did you mean "db_client/init/trust-both"?',
    ],
    [
      "the hyphens of other commands",
      said("db-client/init/trust-both"),
      'no step "db-client/init/trust-both" in a rotation of db, db_client',
      'did you mean "db_client/init/trust-both"?',
    ],
    [
      "a step nothing is near to",
      said("everything is fine"),
      'no step "everything is fine" in a rotation of db, db_client',
      null,
    ],
    [
      "a step of another rotation",
      said("openssh/init/trust-both"),
      "step openssh/init/trust-both belongs to openssh, which this rotation does not move (db, db_client)",
      null,
    ],
    [
      "a step done in the future",
      said("db_client/init/trust-both", "2026-11-21T12:00:01Z"),
      "step db_client/init/trust-both is acknowledged in the future: 2026-11-21T12:00:01Z, and it is 2026-11-21T12:00:00Z",
      "acknowledge a step after it is done",
    ],
    [
      "what is no time",
      said("db_client/init/trust-both", "yesterday"),
      '"yesterday" is not a time',
      "write it as in 2026-11-21T10:00:00Z",
    ],
  ])("refuses %s, and ticks nothing by it", (_, statement, message, suggestion) => {
    const { steps, problems } = tickChecklist(
      STEPS,
      [said("db/init/reissue-server-certificates"), statement],
      CONTEXT,
    );
    expect(problems).toEqual([{ index: 1, message, suggestion }]);
    expect(steps.map(({ state }) => state)).toEqual(["open"]);
  });

  it("refuses a statement from before the rotation started", () => {
    const context = { ...CONTEXT, startedAt: "2026-11-21T10:00:00Z" };
    const { steps, problems } = tickChecklist(
      STEPS,
      [said("db_client/init/trust-both", "2026-11-20T10:00:00Z")],
      context,
    );
    expect(problems).toMatchObject([
      { index: 0, message: expect.stringContaining("before this rotation started") },
    ]);
    expect(steps.map(({ state }) => state)).toEqual(["open"]);
  });

  it("lets a right statement count beside a wrong one", () => {
    const { steps, problems } = tickChecklist(
      STEPS,
      [said("db_client/init/trust-both", "2027-01-01T00:00:00Z"), said("db_client/init/trust-both")],
      CONTEXT,
    );
    expect(problems).toHaveLength(1);
    expect(steps.map(({ state }) => state)).toEqual(["done"]);
  });
});
