import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { followAction } from "../../src/sandbox/teleport/follow.ts";
import {
  type AuthorityState,
  generatesKeys,
  type RotationRequest,
  type RotationState,
  rotate,
  type TctlDialect,
} from "../../src/sandbox/teleport/rotation-machine.ts";

const HOUR_MS = 3_600_000;
const PHASES = ["", "init", "update_clients", "update_servers", "rollback", "standby", "bogus"] as const;

/** What a person would note down while rotating: which keys are old and new, and where one stands. */
interface Notes {
  phase: string;
  old: readonly string[];
  introduced: readonly string[];
  cameFrom: string;
}

interface Sandbox {
  readonly dialect: TctlDialect;
  authority: AuthorityState<string>;
  now: number;
  generated: number;
  /** Every edge that was taken. */
  readonly edges: Set<string>;
}

/** One `auth rotate`, by anybody, of any sense. */
class Rotate implements fc.Command<Notes, Sandbox> {
  readonly request: RotationRequest;
  readonly laterMs: number;

  constructor(request: RotationRequest, laterMs: number) {
    this.request = request;
    this.laterMs = laterMs;
  }

  check(): boolean {
    return true;
  }

  run(notes: Notes, real: Sandbox): void {
    real.now += this.laterMs;
    const before = real.authority;
    const keys = generatesKeys(before, this.request) ? [`key ${++real.generated}`] : [];
    const entropy = { id: `rotation ${real.generated}`, keys };
    const outcome = rotate(before, this.request, real.now, entropy, real.dialect);
    if (!outcome.ok) {
      expect(outcome.error).not.toBe("");
      expect(legal(notes.phase, this.request)).toBe(false);
      return;
    }
    expect(legal(notes.phase, this.request)).toBe(true);
    real.authority = outcome.authority;
    note(notes, before, this.request);
    real.edges.add(`${notes.cameFrom} → ${notes.phase}`);
    invariants(notes, before, real);
  }

  toString(): string {
    return `${this.request.mode} ${this.request.phase || "(init)"} ${this.request.gracePeriodMs}`;
  }
}

function legal(from: string, { phase, gracePeriodMs }: RotationRequest): boolean {
  if (gracePeriodMs <= 0) return false;
  const edges: Readonly<Record<string, readonly string[]>> = {
    standby: ["init", ""],
    init: ["update_clients", "rollback"],
    update_clients: ["update_servers", "rollback"],
    update_servers: ["standby", "rollback"],
    rollback: ["standby"],
  };
  return edges[from]?.includes(phase) ?? false;
}

function note(notes: Notes, before: AuthorityState<string>, request: RotationRequest): void {
  const to = request.phase === "" ? "init" : request.phase;
  if (to === "init") notes.old = before.active;
  notes.cameFrom = notes.phase;
  notes.phase = to;
}

/** Table 1.4 of the reference, and what follows from it. */
function invariants(
  notes: Notes,
  before: AuthorityState<string>,
  { authority, dialect, now }: Sandbox,
): void {
  const { active, trusted, rotation } = authority;
  if (rotation === null) throw new Error("an accepted request leaves a rotation");
  if (notes.phase === "init") notes.introduced = trusted;
  const { old, introduced } = notes;
  const keptByMistake = dialect === "v5" && notes.cameFrom === "init";
  switch (notes.phase) {
    case "init":
      expect({ active, trusted }).toEqual({ active: old, trusted: introduced });
      break;
    case "update_clients":
    case "update_servers":
      expect({ active, trusted }).toEqual({ active: introduced, trusted: old });
      break;
    case "rollback":
      expect({ active, trusted }).toEqual(
        keptByMistake ? { active: introduced, trusted: old } : { active: old, trusted: introduced },
      );
      break;
    default:
      expect({ active, trusted }).toEqual({ active: before.active, trusted: [] });
  }
  // Trust comes before use, and use before drop.
  const knownBefore = new Set([...before.active, ...before.trusted]);
  for (const key of active) expect(knownBefore).toContain(key);
  for (const key of before.active) {
    if (notes.phase !== "standby") expect([...active, ...trusted]).toContain(key);
    else expect(active).toContain(key);
  }
  // The record agrees with itself (reference 1.5).
  const idle = notes.phase === "standby";
  expect(rotation.phase).toBe(notes.phase);
  expect(rotation.state).toBe(idle ? "standby" : "in_progress");
  expect(rotation.mode === "").toBe(idle);
  expect(rotation.started === null).toBe(idle);
  expect(rotation.schedule === null).toBe(idle);
  if (notes.phase === "rollback") expect(rotation.mode).toBe("manual");
  if (notes.phase !== "init") expect(rotation.currentId).toBe(before.rotation?.currentId);
  expect(rotation.lastRotated).toBe(idle ? now : (before.rotation?.lastRotated ?? null));
  if (notes.phase === "init" && rotation.schedule !== null) {
    expect(rotation.schedule.standby - now).toBe(rotation.gracePeriodMs);
    expect(rotation.schedule.update_clients).toBeLessThan(rotation.schedule.update_servers);
  }
}

