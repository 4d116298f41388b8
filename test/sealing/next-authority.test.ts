import { X509Certificate } from "node:crypto";
import { generateIdentity } from "age-encryption";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { NextAuthority } from "../../src/resources/model/desired.ts";
import { issue, mintAuthority } from "../../src/sandbox/talos/certificates.ts";
import type { Identities } from "../../src/sealing/identities.ts";
import { makeNextAuthority } from "../../src/sealing/next-authority.ts";
import { openNextKey } from "../../src/sealing/next-key.ts";
import { recipientOf, seal, unseal } from "../../src/sealing/seal.ts";
import type { TalosType } from "../../src/talos/authority-types.ts";
import { TALOS_TYPES } from "../../src/talos/authority-types.ts";
import { NEXT_AUTHORITIES } from "../../src/talos/next-authority.ts";
import { problemWithNext } from "../../src/talos/resources/next-certificate.ts";
import { secretsFragment } from "../../src/talos/secrets-bundle.ts";

const NOW = new Date("2026-11-21T12:34:56.789Z");

let identities: Identities;
let recipients: readonly string[];
let made: Readonly<Record<TalosType, NextAuthority>>;

beforeAll(async () => {
  const identity = await generateIdentity();
  identities = { keys: [identity], from: "SOPS_AGE_KEY" };
  recipients = [await recipientOf(identity)];
  const make = (type: TalosType) => makeNextAuthority(NEXT_AUTHORITIES[type], { now: NOW, recipients });
  made = { talos: await make("talos"), kubernetes: await make("kubernetes") };
});

describe.each(TALOS_TYPES)("the next CA of %s", (type) => {
  it("is one that a ca_rotation takes", () => {
    expect(problemWithNext(made[type].certificate, [], NOW)).toBeNull();
  });

  it("is made like one that Talos makes, except that it began ten minutes ago", async () => {
    const own = new X509Certificate(made[type].certificate);
    const like = new X509Certificate((await mintAuthority(type, { now: NOW.getTime() })).crt);
    const profile = (one: X509Certificate) => ({
      subject: one.subject,
      issuer: one.issuer,
      usages: one.keyUsage,
      ca: one.ca,
      algorithm: one.publicKey.asymmetricKeyType,
      details: one.publicKey.asymmetricKeyDetails,
      // Key identifier and serial number are random, signatures have two lengths at most.
      size: Math.round(one.raw.length / 10),
    });
    expect(profile(own)).toEqual(profile(like));
    expect(own.validFromDate.toISOString()).toBe("2026-11-21T12:24:56.000Z");
    expect(own.validToDate.toISOString()).toBe("2036-11-18T12:24:56.000Z");
  });

  it("has a key that Talos reads, fits, and signs", async () => {
    const key = await openNextKey(identities, made[type], type);
    expect(key.split("\n")[0]).toBe(
      { talos: "-----BEGIN ED25519 PRIVATE KEY-----", kubernetes: "-----BEGIN EC PRIVATE KEY-----" }[type],
    );
    expect(key.endsWith("-----\n")).toBe(true);
    const authority = { crt: made[type].certificate, key };
    const leaf = await issue(authority, {
      organizations: ["os:admin"],
      usage: "clientAuth",
      now: NOW.getTime(),
      hours: 1,
    });
    expect(new X509Certificate(leaf.crt).verify(new X509Certificate(authority.crt).publicKey)).toBe(true);
  });

  it("is another one every time", async () => {
    const again = await makeNextAuthority(NEXT_AUTHORITIES[type], { now: NOW, recipients });
    const [one, other] = [again, made[type]].map(({ certificate }) => new X509Certificate(certificate));
    expect(one?.serialNumber).not.toBe(other?.serialNumber);
    expect(one?.publicKey.export({ type: "spki", format: "pem" })).not.toBe(
      other?.publicKey.export({ type: "spki", format: "pem" }),
    );
  });
});

it("a key of another CA is noticed, and so is what is no key", async () => {
  const mixed = { certificate: made.talos.certificate, key: made.kubernetes.key };
  await expect(openNextKey(identities, mixed, "talos")).rejects.toThrow(
    "the next key of talos is not the key of its certificate",
  );
});

describe("the change of a secrets bundle", () => {
  it.each([
    ["talos", "os"],
    ["kubernetes", "k8s"],
  ] as const)("of %s is certs.%s and nothing else", async (type, field) => {
    const { certificate } = made[type];
    const key = await openNextKey(identities, made[type], type);
    const sealed = await seal(recipients, secretsFragment({ type, certificate, key }));
    expect(sealed).not.toContain("certs");
    const opened = parse(await unseal(identities, sealed, "the change")) as unknown;
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    expect(opened).toEqual({ certs: { [field]: { crt: base64(certificate), key: base64(key) } } });
  });
});
