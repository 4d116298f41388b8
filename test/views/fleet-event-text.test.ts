import { expect, it } from "vitest";
import type { RunEvent } from "../../src/apply/event.ts";
import { fleetEventText } from "../../src/views/text/fleet-event-text.ts";
import { plainPaint } from "../../src/views/text/paint.ts";

const AT = "2026-11-21T08:00:00.000Z";

function line(event: RunEvent): string | null {
  return fleetEventText(event, plainPaint);
}

it("a line names its cluster, what came of it and what to do", () => {
  const failed = { outcome: "failed", message: "it cannot be reached", hint: "start it" } as const;
  expect(line({ at: AT, type: "cluster-finished", cluster: "acme.cluster", ...failed })).toMatch(
    / acme\.cluster {2}failed: it cannot be reached → start it$/,
  );
  expect(line({ at: AT, type: "notice", cluster: "acme.cluster", message: "check ssh: 1 of 1" })).toMatch(
    / acme\.cluster {2}check ssh: 1 of 1$/,
  );
});

it("a name from git moves no cursor", () => {
  const text = line({ at: AT, type: "notice", cluster: "acme\u001b[2J", message: "x" });
  expect(text).toContain("acme\ufffd[2J");
});
