import { describe, expect, it } from "vitest";
import { Killed, TalosWorld } from "./world.ts";

const COMBINATIONS = [
  { type: "talos", talos: "1.13", layout: "legacy" },
  { type: "talos", talos: "1.14", layout: "document" },
  { type: "kubernetes", talos: "1.13", layout: "legacy" },
  { type: "kubernetes", talos: "1.14", layout: "document" },
] as const;

/** Machines by their place in the inventory: three control planes, two workers (reference talos-rotation 2.5). */
const ALL = [0, 1, 2, 3, 4].map((index) => `${index} no-reboot`);
const ORDER = {
  talos: [...ALL, "0 try", ...ALL, ...ALL],
  // The last step begins with the workers.
  kubernetes: [...ALL, "0 try", ...ALL, ...[3, 4, 0, 1, 2].map((index) => `${index} no-reboot`)],
} as const;

/** In which order machines were changed, and how. */
function applied(world: TalosWorld): readonly string[] {
  return world.calls.flatMap(({ argv }) => {
    if (!argv.includes("apply-config")) return [];
    const mode = argv.find((word) => word.startsWith("--mode="))?.slice("--mode=".length);
    return [`${argv[argv.indexOf("--nodes") + 1]} ${mode}`];
  });
}

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
      expect(applied(world)).toEqual(
        ORDER[type].map((step) => step.replace(/\d/, (index) => world.test.nodes[Number(index)] ?? "")),
      );
      expect(world.states()).toEqual(["N", "N", "N", "N", "N"]);
      for (const { store } of world.test.running.machines) expect(store.persistent).toBe(store.active);
      expect((await world.plan(world.desired("standby"))).outcome).toBe("no_changes");
      expect(await world.leftBehind()).toEqual([]);
    },
  );
});
