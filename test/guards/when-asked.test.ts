import { describe, expect, it } from "vitest";
import { guardsOf } from "../../src/guards/chain.ts";
import type { GuardInput, PlatformProfile } from "../../src/profile/profile.ts";
import { type Edge, isLegalEdge, PHASES } from "../../src/rotation/phase.ts";
import { TALOS } from "../../src/talos/profile.ts";
import { TELEPORT } from "../../src/teleport/profile.ts";
import { ago, authority, cluster, memory, NOW, OLD, observation, rotation } from "../world/host-rotation.ts";
import { ownCheck } from "../world/own-checks.ts";

/** Every move, and every phase that is only looked at. */
const EDGES: readonly Edge[] = [
  ...PHASES.flatMap((from) => PHASES.map((to) => ({ from, to }))).filter(isLegalEdge),
  ...PHASES.map((phase) => ({ from: phase, to: phase })),
];

const WAVE = { name: "rest", selector: {}, pauseMs: null, maxInProgress: null };

/** A cluster of which each guard that looks for something has it to look at. */
function inputFor(profile: PlatformProfile, type: string, edge: Edge): GuardInput {
  const at = authority(edge.from);
  const live = { ...at, type, active: at.active.map((one) => ({ ...one, storage: "PKCS#11 HSM" })) };
  return {
    cluster: {
      ...cluster({ soakMs: 60_000, windows: [{ days: ["mon"], from: "09:00", to: "17:00" }] }),
      peers: ["leaf.cluster"],
      checks: [ownCheck("login")],
      hold: { reason: "an audit", until: null },
    },
    campaign: { name: "host-2026-11", wave: WAVE, before: [], places: null },
    observation: observation(edge.from, {
      profile,
      authorities: [live],
      credentials: {
        source: "identity-file",
        path: "identity",
        problem: null,
        notAfter: ago(-60),
        trusts: [OLD],
      },
      surroundings: {
        consumers: [],
        peers: [],
        pins: [{ file: "node.yaml", pins: [{ fingerprint: OLD, line: 1 }] }],
      },
      remoteClusters: [{ name: "leaf.cluster", connection: "online", lastHeartbeat: ago(0) }],
    }),
    authority: live,
    rotation: rotation(edge.to, { authorities: [{ type, retire: [OLD] }] }),
    record: edge.from === "standby" ? undefined : { ...memory(edge.from), authority: type },
    consumers: [],
    edge,
    now: NOW,
  };
}

/** A line for each guard: the moves before which it is asked, then the phases that are looked at. */
function matrix(profile: PlatformProfile, type: string): string {
  const names = EDGES.map(({ from, to }) => (from === to ? from : `${from} → ${to}`));
  const lines = guardsOf(profile).map((guard) => {
    const asked = EDGES.map((edge) => guard.appliesTo(inputFor(profile, type, edge)));
    const row = asked.map((is) => (is ? "x" : "·")).join("  ");
    return `${guard.id.padEnd(18)}${row}`;
  });
  const columns = names.map((name, index) => `${String(index + 1).padStart(2)}  ${name}`);
  const head = names.map((_, index) => String(index + 1).padEnd(2)).join(" ");
  return `${columns.join("\n")}\n\n${" ".repeat(18)}${head.trimEnd()}\n${lines.join("\n")}\n`;
}

describe("when guards are asked, and what a review may accept", () => {
  it.each([
    [TELEPORT, "host"],
    [TELEPORT, "db_client"],
    [TALOS, "talos"],
    [TALOS, "kubernetes"],
  ] as const)("%#", async (profile, type) => {
    await expect(matrix(profile, type)).toMatchFileSnapshot(`golden/asked-of-${type}.txt`);
  });

  it.each([
    [TELEPORT, "teleport"],
    [TALOS, "talos"],
  ] as const)("%#: and what of them", async (profile, name) => {
    const lines = guardsOf(profile).map(
      ({ id, waivable, subjects }) =>
        `${id.padEnd(18)}${waivable ? "by waiver" : "never    "}  ${subjects.join(", ")}`,
    );
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(`golden/accepted-on-${name}.txt`);
  });
});
