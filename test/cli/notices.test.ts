import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/apply/event.ts";
import { Notifier } from "../../src/cli/notifier.ts";
import { ClusterBackOff } from "../../src/cli/reconcile/back-off.ts";
import { isSignedHook } from "../../src/cli/reconcile/hook-signature.ts";
import { parseListen } from "../../src/cli/reconcile/server.ts";
import { Failure } from "../../src/failure.ts";
import type { ExecutableCall, Runner } from "../../src/process/runner.ts";
import { NOTIFY_EVENTS, type Notify } from "../../src/resources/model/desired.ts";
import { metricFacts } from "../world/metric-facts.ts";

const AT = "2026-11-21T12:00:00.000Z";
const NOTIFY: Notify = { command: ["notify-team", "--all"], timeoutMs: 10_000, events: NOTIFY_EVENTS };

/** The events of a run on some clusters, whose plan has one blocked step. */
const { plan } = metricFacts();
const [step] = plan.clusters.flatMap(({ rotations }) => rotations.flatMap(({ steps }) => steps));
if (step === undefined) throw new Error("this world has a step");
const begun: RunEvent = { at: AT, type: "plan", plan: { ...plan, clusters: plan.clusters.slice(0, 1) } };
const blocked: RunEvent = {
  at: AT,
  type: "blocked",
  cluster: "acme.cluster",
  rotation: "host-2026-11",
  step,
};
const ended = (outcome: Extract<RunEvent, { type: "finished" }>["outcome"]): RunEvent => ({
  ...{ at: AT, type: "finished", outcome, message: `it ended: ${outcome}` },
});
const failing = (message: string): RunEvent => ({ at: AT, type: "finished", outcome: "failed", message });

class Command implements Runner {
  readonly calls: ExecutableCall[] = [];
  exitCode = 0;
  async run(call: ExecutableCall) {
    this.calls.push(call);
    return { argv: call.argv, exitCode: this.exitCode, stdout: "", stderr: "no network\n", durationMs: 1 };
  }
  async stream(): Promise<never> {
    throw new Error("nothing is streamed");
  }
}

async function told(rounds: readonly (readonly RunEvent[])[], notify: Notify = NOTIFY) {
  const command = new Command();
  const notifier = new Notifier(command, () => {});
  for (const events of rounds) {
    for (const event of events) notifier.hear(event);
    await notifier.settle({ notify }, "c0ffee");
  }
  return command.calls.map(({ argv, stdin = "", timeoutMs }) => {
    expect([argv, timeoutMs]).toEqual([NOTIFY.command, 10_000]);
    expect(stdin.endsWith("}\n")).toBe(true);
    const notice = JSON.parse(stdin);
    expect(notice).toMatchObject({
      format_version: "1.0",
      at: AT,
      cluster: "acme.cluster",
      commit: "c0ffee",
    });
    return `${notice.event} ${notice.rotation}: ${notice.message}`;
  });
}

const BLOCKED = expect.stringMatching(
  /^blocked host-2026-11: host: init → update_clients is blocked by .*soak/,
);
const last = { ...step, from: "update_servers", to: "standby" } as const;

describe("the team is told", () => {
  it.each<[string, readonly (readonly RunEvent[])[], readonly unknown[]]>([
    ["of a step that is held", [[begun, blocked, ended("blocked")]], [BLOCKED]],
    ["once, however often the loop comes by", [[begun, blocked], [begun, blocked], []], [BLOCKED]],
    [
      "of the end of a rotation",
      [
        [
          begun,
          { at: AT, type: "step-verified", cluster: "acme.cluster", rotation: "r", step: last },
          ended("applied"),
        ],
      ],
      ["finished r: host is rotated"],
    ],
    [
      "of no end where one went back",
      [
        [
          begun,
          {
            at: AT,
            type: "step-verified",
            cluster: "acme.cluster",
            rotation: "r",
            step: { ...last, from: "rollback" },
          },
        ],
      ],
      [],
    ],
    [
      "that one went back when that was seen, not when it began",
      [
        [
          begun,
          { at: AT, type: "rollback-started", cluster: "acme.cluster", rotation: "r", reason: "stuck" },
        ],
        [
          begun,
          { at: AT, type: "rollback-started", cluster: "acme.cluster", rotation: "r", reason: "stuck" },
          ended("rolled-back"),
        ],
      ],
      ["rolled_back r: it ended: rolled-back"],
    ],
    [
      "of a roll-back that waits",
      [[begun, ended("rollback-unfinished")]],
      ["blocked null: it ended: rollback-unfinished"],
    ],
    [
      "of another machine, though its name differs by a number only",
      ["node/node2", "node/node3", "web-01", "web-02", "10.5.0.2", "10.5.0.3"].map((name) => [
        begun,
        failing(`${name} is lost`),
      ]),
      ["node/node2", "node/node3", "web-01", "web-02", "10.5.0.2", "10.5.0.3"].map(
        (name) => `failed null: ${name} is lost`,
      ),
    ],
    [
      "of nothing anew because time goes by",
      [
        [begun, failing("silent for 12 minutes, 1h30m left (40 s)")],
        [begun, failing("silent for 13 minutes, 1h29m left (80 s)")],
      ],
      ["failed null: silent for 12 minutes, 1h30m left (40 s)"],
    ],
    ["of a failure", [[begun, ended("failed")]], ["failed null: it ended: failed"]],
    [
      "of nothing where all is well",
      [[begun, ended("applied")], [ended("locked")], [ended("interrupted")]],
      [],
    ],
    [
      "of each cluster where there are several",
      [
        [
          { ...begun, plan },
          {
            at: AT,
            type: "cluster-finished",
            cluster: "acme.cluster",
            outcome: "failed",
            message: "no",
            hint: null,
          },
          ended("failed"),
        ] as readonly RunEvent[],
      ],
      ["failed null: no"],
    ],
  ])("%s", async (_title, rounds, expected) => {
    expect(await told(rounds)).toEqual(expected);
  });

  it("of what it wants to hear", async () => {
    expect(await told([[begun, blocked]], { ...NOTIFY, events: ["finished"] })).toEqual([]);
  });

  it("and where that fails, it is said, and nothing else fails", async () => {
    const command = new Command();
    const said: string[] = [];
    const notifier = new Notifier(command, (line) => said.push(line));
    command.exitCode = 3;
    notifier.failed(new Failure("executable", "tctl did not answer"), AT, null);
    await notifier.settle({ notify: NOTIFY }, null);
    expect(said).toEqual(['nobody was notified of "failed": notify-team ended with 3: no network']);
    expect(notifier.failures).toBe(1);
  });
});

