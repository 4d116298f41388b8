import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/apply/event.ts";
import { eventText } from "../../src/views/text/event-text.ts";
import { plainPaint } from "../../src/views/text/paint.ts";
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

  it("that leaves work to people, as probes see it", async () => {
    const waiting: RunEvent = {
      at: "2026-11-21T12:00:00.000Z",
      type: "waiting",
      cluster: "acme.cluster",
      authority: "db_client",
      phase: "init",
      deadline: "2026-11-21T12:10:00.000Z",
      progress: [],
      laggards: [],
      probes: [
        { subject: "postgres/orders", ready: true, message: "uses new, trusts old, trusts new" },
        {
          subject: "mysql/shop",
          ready: false,
          message: "uses old: 10.0.0.7:3306 shows a certificate of the old CA",
        },
      ],
    };
    expect(spoken([waiting])).toBe(
      [
        "12:00:00   1 of 2 probes as wanted",
        "           mysql/shop: uses old: 10.0.0.7:3306 shows a certificate of the old CA",
      ].join("\n"),
    );
    expect(spoken([{ ...waiting, probes: waiting.probes?.slice(0, 1) ?? [] }])).toBe(
      "12:00:00   1 of 1 probe as wanted",
    );
    expect(spoken([{ ...waiting, probes: [] }])).toBe("");
  });
});
