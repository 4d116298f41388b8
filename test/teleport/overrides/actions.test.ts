import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { legalNext, PHASES, type Phase } from "../../../src/rotation/phase.ts";
import { planActions } from "../../../src/teleport/overrides/actions.ts";
import { type CaKeys, endsForward, generations } from "../../../src/teleport/overrides/ca-keys.ts";
import {
  type CaOverride,
  emptyOverride,
  entryStatesOf,
  type OverrideEntry,
} from "../../../src/teleport/overrides/ca-override.ts";
import type { CaSituation } from "../../../src/teleport/overrides/ca-situation.ts";
import { keysWithCrl } from "../../../src/teleport/overrides/crl.ts";
import { faultyKeys } from "../../../src/teleport/overrides/faulty-keys.ts";
import { judgeEdge } from "../../../src/teleport/overrides/judge-edge.ts";
import type { ActionInputs } from "../../../src/teleport/overrides/key-role.ts";
import type { OverrideAction } from "../../../src/teleport/overrides/override-action.ts";
import type { Certificate } from "../../../src/x509/certificate.ts";
import type { KeyHash } from "../../../src/x509/spki.ts";
import { BOUND, CLUSTER, certify, type Issuer, NOW, newKeys, parse, teleportKey } from "./pki.ts";
import { call, type Stored, type StoredEntry } from "./server-model.ts";

/** Two keys of each generation, and one that is gone; two certificates for each, with different subjects. */
interface Pool {
  readonly old: readonly KeyHash[];
  readonly next: readonly KeyHash[];
  readonly gone: KeyHash;
  readonly certificates: ReadonlyMap<KeyHash, readonly Certificate[]>;
  readonly chains: readonly (readonly Certificate[])[];
}

let pool: Pool;

beforeAll(async () => {
  const root = await certify(await newKeys(), null, { subject: "CN=Root" });
  const issuing = await certify(await newKeys(), root, { subject: "CN=Issuing" });
  const keys: Issuer[] = [];
  for (let count = 0; count < 5; count += 1) keys.push(await teleportKey());
  const certificates = await Promise.all(
    keys.map(async ({ keys: own }) => [
      parse((await certify(own, issuing)).pem),
      parse((await certify(own, issuing, { subject: `O=${CLUSTER}, CN=second` })).pem),
    ]),
  );
  const hashes = certificates.map(([first]) => first?.keyHash ?? "");
  const [a = "", b = "", c = "", d = "", e = ""] = hashes;
  pool = {
    old: [a, b],
    next: [c, d],
    gone: e,
    certificates: new Map(certificates.map((list, index) => [hashes[index] ?? "", list])),
    chains: [[], [parse(issuing.pem)], [parse(issuing.pem), parse(root.pem)]],
  };
});

type Shape = {
  readonly letter: "E" | "Dc" | "Dk";
  readonly certificate: number;
  readonly chain: number;
} | null;

const shape: fc.Arbitrary<Shape> = fc.option(
  fc.record({
    letter: fc.constantFrom("E", "Dc", "Dk"),
    certificate: fc.nat({ max: 1 }),
    chain: fc.nat({ max: 2 }),
  }),
);

const slots = fc.tuple(shape, shape, shape, shape, shape);

const scene = fc
  .record({
    phase: fc.constantFrom(...PHASES),
    live: slots,
    desired: slots,
    keep: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean()),
    goneHasCrl: fc.boolean(),
    far: fc.boolean(),
  })
  .chain(({ phase, far, ...rest }) =>
    fc.record({
      phase: fc.constant(phase),
      // One step, none, no rotation at all, or a walk to the end.
      goal: fc.constantFrom<Phase | null>(null, phase, far ? "standby" : phase, ...legalNext(phase)),
      rest: fc.constant(rest),
    }),
  );

type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

