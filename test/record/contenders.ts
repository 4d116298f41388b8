import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { shortLeases } from "./short-leases.ts";

interface Around {
  /** What it is started by, in place of this process. */
  readonly within?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly races?: number;
}

/** Real processes that race for a lock; built first, as Node alone cannot load the compiled schemas. */
export class Contenders {
  #folder = "";
  readonly #children: ChildProcess[] = [];

  /** `mortal`: dies at the n-th call of the file system; `leaseMs`: with leases that a test can wait for. */
  async build({ mortal = false, leaseMs = 0 }: { mortal?: boolean; leaseMs?: number } = {}): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), "capstan-contend-"));
    await build({
      entryPoints: [join(import.meta.dirname, "contend.ts")],
      outfile: join(this.#folder, "contend.mjs"),
      bundle: true,
      format: "esm",
      platform: "node",
      ...(mortal ? { alias: { "node:fs/promises": join(import.meta.dirname, "dying-files.ts") } } : {}),
      plugins: leaseMs === 0 ? [] : [shortLeases(leaseMs)],
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
      logLevel: "error",
    });
  }

  start(
    backend: "refs" | "folder",
    folder: string,
    who: string,
    hold: string,
    { within = [], env = {}, races = 1 }: Around = {},
  ): Contender {
    const program = [
      process.execPath,
      join(this.#folder, "contend.mjs"),
      backend,
      folder,
      who,
      hold,
      String(races),
    ];
    const [file = "", ...args] = [...within, ...program];
    const child = spawn(file, args, {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...env },
    });
    this.#children.push(child);
    return new Contender(child);
  }

  kill(): void {
    for (const child of this.#children.splice(0)) child.kill("SIGKILL");
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

export class Contender {
  readonly #child: ChildProcess;
  #said = "";
  #closed = false;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.once("close", () => {
      this.#closed = true;
    });
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      this.#said += chunk;
    });
  }

  /** All that it said, once it is done; nothing when it was killed before. */
  async answers(): Promise<readonly Record<string, unknown>[]> {
    if (!this.#closed) await once(this.#child, "close");
    return this.#said
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async firstAnswer(): Promise<void> {
    while (!this.#said.includes("\n")) await once(this.#child.stdout as NodeJS.ReadableStream, "data");
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    if (!this.#closed) await once(this.#child, "close");
  }
}