const requests = fc
  .record({
    phase: fc.constantFrom(...PHASES),
    mode: fc.constantFrom("manual" as const, "auto" as const),
    gracePeriodMs: fc.constantFrom(30 * HOUR_MS, 30 * HOUR_MS, 60_000, 0, -1000),
    later: fc.nat({ max: 100_000 }),
  })
  .map(({ later, ...request }) => new Rotate(request, later));

describe.each(["v18", "v5"] as const)("any sequence of requests (%s)", (dialect) => {
  it("keeps the invariants of the key sets and of the record", () => {
    const edges = new Set<string>();
    fc.assert(
      fc.property(fc.commands([requests], { maxCommands: 60, size: "max" }), (commands) => {
        const setup = () => ({
          model: { phase: "standby", old: [], introduced: [], cameFrom: "" },
          real: {
            dialect,
            authority: { type: "host", active: ["key 0"], trusted: [], rotation: null },
            now: 1_000_000,
            generated: 0,
            edges,
          },
        });
        fc.modelRun(setup, commands);
      }),
      { numRuns: 300 },
    );
    // Not worth much if the walks never got anywhere.
    expect([...edges].sort()).toEqual([
      "init → rollback",
      "init → update_clients",
      "rollback → standby",
      "standby → init",
      "update_clients → rollback",
      "update_clients → update_servers",
      "update_servers → rollback",
      "update_servers → standby",
    ]);
  });
});

describe("keys of another HSM auth server", () => {
  it("are merged into the trusted ones at init, and go with them", () => {
    const host: AuthorityState<string> = { type: "host", active: ["a"], trusted: ["hsm"], rotation: null };
    const request = { phase: "init", mode: "manual", gracePeriodMs: HOUR_MS } as const;
    const started = rotate(host, request, 1, { id: "1", keys: ["b"] }, "v18");
    expect(started).toMatchObject({ ok: true, authority: { active: ["a"], trusted: ["hsm", "b"] } });
  });
});

describe("a process that follows the host CA", () => {
  const at = (phase: RotationState["phase"], currentId = "this"): RotationState => ({
    state: phase === "standby" ? "standby" : "in_progress",
    phase,
    mode: "manual",
    currentId,
    started: 1,
    gracePeriodMs: HOUR_MS,
    lastRotated: null,
    schedule: null,
  });

  // Reference 1.10, row by row.
  it.each([
    ["never rotated", null, at("init"), "store"],
    ["idle after an earlier one", at("standby", "earlier"), at("init"), "store"],
    ["in another rotation", at("init", "other"), at("init"), "out-of-sync"],
    ["at init", at("init"), at("update_clients"), "renew-client"],
    ["that missed init", null, at("update_clients"), "out-of-sync"],
    ["idle that missed init", at("standby", "earlier"), at("update_clients"), "out-of-sync"],
    ["at update_clients", at("update_clients"), at("update_servers"), "promote"],
    ["at init, off during update_clients", at("init"), at("update_servers"), "promote"],
    ["that missed both", null, at("update_servers"), "out-of-sync"],
    ["anywhere", null, at("rollback"), "renew"],
    ["at update_servers", at("update_servers"), at("rollback"), "renew"],
    ["at update_servers, finished", at("update_servers"), at("standby"), "renew"],
    ["rolled back", at("rollback", "other"), at("standby"), "renew"],
    ["left behind by another rotation", at("init", "other"), at("standby"), "out-of-sync"],
    ["that slept through it all", at("standby", "earlier"), at("standby"), "none"],
    ["where it is", at("init"), at("init"), "none"],
    ["of a CA that was never rotated", null, null, "none"],
  ] as const)("%s", (_name, local, remote, action) => {
    expect(followAction(local, remote)).toBe(action);
  });
});
