import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { publicKeyInBlob, readOpensshCertificate, readOpensshKey } from "../../src/x509/openssh-key.ts";
import { makeSshLine } from "../servers/ssh-keys.ts";

describe("OpenSSH blobs", () => {
  it("fail as errors of the reader, whatever they are", () => {
    const { material } = makeSshLine("x");
    const blob = Buffer.from(material.split(" ")[1] ?? "", "base64");
    expect(readOpensshKey(material).publicKey.asymmetricKeyType).toBe("ed25519");
    expect(() => readOpensshCertificate(blob)).toThrow("ssh-ed25519 is not a certificate");
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(() => readOpensshCertificate(Buffer.from(bytes))).toThrow();
      }),
    );
  });

  it("hold a key, or one that is of no known kind", () => {
    const { material } = makeSshLine("x");
    const blob = Buffer.from(material.split(" ")[1] ?? "", "base64");
    expect(publicKeyInBlob(blob)?.asymmetricKeyType).toBe("ed25519");
    const field = (text: string) => Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)]);
    expect(publicKeyInBlob(Buffer.concat([field("ssh-future"), field("key")]))).toBeNull();
    // The second number of an RSA key is missing.
    expect(publicKeyInBlob(Buffer.concat([field("ssh-rsa"), field("e")]))).toBeNull();
    // A compressed point.
    const compressed = [field("ecdsa-sha2-nistp256"), field("nistp256"), field(`\u0002${"x".repeat(32)}`)];
    expect(publicKeyInBlob(Buffer.concat(compressed))).toBeNull();
  });

  it("are refused when they are empty or end early, wherever that is", () => {
    const { material } = makeSshLine("x");
    const blob = Buffer.from(material.split(" ")[1] ?? "", "base64");
    expect(() => publicKeyInBlob(Buffer.alloc(0))).toThrow("is empty");
    fc.assert(
      fc.property(fc.integer({ min: 1, max: blob.length - 1 }), (length) => {
        expect(() => publicKeyInBlob(blob.subarray(0, length))).toThrow(/is cut off|is empty/);
      }),
    );
  });
});
