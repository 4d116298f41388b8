import type { KindProgress, Laggard, RunEvent } from "../../../src/apply/event.ts";
import { keyMoves } from "../../../src/planner/step-keys.ts";
import { verdictOf } from "../../../src/planner/verdict.ts";
import type { ComponentKind, Fingerprint, LiveComponent } from "../../../src/rotation/observation.ts";
import type { Edge, Phase } from "../../../src/rotation/phase.ts";
import type {
  ClusterPlan,
  GuardId,
  GuardVerdict,
  KeyPlan,
  Plan,
  RotationPlan,
  Step,
} from "../../../src/rotation/plan.ts";
import type { GitDiff } from "../../../src/views/tui/state.ts";

/** A made-up company: the data of all screen tests and of the pictures in docs/. */

const OLD: Fingerprint = `sha256:9c34${"5ad1".repeat(15)}`;
const NEW: Fingerprint = `sha256:41f7${"e02b".repeat(15)}`;
export const NOW = Date.parse("2026-11-21T10:30:00Z");

const WORDS: Readonly<Record<string, Pick<Step, "why" | "disrupts" | "undo">>> = {
  init: {
    why: "A new key is made and trusted beside the old one. It signs nothing yet.",
    disrupts: "nothing",
    undo: "roll back: the new key is dropped",
  },
  update_clients: {
    why: "The new key signs from now on; components fetch new client certificates. Both keys are trusted.",
    disrupts: "agents before v17 restart their connections; operators log in again",
    undo: "roll back: the old key signs again",
  },
  update_servers: {
    why: "Components present certificates of the new key as servers. Both keys are trusted.",
    disrupts: "agents before v17 restart; who does not trust the new key cannot connect",
    undo: "roll back: the old key signs again",
  },
  standby: {
    why: "The old key is dropped. Whatever still depends on it is cut off.",
    disrupts: "every certificate of the old key stops working",
    undo: "cannot be undone; a way back is a new rotation",
  },
  rollback: {
    why: "The old key signs again; components fetch certificates from it. Both keys are trusted.",
    disrupts: "components that had moved to the new key restart or reconnect",
    undo: "not needed: the next step ends the rollback",
  },
};

/** What a Teleport step is judged by, most of the time. */
const JUDGED: readonly GuardId[] = [
  "phase-order",
  "mode",
  "foreign-rotation",
  "exclusive",
  "roster",
  "components-ready",
  "trusted-clusters",
  "trust-consumers",
  "credentials",
  "soak",
  "backup",
  "version",
];

function passing(): readonly GuardVerdict[] {
  return JUDGED.map((id) => ({
    id,
    outcome: "pass",
    findings: [],
    waived: [],
  }));
}

export function failing(
  id: GuardVerdict["id"],
  subjects: readonly string[],
  outcome: "fail" | "unknown" = "fail",
): readonly GuardVerdict[] {
  const findings = subjects.map((subject) => ({
    subject,
    message: "is at init, not update_clients",
    remedy: "start it and wait until it follows; if it is gone for good, waive `roster` for this subject",
  }));
  return [...passing().filter((guard) => guard.id !== id), { id, outcome, findings, waived: [] }];
}

export function step(name: string, authority: string, { from, to }: Edge, more: Partial<Step> = {}): Step {
  const final = from === "update_servers" && to === "standby";
  return {
    id: `${name}/${authority}/${from}-${to}`,
    action: "rotate",
    authority,
    from,
    to,
    why: "",
    disrupts: "nothing",
    undo: "",
    ...WORDS[to],
    reversible: !final,
    point_of_no_return: final,
    after: null,
    checklist: [],
    guards: passing(),
    ...more,
  };
}

function key(
  fingerprint: Fingerprint,
  role: KeyPlan["role"],
  status: KeyPlan["status"],
  authority = "host",
): KeyPlan {
  return {
    authority,
    fingerprint,
    role,
    status,
    protocol: "tls",
    algorithm: "ECDSA P-256",
    storage: "software",
    certificate: {
      subject: "CN=acme.cluster,O=acme.cluster",
      issuer: "CN=acme.cluster,O=acme.cluster",
      serial: role === "introduced" ? "7f3a90c2" : "1d04be77",
      notBefore: role === "introduced" ? "2026-11-20T08:00:00Z" : "2020-03-01T00:00:00Z",
      notAfter: role === "introduced" ? "2036-11-17T08:00:00Z" : "2030-02-27T00:00:00Z",
    },
  };
}

