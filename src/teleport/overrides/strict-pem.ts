import type { FindingCode, Severity } from "./override-finding.ts";

/**
 * The server's strict idea of PEM (reference 2.7), which no library shares: exactly one block, nothing after it.
 * capstan takes more, since it writes every block anew, and says what it straightened.
 */
export interface PemReading {
  /** `null` when there is an error among the problems. */
  readonly der: Uint8Array | null;
  readonly problems: readonly Problem[];
}

/** A finding that does not know yet where it stands. */
export interface Problem {
  readonly severity: Severity;
  readonly code: FindingCode;
  readonly message: string;
  readonly remedy: string;
  readonly serverText?: string;
}

const WANTED = "CERTIFICATE";
const NO_BLOCK = "expected PEM-encoded block";
const TRAILING = "certificate PEM has unexpected trailing data";

/** Reads the one certificate that a field of the resource holds. Throws nothing. */
export function readCertificatePem(text: string): PemReading {
  const block = firstBlock(text);
  if (block === null) return failure(whyNoBlock(text));
  const { type, rest } = block;
  if (type !== WANTED) {
    return failure({
      code: "pem-wrong-type",
      message: `is a ${type} block, not a certificate`,
      remedy: WRONG_TYPES[type] ?? `give a block of type ${WANTED}`,
      serverText: `certificate PEM has unexpected block type "${type}" (want "${WANTED}")`,
    });
  }
  if (/-----BEGIN /.test(rest)) {
    return failure({
      code: "pem-bundle",
      message: "holds several PEM blocks",
      remedy:
        "split the bundle: the first block belongs into `certificate`, each other one into an item of `chain`",
      serverText: TRAILING,
    });
  }
  if (rest.trim() !== "") {
    return failure({
      code: "pem-trailing-text",
      message: "has text after the END line",
      remedy: "remove what follows `-----END CERTIFICATE-----`",
      serverText: TRAILING,
    });
  }
  return { der: block.der, problems: straightened(text, block) };
}

interface Block {
  readonly type: string;
  readonly der: Uint8Array;
  readonly before: string;
  readonly headers: boolean;
  readonly rest: string;
}

const BEGIN = /(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t]*\r?\n/y;

/** Go's `pem.Decode`: the first well-formed block whose BEGIN starts a line. */
function firstBlock(text: string): Block | null {
  for (let start = 0; start >= 0; start = text.indexOf("\n-----BEGIN ", start + 1)) {
    BEGIN.lastIndex = start;
    const type = BEGIN.exec(text)?.[1];
    if (type === undefined) continue;
    const content = text.slice(BEGIN.lastIndex - 1);
    const end = content.indexOf("\n-----END ");
    const closing = `\n-----END ${type}-----`;
    if (end < 0 || !content.startsWith(closing, end)) continue;
    const [blanks, rest] = untilLineFeed(content.slice(end + closing.length));
    if (blanks.trim() !== "") continue;
    const lines = content.slice(1, end + 1).split("\n");
    const body = lines.findIndex((line) => !line.includes(":"));
    const base64 = (body < 0 ? [] : lines.slice(body)).join("").replaceAll(/[ \t\r]/g, "");
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) continue;
    return {
      type,
      der: Buffer.from(base64, "base64"),
      before: text.slice(0, start),
      headers: body > 0,
      rest,
    };
  }
  return null;
}

function untilLineFeed(text: string): readonly [line: string, rest: string] {
  const at = text.indexOf("\n");
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function whyNoBlock(text: string): Omit<Problem, "severity"> {
  const found = NOT_A_BLOCK.find(({ looksLike }) => looksLike.test(text)) ?? NOTHING;
  return { code: found.code, message: found.message, remedy: found.remedy, serverText: NO_BLOCK };
}

const NOT_A_BLOCK: readonly (Omit<Problem, "severity"> & { readonly looksLike: RegExp })[] = [
  {
    code: "pem-spaced-dashes",
    looksLike: /-----[ \t]+BEGIN|-----BEGIN [^\n-]*[ \t]-----/,
    message: "has blanks between the dashes and the words of the BEGIN line",
    remedy: "write `-----BEGIN CERTIFICATE-----`, without blanks next to the dashes",
  },
  {
    code: "pem-indented",
    looksLike: /[^\n]-----BEGIN /,
    message: "has a BEGIN line that does not start at the beginning of its line",
    remedy:
      "in YAML, indent all lines of the block alike below `certificate: |`; the block itself must not be indented",
  },
  {
    code: "pem-damaged",
    looksLike: /-----BEGIN /,
    message: "has a BEGIN line, but no readable block after it",
    remedy: "copy the block again, whole: BEGIN line, base64 lines, END line with the same words",
  },
];

const NOTHING: Omit<Problem, "severity"> = {
  code: "pem-missing",
  message: "is not PEM",
  remedy: "give the certificate as text between BEGIN CERTIFICATE and END CERTIFICATE lines",
};

const WRONG_TYPES: Readonly<Record<string, string>> = {
  "CERTIFICATE REQUEST": "this is the request; put in the certificate that the external CA made from it",
  "NEW CERTIFICATE REQUEST": "this is the request; put in the certificate that the external CA made from it",
  "TRUSTED CERTIFICATE": "write it anew as a plain certificate: openssl x509 -in FILE -out FILE",
  "X509 CERTIFICATE": "write it anew as a plain certificate: openssl x509 -in FILE -out FILE",
  "X509 CRL": "this is a revocation list; put in the certificate",
  PKCS7: "take the certificates out of the PKCS#7 file: openssl pkcs7 -print_certs -in FILE",
  "PUBLIC KEY": "this is only the public key; put in the certificate",
  "PRIVATE KEY":
    "this is a private key: remove it from the repository and its history, and put in the certificate",
  "RSA PRIVATE KEY":
    "this is a private key: remove it from the repository and its history, and put in the certificate",
  "EC PRIVATE KEY":
    "this is a private key: remove it from the repository and its history, and put in the certificate",
};

function failure(problem: Omit<Problem, "severity">): PemReading {
  return { der: null, problems: [{ severity: "error", ...problem }] };
}

function straightened(text: string, { before, headers, rest }: Block): readonly Problem[] {
  const what = [
    before.trim() === "" ? null : "text above the BEGIN line",
    text.includes("\r\n") ? "CRLF line ends" : null,
    headers ? "PEM headers" : null,
    rest !== "" || /[ \t]\s*$/.test(text) ? "white space after the END line" : null,
  ].filter((part) => part !== null);
  if (what.length === 0) return [];
  return [
    {
      severity: "info",
      code: "pem-normalised",
      message: `carries ${what.join(", ")}, which capstan leaves out`,
      remedy:
        rest === "" ? "nothing to do" : "remove the empty lines if `tctl create` should take the file too",
      // Only what follows the block is refused; the rest is ignored by the server as well.
      ...(rest === "" ? {} : { serverText: TRAILING }),
    },
  ];
}
