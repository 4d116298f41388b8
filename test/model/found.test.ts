import { describe, expect, it } from "vitest";
import { CLUSTER } from "../world/host-rotation.ts";
import type { Circumstances, Deed } from "./deeds.ts";
import { Walk } from "./walk.ts";

/** What walks have found, as the shortest day on which it happened: each stays found. */

const USUAL: Circumstances = {
  soakMs: 0,
  onFailure: "rollback",
  concurrentRotations: 1,
  staleMs: 0,
  version: "18.7.0",
};
const APPLY: Deed = { apply: "everything", back: 0, troubles: [] };
const HOST_ON: Deed = { edit: "advance", of: "host", strategy: "step" };

async function lived(days: readonly Deed[], given: Partial<Circumstances> = {}): Promise<Walk> {
  const walk = await Walk.begin({ ...USUAL, ...given });
  for (const deed of days) await walk.does(deed);
  expect(walk.breaches, walk.log.join("\n")).toEqual([]);
  return walk;
}

const phaseOf = (walk: Walk) => walk.cluster.authority("host").phase;

describe("walks have found", () => {
  it("a rotation of the key that came with the one under way, which walked that one on", async () => {
    const walk = await lived([
      HOST_ON,
      APPLY,
      HOST_ON,
      APPLY,
      // It names the keys that sign now, as of a rotation that is to begin.
      { edit: "automatic", of: "host" },
      { edit: "phase", of: "host", to: "update_servers" },
      APPLY,
    ]);
    // The commit took out the rotation that is under way, and it goes back.
    expect(phaseOf(walk)).toBe("standby");
    const { active, original } = walk.cluster.authority("host");
    expect([active, walk.rules.steps]).toEqual([original, 4]);
  });

  it("the same without a record: held, by name of the key that goes", async () => {
    const walk = await lived([
      HOST_ON,
      APPLY,
      HOST_ON,
      APPLY,
      { people: "lose the record" },
      { edit: "automatic", of: "host" },
      { edit: "phase", of: "host", to: "update_servers" },
      APPLY,
    ]);
    expect(phaseOf(walk)).toBe("update_clients");
    const { original } = walk.cluster.authority("host");
    const findings = (await walk.plan()).clusters
      .flatMap(({ rotations }) => rotations.flatMap(({ steps }) => steps.flatMap(({ guards }) => guards)))
      .filter(({ id }) => id === "phase-order")
      .flatMap((guard) => guard.findings);
    expect(findings[0]?.message).toContain(`a rotation that retires ${original[0]}`);
  });

  it("a rotation that was rolled back, and started again by the same content under the name that it had then", async () => {
    const walk = await lived([
      HOST_ON,
      { apply: "everything", back: 0, troubles: [{ at: 9, comes: "kill before" }] },
      { node: "stops", index: 0 },
      { edit: "automatic", of: "host" },
      APPLY,
      APPLY,
    ]);
    expect(phaseOf(walk)).toBe("standby");
    expect(walk.rules.steps).toBe(3);
  });

  it("a wait that nobody approved, and that ended in a rollback", async () => {
    const walk = await lived([
      { node: "stops", index: 2 },
      { passes: 1_000 },
      HOST_ON,
      { hand: "rotates", type: "host", to: "init" },
      { edit: "waive", of: "host" },
      { apply: "nothing", back: 0, troubles: [] },
    ]);
    expect(phaseOf(walk)).toBe("init");
  });

  it("a rollback that dropped the old key, and was noted as rolled back by a read that was behind", async () => {
    const walk = await lived(
      [
        { edit: "advance", of: "user", strategy: "step" },
        APPLY,
        { edit: "delete", of: "user" },
        { passes: 12_000 },
        APPLY,
        { passes: 12_000 },
        APPLY,
      ],
      { staleMs: 8_000, version: "5.0.0" },
    );
    const [rotation] = (await walk.store.load(CLUSTER)).rotations;
    expect(walk.cluster.authority("user").phase).toBe("standby");
    expect(rotation?.state).toBe("finished");
  });

  it("init asked for twice, as a clock that was set back made the record one of a time to come", async () => {
    const walk = await lived(
      [{ edit: "advance", of: "user", strategy: "step" }, APPLY, { clockJumps: -20 * 60_000 }, APPLY, APPLY],
      { staleMs: 8_000 },
    );
    expect(walk.cluster.authority("user").phase).toBe("init");
  });

  it("an auth server with an HSM that was off before, and would have had no key to sign with", async () => {
    const walk = await lived([{ server: "stops" }, { passes: 12 * 60_000 }, HOST_ON, APPLY, HOST_ON, APPLY], {
      isHeldInHsm: true,
    });
    expect(phaseOf(walk)).toBe("init");
    await walk.does({ server: "starts" });
    await walk.does({ passes: 12 * 60_000 });
    await walk.does(APPLY);
    expect(phaseOf(walk)).toBe("update_clients");
    expect(walk.cluster.authority("host").active).toHaveLength(2);
    expect(walk.breaches).toEqual([]);
  });
});
