import { Failure, type FailureCode } from "../../failure.ts";
import { redact } from "../../process/redact.ts";
import { type StreamOutcome, shown } from "../../process/runner.ts";

/**
 * What `tctl` says when it fails. It knows two exit codes, 0 and 1, so that only the text tells why (reference
 * teleport-rotation 1.11). The text makes a message and a hint; whether a transition happened is never read
 * from it (1.8).
 */
type TctlErrorKind =
  | "access-denied"
  | "credentials-expired"
  | "credentials-missing"
  | "credentials-outdated"
  | "mfa-required"
  | "auth-server-missing"
  | "unreachable"
  | "client-too-old"
  | "unsupported-resource"
  | "unsupported-type"
  | "unsupported-phase"
  | "unsupported-flag"
  | "unsupported-command"
  | "configuration-missing"
  | "already-rotating"
  | "illegal-transition"
  | "unsupported-feature"
  | "revision-conflict"
  | "not-found"
  | "other";

/** What tctl complained of, as a kind to decide by and a `Failure` to show. */
export interface TctlError {
  readonly kind: TctlErrorKind;
  readonly failure: Failure;
}

interface Rule {
  readonly kind: TctlErrorKind;
  readonly pattern: RegExp;
  readonly code: FailureCode;
  readonly hint: string;
}

/** In order: the first that matches wins. Numbers are sections of reference teleport-rotation. */
const RULES: readonly Rule[] = [
  // 6.3. Before "access denied", which wraps it.
  {
    kind: "mfa-required",
    pattern: /requires? (?:additional )?(?:MFA|multi-factor)|MFA (?:verification|response) (?:is )?required/i,
    code: "denied",
    hint: "use the identity of a bot (tbot): a person is asked for a second factor at every transition, a bot is not",
  },
  // 6.1, and Go's words for a certificate that the server turns down.
  {
    kind: "credentials-expired",
    pattern: /credentials have expired|certificate has expired|expired certificate/i,
    code: "denied",
    hint: "issue the identity anew (tbot, or `tctl auth sign`), then run again",
  },
  // 6.1: on a host without an auth server, and on one whose data may not be read; "be used on" is older.
  {
    kind: "credentials-missing",
    pattern: /logging in with tsh first|tctl must be (?:either )?used on the auth server|not logged in/i,
    code: "denied",
    hint: "name an identity_file and an auth_server in the cluster resource, or run where tctl works by itself",
  },
  // 6.1.
  {
    kind: "auth-server-missing",
    pattern: /--identity also requires --auth-server/,
    code: "resources",
    hint: "set spec.teleport.auth_server in the cluster resource: an identity file does not name the cluster's address",
  },
  // 6.2: the file embeds the host CAs it trusts, in Go's words; 4.7 for the pin.
  {
    kind: "credentials-outdated",
    pattern: /signed by unknown authority|unknown certificate authority|certificate pin does not match/i,
    code: "denied",
    hint: "issue the identity anew: it is older than the rotation, and does not trust the key that the cluster shows now",
  },
  // 4.2.
  {
    kind: "client-too-old",
    pattern: /tctl must be upgraded/i,
    code: "executable",
    hint: "install the tctl of the cluster's own major version",
  },
  // 6.4, and the name that grants nothing (#65575).
  {
    kind: "access-denied",
    pattern: /access denied/i,
    code: "denied",
    hint: "give the role list and readnosecrets on cert_authority (not certificate_authority), for transitions also create and update; and list and read on every kind of component, with wildcard labels",
  },
  // 1.11; below it are Go's own words for a connection that fails.
  {
    kind: "unreachable",
    pattern:
      /cannot connect to the auth server|connection refused|connection reset|no such host|i\/o timeout|context deadline exceeded|network is unreachable|no route to host/i,
    code: "executable",
    hint: "check auth_server in the cluster resource, the network, and whether the cluster is up",
  },
  // 1.3, E1. v5 says "initate" (recordings).
  {
    kind: "already-rotating",
    pattern: /can not init(?:i)?ate rotation while another is in progress/,
    code: "refused",
    hint: "look at `capstan status`: this CA is not at standby, as somebody started a rotation, or one is not finished",
  },
  // 1.3, E2 and E3. The phase is blank when the CA was never rotated (#12822).
  {
    kind: "illegal-transition",
    pattern: /can only switch to phase \w+ from \w+, current phase is/,
    code: "refused",
    hint: "plan again: the CA is at another phase than the step starts from (a blank phase: it was never rotated)",
  },
  // 1.3, E4 and E5.
  {
    kind: "illegal-transition",
    pattern: /can not transition to phase "\w*" from "\w*" phase/,
    code: "refused",
    hint: "plan again: the CA is at another phase than the step starts from",
  },
  // 1.3, E6.
  {
    kind: "unsupported-phase",
    pattern: /unsupported phase/,
    code: "refused",
    hint: "check the versions of tctl and of the cluster: it does not know the phase",
  },
  // 2.1: the enum of newer versions, the server's words, and those of v5 (recordings).
  {
    kind: "unsupported-type",
    pattern:
      /enum value must be one of|authority type is not supported|unsupported certificate authority type/,
    code: "refused",
    hint: "check how the CA type is spelt, and the versions of tctl and of the cluster: one of the two does not have it",
  },
  // Recordings: `get bogus`.
  {
    kind: "unsupported-resource",
    pattern: /unsupported resource/,
    code: "executable",
    hint: "install the tctl of the cluster's own major version: this one does not know the kind",
  },
  // Recordings: `bogus`, `inventory ls`.
  {
    kind: "unsupported-command",
    pattern: /expected command but got/,
    code: "executable",
    hint: "install the tctl of the cluster's own major version: this one does not know the command",
  },
  // tctl without a configuration, on a machine that is no auth server.
  {
    kind: "configuration-missing",
    pattern: /lstat \/var\/lib\/teleport|open \/etc\/teleport\.yaml|no such file or directory.*teleport/i,
    code: "denied",
    hint: "name --auth-server and --identity-file (spec.teleport of the cluster resource), or log in with tsh: this machine is no auth server, and nothing says how to reach one",
  },
  // Recordings: `status --format=json`, and several kinds in one call.
  {
    kind: "unsupported-flag",
    pattern: /unknown (?:long|short) flag|mixed resource types only support YAML/,
    code: "executable",
    hint: "install the tctl of the cluster's own major version: this one does not know the option",
  },
  // `backend.ErrIncorrectRevision`: somebody wrote in between, perhaps the server itself (overrides 3.6).
  {
    kind: "revision-conflict",
    pattern: /revision does not match|incorrect revision/i,
    code: "refused",
    hint: "run again: somebody else changed the resource in between, perhaps the auth server itself, which writes its revocation lists",
  },
  // gRPC's words for a service that an older or unlicensed server does not have, and Teleport's own.
  {
    kind: "unsupported-feature",
    pattern:
      /unknown service|not implemented|code = Unimplemented|requires? (?:an? )?(?:Teleport )?Enterprise|only available (?:in|with) (?:Teleport )?Enterprise|license does not/i,
    code: "refused",
    hint: "upgrade server and tctl to Teleport Enterprise 18.9 or later: CA overrides need it on both",
  },
  // 4.1: an error for one reference only, never for a listing.
  {
    kind: "not-found",
    pattern: /not found/i,
    code: "executable",
    hint: "",
  },
];

