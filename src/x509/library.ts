/**
 * The X.509 library, and what it needs before it: it decorates its classes with metadata, and brings no
 * support for that along. Nothing else of the product imports either, so no cut of the bundle can turn the
 * order round.
 *
 * It is slow to load and most commands need none of it: modules that import this one are themselves loaded by
 * `import()` where something is read or made.
 */
import "reflect-metadata";

export { AsnConvert } from "@peculiar/asn1-schema";
export {
  AuthorityKeyIdentifier,
  BasicConstraints,
  ExtendedKeyUsage as ExtendedKeyUsages,
  KeyUsage as KeyUsages,
  SubjectKeyIdentifier,
} from "@peculiar/asn1-x509";
export {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  ExtensionFactory,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  Pkcs10CertificateRequest,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509Crl,
} from "@peculiar/x509";
