import type { RunOutcome } from "../../src/apply/event.ts";
import type { OverrideCall, TransitionRequest } from "../../src/platforms/platform.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type { RotationResource } from "../../src/resources/model/desired.ts";
import type { Fingerprint } from "../../src/rotation/observation.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { Plan, Step } from "../../src/rotation/plan.ts";
import type { Agent } from "./agent.ts";
import { type EmulatedAuthority, isArrow } from "./authority.ts";
import type { EmulatedCluster } from "./cluster.ts";
import { type Commit, isBefore, retires } from "./git.ts";
import type { Run } from "./run.ts";

/** The rules of the house, said once more and naively: nothing here is taken from the product but the names of types. */
const RULES = {
  "nobody-is-cut-off": "no key goes by which somebody lives who is not waived or approved",
  "trust-before-use": "no key is used before everybody who is not waived trusts it",
  "legal-edges": "only arrows of the graph are asked for, from the phase that was seen last",
  "asked-once": "what has happened is not asked for again",
  "one-look-one-step": "a step rests on a look of its own",
  "as-git-wants": "a step leads where the commit at hand wants it, or back for a reason",
  "held-is-held": "a held rotation does not go forward",
  soaked: "no phase is left before its soak time",
  "own-approval": "what was not approved is not done, and the last step only by its own approval",
  "holder-alone": "who has lost the lock changes nothing",
  "no-older-commit": "no commit before the one applied last moves anything",
  "rollback-sticks": "what was rolled back does not start again by itself",
  "one-at-a-time": "not more CAs rotate at the same time than the policy allows",
  "written-first": "the intent is in the journal before the act",
  "kept-first": "the state of the CAs is kept before a rotation starts",
  "said-is-so": "finished and rolled back are said of what is so",
  "nothing-left": "after an apply that ended with 0, plan has nothing to do",
  "ready-is-taken": "what plan calls ready apply takes, or says what holds it",
  "one-story": "exit code, text and JSON say the same",
  "armed-first": "a key that takes over from an overridden one has its override in force, listed and trusted",
  "entries-stay":
    "no entry in force, or that the way back needs, is taken out of it; none is put in force untrusted",
  "leaf-knows": "no key signs alone that a leaf does not know",
  "keys-of-all": "no key signs before each auth server has its own",
} as const;

export type Rule = keyof typeof RULES;

export interface Breach {
  readonly rule: Rule;
  readonly what: string;
}

const FORWARD: readonly Phase[] = ["init", "update_clients", "update_servers", "standby"];
const PAIR: readonly string[] = ["db", "db_client"];

/** What capstan itself did to a rotation. */
interface Attempt {
  /** Everybody who was listed before init, and before each later step. */
  readonly known: Set<Agent>;
  readonly asked: Set<Phase>;
  readonly contents: Set<string>;
  /** Of the keys that signed at its start, whose override was in force. */
  readonly overridden: ReadonlySet<Fingerprint>;
}

interface Referee {
  readonly cluster: EmulatedCluster;
  readonly now: () => number;
  readonly policy: { readonly soakMs: number; readonly concurrentRotations: number };
}

/** Sees everything that is true, is told what is asked for and said, and keeps a list of what should not have been. */
export class Rules {
  readonly breaches: Breach[] = [];
  readonly #referee: Referee;
  /** By CA and id. */
  readonly #attempts = new Map<string, Attempt>();
  readonly #rolledBack = new Set<string>();
  #newest: Commit | null = null;
  #clockSetAt = Number.NEGATIVE_INFINITY;
  #setForwardAt = Number.NEGATIVE_INFINITY;
  steps = 0;

  constructor(referee: Referee) {
    this.#referee = referee;
  }

  clockWasSet(by: number): void {
    const { now } = this.#referee.cluster.authority("host");
    this.#clockSetAt = now;
    if (by > 0) this.#setForwardAt = now;
  }

  recordWasLost(): void {
    this.#newest = null;
    this.#rolledBack.clear();
    this.#attempts.clear();
  }

