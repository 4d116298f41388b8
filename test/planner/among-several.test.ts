import { describe, expect, it } from "vitest";
import { makePlan } from "../../src/planner/planner.ts";
import { namingCluster } from "../../src/rotation/remedy-command.ts";
import { planMarkdown } from "../../src/views/markdown/plan-markdown.ts";
import { plainPaint } from "../../src/views/text/paint.ts";
import { planText } from "../../src/views/text/plan-text.ts";
import {
  authority,
  CLUSTER,
  cluster,
  desired,
  NOW,
  OLD,
  observation,
  rotation,
} from "../world/host-rotation.ts";

describe("a command about a cluster", () => {
  it.each([
    ["`capstan rotate advance host`", "`capstan rotate advance host --cluster a`"],
    [
      "do it: `capstan waive roster node/x --reason REASON --expires 14d`",
      "do it: `capstan waive roster node/x --reason REASON --expires 14d --cluster a`",
    ],
    ["capstan rotate start host", "capstan rotate start host --cluster a"],
    ["`capstan override csr db --cluster b`", "`capstan override csr db --cluster b`"],
    ["`capstan plan` shows it; `capstan apply` goes on", "`capstan plan` shows it; `capstan apply` goes on"],
    ["wait for capstan rotate to end", "wait for capstan rotate to end"],
  ])("%s", (text, named) => {
    expect(namingCluster(text, "a")).toBe(named);
  });
});

describe("the work by hand of a cluster", () => {
  /** db_client has work that its first step waits for. */
  const planOf = (clusters: readonly string[]) => {
    const authorities = [{ type: "db_client", retire: [OLD] }];
    return makePlan({
      desired: {
        ...desired([rotation("init", { authorities })]),
        clusters: clusters.map((name) => ({ ...cluster(), name })),
      },
      observations: [observation("init", { authorities: [authority("init", { type: "db_client" })] })],
      records: [],
      commit: null,
      now: NOW,
    });
  };
  const shown = (plan: ReturnType<typeof planOf>) =>
    [planText(plan, plainPaint), planMarkdown(plan, { fingerprint: plan.fingerprint })].map((text) =>
      text
        .replace(/\n\s+/g, " ")
        .match(/capstan acknowledge \S+( --cluster \S+)?/)?.[0]
        .replace("`", ""),
    );

  it("is stated by a command that names it, where git has several", () => {
    for (const command of shown(planOf([CLUSTER, "other"]))) {
      expect(command).toMatch(new RegExp(`^capstan acknowledge db_client/\\S+ --cluster ${CLUSTER}$`));
    }
  });

  it("and by a shorter one, where it is the only one", () => {
    for (const command of shown(planOf([CLUSTER])))
      expect(command).toMatch(/^capstan acknowledge db_client\/\S+$/);
  });
});

it("a reason that quotes a command is told as it was written", () => {
  const reason = "as `capstan waive roster node/x --reason gone` has it";
  const plan = makePlan({
    desired: {
      ...desired([rotation("init", { hold: { reason, until: null } })]),
      clusters: [CLUSTER, "other"].map((name) => ({ ...cluster(), name })),
    },
    observations: [observation("standby")],
    records: [],
    commit: null,
    now: NOW,
  });
  const planned = plan.clusters[0]?.rotations[0];
  expect(planned?.hold?.reason).toBe(reason);
  // A finding quotes it: only what is to be typed names the cluster.
  const findings = planned?.steps.flatMap(({ guards }) => guards.flatMap((verdict) => verdict.findings));
  expect(findings?.map(({ message }) => message)).toContain(`is held: ${reason}`);
});
