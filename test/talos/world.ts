import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { onTestFinished } from "vitest";
import type { RunEvent, RunOutcome } from "../../src/apply/event.ts";
import { applyPlan } from "../../src/apply/run.ts";
import { systemClock } from "../../src/apply/run-clock.ts";
import { runChecks } from "../../src/checks/run/run-checks.ts";
import { Failure } from "../../src/failure.ts";
import { makePlan } from "../../src/planner/planner.ts";
import type { Platform } from "../../src/platforms/platform.ts";
import { openTalos } from "../../src/platforms/talos/open-talos.ts";
import type { ExecutableCall, Runner } from "../../src/process/runner.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type { RecordStore } from "../../src/record/store.ts";
import type {
  Acknowledgement,
  ClusterResource,
  DesiredState,
  NextAuthority,
  RotationResource,
} from "../../src/resources/model/desired.ts";
import { DEFAULT_POLICY } from "../../src/resources/read/build.ts";
import type { HistoryReader } from "../../src/rotation/history.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { Plan } from "../../src/rotation/plan.ts";
import type { TalosClusterOptions } from "../../src/sandbox/talos/cluster.ts";
import { kubectl } from "../../src/sandbox/talos/kubectl.ts";
import { talosctl } from "../../src/sandbox/talos/talosctl.ts";
import { makeNextAuthority } from "../../src/sealing/next-authority.ts";
import { openNextKey } from "../../src/sealing/next-key.ts";
import type { TalosType } from "../../src/talos/authority-types.ts";
import { CHECKLIST } from "../../src/talos/checklist.ts";
import { NEXT_AUTHORITIES } from "../../src/talos/next-authority.ts";
import { type TalosConnection, talosConnection } from "../../src/talos/resources/connection.ts";
import { readCaCertificate } from "../../src/x509/ca-certificate.ts";
import { mortal } from "../model/mortal.ts";
import { cluster, type TestCluster } from "../sandbox/talos/harness.ts";
import { approved } from "../world/apply.ts";
import { MemoryStore } from "../world/memory-store.ts";

/** Thrown in place of SIGKILL: nothing of capstan decides anything after it. */
export class Killed extends Error {}

/** What the emulated executables were asked, and what they printed. */
interface Call {
  readonly argv: readonly string[];
  readonly stdout: string;
  readonly stderr: string;
}

/** An emulated Talos cluster, a record that outlives runs, and one declared rotation. */
export class TalosWorld {
  readonly test: TestCluster;
  readonly type: TalosType;
  readonly store = new MemoryStore();
  /** Where runs keep what they remember. */
  record: RecordStore = this.store;
  readonly calls: Call[] = [];
  readonly printed: string[] = [];
  resource: ClusterResource;
  readonly rotation: RotationResource;
  identity: string;
  readonly temporary: string;
  /** Applies left until the process is killed; the apply itself still happens. */
  appliesUntilKilled = Number.POSITIVE_INFINITY;
  applies = 0;
  /** What an executable says on failure without having been asked; `null` lets it answer itself. */
  answerInstead: ((command: ExecutableCall) => string | null) | null = null;
  /** Of one call of an executable. */
  callTimeoutMs = 30_000;
  #attempt = 1;

  private constructor(
    test: TestCluster,
    type: TalosType,
    resource: ClusterResource,
    rotation: RotationResource,
    identity: string,
    temporary: string,
  ) {
    this.test = test;
    this.type = type;
    this.resource = resource;
    this.rotation = rotation;
    this.identity = identity;
    this.temporary = temporary;
  }

  /** Files that capstan kept secrets in while it worked: none may be left. */
  async leftBehind(): Promise<readonly string[]> {
    return await readdir(this.temporary, { recursive: true });
  }

