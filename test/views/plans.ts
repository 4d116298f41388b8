import { makePlan } from "../../src/planner/planner.ts";
import { verdictOf } from "../../src/planner/verdict.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type { ConsumerObservation } from "../../src/rotation/observation.ts";
import type { OverridePlan } from "../../src/rotation/override-plan.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { ChecklistItem, ClusterPlan, Plan, Step } from "../../src/rotation/plan.ts";
import { emptyRecord } from "../../src/rotation/record.ts";
import { effectOf } from "../../src/teleport/override-plans/effects.ts";
import type { KeyHash } from "../../src/x509/spki.ts";
import {
  ago,
  authority,
  CLUSTER,
  component,
  components,
  desired,
  key,
  memory,
  NEW,
  NOW,
  OLD,
  OTHER,
  observation,
  rotation,
} from "../world/host-rotation.ts";

/** Plans that the planner really makes, one for each thing that a reader must not overlook. */

const COMMIT = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";
const PLAN_FINGERPRINT = `sha256:${"f0".repeat(32)}`;

function planOf(
  live: Phase,
  wanted: Phase,
  observed: Partial<ClusterObservation> = {},
  changes: Parameters<typeof rotation>[1] = {},
): Plan {
  return makePlan({
    desired: desired([rotation(wanted, changes)]),
    observations: [observation(live, observed)],
    records: [{ ...emptyRecord(CLUSTER), rotations: live === "standby" ? [] : [memory(live)] }],
    commit: COMMIT,
    now: NOW,
  });
}

export function nothingToDo(): Plan {
  return planOf("init", "init");
}

export function ready(): Plan {
  return planOf("init", "update_clients");
}

export function walk(): Plan {
  return planOf("standby", "standby", {}, { strategy: "walk" });
}

export function pointOfNoReturn(): Plan {
  return planOf("update_servers", "standby");
}

export function blocked(): Plan {
  const following = components("init").filter(({ name }) => name !== "node2");
  return planOf("init", "update_clients", {
    components: following.map((one) => (one.name === "node3" ? { ...one, phase: "standby" as const } : one)),
    authorities: [
      authority("init"),
      { ...authority("update_clients"), type: "user", active: [key(OTHER)], trusted: [] },
    ],
    unread: [{ what: "proxies", problem: 'access denied to perform action "list" on "proxy"' }],
  });
}

/** A node that nobody waits for, by review. */
export function waived(subject = "node/node9"): Plan {
  const stray = component("node", "node9", { phase: "init", currentId: "another" });
  const waiver = {
    guard: "components-ready",
    subject: "node/id-of-node9",
    reason: "is replaced on Friday",
    expires: ago(-2_000),
  };
  return planOf(
    "init",
    "update_clients",
    { components: [...components("init"), stray] },
    { waive: [{ ...waiver, subject }, ...(subject === waiver.subject ? [] : [waiver])] },
  );
}

/** The same, by a waiver that a pull request brings, which also changes what runs. */
export function waivedByPullRequest(): Plan {
  return {
    ...waived(),
    base: {
      commit: COMMIT,
      connections: [
        {
          subject: CLUSTER,
          field: "spec.teleport.tctl",
          does: "runs",
          from: "tctl",
          to: "./tctl-wrapped --debug",
          message: `${CLUSTER} runs \`./tctl-wrapped --debug\` in place of \`tctl\` (spec.teleport.tctl)`,
        },
      ],
      changes: [`${CLUSTER}: rotation host-2026-11 waives components-ready for node/node9`],
      findings: [],
      waivers: [
        { cluster: CLUSTER, resource: "host-2026-11", guard: "components-ready", subject: "node/node9" },
      ],
    },
  };
}

export function rollingBack(): Plan {
  return planOf("update_clients", "rollback");
}

/** Everything is done; git names the old key, and says what explains it. */
export function finished(): Plan {
  return makePlan({
    desired: {
      ...desired([rotation("standby")]),
      authorities: [
        {
          cluster: CLUSTER,
          type: "host",
          source: { file: "host.yaml", line: 1 },
          activeKeys: [OLD],
          maxAgeMs: null,
          trustConsumers: [],
        },
      ],
    },
    observations: [
      observation("standby", {
        authorities: [authority("standby", { active: [key(NEW)], trusted: [] })],
      }),
    ],
    records: [
      {
        ...emptyRecord(CLUSTER),
        rotations: [memory("update_servers", { state: "finished", ended_at: ago(5) })],
      },
    ],
    commit: COMMIT,
    now: NOW,
  });
}

