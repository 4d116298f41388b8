import "../world/in-process.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hostPhase, Repository } from "../world/repository.ts";

/** Without `compromise_soak` nobody would see the end of this test: an ordinary rotation soaks a day in each phase. */
const POLICY = "soak: 24h\n    compromise_soak: 0s";

let repository: Repository;

beforeAll(async () => {
  repository = await Repository.withSandbox("--nodes", "2");
  await repository.edit("*cluster.yaml", (text) =>
    text
      .replace(/soak: \S+/, POLICY)
      .replace(/phase_timeout: \S+/, "phase_timeout: 20s")
      .replace(/on_failure: \S+/, "on_failure: halt"),
  );
  await repository.commit("a key may be lost");
});
afterAll(() => repository.remove());

/** As one line each, however wide it was printed. */
function unwrapped(text: string): string {
  return text.replace(/\n\s+/g, " ");
}

describe("a rotation of a key in wrong hands", { timeout: 600_000 }, () => {
  it("says before it begins that it hurries, and who loses access at each step", async () => {
    await repository.rotate("start", "host", "--compromise", "--strategy", "walk");
    const { exit, stdout } = await repository.capstan("plan");
    expect(exit).toBe(2);
    const text = unwrapped(stdout);
    expect(text).toContain(
      "note: reason: compromise: it soaks 0s in each phase (policy.compromise_soak); nobody alive is skipped",
    );
    for (const phase of ["init", "update_clients", "update_servers", "standby"])
      expect(text).toContain(`note: loses access of host at ${phase}: `);
    expect(text).toContain("note: a rollback has the old host key, which is in wrong hands, sign again");
  });

  it("waits for whoever is alive and does not trust the new key, however much it hurries", async () => {
    await repository.must("sandbox", "fault", "node1", "stuck");
    const { exit, stderr } = await repository.capstan("apply", "--auto-approve", "--approve-final");
    expect([exit, await hostPhase(repository)]).toEqual([3, "init"]);
    expect(unwrapped(stderr)).toContain("node1");
  });

  it("goes to its end without soaking once everybody follows, and says then what refuses the old key and what is not proven", async () => {
    const { active } = await repository.keys();
    await repository.must("sandbox", "fault", "node1", "clear");
    const { exit } = await repository.capstan("apply", "--auto-approve", "--approve-final");
    expect([exit, await hostPhase(repository)]).toEqual([0, "standby"]);
    const now = await repository.keys();
    for (const key of active) expect([...now.active, ...now.trusted]).not.toContain(key);
    const { stdout } = await repository.capstan("plan");
    expect(unwrapped(stdout)).toContain("not proven: that each agent and server refuses the old key");
  });
});
