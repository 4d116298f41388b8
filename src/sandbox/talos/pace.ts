import type { Cancel } from "../clock.ts";

/**
 * Cluster time: how long a real cluster takes for something, divided by the sandbox's speed. Certificates live in
 * wall-clock time, since TLS does.
 */
export class Pace {
  readonly speed: number;
  readonly #timers = new Set<NodeJS.Timeout>();
  #stopped = false;

  constructor(speed: number) {
    this.speed = speed;
  }

  /** Milliseconds of the wall clock. */
  wallMs(seconds: number): number {
    return (seconds * 1000) / this.speed;
  }

  after(seconds: number, run: () => void): Cancel {
    return this.afterWall(this.wallMs(seconds), run);
  }

  afterWall(ms: number, run: () => void): Cancel {
    if (this.#stopped) return () => {};
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, ms);
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  /** Never comes back once the cluster is closed. */
  sleep(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(seconds, resolve);
    });
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

/** One thing after the other, in the order in which they were asked for. */
export class Queue {
  #tail: Promise<unknown> = Promise.resolve();

  run<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#tail.then(task);
    this.#tail = result.catch(() => {});
    return result;
  }
}
