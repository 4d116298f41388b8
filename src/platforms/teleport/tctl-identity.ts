import { X509Certificate } from "node:crypto";
import { open } from "node:fs/promises";
import type { Credentials, Fingerprint, LiveAuthority } from "../../rotation/observation.ts";
import { certificateFingerprint } from "../../x509/authority-key.ts";
import { isSignedWithKeyOf } from "../../x509/signed-by.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
/** An identity file has some 10 KB; a leaf cluster adds 2 KB. */
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * The identity that tctl is given: a bundle of a private key, an SSH certificate, the client certificate, and
 * the host CAs that it trusts (reference teleport-rotation 6.2). Only certificates are looked at; the private
 * key is neither parsed nor kept.
 */
export async function readTctlIdentity(
  identityFile: string | null,
  authorities: Promise<readonly LiveAuthority[]>,
): Promise<Credentials> {
  if (identityFile === null) {
    return { source: "ambient", path: null, problem: null, notAfter: null, trusts: [] };
  }
  try {
    const certificates = certificatesIn(await readBundle(identityFile));
    const client = certificates.find(({ ca }) => !ca);
    if (client === undefined) return unreadable(identityFile, "it holds no client certificate");
    const trusted = certificates.filter(({ ca }) => ca);
    return {
      source: "identity-file",
      path: identityFile,
      problem: null,
      notBefore: client.validFromDate.toISOString(),
      notAfter: client.validToDate.toISOString(),
      signedBy: signersOf(client, await authorities),
      trusts: [...new Set(await Promise.all(trusted.map(certificateFingerprint)))],
    };
  } catch (error) {
    return unreadable(identityFile, reasonOf(error));
  }
}

/** By signature: subjects of the old and the new CA are alike. */
function signersOf(client: X509Certificate, authorities: readonly LiveAuthority[]): readonly Fingerprint[] {
  const user = authorities.find(({ type }) => type === "user");
  return [...(user?.active ?? []), ...(user?.trusted ?? [])]
    .filter(({ protocol, material }) => protocol === "tls" && isSignedWithKeyOf(client.toString(), material))
    .map(({ fingerprint }) => fingerprint);
}

async function readBundle(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    if (size > MAX_BYTES) throw new Error("it is too large to be an identity file");
    return await file.readFile("utf8");
  } finally {
    await file.close();
  }
}

function certificatesIn(bundle: string): readonly X509Certificate[] {
  return [...bundle.matchAll(CERTIFICATE)].map(([pem]) => {
    try {
      return new X509Certificate(pem);
    } catch (error) {
      throw new Error("a certificate in it cannot be parsed", { cause: error });
    }
  });
}

function unreadable(path: string, problem: string): Credentials {
  return { source: "identity-file", path, problem, notAfter: null, trusts: [] };
}

function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case "ENOENT":
      return "there is no such file";
    case "EACCES":
      return "it may not be read";
    case "EISDIR":
      return "it is a folder; tbot writes a file named identity into it";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
