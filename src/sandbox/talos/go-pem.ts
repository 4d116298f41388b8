import { X509Certificate } from "node:crypto";
import { encodePem } from "../pem.ts";
import { remembered } from "./remembered.ts";

/**
 * PEM as Go's `encoding/pem` reads it, which is stricter than OpenSSL: a block starts at the start of a line, and
 * its end line holds nothing else. Two blocks glued together without a line feed in between are therefore none at
 * all (TA 2.1, 8.2). Nodes join accepted CAs by plain concatenation, so this decides whether a node still trusts
 * anybody.
 */
export interface PemBlock {
  readonly label: string;
  readonly bytes: Buffer;
}

const BEGIN = "\n-----BEGIN ";
const END = "\n-----END ";
const DASHES = "-----";

/** Every block that Go finds, in order. Text between blocks is skipped. */
export function decodePem(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  // A line feed in front lets "start of a line" mean one thing.
  let rest = `\n${text.replaceAll("\r\n", "\n")}`;
  for (;;) {
    const start = rest.indexOf(BEGIN);
    if (start < 0) return blocks;
    rest = rest.slice(start + BEGIN.length);
    const found = blockAt(rest);
    if (found === null) continue;
    blocks.push(found.block);
    rest = rest.slice(found.length);
  }
}

/** `text` starts right after `-----BEGIN `. Gives `null` where Go gives up on this start and looks for the next. */
function blockAt(text: string): { readonly block: PemBlock; readonly length: number } | null {
  const typeLine = firstLine(text);
  if (!typeLine.endsWith(DASHES)) return null;
  const label = typeLine.slice(0, -DASHES.length);
  // One character back, so that an empty block's end line is at the start of a line, too.
  const bodyStart = text.indexOf("\n");
  if (bodyStart < 0) return null;
  const end = text.indexOf(END, bodyStart);
  if (end < 0) return null;
  const endLine = firstLine(text.slice(end + END.length));
  if (endLine !== label + DASHES) return null;
  const body = text.slice(bodyStart, end).replace(/\s/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(body) || body.length % 4 !== 0) return null;
  const length = end + END.length + label.length + DASHES.length;
  return { block: { label, bytes: Buffer.from(body, "base64") }, length };
}

function firstLine(text: string): string {
  const end = text.indexOf("\n");
  return (end < 0 ? text : text.slice(0, end)).trimEnd();
}

/** The certificate of a PEM that one of ours wrote. */
export const readCertificate = remembered((pem) => new X509Certificate(pem));

/** Go's `CertPool.AppendCertsFromPEM`: takes what parses and says nothing of the rest. */
export const certificatePool = remembered((text): readonly X509Certificate[] =>
  decodePem(text).flatMap(({ label, bytes }) => {
    if (label !== "CERTIFICATE") return [];
    try {
      return [new X509Certificate(bytes)];
    } catch {
      return [];
    }
  }),
);

/**
 * The same private key with a label that OpenSSL knows. Talos writes Ed25519 keys as PKCS #8 under a label of its
 * own (TA 7). Empty when there is no key.
 */
export function openSslKey(pem: string): string {
  const block = decodePem(pem).find(({ label }) => label.endsWith("PRIVATE KEY"));
  if (block === undefined) return "";
  return encodePem(block.label === "ED25519 PRIVATE KEY" ? "PRIVATE KEY" : block.label, block.bytes);
}
