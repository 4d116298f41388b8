import { describe, expect, it } from "vitest";
import { approvalKey } from "../../../src/apply/approval.ts";
import type { RunEvent } from "../../../src/apply/event.ts";
import type { OverridePlan, PlannedAction } from "../../../src/rotation/override-plan.ts";
import type { Plan, Step } from "../../../src/rotation/plan.ts";
import { hear } from "../../../src/views/run/hear.ts";
import { startRun } from "../../../src/views/run/run-state.ts";
import { approvedOnScreen } from "../../../src/views/tui/offer.ts";
import { summaryLines } from "../../../src/views/tui/summary.ts";
import { detailLines } from "../../../src/views/tui/view/detail-lines.ts";
import { calmly, open } from "./keystrokes.ts";
import { planOf, rotation, step } from "./sample.ts";

const HASH = "ab".repeat(32);
const ENABLE = `override/db_client/${HASH}/update-override/enable`;
const RETIRE = `override/db_client/${HASH}/delete-override`;

function action(overrides: Partial<PlannedAction> = {}): PlannedAction {
  return {
    id: ENABLE,
    key_hash: HASH,
    call: "update-override",
    purpose: "enable",
    why: "git wants this entry in force",
    moment: "now",
    force: false,
    missing: [],
    ...overrides,
  };
}

function overridden(overrides: Partial<OverridePlan> = {}): OverridePlan {
  return {
    authority: "db_client",
    managed: true,
    row: "S1",
    situation: "An override is staged.",
    entries: [],
    actions: [action()],
    due: [],
    findings: [],
    blocked: false,
    ...overrides,
  };
}

const MISSING = {
  statement: "acknowledgement",
  subject: `override/db_client/${HASH}`,
  remedy: "have the certificate trusted",
} as const;

function withOverride(override: OverridePlan, ...steps: readonly Step[]): Plan {
  const name = "db_client-2026-11";
  const rotations = steps.length === 0 ? [] : [rotation(name, { authorities: ["db_client"], steps })];
  return planOf([{ name: "acme.cluster", rotations, overrides: [override] }]);
}

const approving = (plan: Plan) => open({ mode: "approve", plan });

function yesTo(...ids: readonly string[]) {
  return { ordinary: new Set(ids.map((id) => approvalKey("acme.cluster", id))), final: new Map() };
}

describe("a plan of override entries alone", () => {
  it("is approved and started like any other", () => {
    const state = calmly(approving(withOverride(overridden())), "a", "y");
    expect(approvedOnScreen(state)).toEqual(yesTo(ENABLE));
    expect(calmly(state, "s", "y").status).toBe("rechecking");
    expect(approvedOnScreen(calmly(state, "w"))).toEqual(yesTo());
  });

  it("is not approved while a statement is missing, and says which", () => {
    const blocked = overridden({ actions: [action({ missing: [MISSING] })], blocked: true });
    const state = calmly(approving(withOverride(blocked)), "a");
    expect(state.dialog).toMatchObject({
      kind: "refused",
      reasons: [`db_client override: enable waits for acknowledgement of override/db_client/${HASH}`],
    });
  });

  it("has nothing to approve where nothing changes", () => {
    const state = calmly(approving(withOverride(overridden({ actions: [] }))), "a");
    expect([state.dialog, state.notice]).toEqual([null, "there is nothing left to approve here"]);
  });
});

describe("a step of a CA whose entries change first", () => {
  const init = step("db_client-2026-11", "db_client", { from: "init", to: "update_clients" });

  it("brings them along, and both are in the question", () => {
    const state = calmly(approving(withOverride(overridden(), init)), "a");
    expect(state.dialog).toMatchObject({ kind: "approve" });
    expect(approvedOnScreen(calmly(state, "y"))).toEqual(yesTo(init.id, ENABLE));
  });

  it("loses its approval with theirs", () => {
    const both = calmly(approving(withOverride(overridden(), init)), "a", "y");
    expect(approvedOnScreen(calmly(both, "end", "w"))).toEqual(yesTo());
  });

  it("is not held up by what comes after it", () => {
    const retire = action({
      id: RETIRE,
      call: "delete-override",
      purpose: "retire",
      moment: "after-standby",
    });
    const final = step("db_client-2026-11", "db_client", { from: "update_servers", to: "standby" });
    const plan = withOverride(overridden({ actions: [retire] }), final);
    const state = calmly(approving(plan), "a", ..."acme.cluster", "return");
    expect(approvedOnScreen(state)).toEqual({
      ...yesTo(RETIRE),
      final: new Map([[approvalKey("acme.cluster", final.id), []]]),
    });
  });
});

it("what would be done stands beside it", () => {
  const lines = detailLines(
    approving(withOverride(overridden({ actions: [action({ missing: [MISSING] })] }))),
  );
  const text = lines.map((line) => line.map((part) => part.text).join("")).join("\n");
  expect(text).toContain(`1. ${HASH.slice(0, 16)}…: enable its entry`);
  expect(text).toContain("git wants this entry in force");
  expect(text).toContain("waits for an acknowledgement");
  expect(text).toContain("→ have the certificate trusted");
});

it("what was done stays behind when the screen is gone", () => {
  const plan = withOverride(overridden());
  const at = "2026-11-21T10:00:00.000Z";
  const told = (stage: "requested" | "observed"): RunEvent => ({
    at,
    type: "override",
    stage,
    cluster: "acme.cluster",
    authority: "db_client",
    action: action(),
  });
  const summary = (...events: readonly RunEvent[]) =>
    summaryLines(events.reduce(hear, startRun(plan)), Date.parse(at), 80)
      .map((line) => line.map((part) => part.text).join(""))
      .join("\n");
  const finished: RunEvent = { at, type: "finished", outcome: "applied", message: "all of it" };
  expect(summary(told("requested"), told("observed"), finished)).toContain(
    `✔ db_client override ${HASH.slice(0, 16)}…: enable its entry  done`,
  );
  expect(summary(told("requested"))).toContain("enable its entry  stopped");
});
