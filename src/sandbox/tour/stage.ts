import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { styleText } from "node:util";
import { execa } from "execa";
import { type SimpleGit, simpleGit } from "simple-git";
import wrapAnsi from "wrap-ansi";

/** A throw-away repository in which the tour runs the real executable, and shows what it prints. */
export interface Stage {
  /** Says something to the reader. */
  tell(text: string): void;
  /** A scene begins: the reader sees the how many-th it is. */
  heading(text: string): void;
  /** Runs `capstan`, shows the command and all its output; another exit code than expected ends the tour. */
  capstan(args: readonly string[], expected?: number): Promise<void>;
  /** Runs `capstan` and gives what it printed, without showing it. */
  ask(args: readonly string[]): Promise<string>;
  commit(message: string): Promise<void>;
  /** Sets a field of the cluster's policy, and shows how. */
  policy(field: string, value: string): Promise<void>;
  /** Sets a variable for everything that runs from now on, and shows how. */
  export(name: string, value: string): void;
  /** Runs another executable and shows what it prints; `path` starts in the repository. */
  run(path: string, args: readonly string[], expected?: number): Promise<void>;
}

/** A play, and how many scenes it has. */
export interface Tour {
  readonly scenes: number;
  play(stage: Stage): Promise<void>;
}

const CAPSTAN = fileURLToPath(new URL("../capstan.js", import.meta.url));

/**
 * Sets the stage, plays, and leaves no process and no file behind, however the play ends: also when it is stopped, and
 * when nobody reads on (`npm start | head`).
 */
export async function onStage({ scenes, play }: Tour): Promise<void> {
  const curtain = curtainOf(process);
  const folder = await mkdtemp(join(tmpdir(), "capstan-tour-"));
  const git = simpleGit(folder);
  await git.init(["--initial-branch=main"]);
  await git.addConfig("user.name", "capstan tour");
  await git.addConfig("user.email", "tour@localhost");
  const strike = () => execa(process.execPath, [CAPSTAN, "sandbox", "down"], { cwd: folder, reject: false });
  try {
    await play(stageIn(folder, git, curtain, scenes));
  } finally {
    await strike();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Falls, with the reason, when the play has to end: what runs is stopped, and nothing else is begun. */
function curtainOf({ stdout, stderr }: NodeJS.Process): AbortSignal {
  const curtain = new AbortController();
  for (const stream of [stdout, stderr])
    stream.on("error", () => curtain.abort(new Error("nobody reads what it says")));
  // Not `once`: execa ends this process with the signal where nobody else listens any more.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => curtain.abort(new Error(`it was stopped by ${signal}`)));
  return curtain.signal;
}

function stageIn(folder: string, git: SimpleGit, curtain: AbortSignal, scenes: number): Stage {
  let scene = 0;
  const env: Record<string, string> = {};
  const here = { cwd: folder, env, reject: false, stdin: "ignore", cancelSignal: curtain } as const;
  const write = (text: string) => {
    curtain.throwIfAborted();
    process.stdout.write(`${text}\n`);
  };
  const run = (args: readonly string[], output: "inherit" | "pipe") =>
    execa(process.execPath, [CAPSTAN, ...args], { ...here, stdout: output, stderr: output });
  return {
    tell: (text) => write(text),
    heading(text) {
      scene += 1;
      const title = `${scene} of ${scenes}  ${text}`;
      write(`\n${style("bold", `── ${title} ${"─".repeat(Math.max(0, 74 - title.length))}`)}`);
    },
    async capstan(args, expected = 0) {
      write(`\n${style("cyan", typed(args))}`);
      const { exitCode } = await run(args, "inherit");
      write(style("dim", `(exit ${exitCode})`));
      insist(`capstan ${args.join(" ")}`, exitCode, expected);
    },
    async ask(args) {
      const { stdout } = await run(args, "pipe");
      return stdout ?? "";
    },
    async commit(message) {
      write(`\n${style("cyan", `$ git commit -m "${message}"`)}`);
      await git.add(".");
      await git.commit(message);
    },
    async policy(field, value) {
      const [name = ""] = await readdir(join(folder, "clusters"));
      const path = join("clusters", name, "cluster.yaml");
      // There is one cluster, and with its name the line would be too long for a terminal of 80 columns.
      write(`\n${style("cyan", `$ sed -i 's/${field}: .*/${field}: ${value}/' clusters/*/cluster.yaml`)}`);
      const file = join(folder, path);
      const text = await readFile(file, "utf8");
      await writeFile(file, text.replace(new RegExp(`${field}: .*`), `${field}: ${value}`));
    },
    export(name, value) {
      write(`\n${style("cyan", `$ export ${name}=${value}`)}`);
      env[name] = value;
    },
    async run(path, args, expected = 0) {
      write(`\n${style("cyan", `$ ${[path, ...args].join(" ")}`)}`);
      const { exitCode, all } = await execa(join(folder, path), args, { ...here, all: true });
      const lines = all.trim().split("\n");
      write(lines.map((line) => wrapped(line)).join("\n"));
      write(style("dim", `(exit ${exitCode})`));
      insist(path, exitCode, expected);
    },
  };
}

/** The command as it can be pasted; what does not fit into 80 columns goes on below. */
function typed(args: readonly string[]): string {
  const lines = ["$ capstan"];
  for (const word of args) {
    const line = lines.at(-1) ?? "";
    if (line.length + word.length > 76) lines.splice(-1, 1, `${line} \\`, `    ${word}`);
    else lines.splice(-1, 1, `${line} ${word}`);
  }
  return lines.join("\n");
}

/** As wide as a terminal of 80 columns; what does not fit hangs below. */
function wrapped(line: string): string {
  const [first = "", ...rest] = wrapAnsi(line, 80, { trim: false }).split("\n");
  if (rest.length === 0) return line;
  const hung = wrapAnsi(rest.join("").trim(), 78).split("\n");
  return [first.trimEnd(), ...hung.map((text) => `  ${text}`)].join("\n");
}

function insist(what: string, exitCode: number | undefined, expected: number): void {
  if (exitCode !== expected) throw new Error(`${what} ended with ${exitCode}, not ${expected}`);
}

function style(format: Parameters<typeof styleText>[0], text: string): string {
  return styleText(format, text, { stream: process.stdout });
}
