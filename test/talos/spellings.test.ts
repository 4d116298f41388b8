import { describe, expect, it } from "vitest";
import { guardOf } from "../world/repository.ts";
import { TalosWorld } from "./world.ts";

const SMALL = { controlPlanes: 1, workers: 1 } as const;

describe("every edit is tried before anything moves", () => {
  it.each([
    ["talos", "folded"],
    ["talos", "literal"],
    ["kubernetes", "folded"],
    ["kubernetes", "literal"],
  ] as const)(
    "the %s CA of machines with %s certificates goes there and back, byte by byte",
    async (type, fault) => {
      const world = await TalosWorld.start(type, { ...SMALL, layout: "legacy" });
      const { machines } = world.test.running;
      await world.test.running.fault({ target: "all", fault });
      const first = machines.map(({ store }) => store.persistent);
      expect(first.join("")).toMatch(/crt: [>|]/);
      await world.walk("update_servers");
      expect(world.states()).toEqual(["NO", "NO"]);
      await world.walk("rollback");
      expect(machines.map(({ store }) => store.persistent)).toEqual(first);
      world.retry();
    },
  );

  it("a machine whose CA cannot be edited alone is named with the line, and no other is changed", async () => {
    const world = await TalosWorld.start("talos", { controlPlanes: 2, workers: 1 });
    const { machines } = world.test.running;
    const [, , worker = ""] = world.test.nodes;
    await world.test.running.fault({ target: worker, fault: "aliased" });
    const first = machines.map(({ store }) => store.persistent);
    const line = (first[2] ?? "").split("\n").findIndex((text) => text.includes("*own")) + 1;
    for (const phase of ["init", "update_servers"] as const) {
      const plan = await world.plan(world.desired(phase));
      expect(plan.outcome).toBe("blocked");
      expect(guardOf(plan, "config-edits")?.findings).toMatchObject([
        {
          subject: `machine/${worker}`,
          message: expect.stringContaining(`line ${line} of its configuration uses with an alias (*own)`),
          remedy: expect.stringContaining("talosctl edit machineconfig"),
        },
      ]);
    }
    expect((await world.apply(world.desired("init"))).outcome).toBe("blocked");
    expect(world.applies).toBe(0);
    expect(machines.map(({ store }) => store.persistent)).toEqual(first);
  });
});
