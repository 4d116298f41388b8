import "reflect-metadata";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Extension, Name } from "@peculiar/x509";
import { beforeAll, describe, expect, it } from "vitest";
import { entryStatesOf } from "../../../src/teleport/overrides/ca-override.ts";
import { problemOfFlaw } from "../../../src/teleport/overrides/certificate-flaws.ts";
import { sortedChain } from "../../../src/teleport/overrides/content-rules.ts";
import { guessKeyHash, normaliseKeyHash, shortKeyHashes } from "../../../src/teleport/overrides/key-hash.ts";
import { FINDING_CODES, serverRefusal } from "../../../src/teleport/overrides/override-finding.ts";
import { readOverride } from "../../../src/teleport/overrides/read-resource.ts";
import { type Problem, readCertificatePem } from "../../../src/teleport/overrides/strict-pem.ts";
import { readCertificate, readRevocationList } from "../../../src/x509/decode.ts";
import { printedName } from "../../../src/x509/distinguished-name.ts";
import { fingerprintOfHash, keyHashOf } from "../../../src/x509/spki.ts";
import { HAS_OPENSSL, withOpenssl } from "./openssl.ts";
import {
  CLUSTER,
  certify,
  crlOf,
  csrOf,
  derOfPem,
  documentWith,
  type Issuer,
  keyHash,
  newKeys,
  P256,
  parse,
  pemOfDer,
  RSA,
  teleportKey,
} from "./pki.ts";

let override: Issuer;
let issuing: Issuer;

beforeAll(async () => {
  issuing = await certify(await newKeys(), null, { subject: "CN=Issuing" });
  override = await certify(await newKeys(), issuing);
});

/** What a resource with this certificate would be told, apart from where. */
function problemIn(der: Uint8Array): Problem | null {
  const { flaw } = readCertificate(der);
  return flaw === null ? null : problemOfFlaw(flaw);
}

const codes = async (document: unknown) => (await readOverride(document)).findings.map(({ code }) => code);

describe("PEM", () => {
  const accepted: readonly (readonly [string, (pem: string) => string, boolean])[] = [
    ["no final newline", (pem) => pem.trimEnd(), false],
    ["blanks on the END line and a newline", (pem) => `${pem.trimEnd()} \t\n`, true],
    ["a blank line above", (pem) => `\n${pem}`, false],
    ["headers as in RFC 1421", (pem) => pem.replace("-----\n", "-----\nProc-Type: 4\nX: y\n\n"), true],
    [
      "one long line",
      (pem) => pem.replace(/(?<=-----\n)[^-]*(?=\n-----END)/, (s) => s.replaceAll("\n", "")),
      false,
    ],
    ["indented base64 lines", (pem) => pem.replaceAll(/^(?!-)/gm, "  ").trimEnd(), false],
    [
      "a damaged block above",
      (pem) => `-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n${pem}`,
      true,
    ],
    ["a BEGIN without END above", (pem) => `-----BEGIN X-----\nAAAA\n${pem}`, true],
    ["a type line that does not close above", (pem) => `-----BEGIN X\n${pem}`, true],
  ];

  it.each(accepted)("takes %s", (_, spell, notable) => {
    const { der, problems } = readCertificatePem(spell(override.pem));
    expect(Buffer.from(der ?? [])).toEqual(derOfPem(override.pem));
    expect(problems.map(({ code }) => code)).toEqual(notable ? ["pem-normalised"] : []);
    expect(problems.every(({ serverText }) => serverText === undefined)).toBe(true);
  });

  const refused: readonly (readonly [string, (pem: string) => string, string, RegExp])[] = [
    ["text after the block", (pem) => `${pem}see above\n`, "pem-trailing-text", /trailing data/],
    ["text on the END line", (pem) => `${pem.trimEnd()} end\n`, "pem-damaged", /expected PEM/],
    ["a byte order mark", (pem) => `\uFEFF${pem}`, "pem-indented", /expected PEM/],
    ["old Mac line ends", (pem) => pem.replaceAll("\n", "\r"), "pem-damaged", /expected PEM/],
    ["a missing END line", (pem) => pem.split("-----END")[0] ?? "", "pem-damaged", /expected PEM/],
    [
      "another END line",
      (pem) => pem.replace("END CERTIFICATE", "END CERTIFICATES"),
      "pem-damaged",
      /expected PEM/,
    ],
    [
      "blanks before the closing dashes",
      (pem) => pem.replaceAll("CERTIFICATE-", "CERTIFICATE -"),
      "pem-wrong-type",
      /block type "CERTIFICATE "/,
    ],
    ["damaged base64", (pem) => pem.replace(/\n[A-Za-z0-9]/, "\n%"), "pem-damaged", /expected PEM/],
    ["an empty text", () => " ", "pem-missing", /expected PEM/],
    [
      "a type that nobody knows",
      (pem) => pem.replaceAll("CERTIFICATE", "SOMETHING"),
      "pem-wrong-type",
      /block type "SOMETHING"/,
    ],
    [
      "a private key",
      () => pemOfDer(Buffer.of(1), "PRIVATE KEY"),
      "pem-wrong-type",
      /block type "PRIVATE KEY"/,
    ],
  ];

  it.each(refused)("refuses %s", (_, spell, code, server) => {
    const { der, problems } = readCertificatePem(spell(override.pem));
    expect(der).toBeNull();
    expect(problems).toMatchObject([{ severity: "error", code }]);
    expect(problems[0]?.serverText).toMatch(server);
    expect(problems[0]?.remedy).not.toBe("");
  });

  it("never quotes what it was given, which may be a private key", () => {
    const secret = "c2VjcmV0";
    const { problems } = readCertificatePem(
      `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`,
    );
    expect(JSON.stringify(problems)).not.toContain(secret);
    expect(problems[0]?.remedy).toContain("remove it from the repository");
  });

  it("writes the block anew", async () => {
    const untidy = `subject=x\n${override.pem.trimEnd().replaceAll("\n", "\r\n")}\n\n`;
    const { entries } = await readOverride(documentWith([{ certificate: untidy }]));
    expect([...entries.values()][0]?.certificate?.pem).toBe(pemOfDer(derOfPem(override.pem)));
  });
});

