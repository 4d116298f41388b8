import { type Approval, approvalWhere, NOTHING_APPROVED } from "../../src/apply/approval.ts";
import type { RunOutcome } from "../../src/apply/event.ts";
import { applyPlan } from "../../src/apply/run.ts";
import { exitOfFailure, exitOfPlan, exitOfRun } from "../../src/cli/exit-code.ts";
import { Failure } from "../../src/failure.ts";
import { planFrom } from "../../src/planner/plan-from.ts";
import { DEFAULT_REPOSITORY } from "../../src/resources/model/default-repository.ts";
import type { DesiredState, RotationResource } from "../../src/resources/model/desired.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import { needsOwnApproval, type Plan } from "../../src/rotation/plan.ts";
import { jsonText } from "../../src/views/json/json-text.ts";
import { plainPaint } from "../../src/views/text/paint.ts";
import { planText } from "../../src/views/text/plan-text.ts";
import { CLUSTER, cluster, rotation } from "../world/host-rotation.ts";
import { MemoryStore } from "../world/memory-store.ts";
import { Killed } from "../world/model-cluster.ts";
import { WalkClock } from "./clock.ts";
import { EmulatedCluster } from "./cluster.ts";
import {
  type Circumstances,
  type Deed,
  type Edit,
  type Happening,
  type RotationOf,
  type Trouble,
  TYPES,
} from "./deeds.ts";
import { type Commit, History } from "./git.ts";
import { type Breach, Rules } from "./rules.ts";
import { Run } from "./run.ts";

const AUTOMATIC_MS = 9 * 60_000;
const NEVER = new AbortController().signal;

/** One walk: a cluster, its repository, its record, and the deeds that are done one after the other. */
export class Walk {
  readonly clock = new WalkClock();
  readonly cluster: EmulatedCluster;
  readonly git = new History();
  readonly store = new MemoryStore();
  readonly rules: Rules;
  /** For whoever wants to see what led to a breach. */
  readonly log: string[] = [];
  runs = 0;
  kills = 0;
  readonly outcomes = new Map<string, number>();
  readonly #with: Circumstances;
  #edits = 0;

  constructor(circumstances: Circumstances) {
    this.#with = circumstances;
    const { version, staleMs } = circumstances;
    this.cluster = new EmulatedCluster(
      this.clock,
      TYPES,
      { version, swapsOutOfInit: version.startsWith("5.") },
      staleMs,
    );
    this.rules = new Rules({ cluster: this.cluster, now: () => this.clock.now(), policy: circumstances });
    this.clock.pass(60_000);
  }

  get breaches(): readonly Breach[] {
    return this.rules.breaches;
  }

  async does(deed: Deed): Promise<void> {
    if ("apply" in deed) {
      await this.#apply(deed);
    } else if ("edit" in deed) {
      await this.#edit(deed);
    } else if ("people" in deed) {
      if (deed.people === "revert") this.git.revert();
      else this.#loseRecord();
    } else if ("passes" in deed) {
      this.clock.pass(deed.passes);
    } else if ("clockJumps" in deed) {
      this.clock.set(deed.clockJumps);
      this.rules.clockWasSet(deed.clockJumps);
    } else {
      this.#happens(deed);
    }
    if (!("apply" in deed)) this.log.push(`${JSON.stringify(deed)}  → ${this.#state()}`);
  }

