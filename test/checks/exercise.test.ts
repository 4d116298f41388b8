import { describe, expect, it } from "vitest";
import { exerciseProblem, exercisesOf, unexercised } from "../../src/checks/exercise.ts";
import { overridesSeen, sessionsSeen } from "../../src/record/changes/overridden.ts";
import { emptyRecord } from "../../src/rotation/record.ts";
import type { SessionEvidence } from "../../src/rotation/session-evidence.ts";
import { sessionsIn } from "../../src/teleport/overrides/session-events.ts";
import { writtenDate } from "../../src/written-date.ts";
import { ago, authority, CLUSTER, NEW, OLD } from "../world/host-rotation.ts";

const HASH = NEW.slice("sha256:".length);
const START = {
  event: "db.session.start",
  code: "TDB00I",
  time: ago(5),
  cluster_name: CLUSTER,
  user: "probe",
  sid: "5f1c0d2e-8f9b-4a52-9d6f-111111111111",
  success: true,
  ca_override: { active: true, public_key_hash: HASH },
};
const ENABLED = { authority: "db_client", key: NEW, since: ago(30) };

function sessionOf(event: object): SessionEvidence {
  return sessionsIn(JSON.stringify(event))[0] ?? expect.unreachable("it is a session start");
}

describe("the start of a session in what a check printed", () => {
  it("is read from a line among others, from a list, and from one object", () => {
    const seen = [sessionOf(START)];
    expect(seen).toEqual([
      {
        authority: "db_client",
        cluster: CLUSTER,
        session: START.sid,
        at: ago(5),
        opened: true,
        overridden: true,
        key: NEW,
      },
    ]);
    expect(sessionsIn(`connected\n${JSON.stringify(START)}\n1 row\n`)).toEqual(seen);
    expect(sessionsIn(JSON.stringify([{ event: "user.login" }, START], null, 2))).toEqual(seen);
  });

  it("of a desktop is of the windows CA", () => {
    expect(sessionOf({ ...START, event: "windows.desktop.session.start" }).authority).toBe("windows");
  });

  it.each([
    ["another event", { ...START, event: "db.session.end" }],
    ["no time", { ...START, time: "today" }],
    ["no session", { ...START, sid: undefined }],
    ["a session that would break a line", { ...START, sid: "a\nb" }],
  ])("is none with %s", (_, event) => {
    expect(sessionsIn(JSON.stringify(event))).toEqual([]);
  });
});

describe("a session that proves nothing, with its sentence", () => {
  it.each([
    [
      { ca_override: { active: true, public_key_hash: OLD.slice(7) } },
      `was opened by the override of another key, ${OLD}`,
    ],
    [{ ca_override: { active: true } }, "was opened by the override of another key, which it does not name"],
    [{ cluster_name: "leaf.cluster" }, `was in the cluster leaf.cluster, not in ${CLUSTER}`],
    [
      { time: ago(31) },
      `began on ${writtenDate(ago(31))}, before the override was in force (${writtenDate(ago(30))})`,
    ],
    [{ ca_override: undefined }, "went without an override: the CA's own certificate was shown"],
    [
      { ca_override: { active: false, public_key_hash: HASH } },
      "went without an override: the CA's own certificate was shown",
    ],
    [{ success: false }, "did not open"],
  ])("%j", (change, sentence) => {
    expect(exerciseProblem(sessionOf({ ...START, ...change }), ENABLED, CLUSTER)).toBe(
      `session ${START.sid} ${sentence}`,
    );
  });

  it("and one that proves it", () => {
    expect(exerciseProblem(sessionOf(START), ENABLED, CLUSTER)).toBeNull();
  });
});

describe("the point of no return of a CA whose new key is overridden", () => {
  const live = { ...authority("update_servers"), type: "db_client" };
  const edge = { from: "update_servers", to: "standby" } as const;
  const enabled = overridesSeen(emptyRecord(CLUSTER), "db_client", [OLD, NEW], ago(30));

  it("waits for a session of that key", () => {
    expect(unexercised(live, enabled, edge)).toMatchObject([
      {
        subject: `override/db_client/${HASH}/exercise`,
        message: "no session has shown that the override of this key is used",
      },
    ]);
    const other = sessionsSeen(enabled, [sessionOf({ ...START, cluster_name: "leaf.cluster" })]);
    expect(unexercised(live, other, edge)[0]?.message).toContain("was in the cluster leaf.cluster");
    expect(unexercised(live, sessionsSeen(enabled, [sessionOf(START)]), edge)).toEqual([]);
  });

  it("keeps the proof when later sessions prove nothing", () => {
    const seen = [
      sessionOf(START),
      sessionOf({ ...START, sid: "later", time: ago(1), ca_override: undefined }),
    ];
    const [exercise] = exercisesOf(live, sessionsSeen(enabled, seen));
    expect(exercise?.proof?.session).toBe(START.sid);
  });

  it("keeps the proof though hundreds of sessions by another key came later, and keeps few of them", () => {
    const others = Array.from({ length: 300 }, (_, index) =>
      sessionOf({
        ...START,
        sid: `other-${index}`,
        time: ago(1),
        ca_override: { active: true, public_key_hash: OLD.slice(7) },
      }),
    );
    const seen = sessionsSeen(sessionsSeen(enabled, [sessionOf(START)]), others);
    expect(unexercised(live, seen, edge)).toEqual([]);
    expect(seen.sessions).toHaveLength(11);
  });

  it("forgets it where the override was away meanwhile", () => {
    const proven = sessionsSeen(enabled, [sessionOf(START)]);
    const away = overridesSeen(proven, "db_client", [OLD], ago(4));
    const back = overridesSeen(away, "db_client", [OLD, NEW], ago(3));
    expect(unexercised(live, back, edge)[0]?.message).toContain("before the override was in force");
  });

  it("and nothing else is held by it", () => {
    expect(unexercised(live, enabled, { from: "update_clients", to: "update_servers" })).toEqual([]);
    expect(unexercised(live, emptyRecord(CLUSTER), edge)).toEqual([]);
  });
});
