/**
 * The sandbox's background process: `node daemon.js OPTIONS-AS-JSON`. Tells its parent over the IPC channel
 * when it is ready, or why not, and ends when it is told to or its folder is removed.
 */
import { enableCompileCache } from "node:module";
import type { UpOptions } from "./spawn-daemon.ts";

// For what is loaded below, which sources take twice the time without.
enableCompileCache();

/** The parent may be gone already: that is its business. */
function tell(message: object, then: () => void): void {
  if (process.send === undefined) then();
  else process.send(message, () => then());
}

try {
  const options: UpOptions = JSON.parse(process.argv[2] ?? "{}");
  const onEnd = () => process.exit(0);
  const { info } =
    "talos" in options
      ? await (await import("./talos/start-talos.ts")).startTalosSandbox(options, onEnd)
      : await (await import("./start-teleport.ts")).startSandbox(options, onEnd);
  process.on("SIGTERM", () => process.exit(0));
  // The daemon outlives the terminal that it was started from.
  process.on("SIGHUP", () => {});
  tell({ ready: info }, () => {
    if (process.connected) process.disconnect();
  });
} catch (error) {
  tell({ problem: error instanceof Error ? error.message : String(error) }, () => process.exit(1));
}
