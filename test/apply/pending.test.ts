import { describe, expect, it } from "vitest";
import { planMarkdown } from "../../src/views/markdown/plan-markdown.ts";
import { plainPaint } from "../../src/views/text/paint.ts";
import { planText } from "../../src/views/text/plan-text.ts";
import { World } from "../world/apply.ts";
import { desired, rotation } from "../world/host-rotation.ts";

/** A phase that was entered and not verified: the run that entered it was stopped or killed. */
async function interruptedIn(phase: "update_clients" | "update_servers"): Promise<World> {
  const world = new World();
  const walk = ["init", "update_clients", "update_servers"] as const;
  for (const before of walk.slice(0, walk.indexOf(phase))) await world.apply(desired([rotation(before)]));
  world.cluster.ailments.set("node2", "stuck");
  const stop = new AbortController();
  const { outcome } = await world.apply(desired([rotation(phase)]), {
    signal: stop.signal,
    onEvent: ({ type }) => {
      if (type === "waiting") stop.abort(new DOMException("stop", "AbortError"));
    },
  });
  expect(outcome).toBe("interrupted");
  return world;
}

describe("a phase that is still waited for", () => {
  it("is planned as what it is: a wait with an end", async () => {
    const world = await interruptedIn("update_clients");
    const plan = await world.plan(desired([rotation("update_clients")]));
    const [step] = plan.clusters[0]?.rotations[0]?.steps ?? [];
    expect(step).toMatchObject({ action: "verify", to: "update_clients", awaited: true });
    expect(step?.disrupts).toBe(
      "nothing, if all follow within 10m of apply; else the rotation is rolled back (on_failure: rollback)",
    );
    expect(planText(plan, plainPaint)).toContain(
      "Waits. `capstan apply` goes on waiting for who is named above.",
    );
    expect(planMarkdown(plan)).toContain("**Waits.** `capstan apply` goes on waiting on `acme.cluster`");
  });

  it("goes on only when somebody approves, as it may end in a rollback", async () => {
    const world = await interruptedIn("update_clients");
    const before = [...world.cluster.transitions];
    const left = await world.apply(desired([rotation("update_clients")]), { approve: "nothing" });
    expect(left.outcome).toBe("blocked");
    expect(world.cluster.transitions).toEqual(before);
    expect((await world.apply(desired([rotation("update_clients")]))).outcome).toBe("rollback-unfinished");
  });

  it("rolled back and finished by a later run: says why, and does not end as if nothing had been", async () => {
    const world = await interruptedIn("update_clients");
    await world.apply(desired([rotation("update_clients")]));
    expect(world.cluster.authority().rotation.phase).toBe("rollback");
    const plan = await world.plan(desired([rotation("update_clients")]));
    expect(plan.clusters[0]?.rotations[0]?.notes.join()).toMatch(/it was turned back \(.*node\/node2\)/);
    world.cluster.ailments.delete("node2");
    const { outcome, events } = await world.apply(desired([rotation("update_clients")]));
    expect(outcome).toBe("rolled-back");
    expect(events.at(-1)).toMatchObject({ message: expect.stringContaining("node/node2") });
    expect(world.store.record?.rotations[0]?.reason).toContain("node/node2");
    const back = await world.plan(desired([rotation("rollback")]));
    expect(back.clusters[0]?.rotations[0]?.standing).toBe("rolled_back");
    expect(back.outcome).toBe("no_changes");
  });
});

describe("a lost record in a phase", () => {
  it("blocks whatever git wants, and no run makes a new roster without the waiver", async () => {
    const world = new World();
    for (const phase of ["init", "update_clients"] as const) await world.apply(desired([rotation(phase)]));
    world.cluster.ailments.set("node2", "gone");
    world.store.record = null;
    const still = desired([rotation("update_clients")]);
    expect((await world.plan(still)).outcome).toBe("blocked");
    expect((await world.apply(still)).outcome).toBe("blocked");
    expect(world.store.record).toBeNull();
  });
});