function overrideOf(
  shapes: readonly Shape[],
  hashes: readonly KeyHash[],
  withCrl: ReadonlySet<KeyHash>,
): CaOverride {
  const entries = new Map<KeyHash, OverrideEntry>();
  for (const [index, found] of shapes.entries()) {
    const keyHash = hashes[index];
    if (found === null || keyHash === undefined) continue;
    const where = `spec.certificate_overrides[${entries.size}]`;
    const certificate = pool.certificates.get(keyHash)?.[found.certificate];
    entries.set(
      keyHash,
      found.letter === "Dk" || certificate === undefined
        ? { keyHash, where, state: "waived", certificate: null, chain: [] }
        : {
            keyHash,
            where,
            state: found.letter === "E" ? "enabled" : "staged",
            certificate,
            chain: pool.chains[found.chain] ?? [],
          },
    );
  }
  const crls = [...entries.values()].flatMap(({ keyHash, certificate }) =>
    certificate === null || !withCrl.has(keyHash)
      ? []
      : [
          [
            keyHash,
            {
              issuer: certificate.subject,
              thisUpdate: new Date(NOW - 1000).toISOString(),
              nextUpdate: new Date(BOUND).toISOString(),
              signatureValid: true,
            },
          ] as const,
        ],
  );
  return { ...emptyOverride(CLUSTER, "db_client"), entries, crls: new Map(crls) };
}

function contextOf({ phase, goal, rest }: Scene): ActionInputs {
  const { live, desired, keep, goneHasCrl } = rest;
  const flipped = phase === "update_clients" || phase === "update_servers";
  const { old, next, gone } = pool;
  const additional = phase === "standby" ? [] : flipped ? old : next;
  const keys: CaKeys = { active: flipped ? next : old, additional };
  // At standby the keys of the other generation are gone as well, and their entries orphans.
  const hashes = [...old, ...next, gone];
  const orphaned = (hash: KeyHash) => ![...keys.active, ...keys.additional].includes(hash);
  const withCrl = new Set(hashes.filter((hash) => !orphaned(hash) || goneHasCrl));
  const wished = desired.map((found, index) => (keep[index] ? (live[index] ?? null) : found));
  return {
    phase,
    goal,
    keys,
    now: NOW,
    live: overrideOf(live, hashes, withCrl),
    desired: overrideOf(wished, hashes, new Set()),
  };
}

function storedOf({ live, keys }: ActionInputs): Stored {
  return { keys, entries: storedEntries(live), crls: new Set(live.crls.keys()) };
}

function storedEntries({ entries }: CaOverride): ReadonlyMap<KeyHash, StoredEntry> {
  return new Map(
    [...entries].map(([hash, { state, certificate, chain }]) => [
      hash,
      { state, certificate: certificate?.pem ?? null, chain: chain.map(({ pem }) => pem) },
    ]),
  );
}

function run(stored: Stored, actions: readonly OverrideAction[]): Stored {
  return actions.reduce((state, action) => {
    const next = call(state, action);
    if (typeof next === "string") throw new Error(`${action.purpose} ${action.keyHash.slice(0, 8)}: ${next}`);
    return next;
  }, stored);
}

/** The server after the last step of the rotation: NEW signs alone. */
function finished(context: ActionInputs, stored: Stored): Stored {
  return { ...stored, keys: { active: generations(context.phase, context.keys).next, additional: [] } };
}

const RUNS = { numRuns: 1500 };

