import { fieldOf, listOf, textOf } from "../../foreign-value.ts";
import type { SessionEvidence } from "../../rotation/session-evidence.ts";
import { fingerprintOfHash } from "../../x509/spki.ts";

/** Sessions that a certificate of an overridable CA opens, by their event in the audit log (reference 6). */
const OPENED_WITH: Readonly<Record<string, string>> = {
  "db.session.start": "db_client",
  "windows.desktop.session.start": "windows",
};

/** A check that prints its whole audit log has said enough with these; the record keeps the newest of each key. */
const MOST_SESSIONS = 5_000;

/**
 * The session starts in what a check printed: audit events as JSON, one a line, or all of it one object or list, with
 * whatever else around the lines. `ca_override` is absent where the CA's own certificate was shown.
 */
export function sessionsIn(output: string): readonly SessionEvidence[] {
  if (!output.includes("session.start")) return [];
  const whole = parsed(output);
  const events = whole === undefined ? output.split("\n").map(parsed) : [whole];
  return events
    .flatMap((event) => (Array.isArray(event) ? listOf(event) : [event]))
    .flatMap(sessionOf)
    .slice(-MOST_SESSIONS);
}

function sessionOf(event: unknown): readonly SessionEvidence[] {
  const authority = OPENED_WITH[textOf(fieldOf(event, "event"))];
  const at = Date.parse(textOf(fieldOf(event, "time")));
  const session = textOf(fieldOf(event, "sid"));
  if (authority === undefined || Number.isNaN(at) || !/^[\w-]{1,64}$/.test(session)) return [];
  const override = fieldOf(event, "ca_override");
  const hash = textOf(fieldOf(override, "public_key_hash")).toLowerCase();
  return [
    {
      authority,
      cluster: textOf(fieldOf(event, "cluster_name")).slice(0, 253),
      session,
      at: new Date(at).toISOString(),
      opened: fieldOf(event, "success") !== false,
      overridden: fieldOf(override, "active") === true,
      key: /^[0-9a-f]{64}$/.test(hash) ? fingerprintOfHash(hash) : null,
    },
  ];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
