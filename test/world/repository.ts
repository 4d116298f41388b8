import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { Finding, GuardId, GuardVerdict, Plan } from "../../src/rotation/plan.ts";
import type { LiveStatus } from "../../src/views/live-status.ts";
import { type Forked, fork } from "./fork-server.ts";
import { git } from "./git.ts";

const CAPSTAN = join(import.meta.dirname, "..", "..", "dist", "capstan.js");

/** What a command line printed and how it ended. */
export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line of capstan in a folder. */
type RunCommand = (
  argv: readonly string[],
  where: { readonly folder: string; readonly env: Readonly<Record<string, string>> },
) => Promise<Ran>;

/**
 * A git repository in a temporary folder, in which the real executable is run as a user would; commands run in the
 * test's own process where its file imports `in-process.ts`.
 */
export class Repository {
  static #run: RunCommand | null = null;
  readonly folder: string;

  /** Other than by the executable, for the rest of a file of tests. */
  static runsWith(run: RunCommand): void {
    Repository.#run = run;
  }

  constructor(folder: string) {
    this.folder = folder;
  }

  static async create(): Promise<Repository> {
    const repository = new Repository(await mkdtemp(join(tmpdir(), "capstan-test-")));
    await repository.git("init", "--quiet", "--initial-branch=main");
    await appendFile(
      join(repository.folder, ".git", "config"),
      "[user]\nname = test\nemail = test@localhost\n",
    );
    return repository;
  }

  /** A repository with a sandbox in it, imported and committed. */
  static async withSandbox(...flags: readonly string[]): Promise<Repository> {
    const repository = await Repository.create();
    await repository.must("sandbox", "up", "--speed", "200", ...flags);
    await repository.must("init");
    await repository.commit("what is live");
    return repository;
  }

  async remove(): Promise<void> {
    await this.capstan("sandbox", "down");
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Starts the executable and leaves it running. */
  start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    return execa(process.execPath, [CAPSTAN, ...args], {
      cwd: this.folder,
      reject: false,
      stdin: "ignore",
      // It ends at a safe point, however long that takes on a busy machine.
      forceKillAfterDelay: false,
      extendEnv: true,
      env: { NO_COLOR: "1", ...env },
    });
  }

  async capstan(...args: readonly string[]): Promise<Ran> {
    return await this.run(args);
  }

  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
    if (Repository.#run !== null) {
      const { exit, stdout, stderr } = await Repository.#run(args, { folder: this.folder, env });
      return { exit, stdout: withoutLastBreak(stdout), stderr: withoutLastBreak(stderr) };
    }
    const argv = [process.execPath, CAPSTAN, ...args];
    return await ran({ argv, cwd: this.folder, env: { ...process.env, NO_COLOR: "1", ...env } });
  }

  /** Runs it and insists on exit 0. */
  async must(...args: readonly string[]): Promise<Ran> {
    const ran = await this.capstan(...args);
    if (ran.exit !== 0)
      throw new Error(`capstan ${args.join(" ")} ended with ${ran.exit}\n${ran.stdout}\n${ran.stderr}`);
    return ran;
  }

  async git(...args: readonly string[]): Promise<string> {
    return await git(this.folder, args);
  }

  async commit(message: string): Promise<void> {
    await this.git("add", "-A");
    await this.git("commit", "--quiet", "--message", message);
  }

  /** One move in git: edited by `capstan rotate`, committed. */
  async rotate(action: string, ...rest: readonly string[]): Promise<void> {
    await this.must("rotate", action, ...rest);
    await this.commit(`${action} ${rest.join(" ")}`);
  }

  /** Edits, commits and applies up to and including a phase. */
  async walkTo(phase: string, type = "host"): Promise<void> {
    const moves = ["init", "update_clients", "update_servers", "standby"];
    for (const move of moves.slice(0, moves.indexOf(phase) + 1)) {
      const action = move === "init" ? "start" : move === "standby" ? "finish" : "advance";
      await this.rotate(action, type);
      await this.must("apply", "--auto-approve", "--approve-final");
    }
  }

  /** Changes files that match a pattern of git, added or not. */
  async edit(pattern: string, change: (text: string) => string): Promise<void> {
    const listed = await this.git("ls-files", "--others", "--cached", "--exclude-standard", pattern);
    for (const path of listed.split("\n").filter((line) => line !== "")) {
      const file = join(this.folder, path);
      await writeFile(file, change(await readFile(file, "utf8")));
    }
  }

  /** Longer than a busy machine takes for what a sandbox does in 20 s; not for tests of a phase that is not followed. */
  async takesItsTime(): Promise<void> {
    await this.edit("*cluster.yaml", (text) => text.replace(/phase_timeout: \S+/, "phase_timeout: 30m"));
    await this.commit("a phase may take long");
  }

  /** States work as a person would: under `acknowledge` of a rotation, committed. */
  async state(steps: readonly string[], rotation = "*"): Promise<void> {
    await this.edit(`*/rotations/${rotation}.yaml`, (text) => {
      const lines = steps.map((step) => `    - { step: ${step}, who: ada }\n`);
      return /\n {2}acknowledge:\n/.test(text)
        ? text.replace("  acknowledge:\n", `  acknowledge:\n${lines.join("")}`)
        : `${text.trimEnd()}\n  acknowledge:\n${lines.join("")}`;
    });
    await this.commit("state work");
  }

  /** The sandbox's own tctl, for what a hand would do. */
  async tctl(...args: readonly string[]): Promise<Ran> {
    const tctl = join(this.folder, ".capstan", "sandbox", "bin", "tctl");
    return await ran({ argv: [tctl, ...args], cwd: this.folder, env: process.env });
  }

  /** The arguments of every tctl call so far, as the sandbox saw them. */
  async calls(): Promise<readonly (readonly string[])[]> {
    const log = await readFile(join(this.folder, ".capstan", "sandbox", "calls.jsonl"), "utf8");
    return log
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line).argv);
  }

  async plan(): Promise<{ readonly exit: number; readonly plan: Plan }> {
    const ran = await this.capstan("plan", "--format", "json");
    if (ran.stdout === "") throw new Error(`no plan was printed (exit ${ran.exit}): ${ran.stderr}`);
    return { exit: ran.exit, plan: JSON.parse(ran.stdout) };
  }

  async status(): Promise<LiveStatus> {
    const ran = await this.capstan("status", "--format", "json");
    if (ran.stdout === "") throw new Error(`no status was printed (exit ${ran.exit}): ${ran.stderr}`);
    return JSON.parse(ran.stdout);
  }

  /** TLS fingerprints of the keys that sign for a CA type, and of those trusted beside them. */
  async keys(
    type = "host",
  ): Promise<{ readonly active: readonly string[]; readonly trusted: readonly string[] }> {
    const authority = (await this.status()).clusters[0]?.authorities.find(
      (candidate) => candidate.type === type,
    );
    const tls = (keys: LiveStatus["clusters"][number]["authorities"][number]["active_keys"] | undefined) =>
      (keys ?? []).filter(({ protocol }) => protocol === "tls").map(({ fingerprint }) => fingerprint);
    return { active: tls(authority?.active_keys), trusted: tls(authority?.trusted_keys) };
  }
}

