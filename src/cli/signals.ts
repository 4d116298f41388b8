import type { Terminal } from "./terminal.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * They ask for a stop at the next safe point: SIGHUP too, as a terminal that is closed must not end a step half-way. A
 * second one is not needed: what goes on meanwhile is one read-back, and has a deadline.
 */
export function onSignals(
  terminal: Terminal,
  /** What SIGHUP means in place of that, for a service without a terminal. */
  onHangup?: () => void,
): { readonly stop: AbortController; dispose(): void } {
  const controller = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    if (signal === "SIGHUP" && onHangup !== undefined) return onHangup();
    // The terminal is gone: what is still said has no reader, and must not be what ends the run.
    if (signal === "SIGHUP")
      for (const stream of [terminal.stdout, terminal.stderr]) stream.on("error", () => {});
    if (!controller.signal.aborted) terminal.stderr.write("stopping at the next safe point …\n");
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  return {
    stop: controller,
    dispose() {
      for (const signal of SIGNALS) process.off(signal, stop);
    },
  };
}