/** One cluster could not be read. */
export function incomplete(): Plan {
  const plan = makePlan({
    desired: desired([rotation("update_clients")]),
    observations: [observation("init")],
    records: [{ ...emptyRecord(CLUSTER), rotations: [memory("init")] }],
    unread: [
      {
        name: "edge.acme.cluster",
        platform: "teleport",
        problem: {
          code: "not-trusted-yet",
          message: "is new in this pull request, and dials edge.acme.cluster:443, which nobody has allowed",
          remedy: "it is planned after the merge; or add the address to `addresses` first",
        },
      },
    ],
    commit: COMMIT,
    now: NOW,
  });
  return plan;
}

/** An entry of the key that signs is enabled: from then on databases meet another issuer. */
export function overrideEnabled(): Plan {
  const plan = planOf("standby", "standby");
  const key_hash = OLD.slice("sha256:".length) as KeyHash;
  const override: OverridePlan = {
    authority: "db_client",
    managed: true,
    row: "S1",
    situation: "An override is staged; the self-signed certificate is in use.",
    entries: [
      {
        key_hash,
        key: "active",
        change: "changed",
        state: "staged",
        state_wanted: "enabled",
        subject: "CN=acme db client,O=Acme",
        issuer: "CN=Corporate Issuing",
        not_before: "2026-11-20T00:00:00Z",
        not_after: "2027-11-20T00:00:00Z",
        chain: ["CN=Corporate Issuing, until 1 January 2030, sha256 5e5e5e5e5e5e5e5e"],
        crl: true,
        fields: [{ field: "state", from: "staged", to: "enabled" }],
      },
    ],
    actions: [
      {
        id: `override/db_client/${key_hash}/update-override/enable`,
        key_hash,
        call: "update-override",
        purpose: "enable",
        why: "git wants this entry in force",
        ...effectOf({ purpose: "enable", keyHash: key_hash }, { active: [key_hash] }, { entries: new Map() }),
        moment: "now",
        force: false,
        disabled: false,
        missing: [],
      },
    ],
    due: [],
    findings: [],
    blocked: false,
  };
  const clusters = plan.clusters.map((cluster) => ({ ...cluster, rotations: [], overrides: [override] }));
  return { ...plan, outcome: "ready", verdict: verdictOf({ outcome: "ready", clusters }), clusters };
}

