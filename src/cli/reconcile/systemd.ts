import { Failure } from "../../failure.ts";
import type { Runner } from "../../process/runner.ts";

/** What systemd is told of a service of `Type=notify` (sd_notify(3)); nothing where nobody asked. */
export interface ServiceManager {
  ready(): Promise<void>;
  stopping(): Promise<void>;
  /** Ends the calls of the watchdog. */
  dispose(): void;
}

/**
 * Node has no datagram sockets of Unix, so `systemd-notify` speaks for us: the unit needs `NotifyAccess=all`. With
 * `WatchdogSec=` it hears of us twice in that time, as long as this process takes its turns. `warn` takes a line.
 */
export function serviceManager(
  env: Readonly<Record<string, string | undefined>>,
  runner: Runner,
  warn: (line: string) => void,
): ServiceManager {
  if (!env["NOTIFY_SOCKET"]) return { async ready() {}, async stopping() {}, dispose() {} };
  let warned = false;
  const tell = async (...words: readonly string[]) => {
    try {
      const argv = ["systemd-notify", ...words];
      const { exitCode, stderr } = await runner.run({ argv, timeoutMs: 10_000 });
      // Then it was told, and nobody said that it was read, as behind a proxy of a container.
      if (exitCode === 0 || stderr.includes("barrier")) return;
      throw new Failure("executable", `systemd-notify ended with ${exitCode}: ${stderr.trim()}`);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!warned) warn(`systemd is not told: ${error.message}`);
      warned = true;
    }
  };
  const usec = Number(env["WATCHDOG_USEC"] ?? "");
  let beats = false;
  const beat = async () => {
    if (beats) return;
    beats = true;
    await tell("WATCHDOG=1");
    beats = false;
  };
  const watchdog = Number.isFinite(usec) && usec > 0 ? setInterval(() => void beat(), usec / 1000 / 2) : null;
  return {
    ready: () => tell("--ready", "--status=reconciles"),
    stopping: () => tell("STOPPING=1"),
    dispose() {
      if (watchdog !== null) clearInterval(watchdog);
    },
  };
}
