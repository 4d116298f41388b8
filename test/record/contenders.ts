import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

/** Real processes that race for a lock; built first, as Node alone cannot load the compiled schemas. */
export class Contenders {
  #folder = "";
  readonly #children: ChildProcess[] = [];

  async build(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), "capstan-contend-"));
    await build({
      entryPoints: [join(import.meta.dirname, "contend.ts")],
      outfile: join(this.#folder, "contend.mjs"),
      bundle: true,
      format: "esm",
      platform: "node",
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
      logLevel: "error",
    });
  }

  start(backend: "refs" | "folder", folder: string, who: string, hold: string): Contender {
    const args = [join(this.#folder, "contend.mjs"), backend, folder, who, hold];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
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

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      this.#said += chunk;
    });
  }

  /** All that it said, once it is done; nothing when it was killed before. */
  async answers(): Promise<readonly Record<string, unknown>[]> {
    await once(this.#child, "close");
    return this.#said
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async firstAnswer(): Promise<void> {
    while (!this.#said.includes("\n")) await once(this.#child.stdout as NodeJS.ReadableStream, "data");
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await once(this.#child, "close");
  }
}
