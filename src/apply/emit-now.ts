import { isoTime } from "../iso-time.ts";
import type { RunContext } from "./context.ts";
import type { RunEvent } from "./event.ts";

/** An event without its time. */
export type UntimedEvent = RunEvent extends infer Event
  ? Event extends RunEvent
    ? Omit<Event, "at">
    : never
  : never;

/** Tells whoever watches, and the event file, with the time of now. */
export function emitNow(context: Pick<RunContext, "clock" | "emit">, event: UntimedEvent): void {
  context.emit({ at: isoTime(context.clock.now()), ...event } as RunEvent);
}
