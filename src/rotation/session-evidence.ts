import type { Fingerprint } from "./observation.ts";

/**
 * What the start of one session says about the certificate that was shown in it. Names are a contract: it stands in
 * the record.
 */
export interface SessionEvidence {
  /** CA type whose certificate the session was opened with. */
  readonly authority: string;
  /** Cluster that it was in, as it says itself. */
  readonly cluster: string;
  readonly session: string;
  /** When it began, ISO 8601. */
  readonly at: string;
  /** It did open. */
  readonly opened: boolean;
  /** An override stood for the CA's own certificate. */
  readonly overridden: boolean;
  /** The key whose override that was; `null` where none was, or the event does not say. */
  readonly key: Fingerprint | null;
}

/** An external certificate stands for a key, and since when capstan sees it. */
export interface EnabledOverride {
  readonly authority: string;
  readonly key: Fingerprint;
  /** ISO 8601. */
  readonly since: string;
}
