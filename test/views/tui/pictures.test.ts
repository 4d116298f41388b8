import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it, vi } from "vitest";

/** Ink asks once, when it is loaded, whether there are colours. */
vi.stubEnv("FORCE_COLOR", "1");

let frames: typeof import("../../../docs/frames.tsx");

beforeAll(async () => {
  frames = await import("../../../docs/frames.tsx");
});

it.each(["review.svg", "watch.svg"])(
  "docs/%s is what the screen looks like; node docs/draw.ts draws it anew",
  (name) => {
    const state = frames.PICTURES[name]?.();
    const drawn = readFileSync(join(import.meta.dirname, "..", "..", "..", "docs", name), "utf8");
    expect(state && frames.picture(state)).toBe(drawn);
  },
);
