/**
 * A setup file: several files of tests share a process, and what one changes of it the next one would meet. Each begins
 * with no secret known, and leaves environment, folder, mask, exit code and listeners for signals as it found them.
 */
import { afterAll } from "vitest";
import { forgetSecrets } from "../src/secrets.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGWINCH", "SIGCONT"] as const;

forgetSecrets();
const env = { ...process.env };
const folder = process.cwd();
const mask = process.umask();
const { exitCode } = process;
const listeners = new Map(SIGNALS.map((signal) => [signal, process.listeners(signal)]));

// The first hook that is registered is the last that runs.
afterAll(() => {
  for (const name of Object.keys(process.env)) {
    if (env[name] === undefined) delete process.env[name];
  }
  Object.assign(process.env, env);
  process.chdir(folder);
  process.umask(mask);
  process.exitCode = exitCode;
  for (const [signal, known] of listeners) {
    for (const listener of process.listeners(signal)) {
      if (!known.includes(listener)) process.off(signal, listener);
    }
  }
});
