import { Failure, type FailureCode } from "../failure.ts";
import { withoutCredentials } from "../secrets.ts";

/** Answers of a remote that mean: somebody moved the ref first. */
const RACE =
  /stale info|fetch first|non-fast-forward|cannot lock ref|failed to lock|failed to update ref|incorrect old value|reference already exists|atomic (push|transaction) failed/;

interface Trouble {
  /** What git, or the server through it, says. */
  readonly said: RegExp;
  readonly code: FailureCode;
  readonly hint: (remote: string, command: string) => string;
}

/** The server's own disk: it says so while it locks a ref, and nobody was faster. */
const SERVER_CANNOT_WRITE =
  /no space left|read-only file system|unable to create .*permission denied|insufficient permission for adding an object|disk quota/i;

/** What people meet, the plainest words first: the first that fits is said. */
const TROUBLES: readonly Trouble[] = [
  {
    said: SERVER_CANNOT_WRITE,
    code: "storage",
    hint: () =>
      "nothing was changed; look at the server, which cannot write: its disk is full, or its files are not its own",
  },
  {
    said: /could not read (username|password)|terminal prompts disabled|authentication failed|\b401\b|permission denied \(publickey/i,
    code: "denied",
    hint: () =>
      "give git credentials here: in GitHub Actions `persist-credentials: true` of actions/checkout; elsewhere a credential helper, or a key of the job",
  },
  {
    said: /does not support --atomic/,
    code: "storage",
    hint: () =>
      "let the server move several refs at once or none (`receive.advertiseAtomic`), which the record needs; or name another one as `remote` of the repository resource",
  },
  {
    said: /hook declined|protected|rule violations|hidden ref|\bGH0\d\d\b/i,
    code: "denied",
    hint: () =>
      "allow refs/capstan/** for whoever runs apply, and for nobody else: a rule or a hook of the server declines it",
  },
  {
    said: /\b403\b|permission|denied|not allowed|not granted|marked as read.only/i,
    code: "denied",
    hint: (_, command) =>
      command === "push"
        ? "let the credentials write refs/capstan/*, which they may only read: in GitHub Actions `contents: write`; on GitLab a token with write_repository; over SSH a deploy key with write access"
        : "let the credentials read: in GitHub Actions `contents: read`; on GitLab a token with read_repository",
  },
  {
    said: /repository .*not found|does not appear to be a git repository|\b404\b/i,
    code: "denied",
    hint: (remote) =>
      `check its address (\`git remote get-url ${remote}\`): there is no such repository, or these credentials may not see it`,
  },
  {
    said: /missing necessary objects|bad object|not our ref|not send all necessary objects|missing (blob|tree|commit)|unable to read|could not read [0-9a-f]{40}/i,
    code: "storage",
    hint: () =>
      "bring back the objects that the server has lost, from a backup or another clone: `git fsck` on it says which",
  },
  {
    said: /mismatched algorithms/,
    code: "storage",
    hint: () =>
      "make a new clone: this one names its objects by another algorithm (SHA-1, SHA-256) than the server",
  },
  {
    said: /block timeout|too slow|timed out/i,
    code: "storage",
    hint: () => "run it again: the server is slow, or hangs, and nothing counts that it did not confirm",
  },
  {
    said: /could not resolve host|connection refused|failed to connect|couldn't connect|unreachable|no route to host/i,
    code: "storage",
    hint: (remote) =>
      `check its address (\`git remote get-url ${remote}\`), the network, a proxy: it cannot be reached from here`,
  },
  {
    said: /certificate|ssl/i,
    code: "storage",
    hint: () =>
      "name the CA of the server in `http.sslCAInfo` or GIT_SSL_CAINFO: its certificate is not trusted here",
  },
  {
    said: /hung up|early eof|rpc failed|disconnect|connection reset|empty reply|transfer closed/i,
    code: "storage",
    hint: () => "run it again: the connection broke off, and nothing counts that was not confirmed",
  },
];

/** What a git that talks to the remote said when it failed. `what`: its command. */
export function remoteFailure(remote: string, what: string, cause: unknown): Failure {
  const words = cause instanceof Error ? cause.message : String(cause);
  // What git prints for programs has tabs between its columns.
  const said = withoutCredentials(words).replaceAll("\t", "  ").trim();
  const message = `git ${what} on ${remote} failed: ${said}`;
  const trouble = isOfRace(said) ? undefined : TROUBLES.find((one) => one.said.test(said));
  return new Failure(trouble?.code ?? "storage", message, {
    hint: trouble?.hint(remote, what) ?? `check that \`git ls-remote ${remote}\` works here`,
    cause,
  });
}

/** Somebody moved the ref first, by what `remoteFailure` made of the answer. */
export function isRace(error: unknown): boolean {
  return error instanceof Failure && isOfRace(error.message);
}

function isOfRace(said: string): boolean {
  return RACE.test(said) && !SERVER_CANNOT_WRITE.test(said);
}

/**
 * git takes what is no remote of the clone for an address: a folder of the tree, say, with hooks that come with a
 * commit. Which addresses there are is for whoever made the clone to say.
 */
export function noRemote(remote: string): Failure {
  return new Failure("storage", `this clone has no remote that is called ${remote}`, {
    hint: `\`git remote add ${remote} URL\`, or name another one in the repository resource`,
  });
}
