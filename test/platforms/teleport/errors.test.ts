import { describe, expect, it } from "vitest";
import { explain, platformMessage } from "../../../src/platforms/teleport/errors.ts";

const error = (stderr: string, stdout = "", exitCode = 1) =>
  explain({ argv: ["tctl", "get", "nodes"], exitCode, stdout, stderr, durationMs: 1 });

/** Each with its source: a section of reference teleport-rotation, or the recordings. */
describe("what tctl says is classified", () => {
  it.each([
    ["6.4", 'ERROR: access denied to perform action "list" on "cert_authority"', "access-denied", "denied"],
    [
      "6.1",
      "ERROR: your credentials have expired, please login using `tsh login`",
      "credentials-expired",
      "denied",
    ],
    ["Go", "ERROR: remote error: tls: expired certificate", "credentials-expired", "denied"],
    [
      "6.1",
      "ERROR: tctl must be used on an Auth Service host or provided with credentials by logging in with tsh first.",
      "credentials-missing",
      "denied",
    ],
    [
      "6.1",
      "ERROR: Teleport does not have permission to read Teleport host UUID file at /var/lib/teleport/host_uuid. Ensure that you are running as a user with appropriate permissions or provide credentials by logging in with tsh first.",
      "credentials-missing",
      "denied",
    ],
    ["6.1", "ERROR: tctl --identity also requires --auth-server", "auth-server-missing", "resources"],
    ["6.3", "ERROR: admin-level API request requires MFA verification", "mfa-required", "denied"],
    [
      "6.3, wrapped",
      "ERROR: access denied: admin-level API request requires MFA verification",
      "mfa-required",
      "denied",
    ],
    ["6.2", "ERROR: x509: certificate signed by unknown authority", "credentials-outdated", "denied"],
    [
      "4.7",
      "ERROR: provided certificate pin does not match cluster pin. This could have occurred if the Certificate Authority (CA) for the cluster was rotated",
      "credentials-outdated",
      "denied",
    ],
    [
      "1.11",
      'ERROR: Cannot connect to the auth server. Is the auth server running on "acme.example.com:443"?',
      "unreachable",
      "executable",
    ],
    ["Go", "ERROR: dial tcp 127.0.0.1:3025: connect: connection refused", "unreachable", "executable"],
    ["Go", "ERROR: dial tcp: lookup acme.example.com: no such host", "unreachable", "executable"],
    [
      "4.2",
      "ERROR: in order to query the User CA, tctl must be upgraded to version 18.7.0 or newer",
      "client-too-old",
      "executable",
    ],
    [
      "1.3 E1",
      "ERROR: can not initiate rotation while another is in progress",
      "already-rotating",
      "refused",
    ],
    [
      "1.3 E1 in v5",
      "error: can not initate rotation while another is in progress",
      "already-rotating",
      "refused",
    ],
    [
      "1.3 E2",
      "ERROR: can only switch to phase update_clients from init, current phase is standby",
      "illegal-transition",
      "refused",
    ],
    [
      "1.3 E3, #12822",
      "ERROR: can only switch to phase update_servers from update_clients, current phase is ",
      "illegal-transition",
      "refused",
    ],
    [
      "1.3 E4",
      'ERROR: can not transition to phase "rollback" from "" phase.',
      "illegal-transition",
      "refused",
    ],
    [
      "1.3 E5, #8320",
      'ERROR: can not transition to phase "standby" from "standby" phase.',
      "illegal-transition",
      "refused",
    ],
    ["1.3 E6", 'ERROR: unsupported phase: "bogus"', "unsupported-phase", "refused"],
    [
      "2.1",
      "ERROR: enum value must be one of host,user,db,db_client, got 'db-client'",
      "unsupported-type",
      "refused",
    ],
    ["2.1", 'ERROR: "db" authority type is not supported', "unsupported-type", "refused"],
    ["recordings", 'error: unsupported certificate authority type: "bogus"', "unsupported-type", "refused"],
    [
      "recordings",
      'error: unsupported resource: "kube_servers" - resources should be',
      "unsupported-resource",
      "executable",
    ],
    ["recordings", "error: unknown long flag '--format'", "unsupported-flag", "executable"],
    ["recordings 11.1", 'tctl: error: expected command but got "ls"', "unsupported-command", "executable"],
    [
      "no configuration",
      "ERROR: lstat /var/lib/teleport: no such file or directory",
      "configuration-missing",
      "denied",
    ],
    ["4.1", "ERROR: cert_authority not found", "not-found", "executable"],
    ["anything else", "ERROR: the moon is in the wrong phase", "other", "executable"],
  ])("%s: %s", (_source, stderr, kind, code) => {
    const { kind: found, failure } = error(`${stderr}\n`);
    expect(found).toBe(kind);
    expect(failure.code).toBe(code);
    expect(failure.message).toBe(`tctl get nodes failed: ${stderr.replace(/^(ERROR|error): /, "").trim()}`);
  });

  it("every kind says what to do, but the ones that nobody foresaw", () => {
    expect(error("ERROR: access denied").failure.hint).toContain("readnosecrets");
    expect(error("ERROR: admin-level API request requires MFA verification").failure.hint).toContain("bot");
    expect(error("ERROR: the moon is in the wrong phase").failure.hint).toBeNull();
  });
});

describe("the message that is quoted", () => {
  it.each([
    [
      "an alert before the error",
      "WARNING: a new version is available\nERROR: access denied\n",
      "access denied",
    ],
    [
      "two errors",
      'ERROR: dial tcp: connection refused\nERROR: Cannot connect to the auth server. Is the auth server running on "a:1"?\n',
      'dial tcp: connection refused; Cannot connect to the auth server. Is the auth server running on "a:1"?',
    ],
    [
      "usage text after it",
      "ERROR: enum value must be one of host,user, got 'x'\n\nUsage: tctl auth rotate [<flags>]\n\nFlags:\n  --manual\n",
      "enum value must be one of host,user, got 'x'",
    ],
    [
      "the trace of --debug (1.11)",
      "ERROR REPORT:\nOriginal Error: *trace.AccessDeniedError access denied\nStack Trace:\n\tgithub.com/x/y.go:12\nUser Message: access denied to perform action\n",
      "access denied to perform action",
    ],
    ["no prefix: the last lines", "one\ntwo\n\nthree\nfour\n", "two; three; four"],
    ["nothing", " \n", ""],
  ])("%s", (_what, stderr, message) => {
    expect(platformMessage(stderr)).toBe(message);
  });

  it("is short, and holds no secret", () => {
    expect(platformMessage(`ERROR: ${"long ".repeat(1000)}`).length).toBeLessThanOrEqual(500);
    expect(platformMessage("ERROR: bad token: 0123456789abcdef0123456789abcdef")).not.toContain(
      "0123456789abcdef",
    );
  });

  it("is taken from standard output when there is no other, and says so when there is none at all", () => {
    expect(error("", "ERROR: access denied").kind).toBe("access-denied");
    expect(error("", "").failure.message).toBe("tctl get nodes failed: exit status 1, and no message");
  });

  it("of a shell that found nothing to run is no word of tctl", () => {
    expect(error("sh: 1: tctl: not found", "", 127)).toMatchObject({ kind: "other" });
  });
});
