import { setTimeout as delay } from "node:timers/promises";
import type { RunEvent } from "../../../src/apply/event.ts";
import { review, reviewAndApprove, watch, watchReplay } from "../../../src/views/tui/on-screen.tsx";
import { BUSY_PLAN, COMPONENTS, DIFF, FINAL_PLAN, READY_PLAN, runOf } from "./sample.ts";

/**
 * The screen on made-up data, in a real terminal:
 *
 *     driver.js read|approve|watch|replay|whole [ready|final|busy] [--screen-reader] [--moved] [--speed N]
 */
const [mode = "approve", which = "busy"] = process.argv.slice(2);
const flag = (name: string) => process.argv.includes(name);
const speed = Number(process.argv[process.argv.indexOf("--speed") + 1]) || 20;
const plan = { ready: READY_PLAN, final: FINAL_PLAN, busy: BUSY_PLAN }[which] ?? BUSY_PLAN;
const { stdin, stdout } = process;
const terminal = { stdin, stdout, screenReader: flag("--screen-reader"), colours: !process.env["NO_COLOR"] };

let moves = flag("--moved") ? 1 : 0;
async function recheck() {
  await delay(300);
  return { plan: moves-- > 0 ? FINAL_PLAN : plan };
}

/** The run in time-lapse: the clock of the screen runs as fast as the run. */
async function watchRun() {
  const started = Date.now();
  const now = () => started + (Date.now() - started) * speed;
  let stop = false;
  let back = false;
  const end = (outcome: "interrupted" | "rolled-back", message: string): RunEvent => ({
    at: new Date(now()).toISOString(),
    type: "finished",
    outcome,
    message,
  });
  async function* events(): AsyncGenerator<RunEvent> {
    for (const event of runOf(plan, started)) {
      while (now() < Date.parse(event.at) && !stop && !back) await delay(50);
      if (stop)
        return yield end(
          "interrupted",
          "stopped at a safe point; `capstan apply` goes on from what it observes",
        );
      if (back) return yield end("rolled-back", "asked for on the screen");
      yield event;
    }
  }
  const onStop = () => {
    stop = true;
  };
  const onRollback = () => {
    back = true;
  };
  await watch({ ...terminal, plan, events: events(), now, onStop, onRollback });
}

switch (mode) {
  case "read":
    await review({ ...terminal, plan, diff: DIFF, components: COMPONENTS });
    break;
  case "watch":
    await watchRun();
    break;
  case "replay":
    await watchReplay({ ...terminal, events: runOf(plan) });
    break;
  default: {
    const approved = await reviewAndApprove({
      ...terminal,
      plan,
      diff: DIFF,
      components: COMPONENTS,
      recheck,
    });
    stdout.write(
      `approved: ${JSON.stringify(approved && [...approved.ordinary, ...approved.final.keys()])}\n`,
    );
    if (mode === "whole" && approved !== null) await watchRun();
  }
}
