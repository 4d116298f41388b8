import "../world/in-process.ts";
import { afterEach, describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { guardOf, Repository, subjectsOf } from "../world/repository.ts";

let repository: Repository;
afterEach(async () => repository.remove());

const APPLY = ["apply", "--auto-approve", "--approve-final"] as const;

async function phases(): Promise<readonly string[]> {
  const authorities = (await repository.status()).clusters[0]?.authorities ?? [];
  return ["db", "db_client"].map((name) => authorities.find(({ type }) => type === name)?.phase ?? "missing");
}

describe("db and db_client in one rotation", () => {
  it("moves both phase by phase, db first, and waits for people", async () => {
    repository = await Repository.withSandbox();
    await repository.rotate("start", "db,db_client");
    const { stderr } = await repository.must(...APPLY);
    expect(flat(stderr)).toContain("next capstan rotate advance db,db_client sets the next phase");
    expect(await phases()).toEqual(["init", "init"]);

    const { stdout } = await repository.must("plan");
    expect(stdout).toMatch(/^ {4}db\n {4}(introduced|retiring)/m);
    expect(stdout).toMatch(/^ {4}db_client\n {4}(introduced|retiring)/m);
    const advanced = await repository.must("rotate", "advance", "db");
    expect(advanced.stdout.replaceAll(/\s+/g, " ")).toContain(
      "init → update_clients, db and db_client together",
    );
    await repository.commit("advance");
    const blocked = await repository.plan();
    expect(blocked.exit).toBe(3);
    expect(guardOf(blocked.plan, "trust-consumers")?.outcome).toBe("fail");
    const [rotation] = blocked.plan.clusters[0]?.rotations ?? [];
    expect(rotation?.checklist.map(({ id, state: done }) => [id, done])).toEqual([
      ["db/init/reissue-server-certificates", "open"],
      ["db_client/init/trust-both", "open"],
      ["db_client/init/snowflake-both-keys", "open"],
      ["db_client/init/active-directory-both", "open"],
    ]);
    expect((await repository.capstan(...APPLY)).exit).toBe(3);

    // Half of the work holds both: db does not go alone.
    await repository.state(["db/init/reissue-server-certificates"]);
    const half = await repository.plan();
    expect(half.exit).toBe(3);
    expect(subjectsOf(guardOf(half.plan, "exclusive")?.findings)).toEqual(["authority/db_client"]);
    expect((await repository.capstan(...APPLY)).exit).toBe(3);
    expect(await phases()).toEqual(["init", "init"]);

    await repository.state(["db_client/init/trust-both"]);
    await repository.must(...APPLY);
    expect(await phases()).toEqual(["update_clients", "update_clients"]);

    await repository.state(["db/update_clients/test-connection", "db_client/update_clients/test-connection"]);
    await repository.rotate("advance", "db,db_client");
    await repository.must(...APPLY);
    await repository.rotate("finish", "db,db_client");
    await repository.must(...APPLY);
    expect(await phases()).toEqual(["standby", "standby"]);
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(0);
    expect(plan.clusters[0]?.rotations[0]).toMatchObject({ standing: "finished", steps: [] });

    const moves = (await repository.calls())
      .filter((argv) => argv[0] === "auth" && argv[1] === "rotate")
      .map((argv) => argv.filter((word) => /^--(type|phase)=/.test(word)).join(" "));
    expect(moves).toEqual(
      ["init", "update_clients", "update_servers", "standby"].flatMap((phase) => [
        `--type=db --phase=${phase}`,
        `--type=db_client --phase=${phase}`,
      ]),
    );
  });

  it("stops both when the second is refused, and says how they stand", async () => {
    repository = await Repository.withSandbox();
    await repository.rotate("start", "db,db_client");
    await repository.must("sandbox", "fault", "tctl", "denied", "--match", "--type=db_client");
    expect((await repository.capstan(...APPLY)).exit).toBe(1);
    expect(await phases()).toEqual(["init", "standby"]);
    await repository.must("sandbox", "fault", "tctl", "clear");
    const { plan } = await repository.plan();
    expect(plan.clusters[0]?.rotations[0]?.notes).toContain(
      "they move together and are apart: db is in init, db_client is in standby",
    );
    expect(plan.clusters[0]?.rotations[0]?.steps.map(({ authority, to }) => [authority, to])).toEqual([
      ["db_client", "init"],
    ]);
    await repository.must(...APPLY);
    expect(await phases()).toEqual(["init", "init"]);
  });
});