  static async start(type: TalosType, options: Partial<TalosClusterOptions> = {}): Promise<TalosWorld> {
    const test = await cluster({ speed: 200, dialTimeoutMs: 15_000, ...options });
    const { info, secrets } = test.running;
    const identity = await generateIdentity();
    const recipients = [await identityToRecipient(identity)];
    const clients = join(info.directory, "clients");
    // One of its own, so that what is left behind can be seen.
    const temporary = join(info.directory, "temporary");
    await mkdir(temporary);
    const outside = process.env["TMPDIR"];
    process.env["TMPDIR"] = temporary;
    onTestFinished(() => {
      if (outside === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = outside;
    });
    const resource: ClusterResource = {
      name: info.name,
      source: { file: "cluster.yaml", line: 1 },
      platform: "talos",
      connection: {
        talosctl: ["talosctl"],
        kubectl: ["kubectl"],
        talosconfig: info.talosconfig,
        context: null,
        endpoints: test.controlPlanes,
        controlPlanes: test.controlPlanes,
        workers: test.workers,
        kubeconfig: null,
        clients: { talosconfig: join(clients, "talosconfig"), kubeconfig: join(clients, "kubeconfig") },
        recipients,
        secrets: null,
      },
      peers: [],
      policy: { ...DEFAULT_POLICY, soakMs: 0 },
    };
    const next = await makeNextAuthority(NEXT_AUTHORITIES[type], { now: new Date(), recipients });
    const rotation: RotationResource = {
      name: `${type}-2026-11`,
      source: { file: "rotation.yaml", line: 1 },
      cluster: info.name,
      authorities: [{ type, retire: [readCaCertificate(secrets[type].crt).fingerprint], next }],
      phase: "standby",
      strategy: "walk",
      mode: "manual",
      acknowledge: [],
      waive: [],
      resume: null,
      contentHash: "content",
    };
    return new TalosWorld(test, type, resource, rotation, identity, temporary);
  }

  /** With the work stated that comes before a phase. */
  desired(phase: Phase, overrides: Partial<RotationResource> = {}): DesiredState {
    const done = phase === "rollback" ? [] : FORWARDS.slice(0, FORWARDS.indexOf(phase));
    const steps = CHECKLIST.filter(
      ({ authority, binding, phase: one }) =>
        authority === this.type && binding === "always" && (done as readonly Phase[]).includes(one),
    );
    const acknowledge: readonly Acknowledgement[] = steps.map(({ id }) => ({
      step: id,
      who: "test",
      note: null,
      evidence: null,
      at: null,
    }));
    return {
      clusters: [this.resource],
      authorities: [],
      rotations: [
        {
          ...this.rotation,
          acknowledge,
          phase,
          contentHash: `content-${phase}-${this.#attempt}`,
          ...overrides,
        },
      ],
      overrides: [],
    };
  }

  get talos(): TalosConnection {
    return talosConnection(this.resource);
  }

  get next(): NextAuthority {
    const next = this.rotation.authorities[0]?.next;
    if (next === undefined) throw new Error("a rotation of Talos names the CA to come");
    return next;
  }

  /** Every call goes through these control planes. */
  through(endpoints: readonly string[]): void {
    this.resource = { ...this.resource, connection: { ...this.talos, endpoints } };
  }

  async nextKey(): Promise<string> {
    return await openNextKey({ keys: [this.identity], from: "the test" }, this.next, this.type);
  }

  /** After a rollback the same content is quarantined; a person has changed it. */
  retry(): void {
    this.#attempt += 1;
  }

  platform(desired: DesiredState, runner: Runner = this.runner()): Platform {
    return openTalos(this.resource, {
      runner,
      now: () => new Date(),
      timeoutMs: this.callTimeoutMs,
      memory: {
        rotations: desired.rotations,
        record: this.record,
        identities: async () => ({ keys: [this.identity], from: "the test" }),
        roots: [this.test.running.info.directory],
        now: () => new Date(),
      },
    });
  }

  async observe(desired: DesiredState): Promise<ClusterObservation> {
    return await this.platform(desired).observe({ components: "all" });
  }

  async plan(desired: DesiredState): Promise<Plan> {
    const plan = makePlan({
      desired,
      observations: [await this.observe(desired)],
      records: [await this.record.load(this.resource.name)],
      commit: null,
      now: Date.now(),
    });
    this.printed.push(JSON.stringify(plan));
    return plan;
  }

  async apply(
    desired: DesiredState,
    history?: HistoryReader,
  ): Promise<{ outcome: RunOutcome; events: readonly RunEvent[] }> {
    const events: RunEvent[] = [];
    try {
      const outcome = await applyPlan({
        parallel: 1,
        desired,
        commit: "c0ffee",
        ...(history === undefined ? {} : { history }),
        platforms: new Map([[this.resource.name, this.platform(desired)]]),
        store: this.record,
        clock: systemClock,
        runChecks: async (one, checks, signal) =>
          await runChecks(one, checks, { runner: this.runner(), now: Date.now, signal, env: {} }),
        signal: NEVER,
        turnBackOf: () => NEVER,
        emit: (event) => events.push(event),
        approve: async (plan) => approved(plan, true),
        holder: { who: "test", why: "test" },
      });
      return { outcome, events };
    } finally {
      this.printed.push(JSON.stringify(events));
    }
  }

  /** Phase by phase, and insists that it worked. */
  async walk(phase: Phase, overrides: Partial<RotationResource> = {}): Promise<readonly RunEvent[]> {
    const { rotations } = await this.record.load(this.resource.name);
    const last = rotations.at(-1);
    const reached = last?.state === "rolled_back" ? null : (last?.phases.at(-1)?.phase ?? null);
    const from = reached === null ? 0 : FORWARDS.indexOf(reached) + 1;
    const steps = phase === "rollback" ? [phase] : FORWARDS.slice(from, FORWARDS.indexOf(phase) + 1);
    const all: RunEvent[] = [];
    for (const step of steps) {
      const { outcome, events } = await this.apply(this.desired(step, overrides));
      if (outcome !== "applied") throw new Error(`${outcome}: ${JSON.stringify(events.slice(-2), null, 1)}`);
      all.push(...events);
    }
    return all;
  }

  /** The public keys that a machine accepts, the signing one first, by role. */
  states(): readonly string[] {
    const [authority] = this.rotation.authorities;
    const retire: readonly string[] = authority?.retire ?? [];
    const next = authority?.next;
    const role = (pem: string) => {
      const { fingerprint } = readCaCertificate(pem);
      if (retire.includes(fingerprint)) return "O";
      return next !== undefined && fingerprint === readCaCertificate(next.certificate).fingerprint
        ? "N"
        : "F";
    };
    return this.test.running.machines.map(({ store }) => {
      const { issuing, accepted } = store.config[this.type];
      return [...(issuing === null ? [] : [issuing.crt]), ...accepted].map(role).join("");
    });
  }

  /** The emulated executables, in this process. */
  runner(): Runner {
    const run = async (command: ExecutableCall) => {
      const [executable = "", ...argv] = command.argv;
      const world = {
        argv,
        env: {},
        cwd: this.test.directory,
        sandbox: await this.test.sandbox(),
      };
      let stdout = "";
      let stderr = "";
      const started = performance.now();
      const isApply = argv.includes("apply-config");
      if (this.appliesUntilKilled <= 0) throw new Killed();
      const instead = this.answerInstead?.(command) ?? null;
      if (instead !== null)
        return { argv: command.argv, exitCode: 1, stdout: "", stderr: `${instead}\n`, durationMs: 0 };
      const running = (executable === "kubectl" ? kubectl : talosctl)({
        ...world,
        out: (text) => {
          stdout += text;
        },
        err: (text) => {
          stderr += text;
        },
      });
      const hung = delay(command.timeoutMs, null, { ref: false });
      const exitCode = await Promise.race([running, hung]);
      if (exitCode === null) throw new Failure("executable", `${executable} did not finish in time`);
      this.calls.push({ argv: command.argv, stdout, stderr });
      if (isApply && exitCode === 0) {
        this.applies += 1;
        this.appliesUntilKilled -= 1;
        if (this.appliesUntilKilled <= 0) throw new Killed();
      }
      return { argv: command.argv, exitCode, stdout, stderr, durationMs: performance.now() - started };
    };
    return {
      run: mortal(({ argv }) => argv.slice(0, 2).join(" "), run),
      stream: async () => {
        throw new Error("nothing of Talos is streamed");
      },
    };
  }
}

/** Held by nothing but what Kubernetes is like while a machine restarts: whoever was killed did not wait for that. */
export function isTooEarly(events: readonly RunEvent[]): boolean {
  const holding = events.flatMap((event) =>
    event.type === "blocked" ? event.step.guards.filter(({ outcome }) => outcome !== "pass") : [],
  );
  return holding.length > 0 && holding.every(({ id }) => id === "kubernetes-health");
}

const NEVER = new AbortController().signal;

const FORWARDS: readonly Phase[] = ["init", "update_clients", "update_servers", "standby"];