describe("actions against a model of the server", () => {
  it("bring the cluster to what git says, and never trip a check", () => {
    fc.assert(
      fc.property(scene, (given) => {
        const context = contextOf(given);
        const { actions, refused } = planActions(context);
        if (refused.some(({ code }) => code === "crl-impossible")) {
          expect(actions).toEqual([]);
          return;
        }
        const now = actions.filter(({ moment }) => moment === "now");
        const later = actions.filter(({ moment }) => moment === "after-standby");
        if (later.length > 0) expect(endsForward(context.phase, context.goal)).toBe(true);
        const between = run(storedOf(context), now);
        const after = later.length === 0 ? between : run(finished(context, between), later);
        const wanted = storedEntries(context.desired);
        const lived = storedEntries(context.live);
        const blocked = new Set(
          refused.map(({ where }) =>
            where.startsWith("key ")
              ? where.slice("key ".length)
              : ([...context.desired.entries.values()].find((entry) => entry.where === where)?.keyHash ?? ""),
          ),
        );
        for (const hash of new Set([...wanted.keys(), ...lived.keys()])) {
          expect(after.entries.get(hash)).toEqual(blocked.has(hash) ? lived.get(hash) : wanted.get(hash));
        }
      }),
      RUNS,
    );
  });

  it("use force only where the server refuses without it, and never without a waiver", () => {
    fc.assert(
      fc.property(scene, (given) => {
        const context = contextOf(given);
        let stored = storedOf(context);
        for (const action of planActions(context).actions.filter(({ moment }) => moment === "now")) {
          if (action.force) {
            expect(action.needs).toContain("waiver");
            expect(call(stored, action, { force: false })).toMatch(/^Attempt to (disable|delete) enabled/);
          }
          stored = run(stored, [action]);
        }
      }),
      RUNS,
    );
  });

  it("without any waiver, take nothing out of force and leave OLD alone during a rotation", () => {
    fc.assert(
      fc.property(scene, (given) => {
        const context = contextOf(given);
        const stuck = new Set<KeyHash>();
        const free = planActions(context).actions.filter(({ needs, keyHash, moment }) => {
          if (needs.includes("waiver")) stuck.add(keyHash);
          return moment === "now" && !stuck.has(keyHash);
        });
        const after = run(storedOf(context), free);
        const needed =
          context.phase === "standby"
            ? context.keys.active
            : [...context.keys.active, ...generations(context.phase, context.keys).old];
        for (const hash of needed) {
          const before = storedEntries(context.live).get(hash);
          if (before?.state !== "enabled") continue;
          expect(after.entries.get(hash)?.state).toBe("enabled");
          if (context.phase !== "standby" && generations(context.phase, context.keys).old.includes(hash)) {
            expect(after.entries.get(hash)).toEqual(before);
          }
        }
      }),
      RUNS,
    );
  });

  it("never take an entry out of force in the same run as a phase step", () => {
    fc.assert(
      fc.property(scene, (given) => {
        const context = contextOf(given);
        const { actions } = planActions(context);
        if (context.goal === null || context.goal === context.phase) return;
        const after = run(
          storedOf(context),
          actions.filter(({ moment }) => moment === "now"),
        );
        for (const hash of context.keys.active) {
          if (context.live.entries.get(hash)?.state === "enabled") {
            expect(after.entries.get(hash)?.state).toBe("enabled");
          }
        }
      }),
      RUNS,
    );
  });

  it("plan nothing for what is already so, in any phase", () => {
    fc.assert(
      fc.property(scene, (given) => {
        const context = contextOf(given);
        expect(planActions({ ...context, desired: context.live })).toEqual({ actions: [], refused: [] });
      }),
      RUNS,
    );
  });

  it("enable only after the revocation list, stage before, purge last", () => {
    fc.assert(
      fc.property(scene, (given) => {
        const { actions } = planActions(contextOf(given));
        const at = (purpose: OverrideAction["purpose"], keyHash: KeyHash) =>
          actions.findIndex((action) => action.purpose === purpose && action.keyHash === keyHash);
        for (const { purpose, keyHash } of actions) {
          const [stage, crl, enable] = [
            at("stage", keyHash),
            at("await-crl", keyHash),
            at("enable", keyHash),
          ];
          if (purpose === "enable" && stage >= 0) expect(stage).toBeLessThan(crl);
          if (purpose === "enable" && crl >= 0) expect(crl).toBeLessThan(enable);
        }
        const purposes = actions.map(({ purpose }) => purpose);
        const firstPurge = purposes.indexOf("purge");
        if (firstPurge >= 0) {
          expect(
            purposes.slice(firstPurge).every((purpose) => purpose === "purge" || purpose === "retire"),
          ).toBe(true);
        }
      }),
      RUNS,
    );
  });
});

