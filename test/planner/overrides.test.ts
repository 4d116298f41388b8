import { beforeAll, describe, expect, it } from "vitest";
import { makePlan } from "../../src/planner/planner.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type { AuthorityResource, DesiredState, RotationResource } from "../../src/resources/model/desired.ts";
import type { LiveAuthority, LiveOverrides } from "../../src/rotation/observation.ts";
import { identify } from "../../src/rotation/observation.ts";
import type { OverridePlan } from "../../src/rotation/override-plan.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { GuardVerdict, Plan } from "../../src/rotation/plan.ts";
import { readOverrides } from "../../src/teleport/overrides/read-cluster.ts";
import { keyHashOf } from "../../src/x509/spki.ts";
import {
  authorityOf,
  CLUSTER,
  certify,
  crlOf,
  DAY,
  documentWith,
  type Issuer,
  keyHash,
  NOW,
  newKeys,
  teleportKey,
} from "../teleport/overrides/pki.ts";
import { cluster, memory, observation, rotation } from "../world/host-rotation.ts";

/** The reference's letters: enabled, disabled with certificate, disabled with key only, no entry. */
type Letter = "E" | "Dc" | "Dk" | "-";

/** One key of the CA and the certificate that an external CA signed for it. */
interface Key {
  readonly own: Issuer;
  readonly signed: Issuer;
  readonly crl: string;
  readonly hash: string;
}

let root: Issuer;
let old: Key;
let oldToo: Key;
let next: Key;
let nextToo: Key;

async function newKey(notAfter?: number, notBefore?: number): Promise<Key> {
  const own = await teleportKey();
  const dates = {
    ...(notAfter === undefined ? {} : { notAfter }),
    ...(notBefore === undefined ? {} : { notBefore }),
  };
  const signed = await certify(own.keys, root, dates);
  return { own, signed, crl: await crlOf(signed), hash: keyHash(own) };
}

beforeAll(async () => {
  root = await certify(await newKeys(), null, { subject: "CN=External Root", authorityKeyId: false });
  [old, oldToo, next, nextToo] = await Promise.all([newKey(), newKey(), newKey(), newKey()]);
});

const CHAIN = () => [root.pem];

function entryOf(key: Key, letter: Letter): readonly unknown[] {
  switch (letter) {
    case "-":
      return [];
    case "Dk":
      return [{ public_key: key.hash, disabled: true }];
    default:
      return [{ certificate: key.signed.pem, chain: CHAIN(), disabled: letter === "Dc" }];
  }
}

function documentOf(entries: readonly (readonly [Key, Letter])[]): unknown {
  const crls = entries.filter(([, letter]) => letter === "E" || letter === "Dc");
  return documentWith(
    entries.flatMap(([key, letter]) => entryOf(key, letter)),
    {
      status: {
        public_key_hash_to_crl: Object.fromEntries(crls.map(([{ hash, crl }]) => [hash, { pem: crl }])),
      },
    },
  );
}

function inGit(entries: readonly (readonly [Key, Letter])[]): unknown {
  return documentWith(entries.flatMap(([key, letter]) => entryOf(key, letter)));
}

interface World {
  readonly phase: Phase;
  readonly old: readonly Key[];
  readonly next?: readonly Key[];
  readonly live: readonly (readonly [Key, Letter])[];
  /** `null`: git has no resource. Left out: what is live. */
  readonly git?: unknown;
  readonly wants?: Phase | null;
  readonly rotation?: Partial<RotationResource>;
  readonly authority?: Partial<AuthorityResource>;
  readonly overrides?: LiveOverrides | null;
  readonly mode?: "manual" | "auto";
}

const subject = ({ hash }: Key) => `override/db_client/${hash}`;
const acknowledged = (...keys: readonly Key[]) =>
  keys.map((key) => ({ step: subject(key), who: "ada", note: null, evidence: null, at: null }));
const waived = (...keys: readonly Key[]) =>
  keys.map((key) => ({
    guard: "overrides",
    subject: subject(key),
    reason: "reviewed",
    expires: new Date(NOW + DAY).toISOString(),
  }));

