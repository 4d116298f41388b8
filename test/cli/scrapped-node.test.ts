import "../world/in-process.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { cutOff, hostPhase, Repository } from "../world/repository.ts";

const APPLY = ["apply", "--auto-approve"] as const;

describe("a scrapped machine, waived", () => {
  let repository: Repository;
  beforeEach(async () => {
    repository = await Repository.withSandbox();
    await repository.walkTo("update_clients");
    await repository.must("sandbox", "fault", "node2", "offline", "--expired");
  });
  afterEach(async () => repository.remove());

  async function waive(): Promise<void> {
    const waiver = "{ guard: roster, subject: node/node2, reason: scrapped, expires: 2999-01-01 }";
    await repository.edit("*/rotations/*.yaml", (text) => `${text.trimEnd()}\n  waive:\n    - ${waiver}\n`);
    await repository.commit("node2 is scrapped");
  }

  it("a host rotation goes to its end, with nothing by hand", async () => {
    await waive();
    for (const [action, phase] of [
      ["advance", "update_servers"],
      ["finish", "standby"],
    ] as const) {
      await repository.rotate(action, "host");
      const applied = await repository.capstan(...APPLY, "--approve-final");
      expect(flat(applied.stderr)).toContain("1 waived");
      expect([applied.exit, await hostPhase(repository)]).toEqual([0, phase]);
    }
    expect(await cutOff(repository)).toEqual([]);
    expect((await repository.plan()).exit).toBe(0);
  });

  it("a rollback waits for it by name, and goes to its end with the waiver and an approval of its own", async () => {
    await repository.rotate("rollback", "host");
    const waits = await repository.capstan(...APPLY);
    expect([waits.exit, await hostPhase(repository)]).toEqual([3, "rollback"]);
    expect(flat(waits.stderr)).toContain("node/node2");
    expect(flat(waits.stderr)).toContain("rollback-unfinished");
    await waive();
    const held = await repository.capstan(...APPLY);
    expect([held.exit, await hostPhase(repository)]).toEqual([3, "rollback"]);
    const ended = await repository.capstan(...APPLY, "--approve-final");
    expect([ended.exit, await hostPhase(repository)]).toEqual([0, "standby"]);
    expect(await cutOff(repository)).toEqual([]);
  });
});