describe("key hash", () => {
  it("is that of openssl, for every kind of key", async () => {
    if (!HAS_OPENSSL) return;
    const kinds = [
      P256,
      { ...P256, namedCurve: "P-384" },
      { ...P256, namedCurve: "P-521" },
      RSA,
      { name: "Ed25519" as const },
    ];
    for (const kind of kinds) {
      const { pem } = await certify(await newKeys(kind), issuing);
      const digest = withOpenssl({}, ({ run }) => {
        const publicKey = run("x509 -pubkey -noout", pem).out;
        return String(run("dgst -sha256 -r", run("pkey -pubin -outform DER", publicKey).out).out);
      });
      expect(keyHash({ pem })).toBe(digest.split(" ")[0]);
    }
  });

  it("has one spelling, and is the fingerprint without its prefix", () => {
    const hash = "ab".repeat(32);
    expect(normaliseKeyHash(hash.toUpperCase())).toBe(hash);
    expect(normaliseKeyHash(`${hash}\n`)).toBeNull();
    expect(guessKeyHash(`SHA256:${hash.toUpperCase().replaceAll(/(..)(?=.)/g, "$1:")}`)).toBe(hash);
    expect(guessKeyHash("no idea")).toBeNull();
    expect(keyHashOf(fingerprintOfHash(hash))).toBe(hash);
  });

  it("is shortened alike for all keys, as far as they differ", () => {
    const [one, two] = [`${"0".repeat(11)}1${"0".repeat(52)}`, "0".repeat(64)];
    expect([...shortKeyHashes([one, two, two]).values()]).toEqual(["000000000001", "000000000000"]);
    expect([...shortKeyHashes([one]).values()]).toEqual(["00000000"]);
  });
});

describe("certificates that Go cannot read", () => {
  it("refuses a curve that Teleport does not know", () => {
    if (!HAS_OPENSSL) return;
    const curve = "-newkey ec -pkeyopt ec_paramgen_curve:brainpoolP256r1 -nodes -keyout /dev/null";
    const pem = withOpenssl({}, ({ run }) =>
      String(run(`req -x509 ${curve} -subj /O=mycluster -days 30`).out),
    );
    const { der } = readCertificatePem(pem);
    expect(problemIn(der ?? new Uint8Array())).toMatchObject({
      code: "certificate-curve-unsupported",
      serverText: "x509: unsupported elliptic curve",
    });
  });

  it("refuses a negative serial number", async () => {
    const { pem } = await certify(await newKeys(), issuing, { serial: "7fffffff" });
    const der = derOfPem(pem);
    const at = der.indexOf(Buffer.from("02047fffffff", "hex"));
    der[at + 2] = 0x80;
    expect(problemIn(der)?.code).toBe("certificate-serial-negative");
  });

  it("refuses a name that says it is a PrintableString and is not", async () => {
    const issuerName = new Name([{ CN: [{ printableString: "issuing_ca" }] }]);
    const { pem } = await certify(await newKeys(), issuing, { issuerName });
    expect(problemIn(derOfPem(pem))).toMatchObject({
      code: "certificate-name-encoding",
      message: expect.stringContaining("issuing_ca"),
    });
  });

  it("refuses an extension that is there twice", async () => {
    const twice = new Extension("1.2.3.4", false, Buffer.of(5, 0));
    const { pem } = await certify(await newKeys(), issuing, { extra: [twice, twice] });
    expect(problemIn(derOfPem(pem))).toMatchObject({
      code: "certificate-extension-twice",
      serverText: 'x509: certificate contains duplicate extension with OID "1.2.3.4"',
    });
  });

  it("refuses what is no certificate at all, whatever stands in it", async () => {
    const request = Buffer.from((await csrOf(override.keys)).replaceAll(/-----.*-----|\n/g, ""), "base64");
    for (const der of [
      new Uint8Array(),
      Buffer.from("3000", "hex"),
      request,
      derOfPem(override.pem).subarray(0, 99),
    ]) {
      expect(problemIn(der)).toMatchObject({
        code: "certificate-malformed",
        serverText: "x509: malformed certificate",
      });
    }
  });

  it("refuses an extension that is not what its name says", async () => {
    const garbage = new Extension("2.5.29.15", true, Buffer.of(1, 1, 255));
    const { pem } = await certify(await newKeys(), issuing, { usage: null, extra: [garbage] });
    expect(problemIn(derOfPem(pem))?.code).toBe("certificate-malformed");
  });
});

