import { describe, expect, it } from "vitest";
import type { ObserveScope } from "../../src/platforms/platform.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type { LiveAuthority } from "../../src/rotation/observation.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import { World } from "../world/apply.ts";
import { CLUSTER, desired, rotation } from "../world/host-rotation.ts";

async function walked(...phases: readonly Phase[]): Promise<World> {
  const world = new World();
  for (const phase of phases) await world.apply(desired([rotation(phase)]));
  return world;
}

/** What is observed from now on goes through a lens. */
function through(
  world: World,
  lens: (seen: ClusterObservation, scope: ObserveScope) => ClusterObservation,
): void {
  const { cluster } = world;
  world.platform = {
    transition: (request) => cluster.transition(request),
    observe: async (scope) => lens(await cluster.observe(scope), scope),
  };
}

const withAuthority = (seen: ClusterObservation, change: (live: LiveAuthority) => LiveAuthority) => ({
  ...seen,
  authorities: seen.authorities.map(change),
});

describe("what is said is what was observed", () => {
  it("a phase whose keys are not as they should be is not verified", async () => {
    const world = await walked("init");
    through(world, (seen) =>
      withAuthority(seen, (live) =>
        live.rotation.phase === "update_clients"
          ? { ...live, active: live.trusted, trusted: live.active }
          : live,
      ),
    );
    const { outcome, events } = await world.apply(desired([rotation("update_clients")]));
    expect(outcome).not.toBe("applied");
    expect(JSON.stringify(events)).toContain("the keys are not as they should be");
  });

  it("everybody is looked at once more before they are said to have followed", async () => {
    const world = await walked("init");
    let narrowed = false;
    through(world, (seen, scope) => {
      if (scope.components !== "all" && scope.components.length > 0 && !scope.components.includes("proxy")) {
        narrowed = true;
      }
      const late = !narrowed;
      return {
        ...seen,
        components: [...seen.components]
          // node2 is the last to follow; the proxy goes while only nodes are asked.
          .map((one) => (late && one.name === "node2" ? { ...one, phase: "init" as const } : one))
          .filter(({ kind }) => !(narrowed && kind === "proxy")),
      };
    });
    const { outcome, events } = await world.apply(desired([rotation("update_clients")]));
    expect(narrowed).toBe(true);
    expect(outcome).toBe("rollback-unfinished");
    expect(JSON.stringify(events.filter(({ type }) => type === "step-failed"))).toContain("proxy/turing");
  });

  it("half-way into standby is not standby", async () => {
    const world = await walked("init", "update_clients", "update_servers");
    let halfWay = 3;
    let last: LiveAuthority | undefined;
    through(world, (seen) => {
      const shown = withAuthority(seen, (live) => {
        if (live.rotation.phase !== "standby" || halfWay === 0) return live;
        halfWay -= 1;
        return { ...live, rotation: { ...live.rotation, state: "in_progress" } };
      });
      [last] = shown.authorities;
      return shown;
    });
    const seenIn: unknown[] = [];
    await world.apply(desired([rotation("standby")]), {
      onEvent: (event) => {
        if (event.type === "transition-observed") seenIn.push(last?.rotation.state);
      },
    });
    expect(seenIn).toEqual(["standby"]);
  });
});

describe("what is approved is what is done", () => {
  it("a step that is not part of the plan is not taken, whatever else was approved", async () => {
    const world = await walked("init");
    let moved = false;
    const { outcome, events } = await world.apply(
      desired([rotation("update_clients", { strategy: "walk", contentHash: "walks" })]),
      {
        approvesToo: [`${CLUSTER}/host-2026-11/host/standby-init`],
        accept: () => {
          // Somebody ends the rotation while the person reads.
          if (!moved) for (const phase of ["rollback", "standby"] as const) world.cluster.move(phase);
          if (!moved) world.clock.pass(60_000);
          moved = true;
          return new Map();
        },
      },
    );
    expect(outcome).toBe("blocked");
    expect(events.at(-1)).toMatchObject({
      message: expect.stringContaining("is not part of the approved plan"),
    });
    expect(world.cluster.transitions).toEqual(["host standby-init"]);
  });
});

describe("a waiver of time covers one step", () => {
  it("who waived the window for one step did not waive it for the next of the same run, or of a later one", async () => {
    const world = new World();
    const freezes = [{ from: "2026-11-01T00:00:00.000Z", to: "2100-01-01T00:00:00.000Z", reason: "sale" }];
    const waive = [
      {
        guard: "window",
        subject: "authority/host",
        reason: "agreed with sales",
        expires: "2100-01-01T00:00:00.000Z",
      },
    ] as const;
    const walk = desired([rotation("standby", { strategy: "walk", waive })], { freezes });
    for (const expected of [["host standby-init"], ["host standby-init"]]) {
      const { outcome, events } = await world.apply(walk);
      expect(outcome).toBe("blocked");
      expect(events.at(-1)).toMatchObject({ message: "host init → update_clients is blocked by window" });
      expect(world.cluster.transitions).toEqual(expected);
    }
    // Another waiver is another step.
    const again = desired(
      [rotation("standby", { strategy: "walk", waive: [{ ...waive[0], reason: "agreed again" }] })],
      { freezes },
    );
    await world.apply(again);
    expect(world.cluster.transitions).toEqual(["host standby-init", "host init-update_clients"]);
  });
});
