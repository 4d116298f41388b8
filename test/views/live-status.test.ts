import { describe, expect, it } from "vitest";
import type { Plan } from "../../src/rotation/plan.ts";
import { liveStatus } from "../../src/views/live-status.ts";
import { liveStatusText } from "../../src/views/text/live-status-text.ts";
import { plainPaint } from "../../src/views/text/paint.ts";
import { component, NOW, observation } from "../world/host-rotation.ts";

const NOTHING: Plan = {
  format_version: "1.1",
  outcome: "no_changes",
  verdict: "nothing_to_do",
  commit: null,
  fingerprint: "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  clusters: [],
};

describe("components in the status", () => {
  it("counts those that report no rotation apart: nobody has seen them follow", () => {
    const agentless = component("node", "legacy1", { phase: null, currentId: null });
    const live = observation("standby");
    const seen = { ...live, components: [...live.components, agentless] };
    const status = liveStatus([seen], NOTHING, NOW);
    const nodes = status.clusters[0]?.components.find(({ kind }) => kind === "node");
    const reporting = live.components.filter(({ kind }) => kind === "node").length;
    expect(nodes).toMatchObject({ total: reporting, following: reporting, not_reporting: 1, behind: [] });
    expect(liveStatusText([seen], NOTHING, NOW, plainPaint)).toMatch(
      new RegExp(`^ {4}node +${reporting}/${reporting}, 1 without a report$`, "m"),
    );
  });

  it("says so where a listing could not be read: that nobody is in it is no health", () => {
    const live = observation("standby");
    const seen = {
      ...live,
      components: live.components.filter(({ kind }) => kind !== "node"),
      unread: [
        { what: "nodes", problem: "access denied" },
        { what: "remote_clusters", problem: "access denied" },
      ],
    };
    const text = liveStatusText([seen], NOTHING, NOW, plainPaint);
    expect(text).toMatch(/^ {4}node +could not be read: access denied$/m);
    expect(text).not.toContain("unknown nodes");
    expect(text).toContain("unknown remote_clusters: access denied");
  });
});
