import { describe, expect, it } from "vitest";
import { type Edge, legalNext, PHASES, type Phase } from "../../../src/rotation/phase.ts";
import {
  type CaSituation,
  COVERAGES,
  coverageOf,
  type SituationFacts,
} from "../../../src/teleport/overrides/ca-situation.ts";
import {
  classify,
  judgeEdge,
  mayAdvance,
  mayRollBack,
  subjectOf,
} from "../../../src/teleport/overrides/judge-edge.ts";
import type { RowId, RowVerdict } from "../../../src/teleport/overrides/state-row.ts";
import { rowFor, STATE_TABLE } from "../../../src/teleport/overrides/state-table.ts";
import { NEW, OLD, ORPHAN, situation } from "./situations.ts";

const none = new Set<string>();
const wasE = new Set<string>([OLD[0]]);

/** Where a forward move out of each phase leads. */
const FORWARD: Readonly<Record<Phase, Phase>> = {
  standby: "init",
  init: "update_clients",
  update_clients: "update_servers",
  update_servers: "standby",
  rollback: "standby",
};

const forward = ({ phase }: CaSituation): Edge => ({ from: phase, to: FORWARD[phase] });

interface Case {
  readonly says: string;
  readonly row: RowId;
  readonly verdict: RowVerdict;
  readonly given: CaSituation;
  readonly advance: boolean;
  /** `null`: there is nothing to roll back. */
  readonly rollBack: boolean | null;
}

