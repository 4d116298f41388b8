import type { RunEvent } from "../apply/event.ts";
import { Failure } from "../failure.ts";
import type { ValuesOf } from "../flag.ts";
import { upgradedPlan } from "../planner/saved/plan-file.ts";
import { event as isEvent } from "../resources/read/compiled/event.js";
import { parseForeignJson } from "../resources/read/foreign-json.ts";
import { harmlessValue } from "../views/harmless.ts";
import { eventText } from "../views/text/event-text.ts";
import { planText } from "../views/text/plan-text.ts";
import { canDraw } from "../views/tui/can-draw.ts";
import type { REPLAY } from "./commands/plan-rows.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { readNamed, STREAM } from "./named-plan-file.ts";
import { paintFor, type Terminal } from "./terminal.ts";

type ReplayOptions = ValuesOf<typeof REPLAY.flags>;

/** `capstan replay`: a finished run again, from what `--events` wrote; as text where no screen can be drawn. */
export async function replay(terminal: Terminal, file: string, options: ReplayOptions): Promise<ExitCode> {
  const events = await readEvents(terminal, file);
  const { stdin, stdout, env } = terminal;
  if (options.tui && file !== STREAM && canDraw(env, terminal)) {
    const { watchReplay } = await import("../views/tui/on-screen.tsx");
    await watchReplay({
      stdin,
      stdout,
      colours: options.color && !env["NO_COLOR"],
      screenReader: options.screenReader === true,
      events,
      ...(options.speed === undefined ? {} : { speed: options.speed }),
    });
    return EXIT.ok;
  }
  const paint = await paintFor(stdout, env, options.color);
  for (const event of events) {
    const text = event.type === "plan" ? planText(event.plan, paint) : eventText(event, paint);
    if (text !== null) stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  }
  return EXIT.ok;
}

async function readEvents(terminal: Terminal, path: string): Promise<readonly RunEvent[]> {
  const text = await readNamed(terminal, path).catch((cause: Error) => {
    throw new Failure("usage", `cannot read ${path}: ${cause.message}`, {
      hint: "name a file that `capstan apply --events` wrote",
      cause,
    });
  });
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line, index) => parseEvent(line, `${path}:${index + 1}`));
}

/** A file is what whoever could write it says; a newer capstan may have kinds of events that this one does not know. */
function parseEvent(line: string, place: string): RunEvent {
  let value: unknown;
  try {
    value = parseForeignJson(line);
  } catch {
    throw noEvent(place, "it is not JSON");
  }
  const event = upgradedEvent(value);
  if (isEvent(event)) return harmlessValue(event as RunEvent);
  // Those of `if` say nothing: what is told is what stands behind them.
  const error = isEvent.errors?.find(({ keyword }) => keyword !== "if");
  throw noEvent(place, `${error?.instancePath || "/"} ${error?.message ?? "is something else"}`);
}

/** A run of an older version wrote its plan in format 1.0. */
function upgradedEvent(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("plan" in value)) return value;
  return { ...value, plan: upgradedPlan(value.plan) };
}

function noEvent(place: string, why: string): Failure {
  return new Failure("usage", `${place} is not an event of a run: ${why}`, {
    hint: "name a file that `capstan apply --events` wrote",
  });
}
