import { type Approval, approvalWhere, NOTHING_APPROVED } from "../../src/apply/approval.ts";
import type { RunOutcome } from "../../src/apply/event.ts";
import { applyPlan } from "../../src/apply/run.ts";
import { exitOfFailure, exitOfPlan, exitOfRun } from "../../src/cli/exit-code.ts";
import { Failure } from "../../src/failure.ts";
import { planFrom } from "../../src/planner/plan-from.ts";
import type { OverrideCall } from "../../src/platforms/platform.ts";
import { DEFAULT_REPOSITORY } from "../../src/resources/model/default-repository.ts";
import type {
  AuthorityResource,
  DesiredState,
  OverrideResource,
  RotationResource,
} from "../../src/resources/model/desired.ts";
import type { Fingerprint } from "../../src/rotation/observation.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import { needsOwnApproval, type Plan } from "../../src/rotation/plan.ts";
import { jsonText } from "../../src/views/json/json-text.ts";
import { plainPaint } from "../../src/views/text/paint.ts";
import { planText } from "../../src/views/text/plan-text.ts";
import { documentWith } from "../teleport/overrides/pki.ts";
import { CLUSTER, cluster, rotation } from "../world/host-rotation.ts";
import { MemoryStore } from "../world/memory-store.ts";
import { Killed } from "../world/model-cluster.ts";
import { WalkClock } from "./clock.ts";
import { EmulatedCluster, OVERRIDDEN } from "./cluster.ts";
import {
  type Circumstances,
  type Deed,
  type Edit,
  type EntryEdit,
  type Happening,
  type RotationOf,
  type Trouble,
  TYPES,
} from "./deeds.ts";
import { type Commit, type Covers, History } from "./git.ts";
import { type Breach, Rules } from "./rules.ts";
import { Run } from "./run.ts";
import { allSigningKeys, type SigningKey } from "./signing-key.ts";

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
  readonly #keys: ReadonlyMap<string, SigningKey>;
  readonly #coverings = new Map<Covers, OverrideResource>();
  #edits = 0;

  /** `keys`: of the CA that may be overridden. */
  private constructor(circumstances: Circumstances, keys?: readonly SigningKey[]) {
    this.#with = circumstances;
    const { version, staleMs, isHeldInHsm = false, hasLeaf = false, overrides } = circumstances;
    this.cluster = new EmulatedCluster(
      this.clock,
      TYPES,
      { version, swapsOutOfInit: version.startsWith("5.") },
      staleMs,
      { isHeldInHsm, hasLeaf, keys },
    );
    this.#keys = new Map((keys ?? []).map((one) => [one.hash, one]));
    this.rules = new Rules({ cluster: this.cluster, now: () => this.clock.now(), policy: circumstances });
    if (overrides === "in force") this.#begin();
    this.clock.pass(60_000);
  }

  static async begin(circumstances: Circumstances): Promise<Walk> {
    const { overrides = "none" } = circumstances;
    return new Walk(circumstances, overrides === "none" ? undefined : await allSigningKeys());
  }

  /** Whoever set the cluster up had its key signed outside, and wrote it down. */
  #begin(): void {
    const hashes = this.cluster.authority(OVERRIDDEN).active.map(hashOf);
    for (const keyHash of hashes) {
      const { certificate = null, chain = [] } = this.#keys.get(keyHash) ?? {};
      this.#toEntry(keyHash, { call: "create-override", certificate, chain });
      this.#toEntry(keyHash, { call: "update-override", disabled: false });
    }
    this.git.commit([], {
      entries: new Map(hashes.map((hash) => [hash, "enabled"])),
      trusted: hashes,
    });
  }

  get breaches(): readonly Breach[] {
    return this.rules.breaches;
  }

  async does(deed: Deed): Promise<void> {
    if ("apply" in deed) {
      await this.#apply(deed);
    } else if ("edit" in deed) {
      await this.#edit(deed);
    } else if ("entries" in deed) {
      this.#editEntries(deed);
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
    } else if ("leaf" in happening) {
      this.#toLeaf(happening.leaf);
    } else if ("server" in happening) {
      const second = this.cluster.agents.filter(({ kind }) => kind === "auth_server")[1];
      if (second !== undefined) second.isUp = happening.server === "starts";
    } else if ("entry" in happening) {
      this.#byHand(happening);
    } else if ("hand" in happening) {
      const authority = this.cluster.authority(happening.type);
      if (happening.hand === "rotates") authority.move(happening.to);
      else authority.move("init", "auto", AUTOMATIC_MS);
    } else {
      this.#toNode(happening);
    }
  }

  #toLeaf(what: Extract<Happening, { readonly leaf: string }>["leaf"]): void {
    const { leaf } = this.cluster;
    if (leaf === null) return;
    if (what === "stops" || what === "starts") leaf.isUp = what === "starts";
    else leaf.isReachable = what === "can be asked";
  }

  /** Whoever has tctl may do as he likes. */
  #byHand({ entry, index }: Extract<Happening, { readonly entry: string }>): void {
    const hashes = this.cluster.entries?.hashes ?? [];
    const hash = hashes[index % Math.max(1, hashes.length)];
    if (hash === undefined) return;
    if (entry === "is deleted") this.#toEntry(hash, { call: "delete-override" });
    else this.#toEntry(hash, { call: "update-override", disabled: entry === "is disabled" });
  }

  #toEntry(keyHash: string, change: OverrideCall["change"]): void {
    this.cluster.entries?.change({ keyHash, force: true, change });
  }

  #editEntries({ entries: edit }: EntryEdit): void {
    const { entries: live } = this.cluster;
    if (live === null) return;
    const { active, trusted, phase } = this.cluster.authority(OVERRIDDEN);
    const flipped = phase === "update_clients" || phase === "update_servers";
    const [olds, news] = (flipped ? [trusted, active] : [active, trusted]).map((keys) => keys.map(hashOf));
    const all = [...(olds ?? []), ...(news ?? [])];
    const before = this.git.head.covers ?? { entries: new Map(), trusted: [] };
    const entries = new Map(before.entries);
    const put = (hashes: readonly string[] = [], as: "enabled" | "disabled" | "key only") => {
      for (const hash of hashes) entries.set(hash, as);
    };
    const takeOut = (hashes: Iterable<string> = []) => {
      for (const hash of hashes) entries.delete(hash);
    };
    switch (edit) {
      case "cover all":
      case "enable all":
        put(all, "enabled");
        break;
      case "stage the new":
        put(news, "disabled");
        break;
      case "new keys have none":
        put(news, "key only");
        break;
      case "drop the old":
        takeOut(olds);
        break;
      case "drop what is gone":
        takeOut([...entries.keys()].filter((hash) => !all.includes(hash)));
        break;
      case "disable all":
        put([...entries.keys()], "disabled");
        break;
      case "trust all":
        break;
    }
    const isTrusted = edit === "trust all" || edit === "cover all";
    const stated = isTrusted ? [...new Set([...before.trusted, ...all])] : before.trusted;
    this.git.commit(this.git.head.rotations, { entries, trusted: stated });
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

  desiredAt({ rotations, covers }: Commit): DesiredState {
    const { soakMs, onFailure, concurrentRotations } = this.#with;
    const policy = { soakMs, onFailure, concurrentRotations, maxSessionTtlMs: 0, phaseTimeoutMs: 120_000 };
    return {
      clusters: [{ ...cluster(policy), peers: this.cluster.leaf === null ? [] : [this.cluster.leaf.name] }],
      authorities: covers === null ? [] : [this.#stating(covers)],
      rotations,
      overrides: covers === null ? [] : [this.#covering(covers)],
      repository: DEFAULT_REPOSITORY,
    };
  }

  /** Read once for each commit that changes it. */
  #covering(covers: Covers): OverrideResource {
    const known = this.#coverings.get(covers) ?? this.#written(covers);
    this.#coverings.set(covers, known);
    return known;
  }

  #written({ entries }: Covers): OverrideResource {
    const written = [...entries].map(([hash, as]) => {
      const key = this.#keys.get(hash);
      if (key === undefined || as === "key only") return { public_key: hash, disabled: true };
      return { certificate: key.certificate, chain: key.chain, disabled: as === "disabled" };
    });
    const document = documentWith(written, { metadata: { name: CLUSTER } });
    return { cluster: CLUSTER, type: OVERRIDDEN, source: { file: "overrides.yaml", line: 1 }, document };
  }

  /** The resource of the CA, which somebody keeps as its keys are. */
  #stating({ trusted }: Covers): AuthorityResource {
    return {
      cluster: CLUSTER,
      type: OVERRIDDEN,
      source: { file: "authority.yaml", line: 1 },
      activeKeys: this.cluster.authority(OVERRIDDEN).active,
      maxAgeMs: null,
      trustConsumers: [],
      acknowledge: trusted.map((hash) => ({
        step: `override/${OVERRIDDEN}/${hash}`,
        who: "Ada <ada@acme.example>",
        note: null,
        evidence: null,
        at: null,
      })),
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

function hashOf(fingerprint: Fingerprint): string {
  return fingerprint.replace(/^sha256:/, "");
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