describe("a command that takes nothing", () => {
  const many = Array.from({ length: 500 }, (_, index) => `c${index}`);
  const dead = new Failure("executable", "tctl did not answer");
  const eventsOf = (calls: readonly ExecutableCall[]) =>
    calls.map(({ stdin = "" }) => JSON.parse(stdin)).map(({ event, cluster }) => `${event} ${cluster}`);

  it("is asked three times a round, however many clusters there is news of", async () => {
    const command = new Command();
    const said: string[] = [];
    const notifier = new Notifier(command, (line) => said.push(line));
    command.exitCode = 3;
    for (const cluster of many) notifier.failed(dead, AT, cluster);
    await notifier.settle({ notify: NOTIFY }, null);
    expect(command.calls).toHaveLength(3);
    expect(said.at(-1)).toBe("nobody was notified of 497 more: notify-team failed three times in a row");
  });

  it("gets what it did not take in the next round, once, and of the same only what was last", async () => {
    const command = new Command();
    const notifier = new Notifier(command, () => {});
    command.exitCode = 3;
    for (const cluster of ["c1", "c2", "c3", "c4"]) notifier.failed(dead, AT, cluster);
    await notifier.settle({ notify: NOTIFY }, "c0ffee");
    command.exitCode = 0;
    command.calls.length = 0;
    notifier.failed(new Failure("executable", "tctl is gone"), AT, "c2");
    await notifier.settle({ notify: NOTIFY }, "beef");
    expect(eventsOf(command.calls)).toEqual(["failed c4", "failed c1", "failed c3", "failed c2"]);
    expect(command.calls.map(({ stdin = "" }) => JSON.parse(stdin).commit)).toEqual([
      ...["c0ffee", "c0ffee", "c0ffee"],
      "beef",
    ]);
    command.calls.length = 0;
    await notifier.settle({ notify: NOTIFY }, "beef");
    expect(command.calls).toEqual([]);
  });
});

describe("a cluster that fails", () => {
  const minute = 60_000;
  it("is tried again in the next round, then after ever longer pauses of its own", () => {
    const backOff = new ClusterBackOff(minute);
    const both = ["far", "near"];
    const alone = (now: number) => [...backOff.leftAlone(now)];
    backOff.note(both, new Set(["far"]), 0, 0.5);
    expect([alone(minute - 1), alone(minute)]).toEqual([["far"], []]);
    backOff.note(both, new Set(["far"]), minute, 0.5);
    expect([alone(3 * minute), alone(4 * minute)]).toEqual([["far"], []]);
    backOff.note(["near"], new Set(), 2 * minute, 0.5);
    expect(alone(3 * minute)).toEqual(["far"]);
    backOff.note(both, new Set(), 4 * minute, 0.5);
    expect(alone(4 * minute)).toEqual([]);
  });

  it("is left alone no longer when somebody asks for a round", () => {
    const backOff = new ClusterBackOff(minute);
    backOff.note(["far"], new Set(["far"]), 0, 0.5);
    backOff.forget();
    expect([...backOff.leftAlone(0)]).toEqual([]);
  });
});

describe("the address to listen on", () => {
  it.each([
    ["9464", "127.0.0.1", 9464],
    [":9464", "127.0.0.1", 9464],
    ["0.0.0.0:80", "0.0.0.0", 80],
    ["[::1]:9464", "::1", 9464],
    ["pki.example.com:0", "pki.example.com", 0],
  ])("%s", (text, host, port) => {
    expect(parseListen(text)).toEqual({ host, port });
  });

  it.each(["", "host", "::1:80", "1.2.3.4:65536", "a b:80"])("%s is none", (text) => {
    expect(() => parseListen(text)).toThrow("is no address");
  });
});

describe("the signature of a hook", () => {
  // The example of GitHub's documentation: "Validating webhook deliveries".
  const fits = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
  const body = Buffer.from("Hello, World!");
  it.each<[string, string | undefined, boolean]>([
    ["fits", fits, true],
    ["is of another body", fits.replace("757", "758"), false],
    ["is missing", undefined, false],
    ["is cut", fits.slice(0, -2), false],
    ["is of another kind", fits.replace("sha256", "sha1"), false],
    ["is no hex", `sha256=${"z".repeat(64)}`, false],
  ])("%s", (_title, header, expected) => {
    expect(isSignedHook(body, header, "It's a Secret to Everybody")).toBe(expected);
  });
});