describe("the resource", () => {
  it("is no resource when it is no mapping", async () => {
    for (const document of [null, "text", 5, [1]]) {
      const read = await readOverride(document);
      expect(read).toMatchObject({ complete: false, findings: [{ code: "document-invalid" }] });
      expect(serverRefusal(read.findings)?.serverText).toBe("ca override required");
    }
  });

  it("finds all faults of the envelope at once", async () => {
    const found = await codes({ kind: 7, metadata: { label: {} }, spec: [], extra: 1 });
    expect(found).toEqual([
      "unknown-field",
      "unknown-field",
      "kind-invalid",
      "type-unsupported",
      "version-invalid",
      "name-missing",
      "wrong-type",
    ]);
    expect(await codes({ ...(documentWith([]) as object), metadata: undefined })).toEqual([
      "metadata-missing",
    ]);
    expect(
      await codes(documentWith([], { metadata: { name: CLUSTER, expires: "2030-01-01T00:00:00Z" } })),
    ).toEqual(["expires-set"]);
    expect(await codes(documentWith([], { spec: { certificate_overrides: "x" } }))).toEqual(["wrong-type"]);
  });

  it("names the nearest field, or all of them", async () => {
    const { findings } = await readOverride(
      documentWith([{ disabled: true, Certificate: "", xyzzy_field: 1 }]),
    );
    expect(
      findings.filter(({ code }) => code === "unknown-field").map(({ where, remedy }) => [where, remedy]),
    ).toEqual([
      ["spec.certificate_overrides[0].Certificate", "did you mean certificate?"],
      [
        "spec.certificate_overrides[0].xyzzy_field",
        "remove it; the fields here are public_key, certificate, chain, disabled",
      ],
    ]);
  });

  it("says what a field should have been", async () => {
    const read = await readOverride(
      documentWith([
        { certificate: override.pem, chain: override.pem, disabled: "yes" },
        { public_key: 12, disabled: true },
      ]),
    );
    expect(read.complete).toBe(false);
    expect(read.entries.size).toBe(0);
    expect(read.findings.filter(({ code }) => code === "wrong-type").map(({ where }) => where)).toEqual([
      "spec.certificate_overrides[0].chain",
      "spec.certificate_overrides[0].disabled",
      "spec.certificate_overrides[1].public_key",
    ]);
  });

  it("reads null as absent, field by field", async () => {
    const read = await readOverride(
      documentWith([{ certificate: override.pem, public_key: null, chain: null, disabled: null }]),
    );
    expect(read.findings).toEqual([]);
    expect([...entryStatesOf(read).values()]).toEqual(["enabled"]);
  });

  it("keeps no entry whose chain has a hole, and says where", async () => {
    const read = await readOverride(
      documentWith([{ certificate: override.pem, chain: [issuing.pem, "not PEM", issuing.pem] }]),
    );
    expect(read).toMatchObject({
      complete: false,
      findings: [{ where: "spec.certificate_overrides[0].chain[1]" }],
    });
    expect(read.entries.size).toBe(0);
  });

  it("goes on after the server's first refusal, and knows which one that is", async () => {
    const { pem } = await certify(await newKeys(), issuing, {
      subject: "CN=x",
      basic: null,
      usage: null,
      notBefore: 2_000_000_000_000,
      notAfter: 1_900_000_000_000,
    });
    const { findings } = await readOverride(
      documentWith([{ certificate: override.pem }, { certificate: pem }]),
    );
    expect(findings.map(({ code }) => code)).toEqual([
      "cluster-name-missing",
      "not-a-ca",
      "cert-sign-missing",
      "dates-reversed",
    ]);
    expect(serverRefusal(findings)).toMatchObject({
      code: "cluster-name-missing",
      where: "spec.certificate_overrides[1].certificate",
    });
  });

  it("can be put together again from what the loader keeps", async () => {
    const spec = { certificate_overrides: [{ certificate: override.pem }] };
    const read = await readOverride(documentWith([], { spec }));
    expect(read).toMatchObject({ cluster: CLUSTER, type: "db_client", complete: true, findings: [] });
  });

  it("offers the order that fits, without what does not belong there", async () => {
    const root = await certify(await newKeys(), null, { subject: "CN=R" });
    const middle = await certify(await newKeys(), root, { subject: "CN=M" });
    const low = await certify(await newKeys(), middle, { subject: "CN=L" });
    const leaf = await certify(await newKeys(), low);
    const stranger = await certify(await newKeys(), null, { subject: "CN=S" });
    const remedies = async (chain: readonly Issuer[]) =>
      (
        await readOverride(documentWith([{ certificate: leaf.pem, chain: chain.map(({ pem }) => pem) }]))
      ).findings.map(({ remedy }) => remedy);
    expect((await remedies([middle, root, low]))[0]).toContain("CN=L | CN=M | CN=R");
    expect((await remedies([low, root, middle, stranger]))[0]).toContain("add the missing issuer");
    expect((await remedies([stranger]))[0]).toContain("add the missing issuer");
    expect(await remedies([low, middle, root])).toEqual([]);

    const sorted = (chain: readonly Issuer[]) =>
      sortedChain(
        parse(leaf.pem),
        chain.map(({ pem }) => parse(pem)),
      )?.map(({ subject }) => printedName(subject)) ?? null;
    expect(sorted([root, leaf, middle, low])).toEqual(["CN=L", "CN=M", "CN=R"]);
    expect(sorted([middle, low])).toEqual(["CN=L", "CN=M"]);
    expect(sorted([middle, root])).toBeNull();
    expect(sorted([])).toBeNull();
  });
});

