import { describe, expect, it } from "vitest";
import { TimelessTeleport } from "./harness.ts";
import { keyNames, phasesIn, type RecordedCall, readTranscript, resourcesIn, shapeOf } from "./transcript.ts";

/**
 * The recorded session of a real Teleport 5, line by line, against the sandbox in v5 shape. Time is the
 * recording's own: a poll at +3 s comes three seconds of cluster time after the transition. During a lag each
 * side may be ahead of the other; the last poll of a group waits until the lag has passed, as the person who
 * recorded it did.
 */
const calls = readTranscript();
const LAG_LIMIT_S = 30;

function isListing({ args, exit }: RecordedCall): boolean {
  return exit === 0 && (args[0] === "get" || args[0] === "status") && !args.includes("remote_cluster");
}

/** A poll that was not repeated, but came too early to have settled: the session went on at once. */
function settles(call: RecordedCall): boolean {
  return !call.repeated && call.after !== 0;
}

/** The day of the recorded session: times are compared by their shape, and months differ in length. */
const RECORDED_AT = Date.UTC(2026, 10, 21, 8, 4, 0);

describe("the recorded session", () => {
  it("has every line parsed", () => {
    for (const call of calls.filter(isListing)) {
      if (call.args[0] === "get" && call.args[1] !== "rc")
        expect(Object.keys(phasesIn(call.stdout))).not.toEqual([]);
    }
    expect(calls).toHaveLength(358);
  });

  it("gives the same exit codes, texts and settled phases against the sandbox", async () => {
    const teleport = await TimelessTeleport.start({ release: "5", endpoints: 32 }, RECORDED_AT);
    const recordedKeys = keyNames();
    const sandboxKeys = keyNames();
    const auto = { recorded: [] as string[], sandbox: [] as string[] };
    let transition = teleport.clock.now();
    let group = 0;

    for (const call of calls) {
      const where = `line ${call.line}: ${call.step}: tctl ${call.args.join(" ")}`;
      // The two things that the person did besides calling tctl.
      if (call.line === 262) await teleport.platform.fault({ target: "node2", fault: "offline" });
      if (call.step === "node2 back init +0s" && call.group !== group) {
        await teleport.platform.fault({ target: "node2", fault: "clear" });
      }
      if (call.group !== group) transition = teleport.clock.now();
      group = call.group;
      if (call.after !== null) {
        await teleport.pass(Math.max(0, (transition + call.after * 1000 - teleport.clock.now()) / 1000));
      }

      let answer = await teleport.tctl(...call.args);
      expect({ exit: answer.exit, stderr: answer.stderr }, where).toEqual({
        exit: call.exit,
        stderr: call.stderr,
      });
      if (!isListing(call)) {
        if (call.args[1] === "export" && call.exit === 0) {
          expect(answer.stdout).toMatch(
            /^cert-authority ssh-rsa [\w+/=]+ clustername=acme\.cluster&type=user\n$/,
          );
        } else {
          expect(answer.stdout, where).toBe(call.stdout);
        }
        continue;
      }
      if (call.step.startsWith("auto ")) {
        if (call.args[1] !== "cert_authority") continue;
        const { host: recorded = "" } = phasesIn(call.stdout);
        const { host: sandbox = "" } = phasesIn(answer.stdout);
        if (auto.recorded.at(-1) !== recorded) auto.recorded.push(recorded);
        if (auto.sandbox.at(-1) !== sandbox) auto.sandbox.push(sandbox);
        continue;
      }
      const expected = phasesIn(call.stdout);
      if (settles(call)) {
        for (let waited = 0; waited < LAG_LIMIT_S && !same(phasesIn(answer.stdout), expected); waited += 1) {
          await teleport.pass(1);
          answer = await teleport.tctl(...call.args);
        }
        expect(phasesIn(answer.stdout), where).toEqual(expected);
        if (call.args[0] === "status") {
          expect(withoutData(answer.stdout), where).toBe(withoutData(call.stdout));
        } else {
          const shape = ({ stdout }: { stdout: string }) =>
            resourcesIn(stdout).map(shapeOf).map(String).sort();
          expect(shape(answer), where).toEqual(shape(call));
        }
        if (call.args[1]?.startsWith("cert_authority") || call.args[1] === "cas") {
          expect(sandboxKeys(answer.stdout), where).toEqual(recordedKeys(call.stdout));
        }
      } else {
        for (const [name, phase] of Object.entries(phasesIn(answer.stdout))) {
          expect(seenAround(call, name), `${where}: ${name}`).toContain(phase);
        }
      }
    }

    // The automatic part, on the recording's own clock: the schedule of a 60 s grace period and the server's
    // tick, both unscaled. Only the order is compared, as the tick is random in both.
    expect(auto.sandbox).toEqual(auto.recorded);
    expect(auto.sandbox.at(-1)).toBe("in_progress/update_servers/auto");
    await teleport.pass(60);
    expect(teleport.authority("host")).toMatchObject({ phase: "standby", trusted: [] });
    await teleport.platform.stop();
  });
});

/** A status with everything that differs from session to session made equal, and all its padding. */
function withoutData(status: string): string {
  return status.replace(/[0-9a-f]{64}/, "9".repeat(64)).replace(/\d/g, "9");
}

/** What the recording shows of one CA or node in the polls before, around and after this one. */
function seenAround(call: RecordedCall, name: string): readonly string[] {
  const around = calls.filter(
    (other) =>
      isListing(other) && other.args.join() === call.args.join() && Math.abs(other.line - call.line) <= 60,
  );
  return around.map((other) => phasesIn(other.stdout)[name] ?? "");
}

function same(left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(right);
  return names.length === Object.keys(left).length && names.every((name) => left[name] === right[name]);
}