const CASES: readonly Case[] = [
  {
    says: "nothing",
    row: "S0",
    verdict: "ok",
    given: situation("standby", ["-"]),
    advance: true,
    rollBack: null,
  },
  {
    says: "key recorded as waived",
    row: "S0",
    verdict: "ok",
    given: situation("standby", ["Dk"]),
    advance: true,
    rollBack: null,
  },
  {
    says: "staged",
    row: "S1",
    verdict: "ok",
    given: situation("standby", ["Dc"]),
    advance: true,
    rollBack: null,
  },
  {
    says: "staged for one of two keys",
    row: "S1",
    verdict: "ok",
    given: situation("standby", ["Dc", "-"]),
    advance: true,
    rollBack: null,
  },
  {
    says: "enabled",
    row: "S2",
    verdict: "ok",
    given: situation("standby", ["E"]),
    advance: true,
    rollBack: null,
  },
  {
    says: "enabled for both HSM keys",
    row: "S2",
    verdict: "ok",
    given: situation("standby", ["E", "E"]),
    advance: true,
    rollBack: null,
  },
  {
    says: "enabled for one of two keys",
    row: "S3",
    verdict: "blocked",
    given: situation("standby", ["E", "-"]),
    advance: false,
    rollBack: null,
  },
  {
    says: "enabled and waived",
    row: "S3",
    verdict: "blocked",
    given: situation("standby", ["E", "Dk"]),
    advance: false,
    rollBack: null,
  },
  {
    says: "mixed, and an orphan",
    row: "S3",
    verdict: "blocked",
    given: situation("standby", ["E", "Dc"], [], { orphan: "E" }),
    advance: false,
    rollBack: null,
  },
  {
    says: "an orphan",
    row: "S4",
    verdict: "cleanup",
    given: situation("standby", ["E"], [], { orphan: "E" }),
    advance: false,
    rollBack: null,
  },
  {
    says: "an orphan of a plain CA",
    row: "S4",
    verdict: "cleanup",
    given: situation("standby", ["-"], [], { orphan: "Dc", lastRotation: "finished" }),
    advance: false,
    rollBack: null,
  },
  {
    says: "OLD left after a rotation",
    row: "P1",
    verdict: "cleanup",
    given: situation("standby", ["E"], [], { orphan: "E", lastRotation: "finished" }),
    advance: false,
    rollBack: null,
  },
  {
    says: "NEW left after a rollback",
    row: "P2",
    verdict: "cleanup",
    given: situation("standby", ["E"], [], { orphan: "Dc", lastRotation: "rolled_back" }),
    advance: false,
    rollBack: null,
  },

  {
    says: "plain rotation",
    row: "I0",
    verdict: "ok",
    given: situation("init", ["-"], ["-"]),
    advance: true,
    rollBack: true,
  },
  {
    says: "OLD only staged",
    row: "I0",
    verdict: "ok",
    given: situation("init", ["Dc"], ["-"]),
    advance: true,
    rollBack: true,
  },
  {
    says: "both waived",
    row: "I0",
    verdict: "ok",
    given: situation("init", ["Dk"], ["Dk"]),
    advance: true,
    rollBack: true,
  },
  {
    says: "OLD E, NEW absent",
    row: "I1",
    verdict: "blocked",
    given: situation("init", ["E"], ["-"]),
    advance: false,
    rollBack: true,
  },
  {
    says: "OLD E, NEW's key not there yet",
    row: "I1",
    verdict: "blocked",
    given: situation("init", ["E"], []),
    advance: false,
    rollBack: true,
  },
  {
    says: "OLD E, NEW E but gone from git",
    row: "I1",
    verdict: "blocked",
    given: situation("init", ["E"], ["E"], { withdrawn: true }),
    advance: false,
    rollBack: true,
  },
  {
    says: "OLD E, NEW staged",
    row: "I2",
    verdict: "blocked",
    given: situation("init", ["E"], ["Dc"]),
    advance: false,
    rollBack: true,
  },
  {
    says: "OLD E, NEW E without CRL",
    row: "I2",
    verdict: "blocked",
    given: situation("init", ["E"], ["E"], { withCrl: none }),
    advance: false,
    rollBack: true,
  },
  {
    says: "OLD E, NEW E, trust not acknowledged",
    row: "I2",
    verdict: "blocked",
    given: situation("init", ["E"], ["E"], { trustAcknowledged: none }),
    advance: false,
    rollBack: true,
  },
  {
    says: "OLD E, NEW E and expired",
    row: "I2",
    verdict: "blocked",
    given: situation("init", ["E"], ["E"], { faulty: new Set(NEW) }),
    advance: false,
    rollBack: true,
  },
  {
    says: "OLD E, NEW E, armed",
    row: "I3",
    verdict: "ready",
    given: situation("init", ["E"], ["E"]),
    advance: true,
    rollBack: true,
  },
  {
    says: "two HSM keys, armed",
    row: "I3",
    verdict: "ready",
    given: situation("init", ["E", "E"], ["E", "E"]),
    advance: true,
    rollBack: true,
  },
  {
    says: "one HSM key for two, by declaration",
    row: "I3",
    verdict: "ready",
    given: situation("init", ["E", "E"], ["E"], { expectedKeys: 1 }),
    advance: true,
    rollBack: true,
  },
  {
    says: "OLD E, NEW Dk",
    row: "I4",
    verdict: "only-by-waiver",
    given: situation("init", ["E"], ["Dk"]),
    advance: false,
    rollBack: true,
  },
  {
    says: "OLD E, NEW Dk, waived",
    row: "I4",
    verdict: "only-by-waiver",
    given: situation("init", ["E"], ["Dk"], { waived: new Set(NEW) }),
    advance: true,
    rollBack: true,
  },
  {
    says: "HSM, NEW E and Dk",
    row: "I4",
    verdict: "only-by-waiver",
    given: situation("init", ["E", "E"], ["E", "Dk"]),
    advance: false,
    rollBack: true,
  },
  {
    says: "HSM, NEW E without CRL and Dk",
    row: "I2",
    verdict: "blocked",
    given: situation("init", ["E", "E"], ["E", "Dk"], { withCrl: none }),
    advance: false,
    rollBack: true,
  },
  {
    says: "adoption, armed",
    row: "I5",
    verdict: "ready",
    given: situation("init", ["-"], ["E"]),
    advance: true,
    rollBack: true,
  },
  {
    says: "adoption, staged",
    row: "I5",
    verdict: "blocked",
    given: situation("init", ["-"], ["Dc"]),
    advance: false,
    rollBack: true,
  },
  {
    says: "adoption, not trusted",
    row: "I5",
    verdict: "blocked",
    given: situation("init", ["Dc"], ["E"], { trustAcknowledged: none }),
    advance: false,
    rollBack: true,
  },
  {
    says: "HSM, one of two new keys",
    row: "I6",
    verdict: "blocked",
    given: situation("init", ["E", "E"], ["E", "-"]),
    advance: false,
    rollBack: true,
  },
  {
    says: "HSM, staged and absent",
    row: "I6",
    verdict: "blocked",
    given: situation("init", ["E", "E"], ["Dc", "-"]),
    advance: false,
    rollBack: true,
  },
  {
    says: "HSM, second key not there yet",
    row: "I6",
    verdict: "blocked",
    given: situation("init", ["E", "E"], ["E"]),
    advance: false,
    rollBack: true,
  },
  {
    says: "the operator wants out",
    row: "I7",
    verdict: "ok",
    given: situation("init", ["-"], ["E"], { withdrawn: true }),
    advance: false,
    rollBack: true,
  },

  {
    says: "nothing overridden",
    row: "U0",
    verdict: "ok",
    given: situation("update_clients", ["-"], ["-"]),
    advance: true,
    rollBack: true,
  },
  {
    says: "nothing overridden before, NEW staged",
    row: "U0",
    verdict: "ok",
    given: situation("update_clients", ["-"], ["Dc"], { overriddenBefore: none }),
    advance: true,
    rollBack: true,
  },
  {
    says: "both overridden",
    row: "U1",
    verdict: "ok",
    given: situation("update_clients", ["E"], ["E"]),
    advance: true,
    rollBack: true,
  },
  {
    says: "both overridden, later",
    row: "U1",
    verdict: "ok",
    given: situation("update_servers", ["E"], ["E"], { overriddenBefore: wasE }),
    advance: true,
    rollBack: true,
  },
  {
    says: "NEW absent",
    row: "U2",
    verdict: "incident",
    given: situation("update_clients", ["E"], ["-"]),
    advance: false,
    rollBack: true,
  },
  {
    says: "NEW staged",
    row: "U2",
    verdict: "incident",
    given: situation("update_servers", ["E"], ["Dc"]),
    advance: false,
    rollBack: true,
  },
  {
    says: "one of two new keys",
    row: "U2",
    verdict: "incident",
    given: situation("update_clients", ["E", "E"], ["E", "-"]),
    advance: false,
    rollBack: true,
  },
  {
    says: "both gone",
    row: "U2",
    verdict: "incident",
    given: situation("update_clients", ["-"], ["-"], { overriddenBefore: wasE }),
    advance: false,
    rollBack: false,
  },
  {
    says: "OLD deleted",
    row: "U3",
    verdict: "blocked",
    given: situation("update_clients", ["-"], ["E"], { overriddenBefore: wasE }),
    advance: false,
    rollBack: false,
  },
  {
    says: "OLD disabled",
    row: "U3",
    verdict: "blocked",
    given: situation("update_servers", ["Dc"], ["E"]),
    advance: false,
    rollBack: false,
  },
  {
    says: "OLD absent, and no record",
    row: "U3",
    verdict: "blocked",
    given: situation("update_clients", ["-"], ["E"]),
    advance: false,
    rollBack: false,
  },
  {
    says: "one of two OLD entries deleted",
    row: "U3",
    verdict: "blocked",
    given: situation("update_clients", ["E", "-"], ["E", "E"]),
    advance: false,
    rollBack: false,
  },
  {
    says: "NEW is no good",
    row: "U4",
    verdict: "incident",
    given: situation("update_clients", ["E"], ["E"], { faulty: new Set(NEW) }),
    advance: false,
    rollBack: true,
  },
  {
    says: "NEW is no good, OLD deleted",
    row: "U4",
    verdict: "incident",
    given: situation("update_clients", ["-"], ["E"], { faulty: new Set(NEW), overriddenBefore: wasE }),
    advance: false,
    rollBack: false,
  },
  {
    says: "adoption under way",
    row: "U5",
    verdict: "ok",
    given: situation("update_clients", ["-"], ["E"], { overriddenBefore: none }),
    advance: true,
    rollBack: true,
  },
  {
    says: "gone on by waiver, reason still there",
    row: "U6",
    verdict: "only-by-waiver",
    given: situation("update_clients", ["E"], ["Dk"], { waived: new Set(NEW) }),
    advance: true,
    rollBack: true,
  },
  {
    says: "gone on by waiver, waiver gone",
    row: "U6",
    verdict: "only-by-waiver",
    given: situation("update_clients", ["E"], ["Dk"]),
    advance: false,
    rollBack: true,
  },

  {
    says: "plain",
    row: "R0",
    verdict: "ok",
    given: situation("rollback", ["-"], ["-"]),
    advance: true,
    rollBack: true,
  },
  {
    says: "adoption rolled back",
    row: "R0",
    verdict: "ok",
    given: situation("rollback", ["-"], ["E"], { overriddenBefore: none }),
    advance: true,
    rollBack: true,
  },
  {
    says: "OLD in force again",
    row: "R1",
    verdict: "ok",
    given: situation("rollback", ["E"], ["E"]),
    advance: true,
    rollBack: true,
  },
  {
    says: "OLD deleted",
    row: "R2",
    verdict: "incident",
    given: situation("rollback", ["-"], ["E"], { overriddenBefore: wasE }),
    advance: false,
    rollBack: true,
  },
  {
    says: "OLD disabled",
    row: "R2",
    verdict: "incident",
    given: situation("rollback", ["Dc"], ["-"]),
    advance: false,
    rollBack: true,
  },
];

