import type { CertificateFlaw } from "../../x509/certificate-flaw.ts";
import type { Problem } from "./strict-pem.ts";

/** What a certificate that cannot be read is told as, with the words of the server's refusal. */
export function problemOfFlaw(flaw: CertificateFlaw): Problem {
  return {
    severity: "error",
    remedy: "have the external CA issue the certificate again",
    ...told(flaw),
  };
}

function told(flaw: CertificateFlaw): Pick<Problem, "code" | "message" | "serverText"> {
  switch (flaw.kind) {
    case "malformed":
      return {
        code: "certificate-malformed",
        message: "is PEM, but has no certificate inside",
        serverText: "x509: malformed certificate",
      };
    case "trailing-data":
      return {
        code: "certificate-trailing-data",
        message: "has bytes after the end of the certificate",
        serverText: "x509: trailing data",
      };
    case "serial-negative":
      return {
        code: "certificate-serial-negative",
        message: "has a negative serial number",
        serverText: "x509: negative serial number",
      };
    case "extension-twice":
      return {
        code: "certificate-extension-twice",
        message: `carries the extension ${flaw.oid} twice`,
        serverText: `x509: certificate contains duplicate extension with OID "${flaw.oid}"`,
      };
    case "name-not-printable":
      return {
        code: "certificate-name-encoding",
        message: `has a name part ${JSON.stringify(flaw.text)} encoded as PrintableString, which cannot hold it`,
        serverText: "invalid PrintableString",
      };
    case "curve-unsupported":
      return {
        code: "certificate-curve-unsupported",
        message: `has a key on the curve ${flaw.curve}, which Teleport cannot read`,
        serverText: "x509: unsupported elliptic curve",
      };
    case "unreadable-part":
      return {
        code: "certificate-malformed",
        message: "is a certificate with a part that cannot be read",
        serverText: "x509: invalid",
      };
  }
}
