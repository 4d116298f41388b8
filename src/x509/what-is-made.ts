import type { KeyForm } from "./private-key.ts";

/** What a new root is like. */
export interface AuthorityProfile {
  /** All of its name: `O=…`. Old and new CA have the same. */
  readonly organization: string;
  readonly keys: "ed25519" | "ec";
  /** How its key is written. */
  readonly form: KeyForm;
  readonly validForMs: number;
}

/** A CA with its key, as PEM. Only ever in memory. */
export interface Signing {
  readonly certificate: string;
  readonly key: string;
}

/** What a client certificate says of its holder. */
export interface ClientProfile {
  readonly organization: string;
  readonly commonName?: string;
  /** The present; the certificate begins a little before. */
  readonly now: Date;
}