async function planOf(world: World): Promise<Plan> {
  const { phase, live, wants = null } = world;
  const flipped = phase === "update_clients" || phase === "update_servers";
  const brought = world.next ?? [];
  const [active, trusted] = flipped ? [brought, world.old] : [world.old, brought];
  const ca = authorityOf(
    phase,
    active.map(({ own }) => own),
    trusted.map(({ own }) => own),
  );
  const authority: LiveAuthority = {
    ...ca,
    rotation: {
      ...ca.rotation,
      currentId: "id",
      mode: phase === "standby" ? null : (world.mode ?? "manual"),
    },
  };
  const retire = identify(
    authorityOf(
      phase,
      world.old.map(({ own }) => own),
    ).active,
  );
  const rotations: readonly RotationResource[] =
    wants === null
      ? []
      : [
          {
            ...rotation(wants),
            name: "db-client",
            cluster: CLUSTER,
            authorities: [{ type: "db_client", retire }],
            ...world.rotation,
          },
        ];
  const source = { file: "overrides.yaml", line: 1 };
  const desired: DesiredState = {
    clusters: [{ ...cluster(), name: CLUSTER }],
    authorities:
      world.authority === undefined
        ? []
        : [
            {
              cluster: CLUSTER,
              type: "db_client",
              source,
              activeKeys: retire,
              maxAgeMs: null,
              trustConsumers: [],
              ...world.authority,
            },
          ],
    rotations,
    overrides:
      world.git === null
        ? []
        : [{ cluster: CLUSTER, type: "db_client", source, document: world.git ?? inGit(live) }],
  };
  const listed: LiveOverrides = {
    state: "listed",
    documents: live.every(([, letter]) => letter === "-") ? [] : [documentOf(live)],
    spiffeIssuer: false,
  };
  // Every phase so far was verified: what is left to judge is the next move. Nobody noted what was overridden before.
  const remembered = {
    ...memory(phase),
    name: "db-client",
    authority: "db_client",
    current_id: "id",
    retire,
  };
  const overrides = world.overrides === undefined ? listed : world.overrides;
  const observed: ClusterObservation = {
    ...observation(phase, { authorities: [authority] }),
    cluster: CLUSTER,
    ...(overrides === null ? {} : { overrides }),
  };
  return makePlan({
    desired,
    observations: [observed],
    records:
      phase === "standby" ? [] : [{ format_version: "1.0", cluster: CLUSTER, rotations: [remembered] }],
    overrides: await readOverrides(desired.overrides, [observed]),
    commit: null,
    now: NOW,
  });
}

function overrideIn(plan: Plan): OverridePlan {
  const [override] = plan.clusters[0]?.overrides ?? [];
  if (override === undefined) throw new Error("the plan shows no override");
  return override;
}

function verdictIn(plan: Plan): GuardVerdict | undefined {
  return plan.clusters[0]?.rotations
    .flatMap(({ steps }) => steps)
    .flatMap(({ guards }) => guards)
    .find(({ id }) => id === "overrides");
}

/** Rows of reference 5.3 with one key each, and whether the next move forward is let through. */
const ROWS: readonly {
  readonly row: string;
  readonly phase: Phase;
  readonly old: Letter;
  readonly next?: Letter;
  readonly goal: Phase;
  readonly allowed: boolean;
  readonly given?: "trusted" | "waived";
}[] = [
  { row: "S0", phase: "standby", old: "-", goal: "init", allowed: true },
  { row: "S1", phase: "standby", old: "Dc", goal: "init", allowed: true },
  { row: "S2", phase: "standby", old: "E", goal: "init", allowed: true },
  { row: "I0", phase: "init", old: "-", next: "-", goal: "update_clients", allowed: true },
  { row: "I1", phase: "init", old: "E", next: "-", goal: "update_clients", allowed: false },
  { row: "I2", phase: "init", old: "E", next: "Dc", goal: "update_clients", allowed: false },
  { row: "I2", phase: "init", old: "E", next: "E", goal: "update_clients", allowed: false },
  { row: "I3", phase: "init", old: "E", next: "E", goal: "update_clients", allowed: true, given: "trusted" },
  { row: "I4", phase: "init", old: "E", next: "Dk", goal: "update_clients", allowed: false },
  { row: "I4", phase: "init", old: "E", next: "Dk", goal: "update_clients", allowed: true, given: "waived" },
  { row: "I5", phase: "init", old: "-", next: "Dc", goal: "update_clients", allowed: false },
  { row: "I5", phase: "init", old: "-", next: "E", goal: "update_clients", allowed: true, given: "trusted" },
  { row: "U1", phase: "update_clients", old: "E", next: "E", goal: "update_servers", allowed: true },
  { row: "U2", phase: "update_clients", old: "E", next: "-", goal: "update_servers", allowed: false },
  { row: "U2", phase: "update_clients", old: "E", next: "Dc", goal: "update_servers", allowed: false },
  { row: "U3", phase: "update_servers", old: "-", next: "E", goal: "standby", allowed: false },
  { row: "R1", phase: "rollback", old: "E", next: "E", goal: "rollback", allowed: true },
  { row: "R2", phase: "rollback", old: "Dc", next: "E", goal: "rollback", allowed: false },
];

