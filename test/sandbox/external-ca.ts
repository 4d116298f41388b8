import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Pkcs10CertificateRequest,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const DAY = 86_400_000;

interface Signer {
  readonly certificate: X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

/** The PKI of a company: a root that databases trust, and an intermediate that signs certificate requests. */
export class ExternalCa {
  readonly #root: Signer;
  readonly #intermediate: Signer;
  readonly #now: () => number;

  private constructor(root: Signer, intermediate: Signer, now: () => number) {
    this.#root = root;
    this.#intermediate = intermediate;
    this.#now = now;
  }

  static async create(now: () => number = Date.now): Promise<ExternalCa> {
    const root = await authority("CN=External Root", null, now());
    return new ExternalCa(root, await authority("CN=External Issuing CA", root, now()), now);
  }

  get root(): string {
    return `${this.#root.certificate.toString("pem")}\n`;
  }

  get chain(): readonly string[] {
    return [`${this.#intermediate.certificate.toString("pem")}\n`];
  }

  /** What an external CA makes of a request: it adds all extensions by itself. */
  async sign(
    csr: string,
    { days = 365, subjectKeyId = true }: { readonly days?: number; readonly subjectKeyId?: boolean } = {},
  ): Promise<string> {
    const request = new Pkcs10CertificateRequest(csr);
    const publicKey = await request.publicKey.export();
    const certificate = await X509CertificateGenerator.create({
      subject: request.subjectName,
      issuer: this.#intermediate.certificate.subjectName,
      notBefore: new Date(this.#now() - DAY / 24),
      notAfter: new Date(this.#now() + days * DAY),
      publicKey,
      signingKey: this.#intermediate.keys.privateKey,
      signingAlgorithm: P256,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        ...(subjectKeyId ? [await SubjectKeyIdentifierExtension.create(publicKey)] : []),
        await AuthorityKeyIdentifierExtension.create(this.#intermediate.keys.publicKey),
      ],
    });
    return `${certificate.toString("pem")}\n`;
  }
}

async function authority(name: string, signer: Signer | null, now: number): Promise<Signer> {
  const keys = (await crypto.subtle.generateKey(P256, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const certificate = await X509CertificateGenerator.create({
    subject: name,
    issuer: signer?.certificate.subjectName ?? name,
    notBefore: new Date(now - DAY),
    notAfter: new Date(now + 9 * 365 * DAY),
    publicKey: keys.publicKey,
    signingKey: (signer?.keys ?? keys).privateKey,
    signingAlgorithm: P256,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...(signer === null ? [] : [await AuthorityKeyIdentifierExtension.create(signer.keys.publicKey)]),
    ],
  });
  return { certificate, keys };
}