describe("revocation lists in status", () => {
  it("keeps those that can be read and belong to an entry with a certificate", async () => {
    const other = await teleportKey();
    const status = {
      public_key_hash_to_crl: {
        [keyHash(override)]: { pem: await crlOf(override) },
        [keyHash(other)]: { pem: await crlOf(other) },
      },
    };
    const entries = [{ certificate: override.pem }, { public_key: keyHash(other), disabled: true }];
    const { crls } = await readOverride(documentWith(entries, { status }));
    expect([...crls.keys()]).toEqual([keyHash(override)]);
    expect(crls.get(keyHash(override))).toMatchObject({ signatureValid: true });
  });

  it("leaves out what is none", async () => {
    for (const value of ["text", {}, { pem: "x" }, { pem: override.pem }]) {
      const status = { public_key_hash_to_crl: { [keyHash(override)]: value } };
      const { crls } = await readOverride(documentWith([{ certificate: override.pem }], { status }));
      expect(crls.size).toBe(0);
    }
    const { crls } = await readOverride(documentWith([{ certificate: override.pem }], { status: [] }));
    expect(crls.size).toBe(0);
  });

  it.each([
    ["ECDSA", P256, RSA],
    ["RSA", RSA, P256],
    ["ECDSA", P256, P256],
    ["RSA", RSA, RSA],
  ])("knows the signature of an %s key, whatever its issuer signs with", async (_name, own, above) => {
    const root = await certify(await newKeys(above), null, { subject: "CN=Root", algorithm: above });
    const leaf = await certify(await newKeys(own), root);
    const crl = await readRevocationList(await crlOf(leaf), parse(leaf.pem));
    expect(crl?.signatureValid).toBe(true);
  });

  it("notices a signature of another key", async () => {
    const crl = await readRevocationList(await crlOf(issuing), parse(override.pem));
    expect(crl?.signatureValid).toBe(false);
    expect(printedName(crl?.issuer ?? [])).toBe("CN=Issuing");
  });
});

describe("the sources", () => {
  const folder = join(import.meta.dirname, "../../../src/teleport/overrides");
  const files = readdirSync(folder).map((file) => ({ file, text: readFileSync(join(folder, file), "utf8") }));

  it("tell every finding of the table, and no other", () => {
    // The planner tells the one that no document can: that nobody looked.
    const planner = readFileSync(
      join(import.meta.dirname, "../../../src/teleport/override-plans/plan-findings.ts"),
      "utf8",
    );
    const rest = [
      planner,
      ...files.filter(({ file }) => file !== "override-finding.ts").map(({ text }) => text),
    ];
    for (const code of Object.keys(FINDING_CODES)) {
      expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
      expect(
        rest.some((text) => text.includes(`"${code}"`)),
        code,
      ).toBe(true);
    }
  });
});
