import "reflect-metadata";
import { X509Certificate as NodeCertificate } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  ExtensionFactory,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
} from "@peculiar/x509";
import { beforeAll, describe, expect, it } from "vitest";
import { libraryParts } from "../../src/x509/library-parts.ts";
import { usualExtension } from "../../src/x509/usual-extensions.ts";
import { usualParts } from "../../src/x509/usual-parts.ts";
import { certify, newKeys, P256, type Recipe, RSA, YEAR } from "../teleport/overrides/pki.ts";

const AT = Date.parse("2026-11-21T12:00:00Z");

/** Each has another part that is written in one of several ways. */
const RECIPES: readonly Recipe[] = [
  {},
  { subject: "CN=Zoë+OU=a+OU=b,O=mycluster,C=DE", basic: { ca: true, pathLength: 0 } },
  {
    basic: { ca: false, critical: false },
    usage: { flags: KeyUsageFlags.digitalSignature, critical: false },
  },
  { basic: null, usage: null, subjectKeyId: false, authorityKeyId: false },
  { extendedUsage: ["1.3.6.1.5.5.7.3.1", "2.16.840.1.113730.4.1"], serial: "00ff01" },
  { usage: { flags: KeyUsageFlags.decipherOnly | KeyUsageFlags.keyAgreement }, serial: "7f" },
  { usage: { flags: 0 }, notBefore: AT - 100 * YEAR, notAfter: AT + 100 * YEAR },
];

/** Of the lowest bit, of what makes a tag another one, of the sign, of all. */
const FLIPS = [0x01, 0x20, 0x80, 0xff];

let made: readonly Buffer[] = [];

beforeAll(async () => {
  const ecKeys = await newKeys(P256);
  const root = await certify(ecKeys, null, {});
  const rsaRoot = await certify(await newKeys(RSA), null, {});
  const ed = await certify(await newKeys({ name: "Ed25519" }), null, { algorithm: { name: "Ed25519" } });
  const signed = await Promise.all(RECIPES.map((recipe) => certify(ecKeys, root, recipe)));
  made = [root, rsaRoot, ed, ...signed].map(({ pem }) => new NodeCertificate(pem).raw);
});

/** As the usual reader has it; `null` where it leaves the certificate to the library. */
function usual(node: NodeCertificate) {
  const parts = usualParts(node);
  return parts === null ? null : { ...parts, extensions: parts.extensions.map(plain) };
}

function plain({ extnID, critical, content, der }: ReturnType<typeof libraryParts>["extensions"][number]) {
  const all = Buffer.from(der()).toString("hex");
  return { extnID, critical, content: content.toString("hex"), der: all };
}

function byLibrary(node: NodeCertificate) {
  const parts = libraryParts(node);
  return { ...parts, extensions: parts.extensions.map(plain) };
}

/** What the library's own object says about an extension. */
function extensionByLibrary(der: Buffer) {
  const open = ExtensionFactory.create(der);
  const { critical } = open;
  if (open instanceof SubjectKeyIdentifierExtension) return { subjectKeyId: open.keyId.toLowerCase() };
  if (open instanceof KeyUsagesExtension) {
    const certSign = (open.usages & KeyUsageFlags.keyCertSign) !== 0;
    const crlSign = (open.usages & KeyUsageFlags.cRLSign) !== 0;
    return { keyUsage: { critical, certSign, crlSign, empty: !(Number(open.usages) > 0) } };
  }
  if (open instanceof BasicConstraintsExtension) {
    return { basicConstraints: { critical, ca: open.ca, pathLength: open.pathLength ?? null } };
  }
  if (open instanceof AuthorityKeyIdentifierExtension) return { authorityKeyId: open.keyId?.toLowerCase() };
  if (open instanceof ExtendedKeyUsageExtension) return { extendedKeyUsage: open.usages.map(String) };
  return null;
}

/** Compares both readers wherever the usual one says anything; how much it said. */
function compare(der: Buffer): { readonly parts: boolean; readonly extensions: number } {
  const node = new NodeCertificate(der);
  const found = usual(node);
  if (found === null) return { parts: false, extensions: 0 };
  expect(found).toEqual(byLibrary(node));
  let extensions = 0;
  for (const { extnID, critical, content, der: all } of found.extensions) {
    const facts = usualExtension(extnID, Buffer.from(content, "hex"), critical);
    if (facts === null) continue;
    extensions += 1;
    expect(facts).toEqual(extensionByLibrary(Buffer.from(all, "hex")));
  }
  return { parts: true, extensions };
}

describe("a certificate that is written as nearly all are", () => {
  it("is read without the library, and alike", () => {
    expect(made.map(compare)).toMatchInlineSnapshot(`
      [
        {
          "extensions": 3,
          "parts": true,
        },
        {
          "extensions": 3,
          "parts": true,
        },
        {
          "extensions": 3,
          "parts": true,
        },
        {
          "extensions": 4,
          "parts": true,
        },
        {
          "extensions": 4,
          "parts": true,
        },
        {
          "extensions": 4,
          "parts": true,
        },
        {
          "extensions": 0,
          "parts": true,
        },
        {
          "extensions": 5,
          "parts": true,
        },
        {
          "extensions": 3,
          "parts": true,
        },
        {
          "extensions": 4,
          "parts": true,
        },
      ]
    `);
  });

  it("is left to the library, or read alike, whatever byte of it is another one", () => {
    let same = 0;
    let left = 0;
    for (const der of made) {
      for (let at = 0; at < der.length; at += 1) {
        const changed = Buffer.from(der);
        changed[at] = (changed[at] ?? 0) ^ (FLIPS[at % FLIPS.length] ?? 0);
        if (!isReadable(changed)) continue;
        if (compare(changed).parts) same += 1;
        else left += 1;
      }
    }
    expect(same).toBeGreaterThan(100);
    expect(left).toBeGreaterThan(20);
  });
});

/** What OpenSSL does not read, key and all, nobody else is asked about. */
function isReadable(der: Buffer): boolean {
  try {
    const node = new NodeCertificate(der);
    return node.raw.length === der.length && node.publicKey.asymmetricKeyType !== undefined;
  } catch {
    return false;
  }
}
