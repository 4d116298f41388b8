import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { executableScript } from "../executable-script.ts";
import { SANDBOX_FILE, type SandboxFile } from "./sandbox-file.ts";

const TALOSCTL = new URL("./talosctl-shim.ts", import.meta.url);
const KUBECTL = new URL("./kubectl-shim.ts", import.meta.url);

export interface Executables {
  readonly bin: string;
  readonly talosctl: string;
  readonly kubectl: string;
  /** What they were told. */
  readonly sandbox: SandboxFile;
}

/** Where no daemon runs them, they reach the machines themselves. */
export async function writeExecutables(directory: string, sandbox: SandboxFile): Promise<Executables> {
  const bin = join(directory, "bin");
  await mkdir(bin, { recursive: true });
  await writeFile(join(directory, SANDBOX_FILE), `${JSON.stringify(sandbox, null, 2)}\n`);
  const talosctl = await writeScript(bin, "talosctl", TALOSCTL, directory);
  const kubectl = await writeScript(bin, "kubectl", KUBECTL, directory);
  return { bin, talosctl, kubectl, sandbox };
}

async function writeScript(bin: string, tool: string, entry: URL, folder: string): Promise<string> {
  const path = join(bin, tool);
  const inNode = [process.execPath, entryPath(entry), folder];
  await writeFile(path, executableScript({ folder, tool, inNode, quick: true }));
  await chmod(path, 0o755);
  return path;
}

/** Beside this file: the source, or the part of the bundle that it becomes. */
function entryPath(entry: URL): string {
  const path = fileURLToPath(entry);
  return import.meta.url.endsWith(".ts") ? path : path.replace(/\.ts$/, ".js");
}
