import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { workOfType } from "../../src/checklist/checklist.ts";
import { heldByDrift } from "../../src/planner/drift.ts";
import { mayStart } from "../../src/planner/startable.ts";
import type { DesiredState, Policy, RotationResource } from "../../src/resources/model/desired.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { GuardVerdict, Plan, Step } from "../../src/rotation/plan.ts";
import { TELEPORT } from "../../src/teleport/profile.ts";
import { World } from "../world/apply.ts";
import { desired, rotation } from "../world/host-rotation.ts";
import { oldKey, SeveralAuthorities } from "../world/several-authorities.ts";

const TYPES = ["host", "user", "jwt"] as const;
type Type = (typeof TYPES)[number];

function severalWorld(): World {
  const world = new World();
  world.platform = new SeveralAuthorities(world.clock, world.cluster, ["user", "jwt"]);
  return world;
}

/** A rotation of one CA, without its work by hand. */
function of(type: Type, phase: Phase, more: Partial<RotationResource> = {}): RotationResource {
  return rotation(phase, {
    name: `${type}-2026-11`,
    authorities: [{ type, retire: [oldKey(type)] }],
    contentHash: `${type} ${phase} ${JSON.stringify(more)}`,
    waive: workOfType(TELEPORT, type).map(({ id }) => ({
      guard: "trust-consumers",
      subject: `step/${id}`,
      reason: "not what this is about",
      expires: "2100-01-01T00:00:00.000Z",
    })),
    ...more,
  });
}

function stepsOf(plan: Plan): readonly Step[] {
  return plan.clusters.flatMap(({ rotations }) => rotations.flatMap(({ steps }) => steps));
}

function guardOf(plan: Plan, id: string, guard: GuardVerdict["id"]): GuardVerdict | undefined {
  return stepsOf(plan)
    .find((step) => step.id === id)
    ?.guards.find((verdict) => verdict.id === guard);
}

describe("what is judged is what is done: a second rotation is judged as after the first", () => {
  it("is held, and the plan says by which one and until when", async () => {
    const world = severalWorld();
    const git = desired([of("host", "init"), of("user", "init")], { concurrentRotations: 1 });
    const plan = await world.plan(git);
    expect(plan.outcome).toBe("blocked");
    expect(
      stepsOf(plan)
        .filter(mayStart)
        .map(({ id }) => id),
    ).toEqual(["host-2026-11/host/standby-init"]);
    const held = guardOf(plan, "user-2026-11/user/standby-init", "exclusive");
    expect(held).toMatchObject({ outcome: "fail" });
    const [finding] = held?.findings ?? [];
    expect(finding).toMatchObject({ subject: "authority/host" });
    expect(finding?.message).toContain("host-2026-11");
    expect(finding?.remedy).toContain("until host-2026-11 is finished or rolled back");
    const { outcome, events } = await world.apply(git);
    expect(outcome).toBe("blocked");
    expect(events.at(-1)).toMatchObject({ message: "user standby → init is blocked by exclusive" });
  });

  it("goes in the same run where the first one ends in it, and says what it comes after", async () => {
    const world = severalWorld();
    const walk = { strategy: "walk" as const };
    const git = desired([of("jwt", "standby", walk), of("host", "init")], { concurrentRotations: 1 });
    const plan = await world.plan(git);
    const second = stepsOf(plan).find(({ id }) => id === "host-2026-11/host/standby-init");
    expect(second?.after).toBe("jwt-2026-11/jwt/update_servers-standby");
    expect(guardOf(plan, "host-2026-11/host/standby-init", "exclusive")).toMatchObject({
      outcome: "pass",
      pending: true,
    });
  });

  it("is not started by a run whose plan held it, although the first one was rolled back meanwhile", async () => {
    const world = severalWorld();
    world.cluster.ailments.set("node2", "stuck");
    const git = desired([of("host", "init"), of("user", "init")], { concurrentRotations: 1 });
    const { outcome } = await world.apply(git);
    expect(outcome).not.toBe("applied");
    const { authorities } = await world.platform.observe({ components: "all" });
    expect(authorities.map(({ type, rotation: { state } }) => `${type} ${state}`)).toEqual([
      "host standby",
      "user standby",
      "jwt standby",
    ]);
  });

  it("starts beside it where the policy allows two", async () => {
    const world = severalWorld();
    const git = desired([of("host", "init"), of("user", "init"), of("jwt", "init")], {
      concurrentRotations: 2,
    });
    const plan = await world.plan(git);
    expect(stepsOf(plan).filter(mayStart)).toHaveLength(2);
    expect(guardOf(plan, "jwt-2026-11/jwt/standby-init", "exclusive")?.findings).toHaveLength(2);
  });
});

