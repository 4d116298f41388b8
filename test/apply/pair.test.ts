import { afterEach, expect, it } from "vitest";
import type { Acknowledgement, RotationResource } from "../../src/resources/model/desired.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import { rotation } from "../world/host-rotation.ts";
import { SandboxWorld } from "../world/sandbox.ts";

let world: SandboxWorld;
afterEach(async () => world.stop());

const TYPES = ["db", "db_client"] as const;
const INIT = ["db/init/reissue-server-certificates", "db_client/init/trust-both"];

function said(steps: readonly string[]): readonly Acknowledgement[] {
  return steps.map((step) => ({ step, who: "ada", note: null, evidence: null, at: null }));
}

async function phases(): Promise<readonly Phase[]> {
  const { authorities } = await world.observe();
  return TYPES.map((name) => {
    const live = authorities.find(({ type }) => type === name);
    return live?.rotation.phase ?? expect.unreachable();
  });
}

it("turns back both of a pair when the second fails, and both wait for what people have to undo", async () => {
  world = await SandboxWorld.start();
  const before = await Promise.all(TYPES.map((type) => world.keys(type)));
  const authorities = TYPES.map((type, index) => ({ type, retire: before[index]?.active ?? [] }));
  const commit = (phase: Phase, steps: readonly string[] = []): RotationResource =>
    rotation(phase, {
      name: "databases",
      authorities,
      acknowledge: said(steps),
      contentHash: `${phase} ${steps.length}`,
    });
  expect((await world.apply([commit("init")])).outcome).toBe("applied");
  // The keys of the second are seen as if nothing had been swapped.
  world.seen = (observation) => ({
    ...observation,
    authorities: observation.authorities.map((live) =>
      live.type === "db_client" && live.rotation.phase === "update_clients"
        ? { ...live, active: live.trusted, trusted: live.active }
        : live,
    ),
  });
  world.rotations.length = 0;
  const failed = await world.apply([commit("update_clients", INIT)]);
  expect(failed.outcome).toBe("rollback-unfinished");
  expect(failed.message).toMatch(/^the rollback of db is not finished, it waits in rollback/);
  expect(failed.message).toContain("the keys are not as they should be: authority/db_client");
  expect(await phases()).toEqual(["rollback", "rollback"]);
  expect(world.rotations).toEqual([
    "--manual --type=db --phase=update_clients",
    "--manual --type=db_client --phase=update_clients",
    "--manual --type=db --phase=rollback",
    "--manual --type=db_client --phase=rollback",
  ]);
  expect(await Promise.all(TYPES.map((type) => world.keys(type)))).toMatchObject(
    before.map(({ active }) => ({ active })),
  );

  // Half of the undoing holds both; all of it ends both.
  const undone = [...INIT, "db/rollback/revert-server-certificates"];
  expect((await world.apply([commit("update_clients", undone)], { final: false })).outcome).toBe(
    "rollback-unfinished",
  );
  expect(await phases()).toEqual(["rollback", "rollback"]);
  const all = [...undone, "db_client/rollback/remove-new"];
  const ended = await world.apply([commit("rollback", all)], { final: false });
  expect([ended.outcome, ended.message]).toEqual(["applied", "everything that was planned is done"]);
  expect(await phases()).toEqual(["standby", "standby"]);
  expect(await Promise.all(TYPES.map((type) => world.keys(type)))).toEqual(before);
});

it("a pair that waits in rollback for what people have to undo is let go by one approval of its own", async () => {
  world = await SandboxWorld.start();
  const before = await Promise.all(TYPES.map((type) => world.keys(type)));
  const authorities = TYPES.map((type, index) => ({ type, retire: before[index]?.active ?? [] }));
  const commit = (phase: Phase, steps: readonly string[] = []): RotationResource =>
    rotation(phase, { name: "databases", authorities, acknowledge: said(steps), contentHash: phase });
  await world.apply([commit("init")]);
  await world.apply([commit("update_clients", INIT)]);
  const half = [...INIT, "db/rollback/revert-server-certificates"];
  const held = await world.apply([commit("rollback", half)], { final: false });
  expect(held.outcome).toBe("rollback-unfinished");
  expect(held.message).toContain("--approve-final=acme.cluster/databases");
  expect(await phases()).toEqual(["rollback", "rollback"]);
  expect((await world.apply([commit("rollback", half)])).outcome).toBe("applied");
  expect(await phases()).toEqual(["standby", "standby"]);
  expect(await Promise.all(TYPES.map((type) => world.keys(type)))).toEqual(before);
});