describe("every row of the state table", () => {
  it.each(CASES)("$given.phase $row: $says", ({ row, verdict, given, advance, rollBack }) => {
    const found = classify(given);
    expect(found).toMatchObject({ id: row, verdict });
    expect(found.sentence).toMatch(/\.$/);

    const judged = judgeEdge(given, forward(given), "db_client");
    expect(judged.allowed).toBe(advance);
    expect(judged.findings.length > 0).toBe(!advance);
    for (const { subject, message, remedy } of judged.findings) {
      expect(subject).toMatch(/^(override\/db_client\/[0-9a-f]{64}|authority\/db_client)$/);
      expect(message).not.toBe("");
      expect(remedy).not.toBe("");
    }
    expect(found.advance || found.forbidden.length > 0).toBe(true);

    if (rollBack === null) return;
    const back = mayRollBack(given, "db_client");
    expect(back.allowed).toBe(rollBack);
    if (given.phase !== "rollback") {
      expect(judgeEdge(given, { from: given.phase, to: "rollback" }, "db_client")).toEqual(back);
    }
  });

  it("is reached by a case above", () => {
    const reached = new Set(CASES.map(({ given }) => classify(given)));
    expect(
      STATE_TABLE.filter((row) => !reached.has(row)).map(({ id, sentence }) => `${id} ${sentence}`),
    ).toEqual([]);
  });

  it("has the rows of the reference, and three more", () => {
    const ids = "S0 S1 S2 S3 S4 I0 I1 I2 I3 I4 I5 I6 I7 U0 U1 U2 U3 U4 U5 U6 R0 R1 R2 P1 P2".split(" ");
    expect([...new Set(STATE_TABLE.map(({ id }) => id))].sort()).toEqual(ids.sort());
  });
});

