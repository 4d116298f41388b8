import { generateKeyPair, generateKeyPairSync, type KeyObject } from "node:crypto";
import { promisify } from "node:util";

/** What keys of a CA and of certificates are, in the words of `tctl status`. */
export type KeyAlgorithm = "RSA 2048" | "ECDSA P-256" | "Ed25519";

/** A key and its other half. */
export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

const generateLater = promisify(generateKeyPair);

/** Only those that take long are made beside everything else. */
export async function newKeyPair(algorithm: KeyAlgorithm): Promise<KeyPair> {
  switch (algorithm) {
    case "Ed25519":
      return generateKeyPairSync("ed25519");
    case "ECDSA P-256":
      return generateKeyPairSync("ec", { namedCurve: "P-256" });
    case "RSA 2048":
      return await generateLater("rsa", { modulusLength: 2048 });
  }
}
