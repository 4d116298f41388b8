import { AsyncLocalStorage } from "node:async_hooks";
import { Failure } from "../../src/failure.ts";
import { Killed } from "../world/model-cluster.ts";

export type Moment = "before" | "after";

/**
 * A run that can be killed at its n-th call to the outside, before or after the effect of that call. A process that was
 * killed does nothing any more: whatever of it is still under way in this process goes no further than its next call.
 */
export class Mortal {
  readonly number: number;
  /** What it called, in order: `rename`, `git push`. */
  readonly calls: string[] = [];
  isDead = false;
  readonly #at: number;
  readonly #moment: Moment;

  constructor(number: number, at = Number.POSITIVE_INFINITY, moment: Moment = "before") {
    this.number = number;
    this.#at = at;
    this.#moment = moment;
  }

  async around<Result>(what: string, effect: () => Promise<Result>): Promise<Result> {
    if (this.isDead) throw new Killed();
    this.calls.push(what);
    const isMine = this.calls.length === this.#at;
    if (isMine && this.#moment === "before") this.#die();
    const result = await effect();
    if (isMine) this.#die();
    return result;
  }

  #die(): never {
    this.isDead = true;
    throw new Killed();
  }
}

const living = new AsyncLocalStorage<Mortal>();

/** All that the work calls, however deep, is the run's. */
export async function asRun<Result>(run: Mortal, work: () => Promise<Result>): Promise<Result> {
  return await living.run(run, work);
}

/** The same, until it ends or is killed: then `null`. What a dead process throws on its way out is nothing; a bug is one. */
export async function untilKilled<Result>(
  run: Mortal,
  work: () => Promise<Result>,
): Promise<{ readonly result: Result } | null> {
  try {
    const result = await asRun(run, work);
    return run.isDead ? null : { result };
  } catch (error) {
    if (!run.isDead || !(error instanceof Killed || error instanceof Failure)) throw error;
    return null;
  }
}

/** The run that is at work here; `undefined`: the test itself. */
export function runAtWork(): Mortal | undefined {
  return living.getStore();
}

/** The same call, as one of the run that is at work. */
export function mortal<Args extends readonly unknown[], Result>(
  what: (...args: NoInfer<Args>) => string,
  call: (...args: Args) => Promise<Result>,
): (...args: Args) => Promise<Result> {
  return async (...args) => {
    const run = runAtWork();
    return run === undefined ? await call(...args) : await run.around(what(...args), () => call(...args));
  };
}
