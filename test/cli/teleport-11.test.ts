import { afterEach, describe, expect, it } from "vitest";
import "../world/in-process.ts";
import { flat } from "../world/flat.ts";
import { cutOff, eventually, guardOf, hostPhase, Repository, subjectsOf } from "../world/repository.ts";

/** The release whose tctl calls kinds otherwise, lists agents twice or not at all, and shows empty rotations in between. */
let repository: Repository;
afterEach(async () => repository.remove());

const release11 = (...flags: readonly string[]) => Repository.withSandbox("--teleport", "11", ...flags);

it("a host rotation with a database, an application and a Kubernetes agent goes to its end by itself", async () => {
  repository = await release11();
  await repository.rotate("start", "host", "--strategy", "walk");
  const { exit, stderr } = await repository.capstan("apply", "--auto-approve", "--approve-final");
  expect(exit, stderr).toBe(0);
  expect(flat(stderr)).toContain("9 of 9 are at standby");
  expect(await hostPhase(repository)).toBe("standby");
  expect(await cutOff(repository)).toEqual([]);
  expect((await repository.plan()).plan.verdict).toBe("nothing_to_do");
});

it("a database agent that is killed before init is not passed over: named, and turned back", async () => {
  repository = await release11("--speed", "100");
  await repository.rotate("start", "host", "--strategy", "walk");
  await eventually(
    async () => (await repository.tctl("get", "db_server", "--format=json")).stdout,
    (listed) => listed.includes('"orders"'),
  );
  await repository.must("sandbox", "fault", "agent1", "offline");
  const { exit, stdout, stderr } = await repository.capstan("apply", "--auto-approve", "--approve-final");
  expect([3, 4], `${stdout}${stderr}`).toContain(exit);
  expect(`${stdout}${stderr}`).toContain("db_server/agent1");
  expect(["standby", "init"]).toContain(await hostPhase(repository));
});

describe.each(["init", "update_clients", "update_servers"])("in %s", (phase) => {
  it("a database agent that is killed holds the next step, by name, and lets it go when it is back", async () => {
    repository = await release11();
    await repository.walkTo(phase);
    await repository.must("sandbox", "fault", "agent1", "offline", "--expired");
    await repository.rotate(phase === "update_servers" ? "finish" : "advance", "host");
    const held = await repository.plan();
    expect(held.exit).toBe(3);
    expect(subjectsOf(guardOf(held.plan, "roster")?.findings)).toEqual([
      "app_server/agent1",
      "db_server/agent1",
      "kube_server/remote.kube.proxy.teleport.cluster.local",
    ]);
    expect((await repository.capstan("apply", "--auto-approve", "--approve-final")).exit).toBe(3);
    expect(await hostPhase(repository)).toBe(phase);

    await repository.must("sandbox", "fault", "agent1", "clear");
    await eventually(
      () => repository.plan(),
      ({ exit }) => exit === 2,
    );
    await repository.must("apply", "--auto-approve", "--approve-final");
    expect(await cutOff(repository)).toEqual([]);
  });
});
