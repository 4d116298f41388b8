import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { signAuthority } from "../../src/x509/issue.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "../../src/x509/library.ts";
import { readPrivateKey } from "../../src/x509/private-key.ts";
import { inTurn } from "../measure.ts";
import { authoritiesText, CAPSTAN, clusterText, commitFiles } from "../repository.ts";
import type { Row } from "../row.ts";

const CLUSTERS = 500;
const EACH = 10;
/** Of all of them by processes nobody has the patience; a part is measured, and the rest reckoned. */
const BY_PROCESS = 50;
const DAY_MS = 24 * 3_600_000;

/** An organization whose own CA signed those of all its clusters. */
export const certificates: Row = {
  what: "`capstan validate`, 5,000 override certificates",
  against: "`openssl verify`, a process for each certificate",
  async measure(scratch) {
    const repository = join(scratch, "overrides");
    const files = join(scratch, "certificates");
    await mkdir(files);
    const { root, signed } = await organization(CLUSTERS * EACH);
    await writeFile(join(scratch, "root.pem"), root);
    for (const [index, pem] of signed.entries()) await writeFile(join(files, `${index}.pem`), pem);
    const texts = Array.from({ length: CLUSTERS }, (_, index) => {
      const name = `cluster-${index}.example.com`;
      const own = signed.slice(index * EACH, (index + 1) * EACH);
      return [
        [`${name}/cluster.yaml`, clusterText(name, "tctl")],
        [`${name}/authorities.yaml`, authoritiesText(name)],
        [`${name}/override.yaml`, overrideText(name, own, root)],
      ] as const;
    });
    await commitFiles(repository, Object.fromEntries(texts.flat()));
    const verify = `for n in $(seq 0 ${BY_PROCESS - 1}); do openssl verify -CAfile '${join(scratch, "root.pem")}' '${files}'/$n.pem >/dev/null; done`;
    const loop = join(import.meta.dirname, "../read-certificates.ts");
    const cost = await inTurn(
      {
        processes: { argv: ["sh", "-c", verify] },
        loop: { argv: [process.execPath, loop, files, join(scratch, "root.pem")] },
        ours: { argv: [...CAPSTAN, "validate"], cwd: repository },
      },
      1,
    );
    const byProcess = (cost.processes.cpuMs * signed.length) / BY_PROCESS;
    return {
      figures: [
        {
          what: `CPU, processes reckoned from ${BY_PROCESS}`,
          unit: "ms",
          ours: cost.ours.cpuMs,
          theirs: byProcess,
          goal: { factor: 1 / 50 },
        },
        {
          what: "CPU, against a loop of Node's `X509Certificate`",
          unit: "ms",
          ours: cost.ours.cpuMs,
          theirs: cost.loop.cpuMs,
          goal: { factor: 2 },
        },
      ],
    };
  },
};

/** A root, and certificates of CAs below it. */
async function organization(count: number) {
  const now = new Date();
  const profile = { organization: "example", keys: "ec", validForMs: 3650 * DAY_MS, form: "sec1" } as const;
  const { certificate, key } = await signAuthority(profile, now);
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
  const issuer = new X509Certificate(certificate);
  const identifier = issuer.getExtension(SubjectKeyIdentifierExtension)?.keyId ?? "";
  const signingKey = readPrivateKey(key).toCryptoKey(algorithm, true, ["sign"]);
  const signed: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
    const made = await X509CertificateGenerator.create({
      serialNumber: (index + 1).toString(16).padStart(16, "1"),
      subject: [{ O: [`cluster-${Math.floor(index / EACH)}.example.com`] }, { CN: [`ca-${index}`] }],
      issuer: issuer.subjectName,
      notBefore: new Date(now.getTime() - DAY_MS),
      notAfter: new Date(now.getTime() + 1000 * DAY_MS),
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm: algorithm,
      extensions: [
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        new BasicConstraintsExtension(true, undefined, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
        new AuthorityKeyIdentifierExtension(identifier),
      ],
    });
    signed.push(`${made.toString("pem")}\n`);
  }
  return { root: certificate, signed };
}

function overrideText(cluster: string, signed: readonly string[], root: string): string {
  const block = (pem: string, indent: string) => pem.trim().replaceAll(/^/gm, indent);
  const entries = signed.map(
    (pem) => `    - certificate: |
${block(pem, "        ")}
      chain:
        - |
${block(root, "          ")}
`,
  );
  return `kind: cert_authority_override
sub_kind: db_client
version: v1
metadata:
  name: ${cluster}
spec:
  certificate_overrides:
${entries.join("")}`;
}
