import { describe, expect, it } from "vitest";
import { TimelessTeleport } from "./harness.ts";

/**
 * Every edge between two phases, legal or not, against the sandbox. The texts are written out here: for v5 from
 * the recording, for v18 from the reference (teleport-rotation 1.3, E1 to E5).
 */
const TARGETS = ["init", "update_clients", "update_servers", "rollback", "standby"] as const;
type Target = (typeof TARGETS)[number];

/** What may come next; a never rotated CA stands at `""`. */
const LEGAL: Readonly<Record<string, readonly Target[]>> = {
  "": ["init"],
  standby: ["init"],
  init: ["update_clients", "rollback"],
  update_clients: ["update_servers", "rollback"],
  update_servers: ["rollback", "standby"],
  rollback: ["standby"],
};

const REFUSALS = {
  v18: {
    init: () => "can not initiate rotation while another is in progress",
    update_clients: (from) => `can only switch to phase update_clients from init, current phase is ${from}`,
    update_servers: (from) =>
      `can only switch to phase update_servers from update_clients, current phase is ${from}`,
    rollback: (from) => `can not transition to phase "rollback" from "${from}" phase.`,
    standby: (from) => `can not transition to phase "standby" from "${from}" phase.`,
  },
  v5: {
    init: () => "can not initate rotation while another is in progress",
    update_clients: (from) => `can only switch to phase update_clients from init, current phase is ${from}`,
    update_servers: (from) =>
      `can only switch to phase update_servers from update_clients, current phase is ${from}`,
    rollback: (from) => `can not transition to phase "rollback" from "${from}" phase.`,
    standby: (from) =>
      `can only switch to phase update_servers from update_clients, current phase is ${from}`,
  },
} satisfies Record<string, Record<Target, (from: string) => string>>;

const PREFIX = { v18: "\u001b[31mERROR: \u001b[0m", v5: "error: " } as const;

/** Walks that together take every legal edge. */
const WALKS: readonly (readonly Target[])[] = [
  ["init", "update_clients", "update_servers", "standby"],
  ["init", "rollback", "standby"],
  ["init", "update_clients", "rollback", "standby"],
  ["init", "update_clients", "update_servers", "rollback", "standby"],
];

describe.each([
  ["v18", "18"],
  ["v5", "5"],
] as const)("%s", (dialect, release) => {
  it("takes every legal edge and refuses every other with its text", async () => {
    const teleport = await TimelessTeleport.start({ release });
    const taken = new Set<string>();
    const refused = new Set<string>();
    let from = "";
    const tryIllegal = async () => {
      for (const to of TARGETS.filter((target) => !LEGAL[from]?.includes(target))) {
        expect(await teleport.rotate("user", to), `${from} → ${to}`).toEqual({
          exit: 1,
          stdout: "",
          stderr: `${PREFIX[dialect]}${REFUSALS[dialect][to](from)}\n`,
        });
        refused.add(`${from} → ${to}`);
      }
      expect(teleport.authority("user").phase).toBe(from === "" ? "standby" : from);
    };

    await tryIllegal();
    for (const to of WALKS.flat()) {
      expect(await teleport.rotate("user", to), `${from} → ${to}`).toEqual({
        exit: 0,
        stdout: `Updated rotation phase to "${to}". To check status use 'tctl status'\n`,
        stderr: "",
      });
      taken.add(`${from} → ${to}`);
      from = to;
      await tryIllegal();
    }
    // 5 × 5, and the row of a CA that was never rotated.
    expect(taken.size + refused.size).toBe(6 * 5);
    expect(taken.size).toBe(9);
  });

  it("refuses a phase that does not exist, and a grace period of nothing", async () => {
    const teleport = await TimelessTeleport.start({ release });
    expect((await teleport.rotate("user", "bogus")).stderr).toBe(
      `${PREFIX[dialect]}unsupported phase: "bogus"\n`,
    );
    const forced = await teleport.tctl("auth", "rotate", "--type=user", "--manual", "--grace-period=0");
    expect(forced.stderr).toBe(`${PREFIX[dialect]}invalid grace period "0s", provide value > 0\n`);
    expect(teleport.authority("user")).toMatchObject({ phase: "standby", trusted: [] });
  });
});