/** Shells and `env` say with these that there was nothing to run. */
const NOTHING_TO_RUN = new Set([126, 127]);

/** Explains an exit status other than 0. */
export function explain(outcome: StreamOutcome & { readonly stdout?: string }): TctlError {
  const said = outcome.stderr.trim() === "" ? (outcome.stdout ?? "") : outcome.stderr;
  const rule = NOTHING_TO_RUN.has(outcome.exitCode)
    ? undefined
    : RULES.find(({ pattern }) => pattern.test(said));
  const message = platformMessage(said) || `exit status ${outcome.exitCode}, and no message`;
  return {
    kind: rule?.kind ?? "other",
    failure: new Failure(
      rule?.code ?? "executable",
      `${shown(outcome)} failed: ${message}`,
      rule === undefined || rule.hint === "" ? {} : { hint: rule.hint },
    ),
  };
}

const ERROR_PREFIX = /^\s*(?:ERROR|error):\s*/;
const MAX_QUOTED = 500;

/**
 * The message itself: without prefix, usage text, alerts (which are printed beside it), and the stack traces of
 * `--debug` (1.11). Several errors are joined, as `Cannot connect` comes after its cause.
 */
export function platformMessage(stderr: string): string {
  const lines = stderr.split("\n");
  const trace = lines.find((line) => /^\s*User Message:/.test(line));
  const errors = lines
    .filter((line) => ERROR_PREFIX.test(line))
    .map((line) => line.replace(ERROR_PREFIX, ""));
  const found =
    trace !== undefined
      ? [trace.replace(/^\s*User Message:\s*/, "")]
      : errors.length > 0
        ? errors
        : lines.filter((line) => line.trim() !== "").slice(-3);
  const text = found
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("; ");
  return redact(text).slice(0, MAX_QUOTED);
}
