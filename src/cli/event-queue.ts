import type { RunEvent } from "../apply/event.ts";

/** Events from the one who runs to the one who draws: pushed at once, taken when there is time. */
export interface EventQueue extends AsyncIterable<RunEvent> {
  push(event: RunEvent): void;
  end(): void;
}

/** A queue that never forgets: what is pushed before somebody reads is read first. */
export function eventQueue(): EventQueue {
  const waiting: RunEvent[] = [];
  let ended = false;
  let wake = () => {};
  return {
    push(event) {
      waiting.push(event);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const event = waiting.shift();
        if (event !== undefined) yield event;
        else if (ended) return;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
  };
}
