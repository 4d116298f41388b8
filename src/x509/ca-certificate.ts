import { X509Certificate } from "node:crypto";
import type { Fingerprint } from "../rotation/observation.ts";
import { remembered } from "./remembered.ts";
import { fingerprintOf, spkiOf } from "./spki.ts";

/** The certificate of a CA as it stands in somebody's configuration, and the key that it names. */
export interface CaCertificate {
  /** One block, with the line feed that Talos needs at its end (reference talos-rotation 2.1). */
  readonly pem: string;
  /** Of its public key, which is what names a CA here. */
  readonly fingerprint: Fingerprint;
}

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Reads exactly one certificate. Throws, without a word of the content, when it is none or several. */
export function readCaCertificate(text: string): CaCertificate {
  const blocks = readCaCertificates(text);
  const [first] = blocks;
  if (first === undefined) throw new Error("there is no certificate in it");
  if (blocks.length > 1) throw new Error(`it holds ${blocks.length} certificates, and one is expected`);
  return first;
}

/**
 * Every certificate of a bundle, in order. Throws, without a word of the content, at a block that is none.
 */
export function readCaCertificates(text: string): readonly CaCertificate[] {
  return (text.match(BLOCK) ?? []).map((block) => readBlock(block));
}

const readBlock = remembered(1_000, (block): CaCertificate => {
  const pem = `${block.replaceAll("\r\n", "\n")}\n`;
  return { pem, fingerprint: fingerprintOf(spkiOf(parse(pem).publicKey)) };
});

function parse(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new Error("it is PEM, but no certificate", { cause });
  }
}
