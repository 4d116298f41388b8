import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import type { Wave } from "../../src/resources/model/desired.ts";
import { plainPaint } from "../../src/views/text/paint.ts";
import { planText } from "../../src/views/text/plan-text.ts";
import { ModelFleet } from "../world/model-fleet.ts";

const WAVES: readonly Wave[] = [
  { name: "canary", selector: { ring: "canary" }, pauseMs: null, maxInProgress: null },
  { name: "rest", selector: { ring: "rest" }, pauseMs: null, maxInProgress: 10 },
];

describe("a plan of many clusters", () => {
  it("is a table, the worst first, with only what needs a person unfolded below it", async () => {
    const ring = { ring: "rest" };
    const labels = { c1: { ring: "canary" }, lost: {}, r1: ring, r2: ring, r3: ring };
    const world = new ModelFleet({ waves: WAVES, labels });
    world.phase = "init";
    world.models.get("r2")?.move("init");
    world.clock.pass(60_000);
    const { plan } = await world.run();
    if (plan === undefined) throw new Error("nothing was planned");
    const text = planText(plan, plainPaint);
    for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(text.split("\n").slice(0, 7)).toEqual([
      "5 clusters",
      "",
      "  cluster  wave    next                  state",
      "  lost     none    host: standby → init  in no wave",
      "  r2       rest    host: wait for init   blocked by roster",
      "  r1       rest    host: standby → init  waits for c1",
      "  r3       rest    host: standby → init  waits for c1",
    ]);
    // Whom only time or the order of waves holds is a line of the table, and no more.
    expect(text.match(/^r1/gm)).toBeNull();
    expect(text.match(/^r2/gm)).toHaveLength(1);
  });

  it("counts those with nothing to do where they are many, and lists whoever has", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `r${index}`);
    const labels = Object.fromEntries(names.map((name) => [name, { ring: "rest" }]));
    const world = new ModelFleet({ labels });
    world.phase = "init";
    world.beforeLook = (name) => {
      if (name === "r3") throw new Failure("executable", "connection refused");
    };
    await world.run();
    world.beforeLook = () => {};
    const { plan } = await world.run();
    if (plan === undefined) throw new Error("nothing was planned");
    expect(planText(plan, plainPaint).split("\n").slice(0, 6)).toEqual([
      "12 clusters",
      "",
      "  cluster  next                  state",
      "  r3       host: standby → init  ready",
      "  11 clusters with nothing to do",
      "",
    ]);
  });
});
