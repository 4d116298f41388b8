import { isoTime } from "../iso-time.ts";
import { typeOf } from "../profile/lookup.ts";
import type { Guard, GuardInput } from "../profile/profile.ts";
import { isForward, leavesMiddlePhase } from "../rotation/phase.ts";
import { phaseRecord } from "../rotation/record.ts";
import { writtenDate, writtenMoment } from "../written-date.ts";
import { type Waits, waitsOf } from "./haste.ts";
import { failWith, type Judgement, unknown } from "./judgement.ts";

/** Sessions and caches learn a new CA late, and nothing reports them (reference teleport-rotation 3.3, #48446). */
export const soak: Guard = {
  id: "soak",
  about: "time",
  refuses: "leaving a phase before the policy's soak time is over",
  waivable: true,
  subjects: ["authority"],
  appliesTo: (input) =>
    isForward(input.edge) &&
    leavesMiddlePhase(input.edge) &&
    (waits(input).soakMs > 0 || waitsForSessions(input)),
  judge: (input) => {
    if (waitsForSessions(input)) {
      const sessions = stillValid(input);
      if (sessions.outcome !== "pass") return sessions;
    }
    const { edge, record, authority, now } = input;
    const since = phaseRecord(record, edge.from)?.since ?? null;
    const subject = `authority/${authority.type}`;
    if (since === null) {
      return unknown({
        subject,
        message: `nobody knows since when it is in ${edge.from}`,
        remedy: "wait out the soak time by your own clock",
      });
    }
    const over = Date.parse(since) + waits(input).soakMs;
    if (now >= over) return failWith([]);
    return failWith([
      {
        subject,
        message: `is in ${edge.from} since ${writtenDate(since)}; the soak time is over at ${writtenMoment(isoTime(over))}`,
        remedy: "apply again after that time",
      },
    ]);
  },
};

function waits({ cluster, rotation }: GuardInput): Waits {
  return waitsOf(cluster.policy, rotation);
}

/** Whoever logged in with a certificate of the old key is logged out when that is dropped (reference 2.2). */
function waitsForSessions(input: GuardInput): boolean {
  const { edge, authority, observation } = input;
  const { signsSessions } = typeOf(observation.profile, authority.type);
  return signsSessions === true && edge.to === "standby" && waits(input).sessionsMs > 0;
}

/** The old key signs until update_clients: the last session from before then is the last to end. */
function stillValid(input: GuardInput): Judgement {
  const { record, authority, now } = input;
  const subject = `authority/${authority.type}`;
  const since = phaseRecord(record, "update_clients")?.since ?? null;
  if (since === null) {
    return unknown({
      subject,
      message: "nobody knows since when the new key signs, so sessions of the old one may still run",
      remedy: "wait out the longest session lifetime by your own clock",
    });
  }
  const over = Date.parse(since) + waits(input).sessionsMs;
  if (now >= over) return failWith([]);
  return failWith([
    {
      subject,
      message: `signs with the new key since ${writtenDate(since)}; sessions of the old one may last until ${writtenMoment(isoTime(over))} (policy.max_session_ttl)`,
      remedy: "apply again after that time, or have everybody log in again",
    },
  ]);
}