describe("types", () => {
  it("v18 takes API names only, v5 what it knows", async () => {
    const v18 = await TimelessTeleport.start({ release: "18" });
    const wrong = await v18.rotate("db-client", "init");
    expect(wrong.exit).toBe(1);
    expect(wrong.stderr).toContain("enum value must be one of host,user,db,db_client,");
    expect(wrong.stderr).toMatch(/got 'db-client'\n$/);
    expect((await v18.tctl("auth", "rotate", "--manual")).stderr).toContain(
      "required flag --type not provided\n",
    );
    expect((await v18.rotate("db_client", "init")).exit).toBe(0);

    const v5 = await TimelessTeleport.start({ release: "5" });
    expect((await v5.rotate("bogus", "init")).stderr).toBe(
      'error: unsupported certificate authority type: "bogus"\n',
    );
  });

  it("v5 rotates both when no type is given", async () => {
    const v5 = await TimelessTeleport.start({ release: "5" });
    expect(await v5.ok("auth", "rotate", "--manual")).toContain("Initiated certificate authority rotation.");
    expect([v5.authority("host").phase, v5.authority("user").phase]).toEqual(["init", "init"]);
  });
});

describe("a rollback", () => {
  it.each([["init"], ["init", "update_clients"], ["init", "update_clients", "update_servers"]] as const)(
    "after %s ends with the original key (v18)",
    async (...walk) => {
      const teleport = await TimelessTeleport.start({ release: "18" });
      const { active } = teleport.authority("host");
      for (const phase of walk) await teleport.step(phase);
      await teleport.step("rollback");
      expect(teleport.authority("host").active).toEqual(active);
      expect(teleport.authority("host").trusted).toHaveLength(1);
      await teleport.step("standby");
      expect(teleport.authority("host")).toMatchObject({ active, trusted: [] });
    },
  );

  it("from init keeps the new key in v5", async () => {
    const teleport = await TimelessTeleport.start({ release: "5" });
    const before = teleport.authority("host").active;
    await teleport.step("init");
    const [introduced] = teleport.authority("host").trusted;
    await teleport.step("rollback");
    await teleport.step("standby");
    expect(teleport.authority("host")).toMatchObject({ active: [introduced], trusted: [] });
    expect([introduced]).not.toEqual(before);
  });
});

describe("automatic mode", () => {
  it("moves by the clock alone, whatever the components do", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    await teleport.platform.fault({ target: "node1", fault: "offline" });
    await teleport.ok("auth", "rotate", "--type=host", "--grace-period=60s");
    expect(teleport.authority("host")).toMatchObject({ phase: "init", mode: "auto" });
    await teleport.pass(100);
    expect(teleport.authority("host")).toMatchObject({ phase: "standby", mode: "", trusted: [] });
    expect(teleport.component("node1").phase).toBe("standby");
  });

  it("runs away when a later step forgets --manual and the schedule has passed", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    await teleport.ok("auth", "rotate", "--manual", "--type=host", "--phase=init", "--grace-period=30s");
    await teleport.pass(120);
    expect(teleport.authority("host")).toMatchObject({ phase: "init", mode: "manual" });
    await teleport.ok("auth", "rotate", "--type=host", "--phase=update_clients");
    await teleport.pass(60);
    expect(teleport.authority("host")).toMatchObject({ phase: "standby", trusted: [] });
  });

  it("is left by a manual step", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    await teleport.ok("auth", "rotate", "--type=host", "--grace-period=60s");
    await teleport.ok("auth", "rotate", "--type=host", "--phase=update_clients", "--manual");
    await teleport.pass(300);
    expect(teleport.authority("host")).toMatchObject({ phase: "update_clients", mode: "manual" });
  });

  it("keeps its schedule on a fast sandbox's clock", async () => {
    const teleport = await TimelessTeleport.start({ release: "18", speed: 20 });
    await teleport.ok("auth", "rotate", "--type=host", "--grace-period=60s");
    await teleport.pass(0.9);
    expect(teleport.authority("host").phase).toBe("init");
    await teleport.pass(5);
    expect(teleport.authority("host").phase).toBe("standby");
  });
});
