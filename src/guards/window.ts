import type { Guard } from "../profile/profile.ts";
import { wallClock } from "../resources/model/time-zone.ts";
import { isForward } from "../rotation/phase.ts";
import { failWith } from "./judgement.ts";
import { DAYS_FROM_SUNDAY, freezeAt, nextOpening } from "./open-times.ts";

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

/** For people there, and for whoever compares with a log: `mon 2026-11-23 22:00 Europe/Vienna (2026-11-23T21:00:00Z)`. */
function describe(ms: number, zone: string): string {
  const there = new Date(wallClock(ms, zone));
  const local = `${DAYS_FROM_SUNDAY[there.getUTCDay()]} ${there.toISOString().slice(0, 16).replace("T", " ")} ${zone}`;
  return `${local} (${new Date(ms).toISOString().slice(0, 19)}Z)`;
}
