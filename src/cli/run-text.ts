import type { RunEvent } from "../apply/event.ts";
import { jsonText } from "../views/json/json-text.ts";
import { hear } from "../views/run/hear.ts";
import { howToGoOn } from "../views/run/how-to-go-on.ts";
import { startRun } from "../views/run/run-state.ts";
import { paragraph } from "../views/text/columns.ts";
import { eventText } from "../views/text/event-text.ts";
import { fleetEventText } from "../views/text/fleet-event-text.ts";
import { planText } from "../views/text/plan-text.ts";
import type { CommonOptions } from "./commands/common-flags.ts";
import { paintFor, type Terminal } from "./terminal.ts";

/** Says a run line by line, of several clusters each line with its cluster: the plan and, as JSON, the ending on stdout, everything in between and how to go on on stderr. */
export async function runText(
  { stdout, stderr, env }: Terminal,
  { color, format, quiet }: Pick<CommonOptions, "color" | "format" | "quiet">,
  several: boolean,
): Promise<(event: RunEvent) => void> {
  const out = await paintFor(stdout, env, color);
  const err = await paintFor(stderr, env, color);
  let run = startRun(null);
  return (event) => {
    run = hear(run, event);
    if (event.type === "plan" && format === "text") stdout.write(planText(event.plan, out));
    if (event.type === "finished" && format === "json") stdout.write(`${jsonText(event, 0)}\n`);
    const text = several ? fleetEventText(event, err) : eventText(event, err);
    if (text !== null && quiet !== true) stderr.write(`${text}\n`);
    const next = event.type === "finished" ? howToGoOn(run) : null;
    if (next !== null && quiet !== true) {
      stderr.write(`${paragraph(`${err("dim", "next")}  ${next}`, "", "      ")}\n`);
    }
  };
}
