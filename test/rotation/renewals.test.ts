import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { silenceOf } from "../../src/rotation/announcements.ts";
import type { LiveComponent } from "../../src/rotation/observation.ts";
import {
  learntFrom,
  NOTHING_WATCHED,
  type Renewals,
  type RowWatch,
  watchRows,
  withLearntRows,
} from "../../src/rotation/renewals.ts";
import { PRESENCE } from "../../src/teleport/component-kinds.ts";
import { component, NOW } from "../world/host-rotation.ts";

const MINUTE = 60_000;

/** Nodes that announce themselves every half life, give or take a tenth; the first may stop. */
class Announcers {
  readonly #lifeMs: number;
  readonly #jitter: readonly number[];
  readonly #stopsAt: number;
  readonly #skewMs: number;

  constructor(lifeMs: number, jitter: readonly number[], skewMs = 0, stopsAt = Number.POSITIVE_INFINITY) {
    this.#lifeMs = lifeMs;
    this.#jitter = jitter;
    this.#skewMs = skewMs;
    this.#stopsAt = stopsAt;
  }

  /** When it announced itself last. */
  lastOf(node: number, at: number): number {
    const until = node === 0 ? Math.min(at, this.#stopsAt) : at;
    let last = -(this.#jitter[node] ?? 0) * this.#lifeMs * 0.4;
    for (let turn = node; ; turn += 1) {
      const next = last + (this.#lifeMs / 2) * (0.9 + 0.2 * (this.#jitter[turn % this.#jitter.length] ?? 0));
      if (next > until) return last;
      last = next;
    }
  }

  rows(at: number): readonly LiveComponent[] {
    return this.#jitter.flatMap((_, node) => {
      const expires = this.lastOf(node, at) + this.#lifeMs;
      if (expires <= at) return [];
      return [
        component("node", `node${node}`, { expires: new Date(NOW + this.#skewMs + expires).toISOString() }),
      ];
    });
  }
}

function silentIn(watch: RowWatch, rows: readonly LiveComponent[], at: number) {
  const silence = silenceOf(rows, PRESENCE, NOW + at, learntFrom(watch));
  return rows.filter((row) => silence(row) !== null).map(({ name }) => name);
}

const worlds = fc
  .record({
    lifeMs: fc.integer({ min: MINUTE, max: 40 * MINUTE }),
    jitter: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 }),
    lookEvery: fc.double({ min: 0.01, max: 0.05, noNaN: true }),
    skewMs: fc.integer({ min: -15 * MINUTE, max: 15 * MINUTE }),
  })
  // Before anything is learnt, a life longer than usual shows only as far as the clock here is not ahead.
  .map((world) => (world.lifeMs > PRESENCE.lifeMs ? { ...world, skewMs: Math.max(0, world.skewMs) } : world));

describe("how often components announce themselves is learnt from looks", () => {
  it("nobody who announces itself in time is ever silent, whatever the life of rows and the clock here", () => {
    fc.assert(
      fc.property(worlds, ({ lifeMs, jitter, lookEvery, skewMs }) => {
        const announcers = new Announcers(lifeMs, jitter, skewMs);
        let watch = NOTHING_WATCHED;
        for (let at = 0; at < 4 * lifeMs; at += lookEvery * lifeMs) {
          const rows = announcers.rows(at);
          watch = watchRows(watch, rows, at);
          expect(silentIn(watch, rows, at)).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("who stops is silent or gone within one and a half periods, also where it is the only one of its kind", () => {
    fc.assert(
      fc.property(
        worlds,
        fc.double({ min: 2, max: 3, noNaN: true }),
        ({ lifeMs, jitter, lookEvery, skewMs }, stops) => {
          const periodMs = lifeMs / 2;
          const stopsAt = stops * lifeMs;
          const announcers = new Announcers(lifeMs, jitter, skewMs, stopsAt);
          const named = announcers.lastOf(0, stopsAt) + (1.5 + 2 * lookEvery) * periodMs;
          let watch = NOTHING_WATCHED;
          let seen: readonly string[] = [];
          for (let at = 0; at <= named; at += lookEvery * lifeMs) {
            const rows = announcers.rows(at);
            watch = watchRows(watch, rows, at);
            seen = silentIn(watch, rows, at);
          }
          expect(seen).toEqual(["node0"]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("what may be several announcements, or one for another reason, counts for nothing", () => {
    const row = (expires: number, phase: LiveComponent["phase"] = "init") =>
      component("node", "node1", { expires: new Date(NOW + expires).toISOString(), phase });
    const learnt = (...looks: readonly (readonly [at: number, row: LiveComponent])[]) =>
      learntFrom(looks.reduce((watch, [at, seen]) => watchRows(watch, [seen], at), NOTHING_WATCHED)).renewals;
    const period = 5 * MINUTE;
    const steady: readonly Renewals[] = [{ kind: "node", longest_ms: period, seen: 2 }];
    expect(learnt([0, row(0)], [1000, row(period)], [2000, row(2 * period)])).toEqual(steady);
    // Looks so far apart that two may lie between them.
    expect(learnt([0, row(0)], [period, row(period)], [2 * period, row(2 * period)])).toEqual([]);
    // One that follows a phase starts anew.
    expect(learnt([0, row(0)], [1000, row(1000, "update_clients")], [2000, row(period)])).toEqual([]);
    // One alone may be the odd one.
    expect(learnt([0, row(0)], [1000, row(period)])).toEqual([]);
    // A time to live that goes back is no stamp.
    expect(learnt([0, row(0)], [1000, row(period)], [2000, row(2 * period)], [3000, row(0)])).toEqual([]);
  });
});

describe("what a run has learnt is in the record for the next one", () => {
  const remembered = {
    rotations: [{ ended_at: null, renewals: [{ kind: "node", longest_ms: MINUTE, seen: 4 }] }],
  };
  const rows = (...ages: readonly number[]) => ({
    components: ages.map((age, node) =>
      component("node", `node${node}`, { expires: new Date(NOW + 10 * MINUTE - age).toISOString() }),
    ),
  });
  const silent = (look: ReturnType<typeof rows>) => {
    const { components, rows: learnt } = withLearntRows<ReturnType<typeof rows> & { rows?: never }>(
      look,
      remembered,
    );
    const silence = silenceOf(components, PRESENCE, NOW, learnt);
    return components.filter((row) => silence(row) !== null).map(({ name }) => name);
  };

  it("so one look shows who lags further behind the newest of its kind", () => {
    expect(silent(rows(0, 50_000, 70_000))).toEqual([]);
    expect(silent(rows(0, 50_000, 80_000))).toEqual(["node2"]);
  });

  it("but not where half of the kind would be silent by it: rows live longer now", () => {
    expect(silent(rows(0, 80_000))).toEqual([]);
    expect(silent(rows(0, 80_000, 90_000, 95_000))).toEqual([]);
  });
});