export function rotation(name: string, more: Partial<RotationPlan> = {}): RotationPlan {
  const authority = more.authorities?.[0] ?? "host";
  const plan: RotationPlan = {
    name,
    authorities: [authority],
    live_phase: "init",
    desired_phase: "update_clients",
    standing: "in_progress",
    notes: [],
    consumers: [],
    ca_pins: null,
    checklist: [],
    keys: [key(OLD, "retiring", "active", authority), key(NEW, "introduced", "trusted", authority)],
    steps: [step(name, authority, { from: "init", to: "update_clients" })],
    ...more,
  };
  const steps = plan.steps.map((one) => ({ ...one, keys: keyMoves(one, plan.live_phase, plan.keys, null) }));
  return { ...plan, steps };
}

export function planOf(
  clusters: readonly (Pick<ClusterPlan, "name" | "rotations"> & Partial<ClusterPlan>)[],
  more: Partial<Plan> = {},
): Plan {
  const plan: Omit<Plan, "verdict"> = {
    format_version: "1.1",
    fingerprint: `sha256:${"f0".repeat(32)}`,
    outcome: "ready",
    commit: "3f9a1c20d4be77a1c0ffee00aa55d1e2f3b4c5d6",
    clusters: clusters.map((cluster) => ({
      platform: "teleport",
      fingerprint: null,
      problem: null,
      wave: null,
      hold: null,
      overrides: [],
      drift: [],
      ...cluster,
    })),
    ...more,
  };
  return { verdict: verdictOf(plan), ...plan };
}

/** One ordinary step, everything passes. */
export const READY_PLAN = planOf([{ name: "acme.cluster", rotations: [rotation("host-2026-11")] }]);

/** The last step of a rotation, which cannot be undone. */
export const FINAL_PLAN = planOf([
  {
    name: "acme.cluster",
    rotations: [
      rotation("host-2026-11", {
        live_phase: "update_servers",
        desired_phase: "standby",
        keys: [key(OLD, "retiring", "trusted"), key(NEW, "introduced", "active")],
        steps: [step("host-2026-11", "host", { from: "update_servers", to: "standby" })],
      }),
    ],
  },
]);

/** Three clusters: one to be approved, with work for people and an override; one blocked; one as it should be. */
export const BUSY_PLAN: Plan = {
  ...planOf([
    {
      name: "acme.cluster",
      rotations: [
        walk("host-2026-11", "host"),
        rotation("db-2026-11", {
          authorities: ["db", "db_client"],
          consumers: [
            {
              authority: "db_client",
              consumer: "orders-db",
              kind: "postgres",
              uses: "old",
              trusts: { old: "yes", new: "no" },
              detail: "its certificate request names CN=acme.cluster",
            },
          ],
          keys: [key(OLD, "retiring", "active", "db_client"), key(NEW, "introduced", "trusted", "db_client")],
          steps: [
            step("db-2026-11", "db", { from: "init", to: "update_clients" }),
            step(
              "db-2026-11",
              "db_client",
              { from: "init", to: "update_clients" },
              {
                guards: failing("overrides", ["override/db_client"]).map((guard) =>
                  guard.id === "overrides"
                    ? {
                        ...guard,
                        findings: [
                          {
                            subject: "override/db_client",
                            message:
                              "the new key has no enabled override: databases that trust only the external root would go dark",
                            remedy: "capstan override csr, have it signed, then capstan override add",
                          },
                        ],
                      }
                    : guard,
                ),
                checklist: [
                  {
                    id: "db_client/init/trust-both",
                    do: "Make every self-hosted database trust the old and the new CA",
                    why: "they check the client certificates of the Database Service",
                    verify: "capstan status shows each consumer as trusting both",
                    commands: ["capstan artifacts --out trust"],
                    artifacts: ["db_client/ca-bundle.pem"],
                    required: true,
                    state: "open",
                    by: null,
                    note: null,
                  },
                  {
                    id: "db_client/init/reload",
                    do: "Reload the databases",
                    why: "they read the bundle at start",
                    verify: "",
                    commands: [],
                    artifacts: [],
                    required: true,
                    state: "done",
                    by: "Ana Ruiz",
                    note: "all three, one after the other",
                  },
                ],
              },
            ),
          ],
        }),
      ],
    },
    {
      name: "edge-west.acme.example",
      rotations: [
        rotation("host-west", {
          live_phase: "update_clients",
          desired_phase: "update_servers",
          keys: [key(OLD, "retiring", "trusted"), key(NEW, "introduced", "active")],
          steps: [
            step(
              "host-west",
              "host",
              { from: "update_clients", to: "update_servers" },
              {
                guards: failing("roster", ["node/web-17", "node/web-18", "proxy/gate-2"]),
              },
            ),
          ],
        }),
      ],
    },
    {
      name: "lab",
      rotations: [
        rotation("host-lab", {
          live_phase: "standby",
          desired_phase: "standby",
          standing: "finished",
          steps: [],
        }),
      ],
    },
  ]),
  outcome: "blocked",
  verdict: "blocked",
};

