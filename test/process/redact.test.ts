import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redact } from "../../src/process/redact.ts";
import { registerEnvironment, registerSecret, withoutSecrets } from "../../src/secrets.ts";
import { cpuMs } from "../world/cpu-time.ts";

const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const PEM = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
const BODY = PEM.split("\n")[1] ?? "";

describe("redact", () => {
  it.each([
    ["a PEM private key", `before\n${PEM}after`, BODY],
    ["a PEM private key that was cut off", `before\n${PEM.slice(0, 120)}`, BODY.slice(0, 40)],
    [
      "a private key in base64, as tctl prints it",
      JSON.stringify({ key: Buffer.from(PEM).toString("base64") }),
      "LS0t",
    ],
    ["a token in YAML", "token: 2f9c4e1b7a6d5c3e", "2f9c4e1b7a6d5c3e"],
    ["a token in JSON", '{"join_token": "leaftok-12345"}', "leaftok-12345"],
    ["a token on the command line", "tctl tokens rm --token=abcdefgh1234", "abcdefgh1234"],
    ["a token after a space", "tctl tokens rm --token abcdefgh1234", "abcdefgh1234"],
    ["a password", "password=correct-horse", "correct-horse"],
    ["a bearer header", "Authorization: Bearer abc.def-ghi", "abc.def-ghi"],
    ["a JSON web token", "got eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln", "eyJzdWIi"],
    ["an age key", "AGE-SECRET-KEY-1QQPZ", "1QQPZ"],
    ["an age key with post-quantum recipients", "AGE-SECRET-KEY-PQ-1QQPZRY9X8", "1QQPZRY9X8"],
    ["a PEM private key whose BEGIN line was cut off", PEM.slice(40), BODY.slice(-20)],
    ["the same in JSON", JSON.stringify({ key: PEM.slice(40) }), BODY.slice(-20)],
    ["a token of a workflow", "remote: ghs_0123456789abcdefghijklmnopqrstuvwxyz", "ghs_0123456789"],
    ["a token of a person", "use ghp_0123456789abcdefghijklmnopqrstuvwxyz", "ghp_0123456789"],
    ["a token of an OAuth app", "use gho_0123456789abcdefghijklmnopqrstuvwxyz", "gho_0123456789"],
    ["a fine-grained token", "github_pat_11ABCDEFG0123456789_abcdefghijkl", "11ABCDEFG"],
    ["a password in an address", "dial https://bot:s3cr3t@acme.example.com:443/x", "s3cr3t"],
    ["a password with an @ in it", "dial postgres://bot:p@ss@acme.example.com", "p@ss"],
    ["a join token of 32 hex digits", "use 0123456789abcdef0123456789abcdef to join", "0123456789abcdef"],
  ])("takes out %s", (_what, text, secret) => {
    expect(text).toContain(secret);
    expect(redact(text)).not.toContain(secret);
    expect(redact(text)).toContain("[redacted");
  });

  it.each(
    (
      [
        ["RSA", "pkcs8", generateKeyPairSync("rsa", { modulusLength: 2048 })],
        ["RSA", "pkcs1", generateKeyPairSync("rsa", { modulusLength: 3072 })],
        ["ECDSA", "pkcs8", generateKeyPairSync("ec", { namedCurve: "P-256" })],
        ["ECDSA", "sec1", generateKeyPairSync("ec", { namedCurve: "P-384" })],
        ["ECDSA", "sec1", generateKeyPairSync("ec", { namedCurve: "P-521" })],
        ["Ed25519", "pkcs8", generateKeyPairSync("ed25519")],
      ] as const
    ).map(([kind, type, pair]) => [kind, type, pair] as const),
  )("takes out a private key (%s, %s) in base64 without a line that says so", (_kind, type, pair) => {
    const der = (pair.privateKey.export as (options: object) => Buffer)({ type, format: "der" });
    const public_ = pair.publicKey.export({ type: "spki", format: "der" }).toString("base64");
    const [whole, url] = [der.toString("base64"), der.toString("base64url")];
    const wrapped = whole.replace(/(.{64})/g, "$1\n");
    for (const text of [`key ${whole}`, `x/${whole}`, JSON.stringify({ key: url }), `key:\n${wrapped}\n`]) {
      const clean = redact(text);
      expect(clean).toContain("[redacted private key]");
      for (let at = 0; at + 24 < whole.length; at += 24)
        expect(clean).not.toContain(whole.slice(at, at + 24));
    }
    expect(redact(`key ${public_}`)).toBe(`key ${public_}`);
  });

  it.each([
    "sha256:9c34d782d1a2c47208172b2bb27485cbd2a2f2157e798f062d0a134268de8a4d",
    "9c34d782d1a2c47208172b2bb27485cbd2a2f2157e798f062d0a134268de8a4d",
    "rotation f708d2e6-ae73-4738-86b2-c282bab5e9e9",
    'access denied to perform action "update" on "cert_authority"',
    "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----",
    "your credentials have expired, please login using `tsh login`",
    "invalid token: expired",
    "git@github.com:acme/pki.git and ssh://git@github.com/acme/pki.git",
    "https://acme.example.com:443/a@b",
  ])("leaves %s", (text) => {
    expect(redact(text)).toBe(text);
  });

  it("stays fast on a long text without a space", () => {
    const started = cpuMs();
    redact("a-".repeat(500_000));
    expect(cpuMs() - started).toBeLessThan(5_000);
  });

  it("never lets a private key through, wherever it stands", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        expect(redact(`${before}\n${PEM}\n${after}`)).not.toContain(BODY);
      }),
    );
  });
});

describe("what this run got to know as a secret", () => {
  it("is taken out however it is spelt; the name of a variable stands in its place", () => {
    registerSecret('p"ass/word of the identity');
    registerSecret("/var/lib/bot/identity-7f3a", "TELEPORT_IDENTITY_FILE");
    const spellings = [
      'p"ass/word of the identity',
      'p\\"ass/word of the identity',
      "p%22ass%2Fword%20of%20the%20identity",
    ];
    for (const spelling of spellings) expect(withoutSecrets(`<${spelling}>`)).toBe("<[redacted]>");
    const base64 = Buffer.from('p"ass/word of the identity').toString("base64");
    expect(withoutSecrets(base64)).not.toContain(base64.slice(0, 20));
    expect(withoutSecrets("cannot read /var/lib/bot/identity-7f3a: gone")).toBe(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: what a resource says
      "cannot read ${TELEPORT_IDENTITY_FILE}: gone",
    );
  });

  it("comes from the environment by its name, and leaves what is no credential", () => {
    registerEnvironment({
      VAULT_TOKEN: "env-token-1234",
      PGPASSWORD: "env-password-1234",
      AWS_SECRET_ACCESS_KEY: "env-aws-secret",
      AWS_ACCESS_KEY_ID: "env-aws-id-1234",
      VAULT_TOKEN_FILE: "/env/token/file",
      SHORT_TOKEN: "true",
    });
    const text = "env-token-1234 env-password-1234 env-aws-secret env-aws-id-1234 /env/token/file true";
    expect(withoutSecrets(text)).toBe(
      "[redacted] [redacted] [redacted] env-aws-id-1234 /env/token/file true",
    );
  });
});