  #state(): string {
    const authorities = this.cluster.authorities
      .filter(({ phase, currentId }) => phase !== "standby" || currentId !== null)
      .map(({ type, phase, mode }) => `${type} ${phase}${mode === "auto" ? " auto" : ""}`);
    const wanted = this.git.head.rotations.map(({ name, phase, strategy }) => `${name}:${phase}/${strategy}`);
    return `[${authorities.join(", ")}] git [${wanted.join(", ")}]`;
  }

  #loseRecord(): void {
    this.store.record = null;
    this.rules.recordWasLost();
  }

  #happens(happening: Happening): void {
    if ("fault" in happening) {
      this.cluster.faults.add(happening.fault);
    } else if ("joins" in happening) {
      this.cluster.join(happening.joins, `${happening.joins}${this.cluster.agents.length}`);
    } else if ("hand" in happening) {
      const authority = this.cluster.authority(happening.type);
      if (happening.hand === "rotates") authority.move(happening.to);
      else authority.move("init", "auto", AUTOMATIC_MS);
    } else {
      this.#toNode(happening);
    }
  }

  #toNode({ node, index }: Extract<Happening, { readonly node: string }>): void {
    // The auth server stays: without it there is no cluster to speak of.
    const others = this.cluster.agents.filter(
      ({ kind, isScrapped }) => kind !== "auth_server" && !isScrapped,
    );
    const agent = others[index % Math.max(1, others.length)];
    if (agent === undefined) return;
    switch (node) {
      case "stops":
        agent.isUp = false;
        return;
      case "starts":
        agent.isUp = true;
        agent.isStuck = false;
        return;
      case "hangs":
        agent.isStuck = true;
        return;
      case "vanishes":
        agent.vanish();
        return;
      case "is scrapped":
        agent.isUp = false;
        agent.isScrapped = true;
        return;
      case "comes back as another":
        agent.vanish();
        agent.isScrapped = true;
        this.cluster.join(agent.kind, agent.name);
    }
  }

  desiredAt({ rotations }: Commit): DesiredState {
    const { soakMs, onFailure, concurrentRotations } = this.#with;
    const policy = { soakMs, onFailure, concurrentRotations, maxSessionTtlMs: 0, phaseTimeoutMs: 120_000 };
    return {
      clusters: [cluster(policy)],
      authorities: [],
      rotations,
      overrides: [],
      repository: DEFAULT_REPOSITORY,
    };
  }

  /** As `capstan plan` does it at a commit. */
  async plan(commit = this.git.head): Promise<Plan> {
    const observation = await this.cluster.observe({ components: "all" });
    const record = await this.store.load(CLUSTER);
    const desired = this.desiredAt(commit);
    return await planFrom({
      desired,
      observations: [observation],
      records: [record],
      commit: commit.id,
      histories: new Map([[CLUSTER, await this.git.readerAt(commit)(record, desired.rotations)]]),
      now: this.clock.now(),
    });
  }

  async #apply({ apply, back, troubles }: Extract<Deed, { readonly apply: string }>): Promise<void> {
    const commit = this.git.older(back);
    const isQuiet = troubles.length === 0 && this.cluster.faults.size === 0 && this.#isShown();
    const before = isQuiet ? await this.plan(commit) : null;
    if (before !== null) this.#tell(before);
    const run = this.#run(commit, apply, troubles);
    const movedBefore = this.#phases();
    const outcome = await this.#end(run);
    this.log.push(
      `apply ${apply}${back === 0 ? "" : ` ${back} back`} ${JSON.stringify(troubles)}: ${movedBefore} → ${outcome}, ${run.calls} calls, ${this.#state()}; ${said(run)}`,
    );
    if (outcome === "killed") return;
    if (before !== null && apply === "everything") this.rules.taken(run, before);
    if (!isQuiet || this.#isByClock()) return;
    this.clock.pass(this.#with.staleMs);
    this.rules.planAfter(outcome, await this.plan(commit));
  }

  /** No read is behind any more. */
  #isShown(): boolean {
    return this.cluster.authorities.every(
      ({ changedAt }) => this.clock.trueTime >= changedAt + this.#with.staleMs,
    );
  }

  #phases(): string {
    return this.cluster.authorities.map(({ phase }) => phase).join(",");
  }

  #isByClock(): boolean {
    return this.cluster.authorities.some(({ mode }) => mode === "auto");
  }

  #tell(plan: Plan): void {
    this.rules.told(plan, { exit: exitOfPlan(plan), text: planText(plan, plainPaint), json: jsonText(plan) });
  }

  #run(commit: Commit, approval: Run["approval"], troubles: readonly Trouble[]): Run {
    const { cluster: emulated, store, rules } = this;
    return new Run({
      commit,
      approval,
      troubles,
      cluster: emulated,
      store,
      rules,
      happens: async (run, { comes }) => {
        if (comes === "signal") run.stop.abort();
        else if (comes === "another machine") {
          run.overtake();
          await this.#end(this.#run(this.git.head, approval, []));
        } else if (typeof comes !== "string") this.#happens(comes);
      },
    });
  }

  async #end(run: Run): Promise<RunOutcome | "killed"> {
    this.runs += 1;
    const slept = this.clock.beforeSleep;
    this.clock.beforeSleep = () => run.point();
    let outcome: RunOutcome;
    let exit: number;
    try {
      outcome = await applyPlan({
        desired: this.desiredAt(run.commit),
        parallel: 1,
        commit: run.commit.id,
        history: this.git.readerAt(run.commit),
        platforms: new Map([[CLUSTER, run.platform]]),
        store: run.store,
        clock: this.clock,
        signal: run.stop.signal,
        turnBackOf: () => NEVER,
        emit: (event) => run.events.push(event),
        approve: async (plan) => approvalOf(plan, run.approval),
        holder: { who: "walk", why: "walk" },
      });
      exit = exitOfRun(outcome);
    } catch (error) {
      if (error instanceof Killed) {
        this.kills += 1;
        this.#count("killed");
        return "killed";
      }
      if (!(error instanceof Failure)) throw error;
      outcome =
        error.code === "locked" || error.code === "stale" || error.code === "interrupted"
          ? error.code
          : "failed";
      exit = exitOfFailure(error.code);
    } finally {
      this.clock.beforeSleep = slept;
    }
    this.#count(outcome);
    this.rules.ended(run, outcome, exit);
    return outcome;
  }

  #count(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }

  async #edit(edit: Edit): Promise<void> {
    const rotations = this.git.head.rotations;
    const types = edit.of.split(",");
    const current = rotations.find((one) => one.authorities[0]?.type === types[0]);
    const put = (next: RotationResource) =>
      this.git.commit([...rotations.filter((one) => one !== current), withContent(next)]);
    switch (edit.edit) {
      case "advance":
        put(await this.#advanced(edit.of, current, edit.strategy));
        return;
      case "automatic":
        put({ ...this.#begun(edit.of), mode: "auto", gracePeriodMs: AUTOMATIC_MS });
        return;
      case "phase":
        put({ ...(current ?? this.#begun(edit.of)), phase: edit.to });
        return;
      case "delete":
        this.git.commit(rotations.filter((one) => one !== current));
        return;
      case "hold":
        if (current !== undefined) put({ ...current, hold: { reason: "audit", until: null } });
        return;
      case "release":
        if (current !== undefined) put({ ...current, hold: undefined } as unknown as RotationResource);
        return;
      case "resume":
        if (current !== undefined) put({ ...current, resume: `once more, ${this.#edits}` });
        return;
      case "waive":
        if (current !== undefined) put(await this.#waived(current));
        return;
      case "state":
        if (current !== undefined) put(await this.#stated(current, true));
    }
  }

  /** A new resource that retires the keys that sign now. */
  #begun(of: RotationOf): RotationResource {
    this.#edits += 1;
    const types = of.split(",");
    return rotation("init", {
      name: `${types[0]}-${this.#edits}`,
      authorities: types.map((type) => ({ type, retire: this.cluster.authority(type).active })),
      strategy: "step",
    });
  }

  /** The next phase from the live one, with all work stated that the plan shows as open. */
  async #advanced(
    of: RotationOf,
    current: RotationResource | undefined,
    strategy: "step" | "walk",
  ): Promise<RotationResource> {
    const [type = "host"] = of.split(",");
    const live = this.cluster.authority(type);
    const isNamed =
      current?.authorities.some((one) => one.retire.some((key) => live.accepted.includes(key))) === true;
    if (current === undefined || !isNamed) {
      return { ...this.#begun(of), strategy, phase: strategy === "walk" ? "standby" : "init" };
    }
    const next: Readonly<Record<Phase, Phase>> = {
      standby: "init",
      init: "update_clients",
      update_clients: "update_servers",
      update_servers: "standby",
      rollback: "rollback",
    };
    const advanced = {
      ...current,
      strategy,
      phase: strategy === "walk" ? ("standby" as const) : next[live.phase],
    };
    return await this.#stated(advanced, false);
  }

  async #stated(resource: RotationResource, withRoster: boolean): Promise<RotationResource> {
    const at = new Date(this.clock.now()).toISOString();
    const open = (await this.plan()).clusters
      .flatMap(({ rotations }) => rotations)
      .filter(({ name }) => name === resource.name)
      .flatMap(({ checklist, steps }) => [...checklist, ...steps.flatMap((step) => step.checklist)])
      .filter(
        ({ state, required, id }) => state === "open" && required && (withRoster || !id.includes("/adopt/")),
      );
    const statements = [...new Set(open.map(({ id }) => id))].map((step) => ({
      step,
      who: "Ada <ada@acme.example>",
      note: "done",
      evidence: null,
      at,
    }));
    return { ...resource, acknowledge: [...resource.acknowledge, ...statements] };
  }

  /** All that stands in the way now is accepted, for some hours. */
  async #waived(resource: RotationResource): Promise<RotationResource> {
    const expires = new Date(this.clock.now() + 6 * 3_600_000).toISOString();
    this.#edits += 1;
    const findings = (await this.plan()).clusters
      .flatMap(({ rotations }) => rotations)
      .filter(({ name }) => name === resource.name)
      .flatMap(({ steps }) => steps.flatMap(({ guards }) => guards))
      .flatMap(({ id, findings: found }) =>
        found.map(({ subject }) => ({ guard: id, subject, reason: `accepted ${this.#edits}`, expires })),
      );
    return { ...resource, waive: [...resource.waive, ...findings] };
  }
}

function said({ events }: Run): string {
  const last = events.at(-1);
  return last?.type === "finished" ? last.message : "";
}

function approvalOf(plan: Plan, approval: Run["approval"]): Approval {
  if (approval === "nothing") return NOTHING_APPROVED;
  const finals = new Set(
    plan.clusters.flatMap(({ name, rotations }) =>
      rotations.flatMap(({ steps }) => steps.filter(needsOwnApproval).map(({ id }) => `${name}/${id}`)),
    ),
  );
  return approvalWhere(plan, (key) => approval === "everything" || !finals.has(key));
}

/** What stands for the content of a resource: all of it but a hold, and where it is. */
function withContent({
  hold,
  source,
  contentHash: _,
  contentWithoutResume: __,
  ...content
}: RotationResource): RotationResource {
  return {
    ...content,
    source,
    contentHash: JSON.stringify(content),
    contentWithoutResume: JSON.stringify({ ...content, resume: null }),
    ...(hold === undefined ? {} : { hold }),
  };
}
