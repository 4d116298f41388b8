import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/apply/event.ts";
import { eventText } from "../../src/render/event-text.ts";
import { plainPaint } from "../../src/render/paint.ts";
import { World } from "../world/apply.ts";
import { desired, rotation } from "../world/host-rotation.ts";

/** Everything that a run says on stderr, one event below the other. */
function spoken(events: readonly RunEvent[]): string {
  return events
    .map((event) => eventText(event, plainPaint))
    .filter((text) => text !== null)
    .join("\n");
}

describe("a run as lines on stderr", () => {
  it("that succeeds", async () => {
    const { events } = await new World().apply(desired([rotation("init")]));
    await expect(spoken(events)).toMatchFileSnapshot("golden/run-applied.txt");
  });

  it("that loses a node and turns back", async () => {
    const world = new World();
    world.cluster.ailments.set("node2", "stuck");
    const { events } = await world.apply(desired([rotation("init")]));
    const text = spoken(events);
    for (const line of text.split("\n")) expect(line.length, line).toBeLessThanOrEqual(80);
    await expect(text).toMatchFileSnapshot("golden/run-turned-back.txt");
  });

  it("that waits for approval", async () => {
    const { events } = await new World().apply(desired([rotation("init")]), {
      approve: "nothing",
    });
    await expect(spoken(events)).toMatchFileSnapshot("golden/run-not-approved.txt");
  });
});
