import type { RunEvent } from "../../src/apply/event.ts";
import { Failure } from "../../src/failure.ts";
import type { Platform } from "../../src/platforms/platform.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type { JournalEntry, Lock, RecordStore } from "../../src/record/store.ts";
import type { Phase } from "../../src/rotation/phase.ts";
import type { ClusterRecord, RotationRecord } from "../../src/rotation/record.ts";
import { asWritten } from "../world/as-written.ts";
import type { MemoryStore } from "../world/memory-store.ts";
import { Killed } from "../world/model-cluster.ts";
import type { EmulatedAuthority } from "./authority.ts";
import type { EmulatedCluster } from "./cluster.ts";
import type { Trouble } from "./deeds.ts";
import type { Commit } from "./git.ts";
import type { Rules } from "./rules.ts";

interface RunOptions {
  readonly commit: Commit;
  readonly approval: "everything" | "ordinary" | "nothing";
  readonly troubles: readonly Trouble[];
  readonly cluster: EmulatedCluster;
  readonly store: MemoryStore;
  readonly rules: Rules;
  readonly happens: (run: Run, trouble: Trouble) => Promise<void>;
}

/**
 * One run of apply on one machine. Each of its calls goes through here, where it is counted, disturbed and killed; a
 * process that was killed does nothing any more.
 */
export class Run {
  readonly commit: Commit;
  readonly approval: RunOptions["approval"];
  readonly events: RunEvent[] = [];
  readonly stop = new AbortController();
  /** What it saw last. */
  look: ClusterObservation | null = null;
  /** Everything was looked at since the last request. */
  lookedAnew = false;
  wasOvertaken = false;
  wasDisturbed = false;
  /** CAs that were asked to go back. */
  readonly turnedBack = new Set<string>();
  readonly #options: RunOptions;
  readonly #lost = new AbortController();
  readonly #recordBefore: ClusterRecord | null;
  readonly #journalBefore: number;
  #calls = 0;
  #isDead = false;
  #intended: readonly JournalEntry[] = [];

  constructor(options: RunOptions) {
    this.#options = options;
    this.commit = options.commit;
    this.approval = options.approval;
    this.#recordBefore = asWritten(options.store.record);
    this.#journalBefore = options.store.journal.length;
  }

  get calls(): number {
    return this.#calls;
  }

  /** Another machine has the lock now. */
  overtake(): void {
    this.wasOvertaken = true;
    this.#lost.abort(new Failure("locked", "another run took the lock over"));
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Who the plan says may live by the key that goes at the end of a rollback. */
  get unaccounted(): readonly string[] {
    return this.events
      .flatMap((event) => (event.type === "plan" ? event.plan.clusters : []))
      .flatMap(({ rotations }) =>
        rotations.flatMap(({ steps }) => steps.flatMap((step) => step.unaccounted ?? [])),
      );
  }

  /** By the record at its start a run before it had turned back. */
  startsTurnedBack(type: string): boolean {
    return (
      this.#recordBefore?.rotations.some(
        ({ authority, state }) => authority === type && state === "rolling_back",
      ) === true
    );
  }

  recorded(): readonly RotationRecord[] {
    return this.#options.store.record?.rotations ?? [];
  }

  isIntended(type: string, to: Phase): boolean {
    return this.#intended.some((entry) => entry.authority === type && entry.to === to);
  }

  isEntryIntended(keyHash: string, call: string): boolean {
    return this.#intended.some((entry) => entry.from === keyHash && entry.to.startsWith(`${call} (`));
  }

  /** Its keys are in a backup as they are now. */
  isBackedUp({ type, active }: EmulatedAuthority): boolean {
    return this.#options.store.backups.some(({ authorities }) =>
      authorities.some(
        (one) =>
          one.type === type &&
          active.every((key) => one.active.some(({ fingerprint }) => fingerprint === key)),
      ),
    );
  }

  /** A call that has its effect in between. */
  async around<Result>(effect: () => Promise<Result>): Promise<Result> {
    await this.point();
    const result = await effect();
    this.#die("kill after");
    return result;
  }

  async point(): Promise<void> {
    if (this.#isDead) throw new Killed();
    this.#calls += 1;
    this.#die("kill before");
    for (const trouble of this.#options.troubles) {
      if (trouble.at !== this.#calls || trouble.comes === "kill before" || trouble.comes === "kill after")
        continue;
      this.wasDisturbed = true;
      await this.#options.happens(this, trouble);
    }
  }

  #die(when: "kill before" | "kill after"): void {
    const isNow = this.#options.troubles.some(({ at, comes }) => at === this.#calls && comes === when);
    if (!isNow) return;
    this.#isDead = true;
    throw new Killed();
  }

  readonly platform: Platform = {
    observe: async (scope) =>
      await this.around(async () => {
        const stops = this.stop.signal.aborted || this.#lost.signal.aborted;
        if (stops && scope.evenWhenStopping !== true) throw new Failure("interrupted", "tctl was ended");
        const { cluster } = this.#options;
        if (cluster.faults.delete("lost-look"))
          throw new Failure("executable", "tctl ended with 1: i/o timeout");
        const seen = await cluster.observe(scope);
        this.look = seen;
        if (scope.components === "all") this.lookedAnew = true;
        return seen;
      }),
    transition: async (request) =>
      await this.around(async () => {
        await request.confirm?.();
        const { cluster, rules, store } = this.#options;
        this.#intended = store.journal.slice(this.#journalBefore).filter(({ what }) => what === "intended");
        rules.asks(this, request);
        this.lookedAnew = false;
        const live = cluster.authority(request.authority);
        const before = { currentId: live.currentId, phase: live.phase };
        if (request.to === "rollback" || live.phase === "rollback") this.turnedBack.add(request.authority);
        const { confirm: _, ...rest } = request;
        const reply = await cluster.transition(rest);
        rules.moved(this, request, before);
        return reply;
      }),
    overrides: {
      act: async (call) =>
        await this.around(async () => {
          await call.confirm?.();
          const { cluster, rules, store } = this.#options;
          this.#intended = store.journal.slice(this.#journalBefore).filter(({ what }) => what === "intended");
          rules.asksEntry(this, call);
          this.lookedAnew = false;
          const { confirm: _, ...rest } = call;
          return await cluster.override(rest);
        }),
      requests: async () => ({ texts: [], warnings: "" }),
    },
  };

  get store(): RecordStore {
    const { store } = this.#options;
    const own = Object.create(store) as MemoryStore;
    const written =
      <Args extends readonly unknown[], Result>(write: (...args: Args) => Promise<Result>) =>
      (...args: Args) =>
        this.around(async () => {
          this.#lost.signal.throwIfAborted();
          return await write(...args);
        });
    return Object.assign(own, {
      load: (name: string) => this.around(() => store.load(name)),
      save: written((record: ClusterRecord) => store.save(record)),
      append: written((entry: JournalEntry) => store.append(entry)),
      backup: written(store.backup.bind(store)),
      lock: async (cluster: string): Promise<Lock> => ({
        cluster,
        id: "run",
        confirm: async () => this.around(async () => this.#lost.signal.throwIfAborted()),
        lost: this.#lost.signal,
        release: async () => {},
      }),
    });
  }
}