function walk(name: string, authority: string): RotationPlan {
  const phases: readonly Phase[] = ["init", "update_clients", "update_servers", "standby"];
  const edges = phases.slice(1).map((to, index): Edge => ({ from: phases[index] ?? "init", to }));
  const id = ({ from, to }: Edge) => `${name}/${authority}/${from}-${to}`;
  return rotation(name, {
    desired_phase: "standby",
    notes: [],
    steps: edges.map((edge, index) => {
      const before = edges[index - 1];
      return step(
        name,
        authority,
        edge,
        before === undefined ? { guards: waiving() } : { after: id(before), guards: [] },
      );
    }),
  });
}

function waiving(): readonly GuardVerdict[] {
  return passing().map((guard) =>
    guard.id === "roster"
      ? {
          ...guard,
          waived: [
            {
              subject: "node/build-03",
              message: "has not announced itself for 52 minutes (last at standby)",
              remedy: "start it",
              reason: "scrapped on Tuesday, see OPS-411",
              expires: "2026-12-01",
            },
          ],
        }
      : guard,
  );
}

export const DIFF: GitDiff = {
  commit: "3f9a1c20d4be77a1c0ffee00aa55d1e2f3b4c5d6",
  author: "Ana Ruiz <ana@acme.example>",
  authoredAt: "2026-11-21T09:58:12Z",
  subject: "Finish the host rotation, start that of db",
  text: `diff --git a/rotations/host.yaml b/rotations/host.yaml
index 2b1c9d3..8e0f4aa 100644
--- a/rotations/host.yaml
+++ b/rotations/host.yaml
@@ -4,6 +4,7 @@ metadata: { name: host-2026-11 }
 spec:
   cluster: acme.cluster
   authorities:
     - { type: host, retire: [sha256:9c345ad1…] }
-  phase: init
+  phase: standby
+  strategy: walk
   acknowledge: []
`,
};

export function components(
  count: number,
  kind: ComponentKind = "node",
  phase: Phase = "init",
): readonly LiveComponent[] {
  return Array.from({ length: count }, (_, index) => ({
    kind,
    id: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
    name: `web-${index}`,
    phase,
    currentId: "r1",
    version: "18.2.1",
    expires: null,
  }));
}

export const COMPONENTS = new Map([
  ["acme.cluster", [...components(2, "auth_server"), ...components(3, "proxy"), ...components(120)]],
  [
    "edge-west.acme.example",
    [...components(1, "auth_server", "update_clients"), ...components(40, "node", "update_clients")],
  ],
]);

const TOTALS = { auth_server: 2, proxy: 3, node: 120, db_server: 8 } as const satisfies Partial<
  Record<ComponentKind, number>
>;

/** The events of a whole apply of `plan`, one second apart unless components are waited for. */
export function runOf(plan: Plan, startAt = NOW): readonly RunEvent[] {
  const events: RunEvent[] = [];
  let now = startAt;
  const say = (
    event: RunEvent extends infer Event ? (Event extends RunEvent ? Omit<Event, "at"> : never) : never,
    ms = 1_000,
  ) => {
    events.push({ at: new Date(now).toISOString(), ...event } as RunEvent);
    now += ms;
  };
  say({ type: "plan", plan });
  for (const { name: cluster, rotations } of plan.clusters) {
    for (const { name, steps } of rotations) {
      for (const one of steps) {
        const { authority, to } = one;
        say({ type: "step-started", cluster, rotation: name, step: one });
        say({ type: "transition-requested", cluster, authority, to }, 2_400);
        say({ type: "transition-observed", cluster, authority, phase: to });
        const [since, deadline] = [new Date(now).toISOString(), new Date(now + 600_000).toISOString()];
        for (const part of [0.1, 0.35, 0.6, 0.8, 0.94, 1]) {
          const progress = Object.entries(TOTALS).map(
            ([kind, total]): KindProgress => ({
              kind: kind as ComponentKind,
              total,
              ready: Math.min(total, Math.floor(total * part * (kind === "node" ? 1 : 1.6))),
            }),
          );
          say(
            {
              type: "waiting",
              cluster,
              authority,
              phase: to,
              deadline,
              progress,
              laggards: laggards(progress, one.from, to, since),
            },
            20_000,
          );
        }
        say({ type: "step-verified", cluster, rotation: name, step: one });
      }
    }
  }
  say({ type: "finished", outcome: "applied", message: "everything that was planned is done" });
  return events;
}

export function laggards(
  progress: readonly KindProgress[],
  at: Phase,
  phase: Phase,
  since: string,
): readonly Laggard[] {
  return progress.flatMap(({ kind, ready, total }) =>
    Array.from({ length: total - ready }, (_, index) => ({
      subject: `${kind}/${kind === "node" ? "web" : kind}-${ready + index + 1}`,
      message: `is at ${at}, not ${phase}`,
      since,
    })),
  );
}
