import { describe, expect, it } from "vitest";
import { Killed, TalosWorld } from "./world.ts";

const COMBINATIONS = [
  { type: "talos", talos: "1.13", layout: "legacy" },
  { type: "talos", talos: "1.14", layout: "document" },
  { type: "kubernetes", talos: "1.13", layout: "legacy" },
  { type: "kubernetes", talos: "1.14", layout: "document" },
] as const;

const LIMIT_MS = 400_000;

describe("a rotation, killed after every single apply and run again", () => {
  it.each(COMBINATIONS)(
    "of the $type CA ends with exactly the new one ($talos, $layout)",
    async ({ type, ...options }) => {
      const world = await TalosWorld.start(type, options);
      let kills = 0;
      for (;;) {
        world.appliesUntilKilled = 1;
        try {
          await world.walk("standby");
          break;
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
          kills += 1;
        }
      }
      // Five machines, three transitions, and once more for the first control plane of the swap, which is tried first.
      expect(kills).toBe(3 * 5 + 1);
      expect(world.applies).toBe(kills);
      expect(world.states()).toEqual(["N", "N", "N", "N", "N"]);
      for (const { store } of world.test.running.machines) expect(store.persistent).toBe(store.active);
      expect((await world.plan(world.desired("standby"))).outcome).toBe("no_changes");
      expect(await world.leftBehind()).toEqual([]);
    },
    LIMIT_MS,
  );
});
