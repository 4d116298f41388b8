import { appendFileSync, readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { handOver } from "../hand-over.ts";
import type { CliWorld } from "./cli.ts";
import { SANDBOX_FILE, type SandboxFile } from "./sandbox-file.ts";

type Client = (world: CliWorld) => Promise<number>;

/**
 * Runs an emulated executable as a process: `node SHIM DIRECTORY [ARGUMENT...]`. A daemon has the client loaded, which
 * takes this process three times as long as Node itself; where none answers, the client runs here.
 */
export async function runShim(tool: "talosctl" | "kubectl", load: () => Promise<Client>): Promise<void> {
  process.stdout.on("error", () => process.exit(1));
  const [directory = "", ...argv] = process.argv.slice(2);
  const { HOME = homedir(), KUBECONFIG, TALOSCONFIG, TALOS_HOME } = process.env;
  const env = { HOME, KUBECONFIG, TALOSCONFIG, TALOS_HOME };
  const exit = await handOver(directory, { tool, argv, cwd: process.cwd(), stdin: "", env });
  process.exitCode = exit ?? (await runHere(directory, tool, argv, load));
}

async function runHere(
  directory: string,
  tool: string,
  argv: readonly string[],
  load: () => Promise<Client>,
): Promise<number> {
  enableCompileCache();
  const sandbox = JSON.parse(readFileSync(`${directory}/${SANDBOX_FILE}`, "utf8")) as SandboxFile;
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
  if (sandbox.callLog !== undefined) {
    const call = { at: new Date(started).toISOString(), tool, argv, exit, ms: Date.now() - started };
    appendFileSync(sandbox.callLog, `${JSON.stringify(call)}\n`);
  }
  return exit;
}
