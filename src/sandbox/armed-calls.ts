/** As in the request of a fault. */
interface WhichCalls {
  readonly match?: string | undefined;
  readonly forMs?: number | undefined;
  readonly times?: number | undefined;
}

interface Armed<Fault> {
  readonly fault: Fault;
  readonly match: string | null;
  readonly until: number;
  remaining: number;
}

/** Faults of calls that wait for the calls that they hit. */
export class ArmedCalls<Fault extends string> {
  readonly #now: () => number;
  #armed: Armed<Fault>[] = [];

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Those that still wait; `remaining` is infinite for a fault that only time ends. */
  get waiting(): readonly { readonly fault: Fault; readonly remaining: number }[] {
    return this.#armed;
  }

  arm(fault: Fault, { match, forMs, times }: WhichCalls): void {
    this.#armed.push({
      fault,
      match: match ?? null,
      until: forMs === undefined ? Number.POSITIVE_INFINITY : this.#now() + forMs,
      // A time limit without a count means every call until then.
      remaining: times ?? (forMs === undefined ? 1 : Number.POSITIVE_INFINITY),
    });
  }

  clear(): void {
    this.#armed = [];
  }

  /** The first that this call falls under; `usual` says whether it falls under one that names no calls. */
  take(call: string, usual: boolean): Fault | null {
    const now = this.#now();
    this.#armed = this.#armed.filter(({ remaining, until }) => remaining > 0 && until > now);
    const hit = this.#armed.find(({ match }) => (match === null ? usual : call.includes(match)));
    if (hit === undefined) return null;
    hit.remaining -= 1;
    return hit.fault;
  }
}