  /** Right before a request reaches the cluster. */
  asks(run: Run, { authority: type, to }: TransitionRequest): void {
    const live = this.#referee.cluster.authority(type);
    const look = run.look;
    const seen = look?.authorities.find((one) => one.type === type);
    if (look === null || seen === undefined) {
      this.#breach("one-look-one-step", `${type} → ${to} without a look`);
      return;
    }
    if (!run.lookedAnew) this.#breach("one-look-one-step", `${type} → ${to} by a look that was used`);
    const from = seen.rotation.phase;
    const step = `${type} ${from} → ${to}`;
    if (!isArrow(from, to)) this.#breach("legal-edges", step);
    if (run.wasOvertaken) this.#breach("holder-alone", `${step} by a run that lost its lock`);
    this.#askedOnce(live, to, step);
    const resource = about(run.commit, live);
    this.#wanted(run, resource, live, to, step);
    this.#allowed(run, resource, live, from, to, step);
    this.#prepared(run, live, to, step);
    const listed = this.#listed(look);
    const attempt = this.#attempts.get(`${type} ${live.currentId}`);
    // A hand may have moved it behind a read that is late: the platform judges that one.
    if (live.phase === from) {
      this.#armed(run, live, to, step);
      this.#knownToLeaf(resource, live, to, step);
      this.#allKeys(resource, live, to, step);
    }
    if (type === "host")
      this.#safe(run, resource, live, to, step, new Set([...listed, ...(attempt?.known ?? [])]));
    for (const agent of listed) attempt?.known.add(agent);
  }

  /** Right before a call about one entry reaches the cluster. */
  asksEntry(run: Run, { authority: type, keyHash, change, force }: OverrideCall): void {
    const step = `${change.call} of ${keyHash.slice(0, 8)}${force ? " with force" : ""}`;
    const live = this.#referee.cluster.authority(type);
    const { entries } = this.#referee.cluster;
    if (!run.lookedAnew) this.#breach("one-look-one-step", `${step} by a look that was used`);
    if (run.wasOvertaken) this.#breach("holder-alone", `${step} by a run that lost its lock`);
    if (run.approval === "nothing") this.#breach("own-approval", `${step}, and nothing was approved`);
    if (!run.isEntryIntended(keyHash, change.call)) this.#breach("written-first", step);
    if (this.#newest !== null && isBefore(run.commit, this.#newest))
      this.#breach("no-older-commit", `${step} by a commit before the one applied last`);
    const key: Fingerprint = `sha256:${keyHash}`;
    const isWaived = this.#isEntryWaived(run, type, keyHash);
    const original = this.#attempts.get(`${type} ${live.currentId}`)?.overridden.has(key) === true;
    const isNeeded =
      this.#isEnabled(key) && (live.active.includes(key) || (original && live.phase !== "standby"));
    const takesOut =
      change.call === "delete-override" || (change.call === "update-override" && change.disabled === true);
    if (takesOut && isNeeded && !isWaived)
      this.#breach("entries-stay", `${step}, which is in force or needed`);
    if (force && !isWaived) this.#breach("entries-stay", `${step} without a waiver`);
    const putsIn = change.call === "update-override" && change.disabled === false;
    if (!putsIn) return;
    const isTrusted = run.commit.covers?.trusted.includes(keyHash) === true;
    if (!original && !isTrusted) this.#breach("entries-stay", `${step}, which nobody trusts`);
    if (entries?.hasList(keyHash) !== true) this.#breach("entries-stay", `${step} without a revocation list`);
  }

  #isEnabled(key: Fingerprint): boolean {
    return this.#referee.cluster.entries?.isEnabled(key.replace(/^sha256:/, "")) === true;
  }