describe("the table as a whole", () => {
  const flags = [false, true];

  it("has a row for every combination of facts", () => {
    const without: SituationFacts[] = [];
    let seen = 0;
    for (const phase of PHASES)
      for (const old of COVERAGES)
        for (const next of COVERAGES)
          for (const lastRotation of [null, "finished", "rolled_back"] as const)
            for (let bits = 0; bits < 128; bits += 1) {
              const [orphans, armed, allKeysThere, withdrawn, faulty, wasOverridden, wayBack] = Array.from(
                { length: 7 },
                (_, bit) => flags[(bits >> bit) & 1] ?? false,
              ) as [boolean, boolean, boolean, boolean, boolean, boolean, boolean];
              const facts: SituationFacts = {
                phase,
                old,
                next,
                lastRotation,
                orphans,
                armed,
                allKeysThere,
                withdrawn,
                faulty,
                wasOverridden,
                wayBack,
              };
              if (!rowFor(facts).when.phases.includes(phase)) without.push(facts);
              seen += 1;
            }
    expect(without).toEqual([]);
    expect(seen).toBe(5 * 7 * 7 * 3 * 128);
  });

  it("never lets an overridden CA advance to a key without an override, unless every such key is waived", () => {
    const letters = ["E", "Dc", "Dk", "-"] as const;
    for (const one of letters)
      for (const two of letters)
        for (const waived of [none, new Set<string>([NEW[0]]), new Set<string>(NEW)]) {
          const given = situation("init", ["E", "E"], [one, two], { waived });
          const { allowed } = mayAdvance(given, forward(given), "db_client");
          const covered = [one, two].every(
            (letter, index) => letter === "E" || (letter === "Dk" && waived.has(NEW[index] ?? "")),
          );
          expect(allowed, `${one} ${two}`).toBe(covered);
        }
  });

  it("says what it was asked when no row fits, which the test above rules out", () => {
    const facts = { phase: "elsewhere" } as unknown as SituationFacts;
    expect(() => rowFor(facts)).toThrow(/no row for .*elsewhere/);
  });
});