/** The safe procedure of reference 5.4, as far as it is data: git, actions, guard, phases; the model answers. */
describe("a rotation of an overridden CA", () => {
  const E = { letter: "E", certificate: 0, chain: 1 } as const;
  const Dc = { ...E, letter: "Dc" } as const;
  type Commit = { readonly old: Shape; readonly next: Shape; readonly goal: Phase; readonly trusts: boolean };

  function cluster() {
    const [old = ""] = pool.old;
    const [next = ""] = pool.next;
    const hashes = [old, next];
    let phase: Phase = "standby";
    let stored: Stored = { keys: { active: [old], additional: [] }, entries: new Map(), crls: new Set() };
    const live = () => {
      const shapes = hashes.map((hash): Shape => {
        const state = stored.entries.get(hash)?.state;
        return state === "enabled" ? E : state === "staged" ? Dc : null;
      });
      return overrideOf(shapes, hashes, stored.crls);
    };
    const commit = ({ old: first, next: second, goal, trusts }: Commit) => {
      const desired = overrideOf([first, second], hashes, new Set());
      const { actions, refused } = planActions({
        desired,
        live: live(),
        keys: stored.keys,
        phase,
        goal,
        now: NOW,
      });
      expect(refused).toEqual([]);
      expect(actions.filter(({ needs, force }) => force || needs.includes("waiver"))).toEqual([]);
      const ready = actions.filter(({ needs }) => trusts || !needs.includes("trust"));
      stored = run(
        stored,
        ready.filter(({ moment }) => moment === "now"),
      );
      const given: CaSituation = {
        phase,
        keys: stored.keys,
        entries: entryStatesOf(live()),
        withCrl: keysWithCrl(live(), NOW),
        trustAcknowledged: trusts ? new Set(hashes) : new Set(),
        waived: new Set(),
        faulty: faultyKeys(live(), NOW),
        overriddenBefore: new Set(phase === "standby" ? [] : [old]),
        expectedKeys: 1,
        lastRotation: null,
        withdrawn: false,
        mode: "manual",
      };
      const { allowed, row } = judgeEdge(given, { from: phase, to: goal }, "db_client");
      if (allowed && goal !== phase) {
        phase = goal;
        const flipped = phase === "update_clients" || phase === "update_servers";
        const finishes = given.phase === "update_servers" && phase === "standby";
        stored = {
          ...stored,
          keys: {
            active: flipped || finishes ? [next] : [old],
            additional: phase === "standby" ? [] : flipped ? [old] : [next],
          },
        };
        stored = run(
          stored,
          ready.filter(({ moment }) => moment === "after-standby"),
        );
      }
      return `${row.id} ${phase}${allowed ? "" : " blocked"}`;
    };
    return {
      commit,
      entries: () => [...entryStatesOf(live())].map(([hash, state]) => [hash === old ? "old" : "new", state]),
    };
  }

  it("goes from standby to standby by commits, and ends with the new override alone", () => {
    const { commit, entries } = cluster();
    expect(commit({ old: E, next: null, goal: "standby", trusts: false })).toBe("S1 standby");
    expect(commit({ old: E, next: null, goal: "standby", trusts: true })).toBe("S2 standby");
    expect(commit({ old: E, next: null, goal: "init", trusts: true })).toBe("S2 init");
    expect(commit({ old: E, next: null, goal: "update_clients", trusts: true })).toBe("I1 init blocked");
    expect(commit({ old: E, next: Dc, goal: "update_clients", trusts: true })).toBe("I2 init blocked");
    expect(commit({ old: E, next: E, goal: "update_clients", trusts: false })).toBe("I2 init blocked");
    expect(commit({ old: E, next: E, goal: "update_clients", trusts: true })).toBe("I3 update_clients");
    expect(commit({ old: E, next: E, goal: "update_servers", trusts: true })).toBe("U1 update_servers");
    expect(commit({ old: null, next: E, goal: "standby", trusts: true })).toBe("U1 standby");
    expect(entries()).toEqual([["new", "enabled"]]);
  });

  it("comes back from update_clients with the old override in force, and nothing left of the new", () => {
    const { commit, entries } = cluster();
    commit({ old: E, next: null, goal: "init", trusts: true });
    commit({ old: E, next: E, goal: "update_clients", trusts: true });
    expect(commit({ old: E, next: E, goal: "rollback", trusts: true })).toBe("U1 rollback");
    expect(commit({ old: E, next: null, goal: "standby", trusts: true })).toBe("R1 standby");
    expect(entries()).toEqual([["old", "enabled"]]);
  });
});

