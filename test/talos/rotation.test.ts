import { describe, expect, it } from "vitest";
import { TalosWorld } from "./world.ts";

describe("a rotation by capstan", () => {
  it.each([
    ["talos", "1.13", "legacy", "N"],
    ["talos", "1.14", "document", "N"],
    ["kubernetes", "1.13", "legacy", "N"],
    ["kubernetes", "1.14", "document", "N"],
  ] as const)(
    "of the %s CA (%s, %s) ends with exactly the new one",
    async (type, talos, layout, end) => {
      const world = await TalosWorld.start(type, { talos, layout });
      await world.walk("standby");
      expect(world.states()).toEqual([end, end, end, end, end]);
      const plan = await world.plan(world.desired("standby"));
      expect(plan.outcome).toBe("no_changes");
    },
    120_000,
  );
});
