/** That a person holds a cluster or a rotation, and why. */
export interface Hold {
  readonly reason: string;
  /** ISO 8601, the first moment at which it holds no more; `null`: until it is taken out of git. */
  readonly until: string | null;
}

/** Whether it still holds; `now` in milliseconds since the epoch. */
export function isInForce({ until }: Hold, now: number): boolean {
  return until === null || now < Date.parse(until);
}
