import { Failure } from "../../failure.ts";
import { redact } from "../../process/redact.ts";

/** What a failed call of talosctl says (reference talos-rotation 3.6). */
export interface TalosError {
  readonly kind: TalosErrorKind;
  readonly failure: Failure;
}

type TalosErrorKind =
  /** The machine, or the one that forwards, does not trust our certificate. */
  | "client-rejected"
  /**
   * The connection was closed before anything was answered. It is how a refused client sees it in about half of the
   * calls, as grpc-go writes before it has read the alert; so does one whom a network or a restart cuts off.
   */
  | "cut-off"
  /** Nobody whom we trust has signed the machine's certificate. */
  | "server-untrusted"
  | "expired"
  | "denied"
  | "busy"
  | "unreachable"
  | "other";

/** The first that fits counts: gRPC says `Unavailable` to most of them. */
const PATTERNS: readonly {
  readonly kind: TalosErrorKind;
  readonly pattern: RegExp;
  readonly hint: string;
}[] = [
  {
    kind: "client-rejected",
    pattern: /remote error: tls: (unknown certificate authority|bad certificate|certificate required)/,
    hint: "issue a new talosconfig: the one in use is signed by a CA that the machine does not trust, or no longer",
  },
  {
    kind: "server-untrusted",
    pattern: /x509: certificate signed by unknown authority/,
    hint: "issue a new talosconfig, or look for who changed the machine: this one does not trust the CA of the machine's certificate",
  },
  {
    kind: "expired",
    pattern: /certificate has expired or is not yet valid|tls: expired certificate/,
    hint: "compare the clocks; issue a new talosconfig when the old one ran out",
  },
  {
    kind: "denied",
    // 1.13 leaves the code out where it applies a configuration.
    pattern: /PermissionDenied|not authorized/,
    hint: "use a talosconfig with the role os:admin",
  },
  {
    kind: "busy",
    pattern: /another apply configuration is already in progress/,
    hint: "wait until that is over: somebody else is changing this machine",
  },
  {
    kind: "cut-off",
    pattern:
      /write: broken pipe|write: connection reset by peer|error reading server preface: (?:EOF|.*reset by peer)/,
    hint: "run `talosctl version` twice: if one of the two says so, it does not accept the client certificate in use",
  },
  {
    kind: "unreachable",
    pattern:
      /connection refused|i\/o timeout|no route to host|DeadlineExceeded|connection reset|EOF|Unavailable/,
    hint: "start the machine, or correct its address in spec.talos",
  },
];

/** What talosctl complained of, as a kind to decide by and a `Failure` to show. */
export function explainError(what: string, address: string, stderr: string): TalosError {
  const found = PATTERNS.find(({ pattern }) => pattern.test(stderr));
  const kind = found?.kind ?? "other";
  const said = firstSentence(stderr);
  return {
    kind,
    failure: new Failure(
      kind === "denied" ? "denied" : kind === "other" || kind === "busy" ? "refused" : "executable",
      `talosctl ${what} on ${address} failed${said === "" ? "" : `: ${said}`}`,
      found === undefined ? {} : { hint: found.hint },
    ),
  };
}

/**
 * The first line, and where that only counts ("2 errors occurred:") the reasons below it. What follows may be a diff of
 * the whole configuration, keys included: never quoted (reference 3.3).
 */
function firstSentence(stderr: string): string {
  const [line = "", ...more] = redact(stderr)
    .split("\n")
    .map((one) => one.trim())
    .filter((one) => one !== "" && !one.startsWith("WARNING:") && !one.startsWith("patched "));
  const end = more.findIndex((one) => !one.startsWith("* "));
  const reasons = more.slice(0, end < 0 ? more.length : end).map((one) => one.slice(2));
  const said = reasons.length === 0 ? line : line.replace(/\d+ errors? occurred:$/, () => reasons.join("; "));
  return said.replace(/\bdiff:.*$/, "").slice(0, 400);
}
