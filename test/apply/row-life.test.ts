import { describe, expect, it } from "vitest";
import type { Platform } from "../../src/platforms/platform.ts";
import { World } from "../world/apply.ts";
import { desired, rotation } from "../world/host-rotation.ts";

const MINUTE = 60_000;
/** A world whose rows live so long and are renewed at half of that, each component at a moment of its own. */
class RowsOf extends World {
  readonly #lifeMs: number;
  readonly #stopped = new Map<string, number>();
  readonly #since = this.clock.monotonic();

  constructor(lifeMs: number) {
    super();
    this.#lifeMs = lifeMs;
    this.platform = this.#announcing(this.cluster);
  }

  stop(name: string): void {
    this.#stopped.set(name, this.lastAnnouncementOf(name));
  }

  lastAnnouncementOf(name: string): number {
    const stopped = this.#stopped.get(name);
    if (stopped !== undefined) return stopped;
    const period = this.#lifeMs / 2;
    const offset = (["turing", "node1", "node2", "node3"].indexOf(name) * period) / 4;
    const elapsed = this.clock.monotonic() - this.#since + offset;
    return this.clock.now() - (elapsed % period);
  }

  #announcing(cluster: Platform): Platform {
    return {
      observe: async (scope) => {
        const seen = await cluster.observe(scope);
        const components = [...seen.components].flatMap((component) => {
          const expires = this.lastAnnouncementOf(component.name) + this.#lifeMs;
          return expires <= this.clock.now()
            ? []
            : [{ ...component, expires: new Date(expires).toISOString() }];
        });
        return { ...seen, components };
      },
      transition: async (request) => await cluster.transition(request),
    };
  }
}

describe("a node that stops is named within one and a half of its periods", () => {
  it.each([
    ["2 minutes", 2 * MINUTE],
    ["10 minutes", 10 * MINUTE],
    ["15 minutes", 15 * MINUTE],
  ])("where rows live %s", async (_name, lifeMs) => {
    const world = new RowsOf(lifeMs);
    const period = lifeMs / 2;
    const patient = { phaseTimeoutMs: 8 * period };
    await world.apply(desired([rotation("init")], patient));
    world.cluster.ailments.set("node3", "stuck");
    const began = world.clock.now();
    let stoppedAt: number | null = null;
    let namedAt: number | null = null;
    world.clock.whileAsleep = () => {
      if (stoppedAt === null && world.clock.now() > began + 3.3 * period) {
        world.stop("node1");
        stoppedAt = world.lastAnnouncementOf("node1");
      }
      if (world.clock.now() > began + 7 * period) world.cluster.ailments.delete("node3");
    };
    const { outcome, events } = await world.apply(desired([rotation("update_clients")], patient), {
      onEvent(event) {
        if (event.type !== "waiting" || namedAt !== null) return;
        const isNamed = event.laggards.some(
          ({ subject, message }) => subject === "node/node1" && message.includes("has not announced itself"),
        );
        if (isNamed) namedAt = world.clock.now();
      },
    });
    expect(outcome).not.toBe("applied");
    expect(events.filter(({ type }) => type === "waiting").length).toBeGreaterThan(1);
    expect(namedAt).not.toBeNull();
    expect(((namedAt ?? 0) - (stoppedAt ?? 0)) / period).toBeLessThanOrEqual(1.5);
    expect(((namedAt ?? 0) - (stoppedAt ?? 0)) / period).toBeGreaterThan(1.1);
    // The next run knows it from the record.
    expect(world.store.record?.rotations[0]?.renewals).toContainEqual(
      expect.objectContaining({ kind: "node", longest_ms: period }),
    );
  });
});
