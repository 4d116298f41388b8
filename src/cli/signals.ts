import type { Terminal } from "./terminal.ts";

/**
 * SIGINT and SIGTERM ask for a stop at the next safe point. A second one is not needed: what goes on meanwhile is
 * one read-back, and has a deadline.
 */
export function onSignals(terminal: Terminal): { readonly stop: AbortController; dispose(): void } {
  const controller = new AbortController();
  const stop = () => {
    if (!controller.signal.aborted) terminal.stderr.write("stopping at the next safe point …\n");
    controller.abort();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return {
    stop: controller,
    dispose() {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
    },
  };
}