describe("rows of the state table in a plan", () => {
  it.each(ROWS)("$row: $phase, OLD $old, NEW $next, $given → $goal", async (one) => {
    const plan = await planOf({
      phase: one.phase,
      old: [old],
      next: one.next === undefined ? [] : [next],
      live: [
        [old, one.old],
        [next, one.next ?? "-"],
      ],
      wants: one.goal,
      rotation: {
        acknowledge: one.given === "trusted" ? acknowledged(next) : [],
        waive: one.given === "waived" ? waived(next) : [],
      },
    });
    expect(overrideIn(plan).row).toBe(one.row);
    expect(verdictIn(plan)?.outcome).toBe(one.allowed ? "pass" : "fail");
  });

  it("S4: an orphan stands in the way of the next rotation, and is purged when git has no entry for it", async () => {
    const live = [
      [old, "E"],
      [oldToo, "E"],
    ] as const;
    const kept = await planOf({ phase: "standby", old: [old], live, wants: "init" });
    expect(overrideIn(kept).row).toBe("S4");
    expect(verdictIn(kept)?.findings).toMatchObject([{ subject: subject(oldToo) }]);
    const gone = await planOf({
      phase: "standby",
      old: [old],
      live,
      git: inGit([[old, "E"]]),
      wants: "init",
    });
    expect(overrideIn(gone).actions).toMatchObject([
      { purpose: "purge", key_hash: oldToo.hash, force: false },
    ]);
    expect(verdictIn(gone)?.outcome).toBe("pass");
  });

  it("automatic mode is refused for a CA with overrides", async () => {
    const plan = await planOf({
      phase: "init",
      old: [old],
      next: [next],
      live: [
        [old, "E"],
        [next, "E"],
      ],
      mode: "auto",
      wants: "update_clients",
      rotation: { acknowledge: acknowledged(next), mode: "auto" },
    });
    expect(verdictIn(plan)?.findings[0]?.message).toContain("rotates automatically");
  });
});

describe("two HSM keys", () => {
  it("three entries, one missing: blocked, and says which", async () => {
    const plan = await planOf({
      phase: "init",
      old: [old, oldToo],
      next: [next, nextToo],
      live: [
        [old, "E"],
        [oldToo, "E"],
        [next, "E"],
      ],
      wants: "update_clients",
      rotation: { acknowledge: acknowledged(next, nextToo) },
    });
    expect(plan.outcome).toBe("blocked");
    expect(overrideIn(plan).row).toBe("I6");
    expect(verdictIn(plan)?.findings.map((finding) => finding.subject)).toEqual([subject(nextToo)]);
    expect(overrideIn(plan).due).toMatchObject([
      { key_hash: nextToo.hash, command: `capstan override csr db_client --public-key ${nextToo.hash}` },
    ]);
  });

  it("one auth server has not brought its key yet: blocked", async () => {
    const plan = await planOf({
      phase: "init",
      old: [old, oldToo],
      next: [next],
      live: [
        [old, "E"],
        [oldToo, "E"],
        [next, "E"],
      ],
      wants: "update_clients",
      rotation: { acknowledge: acknowledged(next) },
    });
    expect(verdictIn(plan)?.outcome).toBe("fail");
    expect(overrideIn(plan).situation).toContain("Not every auth server");
  });
});

describe("what the cluster does not tell", () => {
  const ready = { phase: "standby", live: [], wants: "init" } as const;

  it("an older cluster: a note, and the rotation goes on", async () => {
    const note = "this tctl does not know certificate authority overrides";
    const plan = await planOf({ ...ready, old: [old], git: null, overrides: { state: "unsupported", note } });
    expect(overrideIn(plan).findings).toMatchObject([
      { severity: "info", code: "unsupported", message: note },
    ]);
    expect(verdictIn(plan)?.outcome).toBe("pass");
    const wanted = await planOf({
      ...ready,
      old: [old],
      git: inGit([[old, "E"]]),
      overrides: { state: "unsupported", note },
    });
    expect(overrideIn(wanted)).toMatchObject({ blocked: true, findings: [{ severity: "error" }] });
  });

  it("nobody may look: unknown, and unknown blocks", async () => {
    const plan = await planOf({ ...ready, old: [old], git: null, overrides: null });
    expect(verdictIn(plan)).toMatchObject({ outcome: "unknown" });
    expect(plan.outcome).toBe("blocked");
  });

  it("the older mechanism for SPIFFE is told and left alone", async () => {
    const overrides = { state: "listed", documents: [], spiffeIssuer: true } as const;
    const plan = await planOf({ ...ready, wants: null, old: [old], git: inGit([]), overrides });
    expect(overrideIn(plan).findings).toMatchObject([{ severity: "warning", code: "spiffe-issuer" }]);
  });
});

