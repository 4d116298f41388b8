import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A process to start: what it is, where, and what it reads. */
export interface Forked {
  readonly argv: readonly string[];
  readonly cwd: string;
  /** Of its own and all there is. */
  readonly env: NodeJS.ProcessEnv;
  readonly stdin?: string | Buffer | undefined;
  /** Kills it. */
  readonly signal?: AbortSignal | undefined;
}

/** How a process ended, in the words of a shell: a status above 128 stands for a signal. */
export interface ForkedEnd {
  readonly exit: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

const SERVER = join(import.meta.dirname, "fork-server.pl");

/**
 * Starts processes in place of the process of the tests. To fork is to copy page tables: of some 400 MB of modules and
 * compiled code, for which a worker stands still longer than git runs. A Perl of 8 MB, started once, does it instead; what
 * a process reads and prints are files.
 */
class ForkServer {
  readonly #perl: ChildProcess;
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv = { ...process.env };
  readonly #running = new Map<number, (exit: number) => void>();
  /** Names of files that nobody uses at the moment. */
  readonly #free: string[] = [];
  #last = 0;
  #places = 0;

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "capstan-forks-"));
    process.once("exit", () => rmSync(this.#folder, { recursive: true, force: true }));
    // A group of its own: a Ctrl-C at the terminal is for the tests. With them its standard input ends, and so does it.
    const perl = spawn("perl", [SERVER], { stdio: ["pipe", "pipe", "inherit"], detached: true });
    let heard = "";
    perl.stdout.on("data", (chunk: Buffer) => {
      const lines = `${heard}${chunk}`.split("\n");
      heard = lines.pop() ?? "";
      for (const line of lines) {
        const [id = "", exit = ""] = line.split(" ");
        this.#running.get(Number(id))?.(Number(exit));
      }
    });
    this.#perl = perl;
    this.#idle(true);
  }

  /** An idle server is no reason for a process to go on. */
  #idle(idle: boolean): void {
    const { stdin, stdout } = this.#perl;
    for (const handle of [this.#perl, stdin, stdout] as Pick<ChildProcess, "ref" | "unref">[]) {
      if (idle) handle.unref();
      else handle.ref();
    }
  }

  #ask(words: readonly (string | number)[]): void {
    const text = Buffer.from(words.join("\0"));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    this.#perl.stdin?.write(Buffer.concat([length, text]));
  }

  async run({ argv, cwd, env, stdin, signal }: Forked): Promise<ForkedEnd> {
    const id = ++this.#last;
    const place = this.#free.pop() ?? join(this.#folder, String(++this.#places));
    const [input, output, errors] = [`${place}.in`, `${place}.out`, `${place}.err`];
    if (stdin !== undefined) writeFileSync(input, stdin);
    const read = stdin === undefined ? "/dev/null" : input;
    const kill = () => this.#ask([id, "kill"]);
    const exit = await new Promise<number>((ended) => {
      this.#running.set(id, ended);
      this.#idle(false);
      this.#ask([id, "run", cwd, read, output, errors, argv.length, ...argv, ...this.#changes(env)]);
      if (signal?.aborted) kill();
      else signal?.addEventListener("abort", kill, { once: true });
    });
    signal?.removeEventListener("abort", kill);
    this.#running.delete(id);
    if (this.#running.size === 0) this.#idle(true);
    const end = { exit, stdout: readFileSync(output), stderr: readFileSync(errors, "utf8") };
    this.#free.push(place);
    return end;
  }

  /** What makes the environment of a process out of the server's. */
  #changes(env: NodeJS.ProcessEnv): readonly string[] {
    const gone = Object.keys(this.#env).filter((name) => env[name] === undefined);
    const set = Object.entries(env).flatMap(([name, value]) =>
      value === undefined || value === this.#env[name] ? [] : [`${name}=${value}`],
    );
    return [...gone, ...set];
  }
}

let server: ForkServer | null = null;

/** Runs a process to its end. The executable has to be there, and the folder. */
export async function fork(forked: Forked): Promise<ForkedEnd> {
  server ??= new ForkServer();
  return await server.run(forked);
}
