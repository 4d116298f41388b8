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
  readonly stdin?: string | undefined;
  /** Kills it. */
  readonly signal?: AbortSignal | undefined;
}

/** How a process ended, in the words of a shell: a status above 128 stands for a signal. */
export interface ForkedEnd {
  readonly exit: number;
  readonly stdout: Buffer;
  readonly stderr: string;
}

interface Running {
  readonly started: (pid: number) => void;
  readonly ended: (exit: number) => void;
}

/**
 * Starts processes in place of the process of the tests. To fork is to copy page tables: of some 400 MB of modules and
 * compiled code, for which a worker stands still longer than git runs. A shell of 4 MB, started once, does it instead;
 * what a process reads and prints are files.
 */
class ForkServer {
  readonly #shell: ChildProcess;
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv = { ...process.env };
  readonly #running = new Map<number, Running>();
  #last = 0;

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "capstan-forks-"));
    process.once("exit", () => rmSync(this.#folder, { recursive: true, force: true }));
    // A group of its own: a Ctrl-C at the terminal is for the tests. With them its standard input ends, and so does it.
    const shell = spawn("bash", ["--noprofile", "--norc"], {
      stdio: ["pipe", "pipe", "ignore"],
      detached: true,
    });
    let heard = "";
    shell.stdout.on("data", (chunk: Buffer) => {
      const lines = `${heard}${chunk}`.split("\n");
      heard = lines.pop() ?? "";
      for (const line of lines) this.#hear(line.split(" "));
    });
    shell.stdin.write("exec 3>&1 >/dev/null\n");
    this.#shell = shell;
    this.#idle(true);
  }

  /** An idle server is no reason for a process to go on. */
  #idle(idle: boolean): void {
    const { stdin, stdout } = this.#shell;
    for (const handle of [this.#shell, stdin, stdout] as Pick<ChildProcess, "ref" | "unref">[]) {
      if (idle) handle.unref();
      else handle.ref();
    }
  }

  #hear([id = "", what, value = ""]: readonly string[]): void {
    const running = this.#running.get(Number(id));
    if (what === "pid") running?.started(Number(value));
    else running?.ended(Number(value));
  }

  async run({ argv, cwd, env, stdin, signal }: Forked): Promise<ForkedEnd> {
    const id = ++this.#last;
    const file = (end: string) => join(this.#folder, `${id}.${end}`);
    const io = `>${quoted(file("out"))} 2>${quoted(file("err"))} <${stdin === undefined ? "/dev/null" : quoted(file("in"))}`;
    const script = [
      `echo ${id} pid $BASHPID >&3`,
      "exec 3>&-",
      `cd -- ${quoted(cwd)}`,
      ...this.#changes(env),
      `exec ${argv.map(quoted).join(" ")} ${io}`,
    ];
    writeFileSync(file("sh"), `${script.join("\n")}\n`);
    if (stdin !== undefined) writeFileSync(file("in"), stdin);
    const exit = await new Promise<number>((ended) => {
      const started = (pid: number) => {
        const kill = () => endIfThere(pid);
        if (signal?.aborted) kill();
        else signal?.addEventListener("abort", kill, { once: true });
        this.#running.set(id, {
          started,
          ended: (status) => {
            signal?.removeEventListener("abort", kill);
            ended(status);
          },
        });
      };
      this.#running.set(id, { started, ended });
      this.#idle(false);
      this.#shell.stdin?.write(`{ ( . ${quoted(file("sh"))} ); echo ${id} exit $? >&3; } &\n`);
    });
    this.#running.delete(id);
    if (this.#running.size === 0) this.#idle(true);
    const end = { exit, stdout: readFileSync(file("out")), stderr: readFileSync(file("err"), "utf8") };
    for (const kind of ["sh", "in", "out", "err"]) rmSync(file(kind), { force: true });
    return end;
  }

  /** What makes the environment of a process out of the shell's. */
  #changes(env: NodeJS.ProcessEnv): readonly string[] {
    const gone = Object.keys(this.#env).filter((name) => env[name] === undefined);
    const set = Object.entries(env).flatMap(([name, value = ""]) =>
      env[name] === undefined || value === this.#env[name] ? [] : [`export ${name}=${quoted(value)}`],
    );
    return [...gone.map((name) => `unset ${name}`), ...set];
  }
}

function endIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    // It has ended, and nobody has heard of it yet.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

let server: ForkServer | null = null;

/** Runs a process to its end. The executable has to be there, and the folder. */
export async function fork(forked: Forked): Promise<ForkedEnd> {
  server ??= new ForkServer();
  return await server.run(forked);
}
