import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import type { ReconcileOptions } from "../../src/cli/reconcile/round.ts";
import { voiceOf } from "../../src/cli/reconcile/voice.ts";
import { Failure } from "../../src/failure.ts";
import { reconcile_event } from "../../src/resources/read/compiled/reconcile-event.js";

async function said(speak: (voice: Awaited<ReturnType<typeof voiceOf>>) => void): Promise<unknown> {
  const stdout = new PassThrough();
  const voice = await voiceOf(
    {
      stdin: new PassThrough() as unknown as NodeJS.ReadStream,
      stdout: stdout as unknown as NodeJS.WriteStream,
      stderr: new PassThrough() as unknown as NodeJS.WriteStream,
      env: {},
      cwd: "/",
      now: () => Date.parse("2026-11-21T12:00:00Z"),
    },
    { format: "json", color: false } as ReconcileOptions,
  );
  speak(voice);
  return JSON.parse(String(stdout.read()));
}

describe("what reconcile prints as JSON is described by its schema", () => {
  it.each<[string, Parameters<typeof said>[0]]>([
    [
      "a round",
      (voice) =>
        voice.round({
          outcome: "applied",
          commit: "c0ffee",
          done: ["a host standby → init"],
          ending: "",
          leftAlone: ["b"],
        }),
    ],
    ["a round that could not be taken", (voice) => voice.failure(new Failure("storage", "no answer"))],
    [
      "with what to do",
      (voice) => voice.failure(new Failure("resources", "errors", { hint: "correct them" })),
    ],
    [
      "an event of a run",
      (voice) => voice.event({ at: "2026-11-21T12:00:00Z", type: "notice", message: "hello" }),
    ],
  ])("%s", async (_title, speak) => {
    const line = await said(speak);
    expect(reconcile_event(line), JSON.stringify(reconcile_event.errors)).toBe(true);
  });

  it("and nothing else", async () => {
    const line = (await said((voice) => voice.failure(new Failure("storage", "no answer")))) as object;
    expect(reconcile_event({ ...line, more: 1 })).toBe(false);
    expect(reconcile_event({ ...line, type: "rounds" })).toBe(false);
  });
});
