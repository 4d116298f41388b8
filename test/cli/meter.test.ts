import { describe, expect, it } from "vitest";
import { createMeter, type MeterClock } from "../../src/cli/meter.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

/** A terminal, or a log, that notes what is written, and a clock that goes on when it is told to. */
function scene({
  isTTY,
  format = "text" as const,
  quiet = false,
}: {
  isTTY: boolean;
  format?: "text" | "json";
  quiet?: boolean;
}) {
  let now = 0;
  let tick = () => {};
  let written = "";
  const clock: MeterClock = {
    now: () => now,
    every(_ms, action) {
      tick = action;
      return () => {
        tick = () => {};
      };
    },
  };
  const stderr = {
    isTTY,
    columns: 60,
    write(text: string) {
      written += text;
      return true;
    },
  } as unknown as Terminal["stderr"];
  const meter = createMeter({ stderr, env: {} }, { quiet, format }, clock);
  return {
    meter,
    /** What was written meanwhile. */
    passing(ms: number) {
      const before = written.length;
      for (const until = now + ms; now < until; ) {
        now = Math.min(until, now + 200);
        tick();
      }
      return written.slice(before);
    },
    all: () => written,
  };
}

const REWRITE = "\r\u001b[2K";

describe("how far a look is", () => {
  it("is one line on a terminal, from the first second on, and nothing of it stays", () => {
    const { meter, passing, all } = scene({ isTTY: true });
    meter.clusters(500);
    for (let count = 0; count < 21; count += 1) meter.clusterRead();
    expect(passing(800)).toBe("");
    expect(passing(200)).toBe("read 21 of 500 clusters, 21 a second, 23 s left (1 s)");
    expect(passing(200)).toBe(`${REWRITE}read 21 of 500 clusters, 18 a second, 28 s left (1 s)`);
    meter.end();
    expect(all().endsWith(REWRITE)).toBe(true);
    expect(passing(5_000)).toBe("");
  });

  it("of one cluster is the rows of its listings", () => {
    const { meter, passing } = scene({ isTTY: true });
    meter.clusters(1);
    meter.rows(151_000);
    expect(passing(1_000)).toBe("read 151,000 rows, 151,000 a second (1 s)");
  });

  it("is a line now and then in a log, ever more seldom", () => {
    const { meter, passing } = scene({ isTTY: false });
    meter.clusters(4);
    meter.clusterRead();
    expect(passing(9_800)).toBe("");
    expect(passing(200)).toBe("read 1 of 4 clusters, 0.1 a second, 30 s left (10 s)\n");
    expect(passing(9_800)).toBe("");
    expect(passing(200)).toBe("read 1 of 4 clusters, 0.1 a second, 60 s left (20 s)\n");
    meter.end();
  });

  it("gives way to a line that stays", () => {
    const { meter, passing, all } = scene({ isTTY: true });
    meter.clusters(1);
    meter.rows(1_000);
    passing(1_000);
    meter.say("still waiting for tctl");
    expect(all().endsWith(`${REWRITE}still waiting for tctl\n`)).toBe(true);
    meter.end();
  });

  it.each([
    ["where a program reads", { format: "json" as const }],
    ["with --quiet", { quiet: true }],
  ])("is not told %s", (_what, how) => {
    const { meter, passing } = scene({ isTTY: true, ...how });
    meter.clusters(500);
    meter.clusterRead();
    expect(passing(60_000)).toBe("");
    meter.end();
  });

  it("is cut to the terminal", () => {
    const { meter, passing } = scene({ isTTY: true });
    meter.clusters(1_000_000);
    for (let count = 0; count < 999; count += 1) meter.clusterRead();
    expect(passing(1_000)).toHaveLength(59);
  });
});