describe("findings of the guard", () => {
  it("names the one HSM key that has no override", () => {
    const given = situation("init", ["E", "E"], ["E", "-"]);
    const { findings } = mayAdvance(given, forward(given), "db_client");
    expect(findings).toMatchObject([{ subject: subjectOf("db_client", NEW[1]), message: "has no override" }]);
    expect(findings[0]?.remedy).toContain("CSR");
  });

  it("says what an enabled entry lacks", () => {
    const given = situation("init", ["E"], ["E"], {
      withCrl: none,
      trustAcknowledged: none,
      faulty: new Set(NEW),
    });
    const { findings } = mayAdvance(given, forward(given), "windows");
    expect(findings.map(({ message }) => message)).toEqual([
      "has an enabled override, which has a certificate with errors, has no revocation list yet, is not acknowledged as trusted downstream",
    ]);
  });

  it("speaks of the authority when a key is not there to be named", () => {
    const given = situation("init", ["E", "E"], ["E"]);
    expect(mayAdvance(given, forward(given), "db_client").findings).toMatchObject([
      { subject: "authority/db_client", message: "Not every auth server has added its new key yet." },
    ]);
  });

  it("names the orphans before a rotation starts", () => {
    const given = situation("standby", ["E"], [], { orphan: "E" });
    expect(mayAdvance(given, forward(given), "db_client").findings).toMatchObject([
      { subject: subjectOf("db_client", ORPHAN) },
    ]);
  });

  it("names the old keys that a rollback would miss, and how to get them back", () => {
    const given = situation("update_clients", ["E", "-"], ["E", "E"]);
    const { allowed, findings } = mayRollBack(given, "db_client");
    expect(allowed).toBe(false);
    expect(findings).toMatchObject([{ subject: subjectOf("db_client", OLD[1]) }]);
    expect(findings[0]?.remedy).toContain("put the entry of this key back");
  });

  it("allows the rollback again once OLD's entry is restored", () => {
    const lost = situation("update_clients", ["-"], ["E"], { overriddenBefore: wasE });
    const restored = situation("update_clients", ["E"], ["E"], { overriddenBefore: wasE });
    expect([lost, restored].map((given) => mayRollBack(given, "db_client").allowed)).toEqual([false, true]);
  });

  it("refuses automatic mode for a CA with overrides, in every row, and for no other", () => {
    for (const { given } of CASES) {
      const overridden = [...given.entries.values()].some((state) => state !== "waived");
      const { allowed, findings } = mayAdvance({ ...given, mode: "auto" }, forward(given), "db_client");
      expect(findings.some(({ message }) => message.includes("automatically"))).toBe(overridden);
      if (overridden) expect(allowed).toBe(false);
    }
  });

  it("lets a phase hold unless it is an incident", () => {
    for (const { given, verdict } of CASES) {
      const { allowed } = judgeEdge(given, { from: given.phase, to: given.phase }, "db_client");
      expect(allowed).toBe(verdict !== "incident");
    }
  });

  it("judges every legal edge of every case", () => {
    for (const { given } of CASES)
      for (const to of legalNext(given.phase)) {
        const { allowed, findings } = judgeEdge(given, { from: given.phase, to }, "db_client");
        expect(allowed).toBe(findings.length === 0);
      }
  });
});

describe("coverage of a set of keys", () => {
  const [one, two, three] = ["1", "2", "3"];
  const over = (states: Record<string, "enabled" | "staged" | "waived">) =>
    coverageOf([one ?? "", two ?? "", three ?? ""], new Map(Object.entries(states)));

  it.each([
    [{}, "none"],
    [{ "1": "enabled", "2": "enabled", "3": "enabled" }, "enabled"],
    [{ "1": "staged", "2": "staged", "3": "staged" }, "staged"],
    [{ "1": "waived", "2": "waived", "3": "waived" }, "waived"],
    [{ "1": "enabled", "2": "waived", "3": "enabled" }, "covered"],
    [{ "1": "enabled", "2": "waived" }, "partial"],
    [{ "1": "enabled" }, "partial"],
    [{ "1": "staged", "2": "waived" }, "unfinished"],
  ] as const)("%j is %s", (states, coverage) => expect(over(states)).toBe(coverage));

  it("of no key at all is none", () => expect(coverageOf([], new Map())).toBe("none"));
});
