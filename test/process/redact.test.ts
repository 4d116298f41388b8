import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { redact } from "../../src/process/redact.ts";

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
    ["a join token of 32 hex digits", "use 0123456789abcdef0123456789abcdef to join", "0123456789abcdef"],
  ])("takes out %s", (_what, text, secret) => {
    expect(text).toContain(secret);
    expect(redact(text)).not.toContain(secret);
    expect(redact(text)).toContain("[redacted");
  });

  it.each([
    "sha256:9c34d782d1a2c47208172b2bb27485cbd2a2f2157e798f062d0a134268de8a4d",
    "9c34d782d1a2c47208172b2bb27485cbd2a2f2157e798f062d0a134268de8a4d",
    "rotation f708d2e6-ae73-4738-86b2-c282bab5e9e9",
    'access denied to perform action "update" on "cert_authority"',
    "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----",
    "your credentials have expired, please login using `tsh login`",
    "invalid token: expired",
  ])("leaves %s", (text) => {
    expect(redact(text)).toBe(text);
  });

  it("stays fast on a long text without a space", () => {
    const started = performance.now();
    redact("a-".repeat(500_000));
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it("never lets a private key through, wherever it stands", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        expect(redact(`${before}\n${PEM}\n${after}`)).not.toContain(BODY);
      }),
    );
  });
});
