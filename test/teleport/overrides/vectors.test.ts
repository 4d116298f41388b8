import "reflect-metadata";
import { Extension, KeyUsageFlags, Name } from "@peculiar/x509";
import { beforeAll, describe, expect, it } from "vitest";
import type { LiveAuthority } from "../../../src/rotation/observation.ts";
import type { Phase } from "../../../src/rotation/phase.ts";
import { type OverrideWork, planActions } from "../../../src/teleport/overrides/actions.ts";
import { caKeys } from "../../../src/teleport/overrides/ca-keys.ts";
import {
  type CaOverride,
  emptyOverride,
  entryStatesOf,
} from "../../../src/teleport/overrides/ca-override.ts";
import type { CaSituation } from "../../../src/teleport/overrides/ca-situation.ts";
import { checkAgainstLive } from "../../../src/teleport/overrides/cluster-rules.ts";
import { compareOverrides } from "../../../src/teleport/overrides/compare-overrides.ts";
import { keysWithCrl } from "../../../src/teleport/overrides/crl.ts";
import { checkOverride } from "../../../src/teleport/overrides/entry-rules.ts";
import { faultyKeys } from "../../../src/teleport/overrides/faulty-keys.ts";
import { mayAdvance } from "../../../src/teleport/overrides/judge-edge.ts";
import {
  type FindingCode,
  type OverrideFinding,
  serverRefusal,
} from "../../../src/teleport/overrides/override-finding.ts";
import { readOverride } from "../../../src/teleport/overrides/read-resource.ts";
import { HAS_OPENSSL, opensslText, verifyDownstream } from "./openssl.ts";
import {
  authorityOf,
  BOUND,
  CLUSTER,
  certify,
  crlOf,
  DAY,
  derOfPem,
  documentWith,
  type Issuer,
  keyHash,
  NOW,
  newKeys,
  P256,
  pemOfDer,
  type Recipe,
  RSA,
  teleportKey,
  YEAR,
} from "./pki.ts";

/**
 * The 100 vectors of reference teleport-overrides, section 8. Vectors 86, 97 and 99 concern the server's storage
 * or another auth server, 94 and 95 a step of the rotation: here they are covered as far as data goes, and say so.
 */
interface Vector {
  readonly property: string;
  /** `A`, or what the refusal says. */
  readonly server: "A" | RegExp;
  readonly capstan: "ok" | "info" | "warning" | "error";
  /** Exactly these codes, whatever their order. */
  readonly codes: readonly FindingCode[];
  readonly make: (world: World) => Made | Promise<Made>;
}

interface Made {
  readonly document: unknown;
  readonly live?: unknown;
  readonly authority?: LiveAuthority;
  readonly goal?: Phase;
  readonly force?: boolean;
  readonly retired?: readonly string[];
  /** What `openssl x509 -text` shows of the certificate, and what it does not. */
  readonly text?: { readonly pem: string; readonly has?: RegExp; readonly lacks?: RegExp };
  /** What `openssl verify` says as a database that trusts only the roots. */
  readonly downstream?: {
    readonly override: Issuer;
    readonly chain: readonly Issuer[];
    readonly roots?: readonly Issuer[];
    readonly says: RegExp;
  };
  readonly also?: (result: Result) => void | Promise<void>;
}

interface Result {
  readonly desired: CaOverride;
  readonly live: CaOverride;
  readonly authority: LiveAuthority;
  readonly findings: readonly OverrideFinding[];
  readonly work: OverrideWork;
}

/** One external CA with a root and an issuer, and the keys of a Teleport CA. */
interface World {
  readonly root: Issuer;
  readonly issuing: Issuer;
  /** Active. */
  readonly ours: Issuer;
  /** The next generation, or the second auth server's. */
  readonly other: Issuer;
  /** Of a generation that is gone. */
  readonly gone: Issuer;
  readonly good: Issuer;
  readonly goodOther: Issuer;
  readonly goodGone: Issuer;
}

let world: World;

beforeAll(async () => {
  const root = await certify(await newKeys(), null, {
    subject: "CN=Example Root, O=Example",
    authorityKeyId: false,
    notAfter: NOW + 20 * YEAR,
  });
  const issuing = await certify(await newKeys(), root, {
    subject: "CN=Example Issuing, O=Example",
    notAfter: NOW + 15 * YEAR,
  });
  const [ours, other, gone] = [await teleportKey(), await teleportKey(), await teleportKey()];
  world = {
    root,
    issuing,
    ours,
    other,
    gone,
    good: await certify(ours.keys, issuing),
    goodOther: await certify(other.keys, issuing),
    goodGone: await certify(gone.keys, issuing),
  };
});

/** An enabled entry, as a careful person writes it. */
function entry(override: Issuer, chain: readonly Issuer[] = [world.issuing], more: object = {}): object {
  return { certificate: override.pem, chain: chain.map(({ pem }) => pem), ...more };
}

function withPem(certificate: string): Made {
  return { document: documentWith([{ certificate, chain: [world.issuing.pem] }]) };
}

/** An override of the active key that deviates from a good one. */
async function deviating(recipe: Recipe, text?: Omit<NonNullable<Made["text"]>, "pem">): Promise<Made> {
  const override = await certify(world.ours.keys, world.issuing, recipe);
  return {
    document: documentWith([entry(override)]),
    ...(text === undefined ? {} : { text: { pem: override.pem, ...text } }),
  };
}

/** An override below an issuer that deviates. */
async function below(recipe: Recipe, says: RegExp): Promise<Made> {
  const issuing = await certify(await newKeys(), world.root, {
    subject: "CN=Deviating Issuing, O=Example",
    notAfter: NOW + 15 * YEAR,
    ...recipe,
  });
  const override = await certify(world.ours.keys, issuing);
  return {
    document: documentWith([entry(override, [issuing])]),
    downstream: { override, chain: [issuing], says },
  };
}

async function withCrls(entries: readonly object[], issuers: readonly Issuer[]): Promise<unknown> {
  const crls = await Promise.all(
    issuers.map(async (issuer) => [keyHash(issuer), { pem: await crlOf(issuer) }] as const),
  );
  return documentWith(entries, { status: { public_key_hash_to_crl: Object.fromEntries(crls) } });
}