/** As probes, the table of work, the overrides guard and drift say it. */
export function overridesDue(): Plan {
  const plan = ready();
  const items: readonly ChecklistItem[] = [
    {
      id: "db_client/init/trust-both",
      do: "Let every database trust both CAs",
      why: "The Database Service shows certificates of the new key from update_clients on.",
      verify: "`openssl verify` accepts a certificate of each CA",
      commands: ["capstan artifacts --cluster acme.cluster"],
      artifacts: ["trust.pem"],
      required: true,
      state: "done",
      by: "alice",
      note: "postgres/orders restarted",
    },
    {
      id: "db_client/init/sign-override",
      do: "Have the corporate CA sign the new key",
      why: "An enabled override of the old key does not carry over to the new one.",
      verify: "`capstan plan` shows the override as enabled",
      commands: ["capstan override csr db_client"],
      artifacts: ["csr/new.pem", "csr/old.pem"],
      required: true,
      state: "open",
      by: null,
      note: null,
    },
    {
      id: "db_client/init/tell-people",
      do: "Tell whoever runs databases outside this cluster",
      why: "They look at their clocks.",
      verify: "They know",
      commands: [],
      artifacts: [],
      required: false,
      state: "open",
      by: null,
      note: null,
    },
  ];
  const consumers: readonly ConsumerObservation[] = [
    {
      authority: "db_client",
      consumer: "orders",
      kind: "postgres",
      uses: "old",
      trusts: { old: "yes", new: "no" },
      detail: "its ssl_ca_file has one certificate of CN=acme|corp",
    },
  ];
  const overrides: readonly OverridePlan[] = [
    {
      authority: "db_client",
      managed: true,
      row: "I1",
      situation: "the new key has no override",
      entries: [
        {
          key_hash: NEW.slice("sha256:".length) as KeyHash,
          key: "additional",
          change: "added",
          state: "absent",
          state_wanted: "staged",
          subject: "CN=acme db client,O=Acme|Corp",
          issuer: "CN=Corporate Root",
          not_before: "2026-11-20T00:00:00Z",
          not_after: "2027-11-20T00:00:00Z",
          chain: [],
          crl: false,
          fields: [],
        },
      ],
      actions: [],
      due: [],
      findings: [],
      blocked: true,
    },
  ];
  const finding = {
    subject: "authority/db_client",
    message: "has a new key without an override: sha256:1b1b1b1b",
    remedy: "`capstan override csr db_client`, have it signed, then `capstan override add`",
  };
  const due = { id: "overrides" as const, outcome: "fail" as const, waived: [], findings: [finding] };
  const changed = changedSteps(plan, (step) => ({
    ...step,
    guards: step.guards.map((guard) => (guard.id === "mode" ? due : guard)),
  }));
  return {
    ...changed,
    outcome: "blocked",
    verdict: "blocked",
    clusters: changed.clusters.map((cluster) => ({
      ...cluster,
      overrides,
      drift: [
        {
          id: "max-age",
          subject: `key/${OTHER}`,
          message: "signs for db since 1 January 2021, longer than max_age allows",
          remedy: "`capstan rotate start db`",
          blocks: false,
        },
      ],
      rotations: cluster.rotations.map((one) => ({ ...one, checklist: items, consumers })),
    })),
  };
}

/** A rotation that a guard holds, beside a change of override entries that nothing does. */
export function blockedInPart(): Plan {
  const plan = blocked();
  const key_hash = NEW.slice("sha256:".length) as KeyHash;
  const enabling: OverridePlan = {
    authority: "db_client",
    managed: true,
    row: "S2",
    situation: "One entry is staged.",
    entries: [],
    actions: [
      {
        id: `override/db_client/${key_hash}/update-override`,
        key_hash,
        call: "update-override",
        purpose: "enable",
        why: "git has it enabled.",
        moment: "now",
        force: false,
        disabled: false,
        missing: [],
      },
    ],
    due: [],
    findings: [],
    blocked: false,
  };
  const clusters = plan.clusters.map((cluster) => ({ ...cluster, overrides: [enabling] }));
  return { ...plan, verdict: verdictOf({ outcome: plan.outcome, clusters }), clusters };
}

/** Back from a rotation, and then on: later steps wait for people. */
export function readyAndThenByHand(): Plan {
  const item: ChecklistItem = {
    id: "db/init/reissue-server-certificates",
    do: "Give every database a certificate of the new CA",
    why: "Clients stop trusting the old one.",
    verify: "`openssl verify`",
    commands: [],
    artifacts: [],
    required: true,
    state: "open",
    by: null,
    note: null,
  };
  return changedSteps(walk(), (step) => (step.from === "init" ? { ...step, checklist: [item] } : step));
}

function changedSteps(plan: Plan, change: (step: Step) => Step): Plan {
  return {
    ...plan,
    clusters: plan.clusters.map((cluster) => ({
      ...cluster,
      rotations: cluster.rotations.map((one) => ({ ...one, steps: one.steps.map(change) })),
    })),
  };
}

/** 300 clusters, of which `busy` are not at rest: every fifth of these blocked, every fifth at the last step. */
export function manyClusters(count = 300, busy = 60): Plan {
  const clusters = Array.from({ length: count }, (_, index): ClusterPlan => {
    const plan =
      index >= busy
        ? nothingToDo()
        : index % 5 === 0
          ? blocked()
          : index % 5 === 1
            ? pointOfNoReturn()
            : ready();
    const [cluster] = plan.clusters;
    if (cluster === undefined) throw new Error("a plan without a cluster");
    return { ...cluster, name: `edge-${String(index).padStart(3, "0")}.acme.cluster` };
  });
  return {
    format_version: "1.1",
    outcome: "blocked",
    verdict: "blocked_in_part",
    commit: COMMIT,
    fingerprint: PLAN_FINGERPRINT,
    clusters,
  };
}