/** What people and machines do between two runs. */
type Deed =
  | { readonly kind: "commit"; readonly type: Type; readonly phase: Phase; readonly walks: boolean }
  | { readonly kind: "drop"; readonly type: Type }
  | { readonly kind: "hand"; readonly type: Type; readonly phase: Phase }
  | { readonly kind: "ail"; readonly node: string; readonly how: "stuck" | "gone" | "well" }
  | { readonly kind: "night" };

const types = fc.constantFrom(...TYPES);
const phases = fc.constantFrom<Phase>("init", "update_clients", "update_servers", "standby", "rollback");
const deeds: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("commit"), type: types, phase: phases, walks: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("drop"), type: types }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("hand"), type: types, phase: phases }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("ail"),
      node: fc.constantFrom("node1", "node2"),
      how: fc.constantFrom("stuck", "gone", "well"),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "night" }) },
);
const policies: fc.Arbitrary<Partial<Policy>> = fc.record({
  maxSessionTtlMs: fc.constant(0),
  concurrentRotations: fc.constantFrom(1, 2),
  soakMs: fc.constantFrom(0, 0, 60_000),
  onFailure: fc.constantFrom("rollback", "halt"),
});

function rungs(world: World, type: Type) {
  const several = world.platform as SeveralAuthorities;
  return type === "host" ? several.host : several.others.get(type);
}

async function done(world: World, git: Map<Type, RotationResource>, deed: Deed): Promise<void> {
  switch (deed.kind) {
    case "commit":
      git.set(deed.type, of(deed.type, deed.phase, deed.walks ? { strategy: "walk" } : {}));
      return;
    case "drop":
      git.delete(deed.type);
      return;
    case "hand":
      rungs(world, deed.type)?.move(deed.phase);
      return;
    case "ail":
      if (deed.how === "well") world.cluster.ailments.delete(deed.node);
      else world.cluster.ailments.set(deed.node, deed.how);
      return;
    case "night":
      await world.clock.sleep(12 * 3_600_000, new AbortController().signal);
  }
}

/** What the plan says that a run would take at once, in the order of its turn. */
function startable({ clusters }: Plan): readonly Step[] {
  return clusters.flatMap(({ rotations, drift }) =>
    rotations.flatMap(({ steps }) =>
      steps.filter((step) => mayStart(step) && heldByDrift(drift, step) === undefined),
    ),
  );
}

describe("what is judged is what is done: plan and apply agree, whatever happened before", () => {
  it("takes every step that is called ready, or names what moved; leaves what is called held; and ends what it ends", async () => {
    await fc.assert(
      fc.asyncProperty(policies, fc.array(deeds, { minLength: 1, maxLength: 14 }), async (policy, story) => {
        const world = severalWorld();
        const git = new Map<Type, RotationResource>();
        for (const deed of story) {
          await done(world, git, deed);
          // A read right after a move by hand may be stale, and is not what this is about.
          await world.clock.sleep(60_000, new AbortController().signal);
          const wanted: DesiredState = desired([...git.values()], policy);
          const plan = await world.plan(wanted);
          const { outcome, events } = await world.apply(wanted);
          const started = new Set(
            events.flatMap((event) => (event.type === "step-started" ? [event.step.id] : [])),
          );
          const refused = new Map(
            events.flatMap((event) => (event.type === "blocked" ? [[event.step.id, event.step]] : [])),
          );
          const [first, ...later] = startable(plan);
          if (first !== undefined) expect(started).toContain(first.id);
          for (const step of later) {
            if (started.has(step.id)) continue;
            const seen = refused.get(step.id);
            expect(seen?.guards.map(({ outcome: told }) => told) ?? [], step.id).toContain("fail");
          }
          for (const step of stepsOf(plan)) {
            const held = step.after === null && !mayStart(step) && step.awaited !== true;
            if (held && step.from === "standby") expect(started, step.id).not.toContain(step.id);
          }
          if (outcome === "nothing-to-do") expect(plan.outcome).toBe("no_changes");
          if (outcome === "nothing-to-do" || outcome === "applied") {
            expect((await world.plan(wanted)).outcome).toBe("no_changes");
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
