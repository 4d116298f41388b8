import { describe, expect, it } from "vitest";
import { identify } from "../../src/rotation/observation.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import { deletes } from "../world/apply.ts";
import { desired, OLD, rotation } from "../world/host-rotation.ts";
import { atEveryKillPoint, KillableWorld } from "../world/kill-points.ts";

const WALK: readonly Phase[] = ["init", "update_clients", "update_servers", "standby"];
const NEVER = new AbortController().signal;

function reaches(phases: readonly Phase[]) {
  return async () => {
    const world = new KillableWorld();
    for (const phase of phases) await world.apply(desired([rotation(phase)]));
    return world;
  };
}

async function rest(world: KillableWorld): Promise<void> {
  await world.clock.sleep(60_000, NEVER);
  await world.cluster.observe({ components: "all" });
}

describe("SIGKILL at every call of a step and of a rollback, before and after its effect", () => {
  it.each(WALK.map((phase, index) => [phase, WALK.slice(0, index)] as const))(
    "%s: the next run converges, and repeats no transition",
    async (phase, before) => {
      const undisturbed = await reaches([...before, phase])();
      const points = await atEveryKillPoint(
        reaches(before),
        desired([rotation(phase)]),
        async (world, at) => {
          const { outcome } = await world.apply(desired([rotation(phase)]));
          expect(["applied", "nothing-to-do"], at).toContain(outcome);
          expect(world.cluster.transitions, at).toEqual(undisturbed.cluster.transitions);
          expect(
            world.store.record?.rotations[0]?.phases.map((entry) => entry.phase),
            at,
          ).toEqual(undisturbed.store.record?.rotations[0]?.phases.map((entry) => entry.phase));
        },
      );
      expect(points).toBeGreaterThan(20);
    },
  );

  it.each(["init", "update_clients", "update_servers"] as const)(
    "a rollback out of %s: the next run ends it",
    async (phase) => {
      const before = WALK.slice(0, WALK.indexOf(phase) + 1);
      await atEveryKillPoint(reaches(before), desired([rotation("rollback")]), async (world, at) => {
        const { outcome } = await world.apply(desired([rotation("rollback")]));
        expect(["applied", "nothing-to-do"], at).toContain(outcome);
        expect(identify(world.cluster.authority().active), at).toEqual([OLD]);
        expect(world.cluster.authority().rotation.state, at).toBe("standby");
        expect(new Set(world.cluster.transitions).size, at).toBe(world.cluster.transitions.length);
      });
    },
  );

  it.each(["update_clients", "update_servers"] as const)(
    "%s, and then a change of mind with a node that is stuck: no key goes that it may live by",
    async (phase) => {
      const before = WALK.slice(0, WALK.indexOf(phase));
      const minds = [
        { mind: desired([rotation("rollback")]), history: null },
        { mind: desired([]), history: deletes("host", OLD) },
      ];
      for (const { mind, history } of minds) {
        await atEveryKillPoint(reaches(before), desired([rotation(phase)]), async (world, at) => {
          await rest(world);
          const used = world.cluster.authority().rotation.phase !== "init";
          world.cluster.ailments.set("node2", "stuck");
          world.history = history;
          const { outcome } = await world.apply(mind);
          if (!used) return;
          expect(outcome, at).toBe("rollback-unfinished");
          expect(world.cluster.authority().rotation.phase, at).toBe("rollback");
          expect(world.cluster.transitions, at).not.toContain("host rollback-standby");
        });
      }
    },
  );
});
