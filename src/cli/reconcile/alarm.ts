import { systemClock } from "../../apply/run-clock.ts";

/** Sleeps, and can be woken: by a signal, by a call from outside. Whoever calls in the middle of a round gets the next. */
export class Alarm {
  #ring = new AbortController();

  /** Ends the sleep of now, or the next one. */
  ring(): void {
    this.#ring.abort();
  }

  /** Until the time is over, the signal fires or somebody rings: `true` for the last. */
  async sleep(ms: number, signal: AbortSignal): Promise<boolean> {
    const either = AbortSignal.any([signal, this.#ring.signal]);
    try {
      await systemClock.sleep(ms, either);
    } catch (error) {
      if (!either.aborted) throw error;
    }
    const rang = this.#ring.signal.aborted;
    this.#ring = new AbortController();
    return rang;
  }
}
