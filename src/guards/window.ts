import { isoTime } from "../iso-time.ts";
import type { Guard } from "../profile/profile.ts";
import { wallClock } from "../resources/model/time-zone.ts";
import { isForward } from "../rotation/phase.ts";
import { writtenDate, writtenMoment } from "../written-date.ts";
import { failWith } from "./judgement.ts";
import { freezeAt, nextOpening } from "./open-times.ts";

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

/** For people there, and for whoever compares with a log: `Mon 23 November 2026, 22:00 Europe/Vienna (21:00 UTC)`. */
function describe(ms: number, zone: string): string {
  const there = writtenMoment(isoTime(wallClock(ms, zone))).replace(/ UTC$/, ` ${zone}`);
  if (zone === "UTC") return there;
  const day = writtenDate(isoTime(ms)).replace(/,.*/, "");
  const utc = writtenDate(isoTime(ms));
  return there.includes(day) ? `${there} (${utc.replace(/^.*, /, "")})` : `${there} (${utc})`;
}