function situationOf({ authority, live }: Result, waived: readonly string[] = []): CaSituation {
  const keys = caKeys(authority);
  return {
    phase: authority.rotation.phase,
    keys,
    entries: entryStatesOf(live),
    withCrl: keysWithCrl(live, NOW),
    trustAcknowledged: new Set(live.entries.keys()),
    waived: new Set(waived),
    faulty: faultyKeys(live, NOW),
    overriddenBefore: null,
    expectedKeys: keys.active.length,
    lastRotation: null,
    withdrawn: false,
    mode: authority.rotation.mode,
  };
}

const KEY_64 = "ab".repeat(32);
const UPDATE_CLIENTS = { from: "init", to: "update_clients" } as const;
/** NameConstraints that permit directory names below O=Other only. */
const ONLY_O_OTHER = Buffer.from(
  `3018a0163014a4123010310e300c060355040a0c05${Buffer.from("Other").toString("hex")}`,
  "hex",
);

const VECTORS: readonly Vector[] = [
  {
    property: "full valid entry, O=mycluster first, CA:TRUE, keyCertSign+cRLSign, SKI, key = active",
    server: "A",
    capstan: "ok",
    codes: [],
    make: ({ good, issuing }) => ({
      document: documentWith([entry(good)]),
      text: { pem: good.pem, has: /CA:TRUE[\s\S]*Certificate Sign, CRL Sign/ },
      downstream: { override: good, chain: [issuing], says: /: OK/ },
    }),
  },
  {
    property: "same, `spec: {}`",
    server: "A",
    capstan: "ok",
    codes: [],
    make: () => ({ document: documentWith([], { spec: {} }) }),
  },
  {
    property: "`spec` missing",
    server: /^spec required/,
    capstan: "error",
    codes: ["spec-missing"],
    make: () => ({ document: documentWith([], { spec: undefined }) }),
  },
  {
    property: "kind `cert_authority`",
    server: /^invalid kind: "cert_authority"/,
    capstan: "error",
    codes: ["kind-invalid"],
    make: () => ({ document: documentWith([], { kind: "cert_authority" }) }),
  },
  {
    property: "version `v2` or empty",
    server: /unsupported version: "v2"/,
    capstan: "error",
    codes: ["version-invalid"],
    make: () => ({
      document: documentWith([], { version: "v2" }),
      also: async () => {
        const { findings } = await readOverride(documentWith([], { version: "" }));
        expect(serverRefusal(findings)?.serverText).toBe('invalid or unsupported version: ""');
      },
    }),
  },
  {
    property: "sub_kind `db-client` in YAML",
    server: /unsupported sub_kind\/caType: "db-client"/,
    capstan: "error",
    codes: ["type-unsupported"],
    make: () => ({
      document: documentWith([], { sub_kind: "db-client" }),
      also: ({ findings }) => expect(findings[0]?.remedy).toBe("write db_client"),
    }),
  },
  {
    property: "sub_kind `user`, `db`, `host`",
    server: /unsupported sub_kind\/caType: "host"/,
    capstan: "error",
    codes: ["type-unsupported"],
    make: () => ({
      document: documentWith([], { sub_kind: "host" }),
      also: async () => {
        for (const type of ["user", "db", ""]) {
          const { findings } = await readOverride(documentWith([], { sub_kind: type }));
          expect(findings.map(({ code }) => code)).toEqual(["type-unsupported"]);
        }
      },
    }),
  },
  {
    property: "sub_kind `spiffe-tls`: depends on the version",
    server: "A",
    capstan: "warning",
    codes: ["type-unproven"],
    make: () => ({ document: documentWith([], { sub_kind: "spiffe-tls" }) }),
  },
  {
    property: "metadata.name = other cluster, certificates for that other name",
    server: /only "mycluster" is allowed/,
    capstan: "error",
    codes: ["cluster-wrong"],
    make: async ({ ours, issuing }) => ({
      document: documentWith(
        [entry(await certify(ours.keys, issuing, { subject: "O=elsewhere, CN=elsewhere" }))],
        { metadata: { name: "elsewhere" } },
      ),
    }),
  },
  {
    property: "metadata.name = other cluster, certificates for mycluster",
    server: /incorrect cluster name "mycluster" \(expected "elsewhere"\)/,
    capstan: "error",
    codes: ["cluster-name-incorrect", "cluster-wrong"],
    make: ({ good }) => ({ document: documentWith([entry(good)], { metadata: { name: "elsewhere" } }) }),
  },
  {
    property: "null list item",
    server: /^nil certificate override/,
    capstan: "error",
    codes: ["entry-null"],
    make: () => ({ document: documentWith([null]) }),
  },
  {
    property: "enabled, no certificate, no key",
    server: /^certificate required/,
    capstan: "error",
    codes: ["certificate-missing"],
    make: () => ({ document: documentWith([{}]) }),
  },
  {
    property: "enabled, key only",
    server: /^certificate required/,
    capstan: "error",
    codes: ["certificate-missing"],
    make: ({ ours }) => ({ document: documentWith([{ public_key: keyHash(ours) }]) }),
  },
  {
    property: "disabled, nothing",
    server: /^certificate or public key required/,
    capstan: "error",
    codes: ["certificate-or-key-missing"],
    make: () => ({ document: documentWith([{ disabled: true }]) }),
  },
  {
    property: "disabled, key only, key known",
    server: "A",
    capstan: "ok",
    codes: [],
    make: ({ ours }) => ({
      document: documentWith([{ disabled: true, public_key: keyHash(ours) }]),
      also: ({ desired }) => expect([...entryStatesOf(desired).values()]).toEqual(["waived"]),
    }),
  },
  {
    property: "disabled, key only, key unknown, new",
    server: /targets unknown CA certificate/,
    capstan: "error",
    codes: ["key-unknown"],
    make: () => ({ document: documentWith([{ disabled: true, public_key: KEY_64 }]) }),
  },
  {
    property: "public_key upper case, right",
    server: "A",
    capstan: "ok",
    codes: [],
    make: ({ good, ours }) => ({
      document: documentWith([entry(good, undefined, { public_key: keyHash(ours).toUpperCase() })]),
      also: ({ desired }) => expect([...desired.entries.keys()]).toEqual([keyHash(ours)]),
    }),
  },
  {
    property: "public_key with colons or `sha256:`",
    server: /^invalid public key/,
    capstan: "error",
    codes: ["public-key-invalid"],
    make: ({ good, ours }) => ({
      document: documentWith([entry(good, undefined, { public_key: `sha256:${keyHash(ours)}` })]),
      also: async ({ findings }) => {
        expect(findings[0]?.remedy).toBe(`write ${keyHash(ours)}`);
        const colons = keyHash(ours)
          .toUpperCase()
          .replaceAll(/(..)(?=.)/g, "$1:");
        const { findings: again } = await readOverride(
          documentWith([{ public_key: colons, disabled: true }]),
        );
        expect(again[0]).toMatchObject({ code: "public-key-invalid", remedy: `write ${keyHash(ours)}` });
      },
    }),
  },
  {
    property: "public_key 63 or 65 chars, or non-hex",
    server: /^invalid public key/,
    capstan: "error",
    codes: ["public-key-invalid"],
    make: () => ({
      document: documentWith([{ disabled: true, public_key: KEY_64.slice(1) }]),
      also: async () => {
        for (const public_key of [`${KEY_64}0`, KEY_64.replace("a", "g")]) {
          const { findings } = await readOverride(documentWith([{ disabled: true, public_key }]));
          expect(findings.map(({ code }) => code)).toEqual(["public-key-invalid"]);
        }
      },
    }),
  },
  {
    property: "public_key of another key",
    server: /certificate public key mismatch \(want "/,
    capstan: "error",
    codes: ["public-key-mismatch"],
    make: ({ good, other }) => ({
      document: documentWith([entry(good, undefined, { public_key: keyHash(other) })]),
    }),
  },
  {
    property: "certificate + separate Dk entry for the same key",
    server: /found duplicate override for public key/,
    capstan: "error",
    codes: ["entry-duplicate"],
    make: ({ good, ours }) => ({
      document: documentWith([entry(good), { disabled: true, public_key: keyHash(ours) }]),
    }),
  },
  {
    property: "two entries, same key, different certificates",
    server: /found duplicate override for public key/,
    capstan: "error",
    codes: ["entry-duplicate"],
    make: async ({ good, ours, issuing }) => ({
      document: documentWith([entry(good), entry(await certify(ours.keys, issuing))]),
    }),
  },
  {
    property: "same key given once upper, once lower case",
    server: /found duplicate override for public key/,
    capstan: "error",
    codes: ["entry-duplicate"],
    make: ({ ours }) => ({
      document: documentWith([
        { disabled: true, public_key: keyHash(ours) },
        { disabled: true, public_key: keyHash(ours).toUpperCase() },
      ]),
    }),
  },
  {
    property: "PEM with one final newline (YAML `|`)",
    server: "A",
    capstan: "ok",
    codes: [],
    make: ({ good }) => withPem(`${good.pem.trimEnd()}\n`),
  },
  {
    property: "PEM with two final newlines",
    server: /unexpected trailing data/,
    capstan: "info",
    codes: ["pem-normalised"],
    make: ({ good }) => withPem(`${good.pem.trimEnd()}\n\n`),
  },
  {
    property: "PEM, trailing blanks and no newline",
    server: "A",
    capstan: "info",
    codes: ["pem-normalised"],
    make: ({ good }) => withPem(`${good.pem.trimEnd()}   `),
  },
  {
    property: "OpenSSL text above BEGIN",
    server: "A",
    capstan: "info",
    codes: ["pem-normalised"],
    make: ({ good }) => withPem(`subject=O = mycluster\nissuer=CN = x\n\n${good.pem}`),
  },
  {
    property: "CRLF PEM",
    server: "A",
    capstan: "info",
    codes: ["pem-normalised"],
    make: ({ good }) => withPem(good.pem.replaceAll("\n", "\r\n")),
  },
  {
    property: "indented PEM (broken YAML block)",
    server: /^expected PEM-encoded block/,
    capstan: "error",
    codes: ["pem-indented"],
    make: ({ good }) => withPem(good.pem.replaceAll(/^/gm, "  ")),
  },
  {
    property: "`----- BEGIN CERTIFICATE -----` (as printed in the RFD)",
    server: /^expected PEM-encoded block/,
    capstan: "error",
    codes: ["pem-spaced-dashes"],
    make: ({ good }) =>
      withPem(good.pem.replaceAll(/-----(BEGIN|END) CERTIFICATE-----/g, "----- $1 CERTIFICATE -----")),
  },
  {
    property: "bundle of leaf+root in `certificate`",
    server: /unexpected trailing data/,
    capstan: "error",
    codes: ["pem-bundle"],
    make: ({ good, root }) => ({
      ...withPem(good.pem + root.pem),
      also: ({ findings }) => expect(findings[0]?.remedy).toContain("split the bundle"),
    }),
  },
  {
    property: "CSR pasted as certificate",
    server: /unexpected block type "CERTIFICATE REQUEST"/,
    capstan: "error",
    codes: ["pem-wrong-type"],
    make: ({ good }) => withPem(pemOfDer(derOfPem(good.pem), "CERTIFICATE REQUEST")),
  },
  {
    property: "`TRUSTED CERTIFICATE` block",
    server: /unexpected block type "TRUSTED CERTIFICATE"/,
    capstan: "error",
    codes: ["pem-wrong-type"],
    make: ({ good }) => withPem(pemOfDer(derOfPem(good.pem), "TRUSTED CERTIFICATE")),
  },
  {
    property: "garbage text",
    server: /^expected PEM-encoded block/,
    capstan: "error",
    codes: ["pem-missing"],
    make: () => withPem("certificate.pem"),
  },
  {
    property: "DER with trailing byte",
    server: /x509: trailing data/,
    capstan: "error",
    codes: ["certificate-trailing-data"],
    make: ({ good }) => withPem(pemOfDer(Buffer.concat([derOfPem(good.pem), Buffer.of(0)]))),
  },
  {
    property: "CA:FALSE",
    server: /^not a CA certificate/,
    capstan: "error",
    codes: ["not-a-ca"],
    make: () => deviating({ basic: { ca: false } }, { has: /CA:FALSE/ }),
  },
  {
    property: "no basicConstraints",
    server: /^not a CA certificate/,
    capstan: "error",
    codes: ["not-a-ca"],
    make: () => deviating({ basic: null }, { lacks: /Basic Constraints/ }),
  },
  {
    property: "no keyUsage extension",
    server: /^missing KeyUsage keyCertSign/,
    capstan: "error",
    codes: ["cert-sign-missing"],
    make: () => deviating({ usage: null }, { lacks: /X509v3 Key Usage/ }),
  },
  {
    property: "keyUsage only cRLSign",
    server: /^missing KeyUsage keyCertSign/,
    capstan: "error",
    codes: ["cert-sign-missing"],
    make: () => deviating({ usage: { flags: KeyUsageFlags.cRLSign } }, { lacks: /Certificate Sign/ }),
  },
  {
    property: "keyUsage only keyCertSign",
    server: /^missing KeyUsage cRLSign/,
    capstan: "error",
    codes: ["crl-sign-missing"],
    make: () => deviating({ usage: { flags: KeyUsageFlags.keyCertSign } }, { lacks: /CRL Sign/ }),
  },
  {
    property: "keyUsage certSign+cRLSign+digitalSignature",
    server: "A",
    capstan: "ok",
    codes: [],
    make: () =>
      deviating(
        {
          usage: {
            flags: KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature,
          },
        },
        { has: /Digital Signature, Certificate Sign, CRL Sign/ },
      ),
  },
  {
    property: "basicConstraints or keyUsage not critical",
    server: "A",
    capstan: "warning",
    codes: ["extension-not-critical"],
    make: () => deviating({ basic: { ca: true, critical: false } }, { lacks: /Basic Constraints: critical/ }),
  },
  {
    property: "no SubjectKeyIdentifier",
    server: /doesn't contain a subject key identifier/,
    capstan: "error",
    codes: ["subject-key-id-missing"],
    make: () => deviating({ subjectKeyId: false }, { lacks: /Subject Key Identifier/ }),
  },
  {
    property: "no AuthorityKeyIdentifier",
    server: "A",
    capstan: "warning",
    codes: ["authority-key-id-missing"],
    make: () => deviating({ authorityKeyId: false }, { lacks: /Authority Key Identifier/ }),
  },
  {
    property: "subject CN only",
    server: /missing cluster name/,
    capstan: "error",
    codes: ["cluster-name-missing"],
    make: () => deviating({ subject: `CN=${CLUSTER}` }),
  },
  {
    property: "O=Other only",
    server: /incorrect cluster name "Other" \(expected "mycluster"\)/,
    capstan: "error",
    codes: ["cluster-name-incorrect"],
    make: () => deviating({ subject: "O=Other, CN=x" }),
  },
  {
    property: "O=Other first, then O=mycluster (separate RDNs)",
    server: /incorrect cluster name "Other"/,
    capstan: "error",
    codes: ["cluster-name-incorrect"],
    make: () => deviating({ subject: `O=Other, O=${CLUSTER}` }, { has: /Subject: O = Other, O = mycluster/ }),
  },
  {
    property: "O=mycluster first, then O=Other",
    server: "A",
    capstan: "ok",
    codes: [],
    make: () => deviating({ subject: `O=${CLUSTER}, O=Other` }, { has: /Subject: O = mycluster, O = Other/ }),
  },
  {
    property: "O=Other + OID 1.3.9999.4.1=mycluster",
    server: "A",
    capstan: "warning",
    codes: ["cluster-name-by-oid"],
    make: () =>
      deviating({ subject: `O=Other, 1.3.9999.4.1=${CLUSTER}` }, { has: /1\.3\.9999\.4\.1 = mycluster/ }),
  },
  {
    property: "O=mycluster + OID=wrong",
    server: /incorrect cluster name "wrong"/,
    capstan: "error",
    codes: ["cluster-name-incorrect", "cluster-name-by-oid"],
    make: () => deviating({ subject: `O=${CLUSTER}, 1.3.9999.4.1=wrong` }),
  },
  {
    property: "O=MyCluster (case differs)",
    server: /incorrect cluster name "MyCluster"/,
    capstan: "error",
    codes: ["cluster-name-incorrect"],
    make: () => deviating({ subject: "O=MyCluster" }),
  },
  {
    property: "multi-valued RDN: decided by DER order",
    server: "A",
    capstan: "warning",
    codes: ["organization-ambiguous"],
    // DER sorts a SET by encoding, so that the shorter value comes first. The library leaves the order as typed.
    make: async () => ({
      ...(await deviating(
        { subject: `O=${CLUSTER}+O=zzzzzzzzzzzz` },
        { has: /O = mycluster \+ O = zzzzzzzzzzzz/ },
      )),
      also: async ({ findings }) => {
        expect(findings[0]?.message).toContain("mycluster is the first");
        const { document } = await deviating({ subject: `O=zzz+O=${CLUSTER}` });
        const { findings: again } = await readOverride(document);
        expect(serverRefusal(again)?.serverText).toContain('incorrect cluster name "zzz"');
      },
    }),
  },
  {
    property: "notBefore > notAfter",
    server: /^NotBefore > NotAfter/,
    capstan: "error",
    codes: ["dates-reversed", "certificate-not-yet-valid"],
    make: () => deviating({ notBefore: NOW + 20 * DAY, notAfter: NOW + 10 * DAY }),
  },
  {
    property: "already expired",
    server: "A",
    capstan: "error",
    codes: ["certificate-expired"],
    make: async ({ ours, issuing }) => {
      const override = await certify(ours.keys, issuing, { notAfter: NOW - DAY });
      return {
        document: documentWith([entry(override)]),
        downstream: { override, chain: [issuing], says: /certificate has expired/ },
      };
    },
  },
  {
    property: "not yet valid",
    server: "A",
    capstan: "error",
    codes: ["certificate-not-yet-valid"],
    make: async ({ ours, issuing }) => {
      const override = await certify(ours.keys, issuing, { notBefore: NOW + DAY });
      return {
        document: documentWith([entry(override)]),
        downstream: { override, chain: [issuing], says: /certificate is not yet valid/ },
        also: async () => {
          const staged = await readOverride(documentWith([entry(override, undefined, { disabled: true })]));
          expect(checkOverride(staged, NOW)).toMatchObject([
            { code: "certificate-not-yet-valid", severity: "warning" },
          ]);
        },
      };
    },
  },
  {
    property: "notAfter = self-signed notAfter",
    server: "A",
    capstan: "ok",
    codes: [],
    make: () => deviating({ notAfter: BOUND }),
  },
  {
    property: "notAfter one second later",
    server: /expires after self-signed CA certificate, that is not allowed/,
    capstan: "error",
    codes: ["expires-after-self-signed"],
    make: () => deviating({ notAfter: BOUND + 1000 }),
  },
  {
    property: "expires within 90 d, or 1/8 of its life",
    server: "A",
    capstan: "warning",
    codes: ["expiry-high"],
    make: () => deviating({ notBefore: NOW - 2 * YEAR, notAfter: NOW + 80 * DAY }),
  },
  {
    property: "the self-signed Teleport certificate itself as override",
    server: "A",
    capstan: "warning",
    codes: ["self-signed"],
    make: ({ ours }) => ({ document: documentWith([entry(ours, [])]) }),
  },
  {
    property: "SHA-1 signed certificate, no chain",
    server: "A",
    capstan: "error",
    codes: ["weak-signature", "chain-missing"],
    make: async ({ ours, issuing }) => {
      const override = await certify(ours.keys, issuing, { algorithm: { ...P256, hash: "SHA-1" } });
      return {
        document: documentWith([entry(override, [])]),
        text: { pem: override.pem, has: /ecdsa-with-SHA1/ },
        downstream: {
          override,
          chain: [issuing],
          says: /CA signature digest algorithm too weak|md too weak/,
        },
      };
    },
  },
  {
    property: "SHA-1 signed certificate, issuer in chain",
    server: /insecure algorithm ECDSA-SHA1/,
    capstan: "error",
    codes: ["chain-signature", "weak-signature"],
    make: () => deviating({ algorithm: { ...P256, hash: "SHA-1" } }, { has: /ecdsa-with-SHA1/ }),
  },
  {
    property: "RSA-PSS or Ed25519 issuer signature, chain given",
    server: "A",
    capstan: "info",
    codes: ["unusual-signature"],
    make: async ({ root, ours }) => {
      const pss = await certify(await newKeys({ ...RSA, name: "RSA-PSS" }), root, { subject: "CN=PSS" });
      const algorithm = { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 };
      const override = await certify(ours.keys, pss, { algorithm });
      return {
        document: documentWith([entry(override, [pss])]),
        text: { pem: override.pem, has: /rsassaPss/ },
        downstream: { override, chain: [pss], says: /: OK/ },
        also: async () => {
          const edwards = await certify(await newKeys({ name: "Ed25519" }), root, { subject: "CN=Ed" });
          const signed = await readOverride(
            documentWith([entry(await certify(ours.keys, edwards), [edwards])]),
          );
          expect(signed.findings).toEqual([]);
          expect(checkOverride(signed, NOW)).toMatchObject([{ code: "unusual-signature", severity: "info" }]);
        },
      };
    },
  },
  {
    property: "MD5 or SHA-1 on the last chain item only (self-signed root)",
    server: "A",
    capstan: "info",
    codes: ["weak-signature"],
    make: async ({ ours }) => {
      const root = await certify(await newKeys(), null, {
        subject: "CN=Old Root",
        algorithm: { ...P256, hash: "SHA-1" },
        authorityKeyId: false,
      });
      const issuing = await certify(await newKeys(), root, { subject: "CN=New Issuing" });
      const override = await certify(ours.keys, issuing);
      return {
        document: documentWith([entry(override, [issuing, root])]),
        text: { pem: root.pem, has: /ecdsa-with-SHA1/ },
        downstream: { override, chain: [issuing, root], roots: [root], says: /: OK/ },
      };
    },
  },
  {
    property: "chain leaf to root complete",
    server: "A",
    capstan: "ok",
    codes: [],
    make: ({ good, issuing, root }) => ({
      document: documentWith([entry(good, [issuing, root])]),
      downstream: { override: good, chain: [issuing, root], says: /: OK/ },
    }),
  },
  {
    property: "chain without the root",
    server: "A",
    capstan: "ok",
    codes: [],
    make: ({ good, issuing }) => ({
      document: documentWith([entry(good, [issuing])]),
      downstream: { override: good, chain: [issuing], says: /: OK/ },
    }),
  },
  {
    property: "chain reversed",
    server: /^chain out of order, subject="[^"]*Root[^"]*" \(want "[^"]*Issuing/,
    capstan: "error",
    codes: ["chain-out-of-order"],
    make: ({ good, issuing, root }) => ({
      document: documentWith([entry(good, [root, issuing])]),
      also: ({ findings }) =>
        expect(findings[0]?.remedy).toContain("CN=Example Issuing,O=Example | CN=Example Root,O=Example"),
    }),
  },
  {
    property: "chain[0] = the override certificate",
    server: /should not be included in chain/,
    capstan: "error",
    codes: ["chain-contains-certificate"],
    make: ({ good, issuing }) => ({ document: documentWith([entry(good, [good, issuing])]) }),
  },
  {
    property: "chain skips an intermediate",
    server: /^chain out of order/,
    capstan: "error",
    codes: ["chain-out-of-order"],
    make: async ({ ours, issuing, root }) => {
      const deeper = await certify(await newKeys(), issuing, { subject: "CN=Deeper" });
      const override = await certify(ours.keys, deeper);
      return {
        document: documentWith([entry(override, [issuing, root])]),
        downstream: { override, chain: [issuing, root], says: /unable to get local issuer certificate/ },
        also: ({ findings }) => expect(findings[0]?.remedy).toContain("add the missing issuer"),
      };
    },
  },
  {
    property: "issuer name right, issuer key different",
    server: /^chain signature check failed.*ECDSA verification failure/,
    capstan: "error",
    codes: ["chain-signature", "authority-key-id-mismatch"],
    make: async ({ good, root, issuing }) => {
      const impostor = await certify(await newKeys(), root, { subject: issuing.name });
      return {
        document: documentWith([entry(good, [impostor])]),
        downstream: { override: good, chain: [impostor], says: /unable to get local issuer certificate/ },
      };
    },
  },
  {
    property: "chain issuer without CA:TRUE",
    server: /parent certificate cannot sign/,
    capstan: "error",
    codes: ["chain-signature"],
    make: () => below({ basic: { ca: false } }, /invalid CA certificate/),
  },
  {
    property: "chain issuer keyUsage without keyCertSign",
    server: /parent certificate cannot sign/,
    capstan: "error",
    codes: ["chain-signature"],
    make: () =>
      below(
        { usage: { flags: KeyUsageFlags.digitalSignature } },
        /key usage does not include certificate signing/,
      ),
  },
  {
    property: "chain issuer without keyUsage extension",
    server: "A",
    capstan: "warning",
    codes: ["key-usage-missing"],
    make: () => below({ usage: null }, /: OK/),
  },
  {
    property: "chain issuer pathlen:0",
    server: "A",
    capstan: "error",
    codes: ["path-length"],
    make: () => below({ basic: { ca: true, pathLength: 0 } }, /path length constraint exceeded/),
  },
  {
    property: "chain issuer expired",
    server: "A",
    capstan: "error",
    codes: ["certificate-expired"],
    make: () => below({ notAfter: NOW - DAY }, /certificate has expired/),
  },
  {
    property: "chain issuer name-constrained or EKU-limited against clientAuth/smart card",
    server: "A",
    capstan: "warning",
    codes: ["name-constraints", "extended-key-usage"],
    make: async () => {
      const limited = await below({ extendedUsage: ["1.3.6.1.5.5.7.3.1"] }, /unsuitable certificate purpose/);
      const constrained = await below(
        { extra: [new Extension("2.5.29.30", true, ONLY_O_OTHER)] },
        /permitted subtree violation/,
      );
      return {
        ...(await below(
          {
            extendedUsage: ["1.3.6.1.5.5.7.3.1"],
            extra: [new Extension("2.5.29.30", true, ONLY_O_OTHER)],
          },
          /error \d+ at/,
        )),
        also: async () => {
          for (const [made, code] of [
            [limited, "extended-key-usage"],
            [constrained, "name-constraints"],
          ] as const) {
            expect(checkOverride(await readOverride(made.document), NOW)).toMatchObject([{ code }]);
            await expectDownstream(made.downstream);
          }
        },
      };
    },
  },
  {
    property: "10 chain items / 11 items",
    server: "A",
    capstan: "warning",
    codes: ["chain-long"],
    make: async ({ root, ours }) => {
      const chain: Issuer[] = [];
      for (let depth = 0; depth < 11; depth += 1) {
        chain.unshift(await certify(await newKeys(), chain[0] ?? root, { subject: `CN=Level ${depth}` }));
      }
      const [lowest] = chain;
      const override = await certify(ours.keys, lowest ?? root);
      return {
        document: documentWith([entry(override, chain.slice(0, 10))]),
        also: async () => {
          const { findings } = await readOverride(documentWith([entry(override, chain)]));
          expect(serverRefusal(findings)?.serverText).toContain("too many entries (11 > 10)");
        },
      };
    },
  },
  {
    property: "chain given, certificate absent (Dk)",
    server: /^chain not allowed with an empty certificate/,
    capstan: "error",
    codes: ["chain-without-certificate"],
    make: ({ ours, issuing }) => ({
      document: documentWith([{ disabled: true, public_key: keyHash(ours), chain: [issuing.pem] }]),
    }),
  },
  {
    property: "override subject = its issuer's subject, chain given",
    server: /should not be included in chain/,
    capstan: "error",
    codes: ["chain-same-subject"],
    make: async ({ root, ours }) => {
      const namesake = await certify(await newKeys(), root, { subject: `O=${CLUSTER}, CN=${CLUSTER}` });
      const override = await certify(ours.keys, namesake, { subject: namesake.name });
      return { document: documentWith([entry(override, [namesake])]) };
    },
  },
  {
    property: "issuer name UTF8String, chain subject PrintableString, same text",
    server: "A",
    capstan: "ok",
    codes: [],
    make: async ({ ours, issuing }) => {
      const issuerName = new Name([
        { CN: [{ utf8String: "Example Issuing" }] },
        { O: [{ utf8String: "Example" }] },
      ]);
      const override = await certify(ours.keys, issuing, { issuerName });
      expect(Buffer.from(issuerName.toArrayBuffer())).not.toEqual(Buffer.from(issuing.name.toArrayBuffer()));
      return {
        document: documentWith([entry(override)]),
        downstream: { override, chain: [issuing], says: /: OK/ },
      };
    },
  },
  {
    property: "db_client, chain empty, database trusts only the root",
    server: "A",
    capstan: "warning",
    codes: ["chain-missing"],
    make: ({ good }) => ({
      document: documentWith([entry(good, [])]),
      downstream: { override: good, chain: [], says: /unable to get local issuer certificate/ },
    }),
  },
  {
    property: "windows, chain given",
    server: "A",
    capstan: "info",
    codes: ["chain-not-presented"],
    make: ({ good, ours }) => ({
      document: documentWith([entry(good)], { sub_kind: "windows" }),
      authority: authorityOf("standby", [ours], [], { type: "windows" }),
    }),
  },
  {
    property: "key of a retired CA generation, new entry",
    server: /targets unknown CA certificate/,
    capstan: "error",
    codes: ["key-unknown", "crl-impossible"],
    make: ({ goodGone, gone }) => ({
      document: documentWith([entry(goodGone)]),
      retired: [keyHash(gone)],
      also: ({ findings }) => expect(findings[0]?.message).toContain("has retired"),
    }),
  },
  {
    property: "orphan already stored, untouched",
    server: "A",
    capstan: "warning",
    codes: ["orphan"],
    make: async ({ good, goodGone }) => ({
      document: documentWith([entry(good), entry(goodGone)]),
      live: await withCrls([entry(good), entry(goodGone)], [good, goodGone]),
      also: async ({ findings, authority, live }) => {
        expect(findings[0]?.remedy).toContain("remove the entry");
        const desired = await readOverride(documentWith([entry(good)]));
        const { actions } = planActions({
          desired,
          live,
          keys: caKeys(authority),
          phase: "standby",
          goal: null,
          now: NOW,
        });
        expect(actions).toMatchObject([
          { call: "delete-override", purpose: "purge", needs: [], force: false },
        ]);
      },
    }),
  },
  {
    property: "orphan stored, set enabled",
    server: /targets unknown CA certificate/,
    capstan: "error",
    codes: ["orphan-enabled", "orphan"],
    make: async ({ goodGone }) => ({
      document: documentWith([entry(goodGone)]),
      live: await withCrls([entry(goodGone, undefined, { disabled: true })], [goodGone]),
    }),
  },
  {
    property: "orphan stored, certificate replaced",
    server: /unknown CA certificate "[0-9a-f]{64}", cannot create CRL/,
    capstan: "error",
    codes: ["crl-impossible", "orphan", "orphan-edited"],
    make: async ({ gone, goodGone, issuing }) => ({
      document: documentWith([
        entry(await certify(gone.keys, issuing, { subject: `O=${CLUSTER}, CN=renewed` })),
      ]),
      live: await withCrls([entry(goodGone)], [goodGone]),
      also: ({ work }) => expect(work.actions).toEqual([]),
    }),
  },
  {
    // That the resource was deleted before is the server's memory; to data it is a new entry for a gone key.
    property: "resource deleted, re-created with an orphan, force",
    server: /unknown CA certificate "[0-9a-f]{64}", cannot create CRL/,
    capstan: "error",
    codes: ["key-unknown", "crl-impossible"],
    make: ({ good, goodGone }) => ({
      document: documentWith([entry(good), entry(goodGone)]),
      force: true,
      also: ({ work }) => expect(work.actions.every(({ force }) => !force)).toBe(true),
    }),
  },
  {
    property: "active E to disabled",
    server: /^Attempt to disable enabled override/,
    capstan: "error",
    codes: ["live-disable"],
    make: async ({ good }) => ({
      document: documentWith([entry(good, undefined, { disabled: true })]),
      live: await withCrls([entry(good)], [good]),
      also: ({ work }) =>
        expect(work.actions).toMatchObject([{ set: { disabled: true }, needs: ["waiver"], force: true }]),
    }),
  },
  {
    property: "active E removed from list",
    server: /^Attempt to delete enabled override/,
    capstan: "error",
    codes: ["live-removal"],
    make: async ({ good }) => ({
      document: documentWith([]),
      live: await withCrls([entry(good)], [good]),
      also: ({ work }) =>
        expect(work.actions).toMatchObject([
          { call: "update-override", set: { disabled: true }, needs: ["waiver"], force: true },
          { call: "delete-override", needs: ["waiver"], force: false },
        ]),
    }),
  },
  {
    property: "active E, certificate renewed, same key",
    server: "A",
    capstan: "ok",
    codes: [],
    make: async ({ good, ours, issuing }) => ({
      document: documentWith([
        entry(await certify(ours.keys, issuing, { serial: "77", notAfter: NOW + 10 * YEAR - DAY })),
      ]),
      live: await withCrls([entry(good)], [good]),
      also: ({ desired, live, work }) => {
        const [difference] = compareOverrides(live, desired);
        expect(difference?.fields.map(({ field }) => field)).toEqual(["serial", "notAfter", "certificate"]);
        expect(difference?.fields[0]?.to).toBe("77");
        expect(work.actions).toMatchObject([{ purpose: "renew", needs: [], force: false }]);
        expect(work.actions[0]).not.toHaveProperty("set.chain");
      },
    }),
  },
  {
    property: "active E, entry replaced by another key's entry",
    server: /targets unknown CA certificate|Attempt to delete enabled override/,
    capstan: "error",
    codes: ["key-unknown", "crl-impossible", "live-removal"],
    make: async ({ good, goodOther }) => ({
      document: documentWith([entry(goodOther)]),
      live: await withCrls([entry(good)], [good]),
    }),
  },
  {
    property: "additional-key E disabled in init (NEW)",
    server: "A",
    capstan: "ok",
    codes: [],
    make: async ({ good, goodOther, ours, other }) => ({
      document: documentWith([entry(good), entry(goodOther, undefined, { disabled: true })]),
      live: await withCrls([entry(good), entry(goodOther)], [good, goodOther]),
      authority: authorityOf("init", [ours], [other]),
      also: ({ work }) =>
        expect(work.actions).toMatchObject([{ set: { disabled: true }, needs: [], force: false }]),
    }),
  },
  {
    property: "additional-key E deleted in update_clients (OLD)",
    server: "A",
    capstan: "error",
    codes: ["rollback-entry-touched"],
    make: async ({ good, goodOther, ours, other }) => ({
      document: documentWith([entry(goodOther)]),
      live: await withCrls([entry(good), entry(goodOther)], [good, goodOther]),
      authority: authorityOf("update_clients", [other], [ours]),
      also: ({ work }) =>
        expect(work.actions).toMatchObject([{ call: "delete-override", needs: ["waiver"], force: false }]),
    }),
  },
  {
    property: "new entry for NEW in standby before init",
    server: /targets unknown CA certificate/,
    capstan: "error",
    codes: ["key-unknown", "crl-impossible"],
    make: async ({ good, goodOther }) => ({
      document: documentWith([entry(good), entry(goodOther)]),
      live: await withCrls([entry(good)], [good]),
      also: ({ findings, work }) => {
        expect(findings[0]?.remedy).toContain("when init has brought the key");
        expect(work.actions).toEqual([]);
      },
    }),
  },
  {
    // The server lets the rotation pass; it is the guard that refuses.
    property: "init, OLD E, NEW absent, git asks update_clients",
    server: "A",
    capstan: "ok",
    codes: [],
    make: async ({ good, ours, other }) => ({
      document: documentWith([entry(good)]),
      live: await withCrls([entry(good)], [good]),
      authority: authorityOf("init", [ours], [other]),
      goal: "update_clients",
      also: (result) => {
        const judgement = mayAdvance(situationOf(result), UPDATE_CLIENTS, "db_client");
        expect(judgement).toMatchObject({ allowed: false, row: { id: "I1" } });
        expect(judgement.findings).toMatchObject([{ subject: `override/db_client/${keyHash(other)}` }]);
      },
    }),
  },
  {
    property: "init, OLD E, NEW Dk",
    server: "A",
    capstan: "ok",
    codes: [],
    make: async ({ good, ours, other }) => ({
      document: documentWith([entry(good), { disabled: true, public_key: keyHash(other) }]),
      live: await withCrls([entry(good), { disabled: true, public_key: keyHash(other) }], [good]),
      authority: authorityOf("init", [ours], [other]),
      goal: "update_clients",
      also: (result) => {
        expect(mayAdvance(situationOf(result), UPDATE_CLIENTS, "db_client")).toMatchObject({
          allowed: false,
          row: { id: "I4", verdict: "only-by-waiver" },
        });
        const waived = situationOf(result, [keyHash(other)]);
        expect(mayAdvance(waived, UPDATE_CLIENTS, "db_client")).toMatchObject({ allowed: true });
      },
    }),
  },
  {
    property: "two active keys (HSM), one E and one without",
    server: "A",
    capstan: "error",
    codes: ["hsm-incomplete"],
    make: async ({ good, ours, other }) => ({
      document: documentWith([entry(good)]),
      live: await withCrls([entry(good)], [good]),
      authority: authorityOf("standby", [ours, other]),
      also: (result) => {
        expect(result.findings).toMatchObject([{ where: `key ${keyHash(other)}` }]);
        const start = mayAdvance(situationOf(result), { from: "standby", to: "init" }, "db_client");
        expect(start).toMatchObject({ allowed: false, row: { id: "S3" } });
      },
    }),
  },
  {
    // Which auth server answers is not in the data: capstan foresees the refusal, and goes around it.
    property: "HSM, enabled entry for a key held elsewhere, no CRL",
    server: /cannot sign CRL for enabled override/,
    capstan: "info",
    codes: ["crl-held-elsewhere"],
    make: ({ good, goodOther, ours, other }) => ({
      document: documentWith([entry(good), entry(goodOther)]),
      authority: authorityOf("standby", [ours, other], [], { storage: "PKCS#11 HSM" }),
      also: ({ work }) =>
        expect(work.actions.map(({ purpose }) => purpose)).toEqual([
          "stage",
          "stage",
          "await-crl",
          "await-crl",
          "enable",
          "enable",
        ]),
    }),
  },
  {
    property: "`status` block in git YAML",
    server: "A",
    capstan: "warning",
    codes: ["status-present"],
    make: async ({ good }) => ({ document: await withCrls([entry(good)], [good]) }),
  },
  {
    // Whether a revision is stale is the server's memory; capstan never sends one, so that it cannot be.
    property: "stale `metadata.revision` in git with edit/update",
    server: "A",
    capstan: "info",
    codes: ["revision-present"],
    make: ({ good }) => ({
      document: documentWith([entry(good)], {
        metadata: { name: CLUSTER, revision: "d7ab3a0e-5a51-4d1c-8f0b-1f6a3b1f0001" },
      }),
    }),
  },
  {
    property: "unknown field (`disable: true`)",
    server: /unknown field "disable"/,
    capstan: "error",
    codes: ["unknown-field"],
    make: ({ good }) => ({
      document: documentWith([entry(good, undefined, { disable: true })]),
      also: ({ findings }) => expect(findings[0]?.remedy).toBe("did you mean disabled?"),
    }),
  },
];

const ORDER = ["ok", "info", "warning", "error"];

async function expectDownstream(downstream: Made["downstream"]): Promise<void> {
  if (downstream === undefined || !HAS_OPENSSL) return;
  const { override, chain, roots = [world.root], says } = downstream;
  const told = await verifyDownstream(
    override,
    chain.map(({ pem }) => pem),
    roots.map(({ pem }) => pem),
  );
  expect(told).toMatch(says);
}

it("has all 100 vectors", () => expect(VECTORS).toHaveLength(100));

it.skipIf(!HAS_OPENSSL)("is re-checked with openssl where it has an opinion: not skipped", () => {
  expect(HAS_OPENSSL).toBe(true);
});

describe("vectors of reference teleport-overrides, section 8", () => {
  it.each(VECTORS.map((vector, index) => ({ n: index + 1, ...vector })))(
    "$n $property",
    async ({ server, capstan, codes, make }) => {
      const made = await make(world);
      const authority = made.authority ?? authorityOf("standby", [world.ours]);
      const live =
        made.live === undefined ? emptyOverride(CLUSTER, authority.type) : await readOverride(made.live);
      const desired = await readOverride(made.document);
      const { retired = [], goal = null } = made;
      const findings = [
        ...desired.findings,
        ...checkAgainstLive({ authority, live, desired, goal, now: NOW, rotationEndsAt: null, retired }),
        ...checkOverride(desired, NOW),
      ];

      expect([...new Set(findings.map(({ code }) => code))].sort()).toEqual([...codes].sort());
      const worst = findings.reduce<string>(
        (sofar, { severity }) => (ORDER.indexOf(severity) > ORDER.indexOf(sofar) ? severity : sofar),
        "ok",
      );
      expect(worst).toBe(capstan);
      const refusal = serverRefusal(findings, { force: made.force ?? false })?.serverText ?? null;
      if (server === "A") expect(refusal).toBeNull();
      else expect(refusal).toMatch(server);
      for (const { message, remedy } of findings)
        expect(`${message} ${remedy}`).not.toMatch(/undefined|null|NaN/);

      if (made.text !== undefined && HAS_OPENSSL) {
        const text = opensslText(made.text.pem);
        if (made.text.has) expect(text).toMatch(made.text.has);
        if (made.text.lacks) expect(text).not.toMatch(made.text.lacks);
      }
      await expectDownstream(made.downstream);
      const keys = caKeys(authority);
      const work = planActions({ desired, live, keys, phase: authority.rotation.phase, goal, now: NOW });
      await made.also?.({ desired, live, authority, findings, work });
    },
  );
});