describe("actions, by example", () => {
  const E = { letter: "E", certificate: 0, chain: 1 } as const;
  const Dc = { ...E, letter: "Dc" } as const;
  const Dk = { ...E, letter: "Dk" } as const;

  /** One key of each generation; letters as in the reference. */
  function plan(
    phase: Phase,
    live: { readonly old?: Shape; readonly next?: Shape; readonly gone?: Shape },
    desired: { readonly old?: Shape; readonly next?: Shape; readonly gone?: Shape },
    more: { readonly goal?: Phase | null; readonly withoutCrl?: boolean } = {},
  ) {
    const [old = ""] = pool.old;
    const [next = ""] = pool.next;
    const hashes = [old, next, pool.gone];
    const flipped = phase === "update_clients" || phase === "update_servers";
    const shapes = ({ old: o = null, next: n = null, gone = null }: typeof live) => [o, n, gone];
    const { actions, refused } = planActions({
      phase,
      goal: more.goal ?? null,
      now: NOW,
      keys: {
        active: flipped ? [next] : [old],
        additional: phase === "standby" ? [] : flipped ? [old] : [next],
      },
      live: overrideOf(shapes(live), hashes, new Set(more.withoutCrl ? [] : hashes)),
      desired: overrideOf(shapes(desired), hashes, new Set()),
    });
    const nameOf = (hash: KeyHash) => ["old", "next", "gone"][hashes.indexOf(hash)];
    return {
      actions,
      refused: refused.map(({ code }) => code),
      steps: actions.map(({ purpose, keyHash, force, needs }) =>
        [purpose, nameOf(keyHash), ...needs, force ? "force" : ""].join(" ").trim(),
      ),
    };
  }

  it("adopts: stage, revocation list, enable when trusted", () => {
    const { steps, actions } = plan("standby", {}, { old: E });
    expect(steps).toEqual(["stage old", "await-crl old", "enable old trust"]);
    expect(actions[0]).toMatchObject({
      call: "create-override",
      certificate: expect.stringContaining("BEGIN"),
    });
    expect(actions[2]).toMatchObject({ call: "update-override", set: { disabled: false } });
  });

  it("enables what is staged without waiting, if its revocation list is there", () => {
    expect(plan("standby", { old: Dc }, { old: E }).steps).toEqual(["enable old trust"]);
    expect(plan("standby", { old: Dc }, { old: E }, { withoutCrl: true }).steps).toEqual([
      "await-crl old",
      "enable old trust",
    ]);
  });

  it("renews in place, with the chain only where it differs", () => {
    const renewed = plan("standby", { old: E }, { old: { ...E, certificate: 1 } });
    expect(renewed.steps).toEqual(["renew old"]);
    expect(Object.keys(renewed.actions[0]?.call === "update-override" ? renewed.actions[0].set : {})).toEqual(
      ["certificate"],
    );
    const cleared = plan("standby", { old: E }, { old: { ...E, certificate: 1, chain: 0 } });
    expect(cleared.actions[0]).toMatchObject({ set: { certificate: expect.any(String), chain: [] } });
    const longer = plan("standby", { old: E }, { old: { ...E, chain: 2 } });
    expect(Object.keys(longer.actions[0]?.call === "update-override" ? longer.actions[0].set : {})).toEqual([
      "chain",
    ]);
  });

  it("retires a live override in two calls, the first by waiver and force", () => {
    expect(plan("standby", { old: E }, {}).steps).toEqual(["disable old waiver force", "delete old waiver"]);
    expect(plan("standby", { old: E }, { old: Dk }).steps).toEqual([
      "disable old waiver force",
      "delete old waiver",
      "waive old",
    ]);
  });

  it("changes certificate and state of a staged entry in the safe order", () => {
    expect(plan("standby", { old: Dc }, { old: { ...E, certificate: 1 } }).steps).toEqual([
      "renew old",
      "await-crl old",
      "enable old trust",
    ]);
    const both = plan("standby", { old: E }, { old: { ...Dc, certificate: 1 } });
    expect(both.steps).toEqual(["disable old waiver force"]);
    expect(both.actions[0]).toMatchObject({ set: { certificate: expect.any(String), disabled: true } });
  });

  it("records a waived key, and gives it a certificate later", () => {
    const waive = plan("init", { old: E }, { old: E, next: Dk });
    expect(waive.steps).toEqual(["waive next"]);
    expect(waive.actions[0]).toMatchObject({ call: "create-override", certificate: null });
    expect(plan("init", { old: E, next: Dk }, { old: E, next: E }).steps).toEqual([
      "renew next",
      "await-crl next",
      "enable next trust",
    ]);
    expect(plan("init", { old: E, next: Dc }, { old: E, next: Dk }).steps).toEqual([
      "delete next",
      "waive next",
    ]);
  });

  it("arms the new key before the step, and withdraws it freely", () => {
    expect(plan("init", { old: E }, { old: E, next: E }, { goal: "update_clients" }).steps).toEqual([
      "stage next",
      "await-crl next",
      "enable next trust",
    ]);
    expect(plan("init", { old: E, next: E }, { old: E }).steps).toEqual(["delete next"]);
    expect(plan("init", { old: E, next: E }, { old: E, next: Dc }).steps).toEqual(["disable next"]);
  });

  it("touches OLD during a rotation only by waiver, and puts it back without", () => {
    expect(plan("update_clients", { old: E, next: E }, { next: E }).steps).toEqual(["delete old waiver"]);
    expect(plan("update_clients", { old: E, next: E }, { old: Dc, next: E }).steps).toEqual([
      "disable old waiver",
    ]);
    expect(plan("init", { old: E }, { old: { ...E, certificate: 1 } }).steps).toEqual(["renew old waiver"]);
    expect(plan("update_clients", { next: E }, { old: E, next: E }).steps).toEqual([
      "stage old",
      "await-crl old",
      "enable old",
    ]);
    expect(plan("rollback", { old: Dc }, { old: E }).steps).toEqual(["enable old"]);
  });

  it("deletes OLD's entry after the last step, when the same commit asks for it", () => {
    const { actions, steps } = plan("update_servers", { old: E, next: E }, { next: E }, { goal: "standby" });
    expect(steps).toEqual(["retire old"]);
    expect(actions[0]).toMatchObject({ moment: "after-standby", call: "delete-override", force: false });
  });

  it("purges orphans last, and first of all those that block every other write", () => {
    expect(plan("standby", { gone: E }, { old: Dc }).steps).toEqual([
      "stage old",
      "await-crl old",
      "purge gone",
    ]);
    expect(plan("standby", { gone: E }, { old: Dc }, { withoutCrl: true }).steps).toEqual([
      "unblock gone",
      "stage old",
      "await-crl old",
    ]);
    expect(plan("standby", { gone: Dk }, {}).steps).toEqual(["purge gone"]);
  });

  it("refuses everything when stuck orphans make every call fail", () => {
    const hashes = [...pool.old, pool.gone, ...pool.next];
    const context = {
      phase: "standby",
      goal: null,
      now: NOW,
      keys: { active: pool.old, additional: [] },
      live: overrideOf([null, null, E, E], hashes, new Set()),
      desired: overrideOf([Dc], hashes, new Set()),
    } as const;
    const { actions, refused } = planActions(context);
    expect(actions).toEqual([]);
    expect(refused).toMatchObject([{ code: "crl-impossible" }, { code: "crl-impossible" }]);
    expect(refused[0]?.remedy).toBe("remove all 2 such entries at once with `tctl edit`");

    const kept = {
      ...context,
      live: overrideOf([null, null, E], hashes, new Set()),
      desired: overrideOf([Dc, null, E], hashes, new Set()),
    };
    expect(planActions(kept).refused).toMatchObject([{ remedy: "remove the entry from the repository" }]);
  });

  it("refuses what no call can do", () => {
    expect(plan("standby", {}, { gone: E }).refused).toEqual(["key-unknown"]);
    expect(plan("standby", { gone: Dc }, { gone: E }).refused).toEqual(["orphan-enabled"]);
    expect(plan("standby", { gone: E }, { gone: { ...E, certificate: 1 } }).refused).toEqual([
      "orphan-edited",
    ]);
    expect(plan("standby", { gone: E }, { gone: Dc }).steps).toEqual(["disable gone"]);
  });

  it("refuses to mix a live disable with a phase step, and new entries with a rollback", () => {
    expect(plan("standby", { old: E }, {}, { goal: "init" }).refused).toEqual(["disable-with-phase-step"]);
    expect(
      plan("update_clients", { old: E, next: E }, { old: E, next: Dc }, { goal: "update_servers" }).refused,
    ).toEqual(["disable-with-phase-step"]);
    expect(plan("rollback", { old: E }, { old: E, next: Dc }).refused).toEqual(["rollback-new-entry"]);
    expect(plan("rollback", { old: E, next: Dc }, { old: E, next: E }).refused).toEqual([
      "rollback-new-entry",
    ]);
    expect(plan("rollback", { old: E, next: E }, { old: E }, { goal: "standby" }).steps).toEqual([
      "delete next",
    ]);
  });

  it("does nothing at all when either side cannot be understood", () => {
    const base = {
      phase: "standby",
      goal: null,
      now: NOW,
      keys: { active: pool.old, additional: [] },
      live: overrideOf([E], pool.old, new Set()),
      desired: emptyOverride(CLUSTER, "db_client"),
    } as const;
    const half = { ...base.desired, complete: false };
    expect(planActions({ ...base, desired: half })).toMatchObject({
      actions: [],
      refused: [{ code: "document-invalid" }],
    });
    expect(planActions({ ...base, live: { ...base.live, complete: false } })).toMatchObject({
      actions: [],
      refused: [{ code: "live-unreadable" }],
    });
  });
});
