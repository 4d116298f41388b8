import { Failure } from "../failure.ts";
import { createRunner, type Runner } from "../process/runner.ts";

/** What git answered. A status other than 0 is an answer too: the caller knows what it means. */
export interface GitAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How git is asked, beside its arguments. */
export interface Asking {
  readonly stdin?: string;
  readonly timeoutMs?: number;
}

/**
 * What ties git to another repository than the one of the folder, or changes what it says of that one: hooks set some
 * of these (`git rev-parse --local-env-vars`, and what git(1) lists beside them).
 */
const ELSEWHERE =
  /^GIT_(DIR|WORK_TREE|IMPLICIT_WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|QUARANTINE_PATH|NAMESPACE|GRAFT_FILE|SHALLOW_FILE|REPLACE_REF_BASE|NO_REPLACE_OBJECTS|INTERNAL_.*|CONFIG|CONFIG_PARAMETERS|CEILING_DIRECTORIES|(LITERAL|GLOB|NOGLOB|ICASE)_PATHSPECS|EXTERNAL_DIFF|DIFF_OPTS|OPTIONAL_LOCKS|ATTR_SOURCE|TRACE.*|FLUSH|EDITOR|SEQUENCE_EDITOR|PAGER)$/;

/**
 * A repository is what has a `.git`, not what a commit brought and only looks like one (`safe.bareRepository`); and a
 * clone whose hooks are files of the tree (`core.hooksPath`) runs none of them for capstan.
 */
const OWN = ["-c", "safe.bareRepository=explicit", "-c", "core.hooksPath=/dev/null"];

/** No terminal is there to type a password into, and a question about history must not hang a run. */
const PATIENCE_MS = 60_000;

/** One git repository, asked from one folder. Answers are read, so they come in English whatever the machine speaks. */
export class Git {
  readonly where: string;
  readonly #target: readonly string[];
  readonly #env: NodeJS.ProcessEnv;
  readonly #runner: Runner;
  #passedOn: Readonly<Record<string, string | undefined>> | null = null;

  /** `kind`: `git-dir` where there is no work tree to stand in. */
  constructor(
    where: string,
    env: NodeJS.ProcessEnv,
    kind: "folder" | "git-dir" = "folder",
    runner: Runner = createRunner(),
  ) {
    this.where = where;
    this.#target = kind === "folder" ? ["-C", where] : [`--git-dir=${where}`];
    this.#env = env;
    this.#runner = runner;
  }

  /** Another repository, asked in the same way. */
  at(where: string, kind: "folder" | "git-dir"): Git {
    return new Git(where, this.#env, kind, this.#runner);
  }

  async ask(args: readonly string[], asking: Asking = {}): Promise<GitAnswer> {
    const chunks: Uint8Array[] = [];
    const { exitCode, stderr } = await this.stream(
      args,
      (chunk) => {
        chunks.push(Uint8Array.from(chunk));
      },
      asking,
    );
    return { exitCode, stdout: Buffer.concat(chunks).toString("utf8"), stderr };
  }

  /** What it prints; a git that refuses is a `Failure` with its own words. */
  async must(args: readonly string[], asking: Asking = {}): Promise<string> {
    const answer = await this.ask(args, asking);
    if (answer.exitCode !== 0) throw gitRefusal(this.where, args, answer);
    return answer.stdout;
  }

  async stream(
    args: readonly string[],
    consume: (chunk: Uint8Array) => void,
    { stdin, timeoutMs = PATIENCE_MS }: Asking = {},
  ): Promise<{ readonly exitCode: number; readonly stderr: string }> {
    this.#passedOn ??= environment(this.#env);
    const command = {
      argv: ["git", ...this.#target, ...OWN, "--no-pager", "--no-optional-locks", ...args],
      env: this.#passedOn,
      timeoutMs,
      ...(stdin === undefined ? {} : { stdin }),
    };
    try {
      return await this.#runner.stream(command, consume);
    } catch (cause) {
      if (!(cause instanceof Failure) || !/^Cannot run "git"/.test(cause.message)) throw cause;
      throw new GitMissing(cause);
    }
  }
}

/** git itself is not there, which says nothing about repositories. */
export class GitMissing extends Failure {
  constructor(cause: Failure) {
    super("executable", cause.message, { hint: "install git, or put it on the PATH", cause });
  }
}

function environment(env: NodeJS.ProcessEnv): Readonly<Record<string, string | undefined>> {
  const names = [...new Set([...Object.keys(process.env), ...Object.keys(env)])];
  return {
    ...Object.fromEntries(names.map((name) => [name, ELSEWHERE.test(name) ? undefined : env[name]])),
    LC_ALL: "C",
    LANGUAGE: "C",
    GIT_TERMINAL_PROMPT: "0",
    // A replacement is local to one clone; what was reviewed is the object itself.
    GIT_NO_REPLACE_OBJECTS: "1",
  };
}

/** git's own words, and what to do about those that people meet. */
export function gitRefusal(where: string, args: readonly string[], { exitCode, stderr }: GitAnswer): Failure {
  const said = stderr.trim() || `exit status ${exitCode}`;
  const hint = hintFor(said);
  return new Failure("storage", `git ${args[0] ?? ""} in ${where} failed: ${said}`, {
    hint: hint ?? `run \`git -C ${where} status\` and \`git fsck\` there`,
  });
}

function hintFor(said: string): string | null {
  const cure = /git config --global --add safe\.directory .*/.exec(said)?.[0].trim();
  if (cure !== undefined) {
    return `if you trust what is in it, which somebody else owns: \`${cure}\``;
  }
  if (/permission denied/i.test(said)) return "make the repository readable for whoever runs capstan";
  if (/must be run in a work tree|cannot use bare repository/.test(said))
    return "run it in a clone: a bare repository has no files";
  return null;
}
