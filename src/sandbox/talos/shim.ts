import { appendFileSync, readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";
import type { CliWorld } from "./cli.ts";
import { SANDBOX_FILE, type SandboxFile } from "./sandbox-file.ts";

/** Runs an emulated executable as a process: `node SHIM DIRECTORY [ARGUMENT...]`. */
export async function runShim(
  tool: "talosctl" | "kubectl",
  load: () => Promise<(world: CliWorld) => Promise<number>>,
): Promise<void> {
  enableCompileCache();
  const [directory = "", ...argv] = process.argv.slice(2);
  const sandbox = JSON.parse(readFileSync(join(directory, SANDBOX_FILE), "utf8")) as SandboxFile;
  const started = Date.now();
  const run = await load();
  const exit = await run({
    argv,
    env: process.env,
    cwd: process.cwd(),
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    sandbox,
  });
  process.exitCode = exit;
  if (sandbox.callLog === undefined) return;
  const call = { at: new Date(started).toISOString(), tool, argv, exit, ms: Date.now() - started };
  appendFileSync(sandbox.callLog, `${JSON.stringify(call)}\n`);
}
