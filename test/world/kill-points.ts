import type { ObserveScope, Platform, TransitionRequest } from "../../src/platforms/platform.ts";
import type { DesiredState } from "../../src/resources/model/desired.ts";
import { World } from "./apply.ts";
import { Killed } from "./model-cluster.ts";

/** Everything that a run does to the outside: each of these calls is killed before and after its effect. */
type Moment = "before" | "after";

/** Ends a run at one of its calls, counted from its start: a killed process does nothing after that. */
export class KillSwitch {
  #left = Number.POSITIVE_INFINITY;
  #moment: Moment = "before";

  /** `false`: the work ended before the call of this number. */
  async killedAt(call: number, moment: Moment, work: () => Promise<unknown>): Promise<boolean> {
    this.#left = call;
    this.#moment = moment;
    try {
      await work();
      return false;
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      return true;
    } finally {
      this.#left = Number.POSITIVE_INFINITY;
    }
  }

  async around<Result>(effect: () => Promise<Result>): Promise<Result> {
    this.before();
    const result = await effect();
    if (this.#left <= 0) throw new Killed();
    return result;
  }

  /** A call that has its effect after this. */
  before(): void {
    this.#left -= 1;
    if (this.#left < 0 || (this.#left === 0 && this.#moment === "before")) throw new Killed();
  }
}

/** A world whose run is killed at one call, counted over looks, transitions and writes of the record. */
export class KillableWorld extends World {
  readonly #kill = new KillSwitch();

  constructor() {
    super();
    const { cluster, store } = this;
    this.platform = {
      observe: (scope: ObserveScope) => this.#kill.around(() => cluster.observe(scope)),
      transition: (request: TransitionRequest) => this.#kill.around(() => cluster.transition(request)),
    } satisfies Platform;
    const [save, append, backup] = [store.save, store.append, store.backup].map((method) =>
      method.bind(store),
    ) as [typeof store.save, typeof store.append, typeof store.backup];
    store.save = (record) => this.#kill.around(() => save(record));
    store.append = (entry) => this.#kill.around(() => append(entry));
    store.backup = (state, sealed) => this.#kill.around(() => backup(state, sealed));
  }

  /** Applies, and is killed at the call of this number; `false` when it ended before that. */
  async killedAt(desired: DesiredState, call: number, moment: Moment): Promise<boolean> {
    return await this.#kill.killedAt(call, moment, () => this.apply(desired));
  }
}

/**
 * A run is killed at every call that it makes, before and after its effect. `prepare` brings a world to where the run
 * begins, `check` says what has to hold after it.
 */
export async function atEveryKillPoint(
  prepare: () => Promise<KillableWorld>,
  run: DesiredState,
  check: (world: KillableWorld, at: string) => Promise<void>,
): Promise<number> {
  let points = 0;
  for (const moment of ["before", "after"] as const) {
    for (let call = 1; ; call += 1) {
      const world = await prepare();
      if (!(await world.killedAt(run, call, moment))) break;
      points += 1;
      await check(world, `killed ${moment} the effect of call ${call}`);
    }
  }
  return points;
}