/** An executable to its end. */
async function ran(forked: Forked): Promise<Ran> {
  const { exit, stdout, stderr } = await fork(forked);
  return { exit, stdout: withoutLastBreak(stdout.toString()), stderr: withoutLastBreak(stderr) };
}

/** As execa gives it of an executable. */
function withoutLastBreak(text: string): string {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}

/** The verdict of one guard on the first step of a plan. */
export function guardOf(plan: Plan, id: GuardId): GuardVerdict | undefined {
  return plan.clusters[0]?.rotations
    .flatMap(({ steps }) => steps)
    .flatMap(({ guards }) => guards)
    .find((guard) => guard.id === id);
}

export function subjectsOf(findings: readonly Finding[] | undefined): readonly string[] {
  return (findings ?? []).map(({ subject }) => subject);
}

/** Fewer looks than this prove nothing on a machine that is too busy to look. */
const LOOKS = 600;

/** Looks again until it is so; a condition in place of a sleep. Who waits looks a third of the time, the others work. */
export async function eventually<Value>(
  look: () => Promise<Value>,
  isSo: (value: Value) => boolean,
  withinMs = 600_000,
): Promise<Value> {
  const deadline = Date.now() + withinMs;
  for (let looks = 1; ; looks += 1) {
    const began = Date.now();
    const value = await look();
    if (isSo(value)) return value;
    if (Date.now() > deadline && looks > LOOKS)
      throw new Error(`it never came to be; last seen: ${JSON.stringify(value)}`);
    const pause = Math.max(50, 2 * (Date.now() - began));
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

interface SandboxView {
  readonly authorities: readonly {
    readonly type: string;
    readonly phase: string;
    readonly active: readonly string[];
    readonly trusted: readonly string[];
  }[];
  readonly components: readonly {
    readonly name: string;
    readonly alive: boolean;
    readonly issuers: Readonly<Record<string, string>>;
  }[];
}

/** The sandbox's own view of its host CA and of who lives by which of its keys. */
async function sandboxView(repository: Repository): Promise<SandboxView> {
  const { stdout } = await repository.must("sandbox", "status", "--format", "json");
  const { clusters } = JSON.parse(stdout) as {
    readonly clusters: readonly { readonly status: SandboxView }[];
  };
  const [cluster] = clusters;
  if (cluster === undefined) throw new Error("the sandbox has no cluster");
  return cluster.status;
}

function hostIn({ authorities }: SandboxView) {
  const host = authorities.find(({ type }) => type === "host");
  if (host === undefined) throw new Error("the sandbox has no host CA");
  return host;
}

/** Where the host CA really is, without a cache in between. */
export async function hostPhase(repository: Repository): Promise<string> {
  return hostIn(await sandboxView(repository)).phase;
}

/** Components that are alive and live by a key that the host CA no longer has. */
export async function cutOff(repository: Repository): Promise<readonly string[]> {
  const view = await sandboxView(repository);
  const { active, trusted } = hostIn(view);
  const kept = new Set([...active, ...trusted]);
  return view.components
    .filter(({ alive, issuers }) => alive && Object.values(issuers).some((key) => !kept.has(key)))
    .map(({ name }) => name);
}