  #isEntryWaived({ commit }: Run, type: string, keyHash: string): boolean {
    const now = this.#referee.now();
    return commit.rotations
      .filter(({ authorities }) => authorities.some((one) => one.type === type))
      .some((one) =>
        [`override/${type}/${keyHash}`, `authority/${type}`].some((subject) =>
          waives(one, "overrides", subject, now),
        ),
      );
  }

  /** Who trusts only the other CA, the one that signs the overrides, meets no certificate of its own. */
  #armed(run: Run, live: EmulatedAuthority, to: Phase, step: string): void {
    const { entries } = this.#referee.cluster;
    if (entries === null || live.type !== entries.type) return;
    const attempt = this.#attempts.get(`${live.type} ${live.currentId}`);
    const hashOf = (key: Fingerprint) => key.replace(/^sha256:/, "");
    const isIn = (key: Fingerprint) => this.#isEnabled(key);
    const isArmed = (key: Fingerprint) =>
      isIn(key) && entries.hasList(hashOf(key)) && run.commit.covers?.trusted.includes(hashOf(key)) === true;
    const demand = (keys: readonly Fingerprint[], holds: (key: Fingerprint) => boolean, what: string) => {
      for (const key of keys) {
        if (!holds(key) && !this.#isEntryWaived(run, live.type, hashOf(key)))
          this.#breach("armed-first", `${step}, and the override of ${hashOf(key).slice(0, 8)} ${what}`);
      }
    };
    if (to === "update_clients" && live.active.some(isIn)) demand(live.trusted, isArmed, "is not armed");
    if (to === "rollback" && live.phase !== "init")
      demand([...(attempt?.overridden ?? [])], isIn, "would not be in force again");
    const stands = live.phase === "update_clients" || live.phase === "update_servers";
    if (stands && to !== "rollback" && (attempt?.overridden.size ?? 0) > 0)
      demand(live.active, isIn, "is not in force");
  }

  #knownToLeaf(
    resource: RotationResource | undefined,
    live: EmulatedAuthority,
    to: Phase,
    step: string,
  ): void {
    const { leaf } = this.#referee.cluster;
    if (leaf === null || to === "init" || to === "rollback") return;
    const stays = to === "update_clients" ? live.trusted : live.active;
    if (stays.every((key) => leaf.knows(live.type, key))) return;
    if (waives(resource, "trusted-clusters", `cluster/${leaf.name}`, this.#referee.now())) return;
    this.#breach("leaf-knows", `${step}, and the leaf does not know the key that stays`);
  }

  #allKeys(resource: RotationResource | undefined, live: EmulatedAuthority, to: Phase, step: string): void {
    const servers = this.#referee.cluster.agents.filter(
      ({ kind, isScrapped }) => kind === "auth_server" && !isScrapped,
    );
    if (servers.length < 2 || to !== "update_clients" || live.trusted.length >= servers.length) return;
    if (waives(resource, "hsm-keys", `authority/${live.type}`, this.#referee.now())) return;
    this.#breach(
      "keys-of-all",
      `${step} with ${live.trusted.length} keys for ${servers.length} auth servers`,
    );
  }

  /** Right after a request had its effect on the cluster. */
  moved(
    run: Run,
    { authority: type, to }: TransitionRequest,
    before: Pick<EmulatedAuthority, "currentId" | "phase">,
  ): void {
    const live = this.#referee.cluster.authority(type);
    if (live.phase !== to || live.phase === before.phase) return;
    this.steps += 1;
    this.#newestBecomes(run.commit);
    const id = `${type} ${live.currentId}`;
    if (to === "init" && run.look !== null) {
      const overridden = new Set(live.original.filter((key) => this.#isEnabled(key)));
      const known = this.#listed(run.look);
      this.#attempts.set(id, { known, asked: new Set(), contents: new Set(), overridden });
    }
    const attempt = this.#attempts.get(id);
    attempt?.asked.add(to);
    const resource = run.commit.rotations.find((one) => retires(one, type, [...live.original]));
    if (resource !== undefined) attempt?.contents.add(resource.contentHash);
    if (before.phase === "rollback")
      for (const one of attempt?.contents ?? []) this.#rolledBack.add(`${type} ${one}`);
  }

  ended(run: Run, outcome: RunOutcome, exit: number): void {
    const wanted = EXITS[outcome];
    if (exit !== wanted) this.#breach("one-story", `${outcome} ends with ${exit}, not ${wanted}`);
    const last = run.events.at(-1);
    if (last?.type === "finished" && last.outcome !== outcome)
      this.#breach("one-story", `said ${last.outcome}, returned ${outcome}`);
    if (outcome === "applied" || outcome === "nothing-to-do") this.#newestBecomes(run.commit);
    for (const memory of run.recorded()) {
      const live = this.#referee.cluster.authority(memory.authority);
      const isThis =
        memory.current_id !== null && memory.current_id === live.currentId && live.phase === "standby";
      if (!isThis) continue;
      const has = (key: Fingerprint) => live.accepted.includes(key);
      if (memory.state === "rolled_back" && !memory.retire.every((key) => live.active.includes(key))) {
        this.#breach("said-is-so", `${memory.authority} is rolled back, and its original key does not sign`);
      }
      if (memory.state === "finished" && memory.retire.some(has)) {
        this.#breach("said-is-so", `${memory.authority} is finished, and its original key is there`);
      }
    }
    if (outcome !== "rolled-back") return;
    const isBack = [...run.turnedBack].some((type) => {
      const { original, active, phase } = this.#referee.cluster.authority(type);
      return phase === "standby" && original.every((key) => active.includes(key));
    });
    if (run.turnedBack.size > 0 && !isBack && !run.wasDisturbed)
      this.#breach("said-is-so", `"rolled back", and none of ${[...run.turnedBack]} is`);
  }

  #newestBecomes(commit: Commit): void {
    if (this.#newest === null || isBefore(this.#newest, commit)) this.#newest = commit;
  }

  #askedOnce(live: EmulatedAuthority, to: Phase, step: string): void {
    const asked = this.#attempts.get(`${live.type} ${live.currentId}`)?.asked;
    const isNew = to === "init" && live.phase === "standby";
    // By such a clock a step of seconds ago is long past, and a late read is believed: then the platform's refusal judges.
    if (this.#setForwardAt >= live.changedAt) return;
    if (!isNew && asked?.has(to) === true) this.#breach("asked-once", `${step}, which is done already`);
  }

  #wanted(
    run: Run,
    resource: RotationResource | undefined,
    live: EmulatedAuthority,
    to: Phase,
    step: string,
  ): void {
    if (this.#newest !== null && isBefore(run.commit, this.#newest)) {
      this.#breach("no-older-commit", `${step} by a commit before the one applied last`);
    }
    if (live.phase === "rollback") return;
    if (to === "rollback") {
      const isDeclared = resource !== undefined && resource.phase !== "rollback";
      const isTurned = run.events.some(({ type }) => type === "rollback-started");
      // What began to go back takes its partner along.
      const isPartner = this.#partnerOf(live)?.phase === "rollback";
      if (isDeclared && !isTurned && !isPartner && !run.startsTurnedBack(live.type)) {
        this.#breach("as-git-wants", `${step}, and git wants ${resource.phase}`);
      }
      if (resource === undefined && !wasDeclared(run.commit, live)) {
        this.#breach("as-git-wants", `${step} of a rotation that no commit ever had`);
      }
      return;
    }
    if (resource === undefined) {
      this.#breach("as-git-wants", `${step}, and no rotation of the commit is about it`);
      return;
    }
    const [goal, place] = [FORWARD.indexOf(resource.phase), FORWARD.indexOf(to)];
    const isOnTheWay =
      resource.strategy === "walk" || resource.mode === "auto" ? place <= goal : place === goal;
    if (!isOnTheWay) this.#breach("as-git-wants", `${step}, and git wants ${resource.phase}`);
    if (
      to === "init" &&
      !resource.authorities.some(
        (one) => one.type === live.type && one.retire.every((key) => live.active.includes(key)),
      )
    ) {
      this.#breach("as-git-wants", `${step}, and the key that it is to retire does not sign`);
    }
    if (
      to === "init" &&
      resource.resume === null &&
      this.#rolledBack.has(`${live.type} ${resource.contentHash}`)
    ) {
      this.#breach("rollback-sticks", `${step}, which was rolled back as it stands`);
    }
  }

  #partnerOf({ type }: EmulatedAuthority): EmulatedAuthority | undefined {
    const { authorities } = this.#referee.cluster;
    return authorities.find((one) => PAIR.includes(type) && PAIR.includes(one.type) && one.type !== type);
  }

  #allowed(
    run: Run,
    resource: RotationResource | undefined,
    live: EmulatedAuthority,
    from: Phase,
    to: Phase,
    step: string,
  ): void {
    const isForward = from !== "rollback" && to !== "rollback";
    const now = this.#referee.now();
    if (isForward && resource?.hold !== undefined) this.#breach("held-is-held", step);
    if (run.approval === "nothing" && live.mode !== "auto")
      this.#breach("own-approval", `${step}, and nothing was approved`);
    if (from === "update_servers" && to === "standby" && run.approval !== "everything") {
      this.#breach("own-approval", `${step} without an approval of its own`);
    }
    const { soakMs, concurrentRotations } = this.#referee.policy;
    const isMiddle = isForward && from !== "standby";
    const soaked = live.now - live.changedAt >= soakMs || this.#clockSetAt >= live.changedAt;
    if (
      isMiddle &&
      live.phase === from &&
      !soaked &&
      !waives(resource, "soak", `authority/${live.type}`, now)
    ) {
      this.#breach("soaked", `${step} after ${live.now - live.changedAt} ms of ${soakMs}`);
    }
    const others = (run.look?.authorities ?? []).filter(
      ({ type, rotation }) =>
        rotation.state === "in_progress" &&
        type !== live.type &&
        !(PAIR.includes(type) && PAIR.includes(live.type)),
    );
    const busy = new Set(others.map(({ type }) => (PAIR.includes(type) ? "the pair" : type)));
    if (to === "init" && busy.size >= concurrentRotations)
      this.#breach("one-at-a-time", `${step} beside ${[...busy].join(", ")}`);
  }

  #prepared(run: Run, live: EmulatedAuthority, to: Phase, step: string): void {
    if (!run.isIntended(live.type, to)) this.#breach("written-first", step);
    if (to === "init" && !run.isBackedUp(live)) this.#breach("kept-first", step);
  }

  /** Whom a step of the host CA would lock out. */
  #safe(
    run: Run,
    resource: RotationResource | undefined,
    live: EmulatedAuthority,
    to: Phase,
    step: string,
    known: ReadonlySet<Agent>,
  ): void {
    const owed = [...known].filter(
      (agent) => !agent.isScrapped && !this.#isAccepted(run, resource, agent, live, to),
    );
    if (to === "standby") {
      for (const agent of owed) {
        if (!agent.livesBy(live.active))
          this.#breach("nobody-is-cut-off", `${step} cuts off ${agent.subjects[0]}`);
      }
    }
    if (to !== "update_clients" && to !== "update_servers") return;
    // A hand has turned it back behind a read that is late: the platform refuses, as rollback leads to standby alone.
    if (live.phase === "rollback") return;
    const fresh = to === "update_clients" ? live.trusted : live.active;
    for (const agent of owed) {
      // Who is off hears of the keys of further auth servers with HSMs when it comes back.
      const isTold = agent.isUp
        ? fresh.every((key) => agent.trusts(key))
        : fresh.some((key) => agent.trusts(key));
      if (!isTold)
        this.#breach("trust-before-use", `${step}, and ${agent.subjects[0]} does not trust the new key`);
    }
  }

  /** By a waiver, or by the approval of the end of a rollback, which names whom it covers. */
  #isAccepted(
    run: Run,
    resource: RotationResource | undefined,
    { subjects }: Agent,
    live: EmulatedAuthority,
    to: Phase,
  ): boolean {
    const now = this.#referee.now();
    const names = [...subjects, `roster/${live.type}`];
    const isWaived = ["roster", "components-ready"].some((guard) =>
      names.some((name) => waives(resource, guard, name, now)),
    );
    const isStated =
      resource?.acknowledge.some(({ step }) => step === `${live.type}/adopt/roster-complete`) === true;
    const isApproved =
      run.approval === "everything" &&
      live.phase === "rollback" &&
      to === "standby" &&
      run.unaccounted.some((name) => names.includes(name));
    return (
      isApproved ||
      (live.phase !== "rollback" &&
        (isWaived || (isStated && !this.#attempts.has(`${live.type} ${live.currentId}`))))
    );
  }

  #listed({ components }: ClusterObservation): Set<Agent> {
    const ids = new Set([...components].map(({ kind, id }) => `${kind}/${id}`));
    return new Set(this.#referee.cluster.agents.filter(({ kind, id }) => ids.has(`${kind}/${id}`)));
  }

  /** After a run that nobody disturbed. */
  planAfter(outcome: RunOutcome, plan: Plan): void {
    if (outcome !== "applied" && outcome !== "nothing-to-do") return;
    if (plan.outcome !== "no_changes") {
      this.#breach("nothing-left", `${outcome}, and then ${plan.outcome}: ${toldBy(plan)}`);
    }
  }

  /** What a plan called ready right before an undisturbed run that had every approval. */
  taken(run: Run, plan: Plan): void {
    const blocked = plan.clusters.some(({ drift }) => drift.some(({ blocks }) => blocks));
    const [first] = stepsOf(plan).filter(
      ({ after, guards }) => after === null && guards.every(({ outcome }) => outcome === "pass"),
    );
    if (first === undefined || blocked) return;
    const isTaken = run.events.some((event) => event.type === "step-started" && event.step.id === first.id);
    const isNamed = run.events.some(
      (event) =>
        event.type === "blocked" &&
        // What holds one of a pair holds the other.
        first.id.startsWith(`${event.rotation}/`) &&
        event.step.guards.some(({ outcome }) => outcome !== "pass"),
    );
    if (!isTaken && !isNamed)
      this.#breach(
        "ready-is-taken",
        `${first.id} is ready, and apply says ${JSON.stringify(run.events.at(-1))}`,
      );
  }

  /** One plan in all its forms. */
  told(
    plan: Plan,
    { exit, text, json }: { readonly exit: number; readonly text: string; readonly json: string },
  ): void {
    const wanted = { no_changes: 0, ready: 2, blocked: 3, incomplete: 1 }[plan.outcome];
    if (exit !== wanted) this.#breach("one-story", `plan is ${plan.outcome} and ends with ${exit}`);
    const parsed = JSON.parse(json) as Plan;
    if (parsed.outcome !== plan.outcome || parsed.verdict !== plan.verdict)
      this.#breach("one-story", "JSON has another outcome");
    const words = {
      no_changes: /^No changes|^Nothing to do/m,
      ready: /^Ready/m,
      blocked: /^Blocked|^Waits/m,
      incomplete: /^Incomplete/m,
    }[plan.outcome];
    if (!words.test(text))
      this.#breach("one-story", `plan is ${plan.outcome}, and the text says: ${text.slice(-300)}`);
    const isHeld = stepsOf(plan).some(({ guards }) => guards.some(({ outcome }) => outcome !== "pass"));
    if (plan.outcome === "ready" && isHeld) this.#breach("one-story", `ready, and held: ${toldBy(plan)}`);
    const flat = text.replaceAll(/\s+/g, "");
    for (const { subject } of stepsOf(plan).flatMap(({ guards }) =>
      guards.flatMap(({ findings }) => findings),
    )) {
      if (!flat.includes(subject))
        this.#breach("one-story", `${subject} is a finding, and the text does not have it`);
    }
  }

  #breach(rule: Rule, what: string): void {
    this.breaches.push({ rule, what });
  }
}

