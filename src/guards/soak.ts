import { phaseRecord } from "../rotation/record.ts";
import { failWith, type Guard, isForward, leavesMiddlePhase, unknown } from "./guard.ts";

/** Sessions and caches learn a new CA late, and nothing reports them (reference teleport-rotation 3.3, #48446). */
export const soak: Guard = {
  id: "soak",
  refuses: "leaving a phase before the policy's soak time is over",
  waivable: true,
  appliesTo: ({ edge, cluster }) => isForward(edge) && leavesMiddlePhase(edge) && cluster.policy.soakMs > 0,
  judge: ({ edge, record, authority, cluster, now }) => {
    const since = phaseRecord(record, edge.from)?.since ?? null;
    const subject = `authority/${authority.type}`;
    if (since === null) {
      return unknown({
        subject,
        message: `nobody knows since when it is in ${edge.from}`,
        remedy: "wait out the soak time by your own clock, then waive `soak` for this subject",
      });
    }
    const over = Date.parse(since) + cluster.policy.soakMs;
    if (now >= over) return failWith([]);
    return failWith([
      {
        subject,
        message: `is in ${edge.from} since ${since}; the soak time is over at ${new Date(over).toISOString()}`,
        remedy: "apply again after that time",
      },
    ]);
  },
};