describe("statements of people", () => {
  const live = () => [[old, "E"]] as const;

  it("taking an entry out of force needs a waiver, and then uses force for this call alone", async () => {
    const git = inGit([[old, "Dc"]]);
    const without = await planOf({ phase: "standby", old: [old], live: live(), git });
    expect(overrideIn(without).blocked).toBe(true);
    const waive = waived(old);
    const withWaiver = await planOf({
      phase: "standby",
      old: [old],
      live: live(),
      git,
      authority: { waive },
    });
    expect(overrideIn(withWaiver)).toMatchObject({
      blocked: false,
      actions: [{ purpose: "disable", disabled: true, force: true, missing: [] }],
    });
  });

  it("enabling needs an acknowledgement", async () => {
    const world = { phase: "standby", old: [old], live: [[old, "Dc"]], git: inGit([[old, "E"]]) } as const;
    const without = overrideIn(await planOf(world));
    expect(without.blocked).toBe(true);
    expect(without.actions).toMatchObject([
      { missing: [{ statement: "acknowledgement", subject: subject(old) }] },
    ]);
    const acknowledge = acknowledged(old);
    const withIt = overrideIn(await planOf({ ...world, authority: { acknowledge } }));
    expect(withIt).toMatchObject({ blocked: false, actions: [{ purpose: "enable", missing: [] }] });
  });

  it("an entry that a rollback needs may not be touched before standby", async () => {
    const plan = await planOf({
      phase: "update_clients",
      old: [old],
      next: [next],
      live: [
        [old, "E"],
        [next, "E"],
      ],
      git: inGit([[next, "E"]]),
      wants: "update_servers",
    });
    expect(overrideIn(plan)).toMatchObject({ blocked: true });
    expect(overrideIn(plan).findings.map(({ code }) => code)).toContain("rollback-entry-touched");
    expect(verdictIn(plan)?.outcome).toBe("fail");
  });
});

describe("what a plan shows", () => {
  it("a renewed certificate field by field, sent without force and without the rest", async () => {
    const renewed = await certify(old.own.keys, root, { notAfter: NOW + 8 * 365 * DAY });
    const git = documentWith([{ certificate: renewed.pem, chain: CHAIN() }]);
    const plan = await planOf({ phase: "standby", old: [old], live: [[old, "E"]], git });
    const override = overrideIn(plan);
    expect(override.entries[0]?.fields.map(({ field }) => field)).toEqual([
      "serial",
      "notAfter",
      "certificate",
    ]);
    expect(override.actions).toMatchObject([{ purpose: "renew", certificate: renewed.pem, force: false }]);
    expect(Object.keys(override.actions[0] ?? {})).not.toContain("chain");
    expect(plan.outcome).toBe("ready");
  });

  it.each([
    ["half", "low", 49],
    ["a quarter", "medium", 24],
    ["an eighth", "high", 12],
  ])("a warning at %s of the life: %s", async (_, level, percentLeft) => {
    const life = 400 * DAY;
    const end = NOW + (life * percentLeft) / 100;
    const key = await newKey(end, end - life);
    const plan = await planOf({ phase: "standby", old: [key], live: [[key, "E"]] });
    expect(overrideIn(plan).findings).toMatchObject([{ severity: "warning", code: `expiry-${level}` }]);
    expect(plan.outcome).toBe("no_changes");
  });

  it("overrides that git does not manage, and the same guard for them", async () => {
    const plan = await planOf({
      phase: "init",
      old: [old],
      next: [next],
      live: [[old, "E"]],
      git: null,
      wants: "update_clients",
    });
    expect(overrideIn(plan)).toMatchObject({ managed: false, row: "I1", actions: [] });
    expect(verdictIn(plan)?.findings).toMatchObject([{ subject: subject(next) }]);
  });
});

it("keys are told apart by what the cluster lists", () => {
  expect(old.hash).toBe(keyHashOf(identify(authorityOf("standby", [old.own]).active)[0] ?? "sha256:"));
});
