/** A git that says nothing for this long hangs: no terminal is there to type a password into. */
const SILENCE_MS = 60_000;

/**
 * What of git's environment is passed on: how a remote is reached, as the same `git push` by hand would reach it.
 * Nothing that would send git to another repository (GIT_DIR in a hook, GIT_INDEX_FILE).
 */
const PASSED_ON =
  /^(GIT_SSH|GIT_SSH_COMMAND|GIT_SSH_VARIANT|GIT_ASKPASS|SSH_ASKPASS|GIT_SSL_.*|GIT_HTTP_.*|GIT_CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|(KEY|VALUE)_\d+))$/;

/** What one command of git is given beside its arguments. */
export interface GivenToGit {
  /** On standard input. */
  readonly input?: string | Buffer;
  /** Settings in place of the clone's, `name=value` each. */
  readonly config?: readonly string[];
}

/** Runs git in a clone without a terminal, and gives what it prints; throws what it says where it fails. */
export async function runGit(
  folder: string,
  ambient: NodeJS.ProcessEnv,
  args: readonly string[],
  { input, config = [] }: GivenToGit,
): Promise<string> {
  const passed = Object.entries(ambient).filter(
    ([name]) => !/^(GIT_|EDITOR$|VISUAL$|PAGER$|PREFIX$|SSH_ASKPASS$)/i.test(name) || PASSED_ON.test(name),
  );
  const env: Record<string, string> = {};
  for (const [name, value] of passed) {
    if (value !== undefined) env[name] = value;
  }
  // Answers are read, so they must not come in the language of the machine.
  env["LC_ALL"] = "C";
  env["GIT_TERMINAL_PROMPT"] = "0";
  const { simpleGit } = await import("simple-git");
  const git = simpleGit({
    baseDir: folder,
    config: [...config],
    timeout: { block: SILENCE_MS },
    allowEnvironment: Object.keys(env),
    unsafe: {
      allowUnsafeSshCommand: true,
      allowUnsafeAskPass: true,
      allowUnsafeConfigPaths: true,
      allowUnsafeConfigEnvCount: true,
      allowUnsafeCredentialHelper: true,
      allowUnsafeUrlRewrite: true,
    },
    ...(input === undefined ? {} : { input: () => input }),
  }).env(env);
  return await git.raw([...args]);
}