/** The table of the contract. */
const EXITS: Readonly<Record<RunOutcome, number>> = {
  "nothing-to-do": 0,
  applied: 0,
  failed: 1,
  blocked: 3,
  "rollback-unfinished": 3,
  "rolled-back": 4,
  stale: 5,
  locked: 6,
  interrupted: 130,
};

function stepsOf({ clusters }: Plan): readonly Step[] {
  return clusters.flatMap(({ rotations }) => rotations.flatMap(({ steps }) => steps));
}

function toldBy(plan: Plan): string {
  const steps = stepsOf(plan).map(
    ({ id, guards }) =>
      `${id} [${guards.filter(({ outcome }) => outcome !== "pass").map((guard) => guard.id)}]`,
  );
  const drift = plan.clusters.flatMap((one) =>
    one.drift.map(({ id, subject, blocks }) => `${id} ${subject}${blocks ? " blocks" : ""}`),
  );
  return [...steps, ...drift].join("; ");
}

/** The rotation of a commit that is about the one under way, or about the one to come. */
function about(
  { rotations }: Commit,
  { type, phase, active, original }: EmulatedAuthority,
): RotationResource | undefined {
  return rotations.find((one) => retires(one, type, phase === "standby" ? active : original));
}

function waives(
  resource: RotationResource | undefined,
  guard: string,
  subject: string,
  now: number,
): boolean {
  return (
    resource?.waive.some(
      (one) => one.guard === guard && one.subject === subject && Date.parse(one.expires) > now,
    ) === true
  );
}

/** Some commit up to this one was about the rotation that is under way. */
function wasDeclared(head: Commit, live: EmulatedAuthority): boolean {
  for (let commit: Commit | null = head; commit !== null; commit = commit.parent) {
    if (commit.rotations.some((one) => retires(one, live.type, live.original))) return true;
  }
  return false;
}
