/**
 * Loaded before the executable (`--import`): stops the process by SIGSTOP at its n-th call to what is outside of it,
 * of the file system and of other programs, and says in a file where that was. What is counted begins with the lock.
 */
import type { SpawnOptions, spawn } from "node:child_process";
import { createRequire, syncBuiltinESMExports } from "node:module";

const { CAPSTAN_TEST_STOP_AT = "0", CAPSTAN_TEST_STOPPED = "" } = process.env;
const require = createRequire(import.meta.url);
const fs = require("node:fs") as typeof import("node:fs");
const files = require("node:fs/promises") as Record<string, unknown>;
const programs = require("node:child_process") as { spawn: typeof spawn };
const write = fs.writeFileSync;

let made = 0;
let isHeld = false;

function point(what: string): void {
  isHeld ||= /refs\/capstan\/locks\/|\.capstan\/locks\//.test(what);
  if (!isHeld) return;
  made += 1;
  if (made !== Number(CAPSTAN_TEST_STOP_AT)) return;
  write(CAPSTAN_TEST_STOPPED, what);
  process.kill(process.pid, "SIGSTOP");
}

for (const [name, call] of Object.entries(files)) {
  if (typeof call !== "function") continue;
  files[name] = (...args: readonly unknown[]) => {
    point(`${name} ${String(args[0])} ${String(args[1])}`);
    return call(...args);
  };
}

const plain = programs.spawn;
programs.spawn = ((file: string, args: readonly string[], options: SpawnOptions) => {
  const line = [file, ...args].join(" ");
  // What begins here cannot be called back: between the last confirmation and this the platform is the judge.
  if (!args.includes("rotate")) point(line);
  return plain(file, args, options);
}) as typeof spawn;

syncBuiltinESMExports();