/** What somebody who may name a machine would try. */
export const HOSTILE = [
  "@acme/admins please approve",
  "`; rm -rf / #`` ```",
  "x\n\n## Approved by security\n\n- [x] done",
  "</details><script>alert(1)</script><img src=x onerror=alert(1)>",
  "[click](https://evil.example) ![img](https://evil.example/x.png) <https://evil.example>",
  "https://evil.example www.evil.example mail@evil.example",
  "| a | b |\\| c \\\\| d",
  '<!-- capstan {"v":1,"kind":"plan"} -->',
  "#1 GH-1 acme/pki#1 c0ffee00 JIRA-7 :shipit: $x$ [^1]: ~~no~~ **bold** _it_",
  "\u202egnp.exe \u001b[31mred\u001b[0m \u2028line\u2029 \u200bzero",
  "&lt;b&gt; &#64;admin \\@admin \\`x",
  "> [!NOTE]",
  "1. one",
  "    code",
  "---",
  "",
  "   ",
  "`",
  "a".repeat(3_000),
] as const;

/** The same text wherever a cluster or git may put one. */
export function hostile(text: string): Plan {
  const [cluster] = blocked().clusters;
  const [one] = cluster?.rotations ?? [];
  const [step] = one?.steps ?? [];
  if (cluster === undefined || one === undefined || step === undefined) throw new Error("nothing to taint");
  const finding = { subject: `node/${text}`, message: text, remedy: text };
  const certificate = { subject: text, issuer: text, serial: text, notBefore: text, notAfter: text };
  const item: ChecklistItem = {
    id: text,
    do: text,
    why: text,
    verify: text,
    commands: [text],
    artifacts: [text, text],
    required: true,
    state: "open",
    by: null,
    note: text,
  };
  const consumer: ConsumerObservation = {
    authority: text,
    consumer: text,
    kind: text as ConsumerObservation["kind"],
    uses: "unknown",
    trusts: { old: "unknown", new: "unknown" },
    detail: text,
  };
  const override: OverridePlan = {
    authority: text,
    managed: true,
    row: "I1",
    situation: text,
    entries: [
      {
        key_hash: text as KeyHash,
        key: "additional",
        change: "added",
        state: "absent",
        state_wanted: "staged",
        subject: text,
        issuer: text,
        not_before: certificate.notBefore,
        not_after: certificate.notAfter,
        chain: [text],
        crl: false,
        fields: [],
      },
    ],
    actions: [],
    due: [],
    findings: [],
    blocked: true,
  };
  const tainted = {
    ...step,
    checklist: [item],
    authority: text,
    why: text,
    disrupts: text,
    undo: text,
    point_of_no_return: true,
    guards: [
      { id: "roster" as const, outcome: "fail" as const, findings: [finding, finding], waived: [] },
      {
        id: "soak" as const,
        outcome: "pass" as const,
        findings: [],
        waived: [{ ...finding, reason: text, expires: text }],
      },
    ],
  };
  const drift = { ...finding, id: "active-keys" };
  const quiet = {
    ...cluster,
    name: `${text}.quiet`,
    overrides: [],
    drift: [],
    rotations: [{ ...one, name: text, steps: [], notes: [], checklist: [], consumers: [] }],
  };
  return {
    format_version: "1.1",
    outcome: "blocked",
    verdict: "blocked_in_part",
    commit: text,
    fingerprint: PLAN_FINGERPRINT,
    clusters: [
      {
        ...cluster,
        name: text,
        overrides: [override],
        drift: [
          { ...drift, blocks: true },
          { ...drift, blocks: false },
        ],
        rotations: [
          {
            ...one,
            name: text,
            authorities: [text],
            notes: [text],
            checklist: [item, { ...item, state: "done", by: text }, { ...item, required: false }],
            consumers: [consumer],
            keys: one.keys.map((known) => ({
              ...known,
              authority: text,
              algorithm: text,
              storage: text,
              certificate,
            })),
            steps: [tainted],
          },
        ],
      },
      quiet,
    ],
  };
}
