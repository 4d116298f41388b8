import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { claimed, givenUp, noPlaces, type Places, takenIn } from "../../src/fleet/places.ts";

const since = "2026-11-21T12:00:00Z";

describe("the places of a campaign", () => {
  it("are never one too many, in whatever order machines claim and give up", () => {
    const move = fc.record({
      cluster: fc.constantFrom("a", "b", "c", "d", "e"),
      wave: fc.constantFrom("canary", "rest"),
      claims: fc.boolean(),
      // How many others are faster: then it looks again at what is there.
      stale: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), fc.integer({ min: 1, max: 3 }), (moves, most) => {
        let now: Places = noPlaces("host");
        const seen: Places[] = [now];
        for (const { cluster, wave, claims, stale } of moves) {
          const change = (before: Places) =>
            claims ? claimed(before, { cluster, wave, since }, most) : givenUp(before, cluster);
          const read = seen.at(-1 - stale) ?? now;
          const next = change(read);
          // Compare and swap: of an older state nothing is written, and it is made anew.
          const made = read === now ? next : change(now);
          if (made !== null) now = made;
          seen.push(now);
          for (const one of ["canary", "rest"]) expect(takenIn(now, one).length).toBeLessThanOrEqual(most);
          const names = now.places.map((place) => place.cluster);
          expect(new Set(names).size).toBe(names.length);
        }
      }),
    );
  });

  it("a cluster that has one keeps it, and one that has none has none to give up", () => {
    const one = claimed(noPlaces("host"), { cluster: "a", wave: "rest", since }, 1) ?? noPlaces("");
    expect(claimed(one, { cluster: "a", wave: "rest", since }, 1)).toBe(one);
    expect(claimed(one, { cluster: "b", wave: "rest", since }, 1)).toBeNull();
    expect(givenUp(one, "b")).toBe(one);
    expect(givenUp(one, "a").places).toEqual([]);
  });
});
