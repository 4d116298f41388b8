import type { Guard } from "../profile/profile.ts";
import type { ChangeWindow, Freeze, Policy } from "../resources/model/desired.ts";
import { momentsOf, wallClock } from "../resources/model/time-zone.ts";
import { isForward } from "../rotation/phase.ts";
import { failWith } from "./judgement.ts";

/** Somebody should be awake when a step begins. What has begun is finished, and the way back never waits. */
export const window: Guard = {
  id: "window",
  about: "time",
  refuses: "beginning a step outside of the policy's change windows, or in a freeze",
  waivable: true,
  subjects: ["authority"],
  appliesTo: ({ edge, authority, cluster: { policy } }) =>
    policy.windows.length + policy.freezes.length > 0 &&
    isForward(edge) &&
    edge.from !== edge.to &&
    authority.rotation.towards !== edge.to,
  judge: ({ authority, cluster: { policy }, now }) => {
    const opens = nextOpening(policy, now);
    if (opens === now) return failWith([]);
    const freeze = freezeAt(policy.freezes, now);
    const why = freeze === undefined ? "no change window is open" : `held by a freeze (${freeze.reason})`;
    return failWith([
      {
        subject: `authority/${authority.type}`,
        message: `${why}; steps may begin from ${describe(opens, policy.timeZone)}`,
        remedy: "apply again from then on",
      },
    ]);
  },
};

/** The moment itself when steps may begin; else the first one after it when they may. */
function nextOpening(policy: Policy, now: number): number {
  for (let at = now; ; ) {
    const freeze = freezeAt(policy.freezes, at);
    const next = freeze === undefined ? openFrom(policy, at) : Date.parse(freeze.to);
    if (next === at) return at;
    at = next;
  }
}

function freezeAt(freezes: readonly Freeze[], at: number): Freeze | undefined {
  return freezes.find(({ from, to }) => Date.parse(from) <= at && at < Date.parse(to));
}

const DAY_MS = 24 * 3_600_000;
/** As `getUTCDay` counts. */
const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

/** Day after day, beginning with yesterday, as its windows may reach over midnight. */
function openFrom({ windows, timeZone }: Policy, at: number): number {
  if (windows.length === 0) return at;
  const today = Math.floor(wallClock(at, timeZone) / DAY_MS) * DAY_MS;
  for (let day = today - DAY_MS; ; day += DAY_MS) {
    const open = windows.filter(({ days }) => days.some((name) => name === DAYS[new Date(day).getUTCDay()]));
    const moments = open
      .map((window) => occurrence(window, day, timeZone))
      .filter(({ opens, closes }) => opens < closes && at < closes)
      .map(({ opens }) => Math.max(opens, at));
    if (moments.length > 0) return Math.min(...moments);
  }
}

/** A window on one day. Wholly within the hour over which the clocks are set forward, it does not open that day. */
function occurrence({ from, to }: ChangeWindow, day: number, zone: string) {
  const [opens, closes] = [sinceMidnight(from), sinceMidnight(to)];
  const overnight = closes < opens ? DAY_MS : 0;
  return {
    opens: momentsOf(day + opens, zone).first,
    closes: momentsOf(day + closes + overnight, zone).first,
  };
}

function sinceMidnight(time: string): number {
  return Date.parse(`1970-01-01T${time}Z`);
}

/** For people there, and for whoever compares with a log: `mon 2026-11-23 22:00 Europe/Vienna (2026-11-23T21:00:00Z)`. */
function describe(ms: number, zone: string): string {
  const there = new Date(wallClock(ms, zone));
  const local = `${DAYS[there.getUTCDay()]} ${there.toISOString().slice(0, 16).replace("T", " ")} ${zone}`;
  return `${local} (${new Date(ms).toISOString().slice(0, 19)}Z)`;
}
