import { isoTime } from "../../iso-time.ts";
import type { ClusterObservation } from "../../profile/profile.ts";
import type { AuthorityResource } from "../../resources/model/desired.ts";
import { formatDuration } from "../../resources/model/duration.ts";
import { type AuthorityKey, type LiveAuthority, namingKeys } from "../../rotation/observation.ts";
import type { ClusterRecord } from "../../rotation/record.ts";
import type { End } from "./end.ts";

/** When the CAs of a cluster have to be rotated: by `max_age`, and by the ends of their own certificates. */
export function authorityEnds(
  wanted: readonly AuthorityResource[],
  { authorities }: ClusterObservation,
  record: ClusterRecord,
): readonly End[] {
  return authorities.flatMap((live) => {
    const maxAgeMs = wanted.find(({ type }) => type === live.type)?.maxAgeMs ?? null;
    const certificates = certificateEnds(live);
    return maxAgeMs === null ? certificates : [maxAgeEnd(live, maxAgeMs, record), ...certificates];
  });
}

/** Its keys are of one age; where there are several, the oldest counts. */
function maxAgeEnd(live: LiveAuthority, maxAgeMs: number, record: ClusterRecord): End {
  const subject = `authority/${live.type}`;
  const limit = formatDuration(maxAgeMs);
  const keys = namingKeys(live.active);
  const since = keys.map((key) => madeAt(key, live.type, record));
  const known = since.filter((at) => at !== null).toSorted();
  const [oldest] = known;
  if (oldest === undefined || known.length < keys.length) {
    return {
      kind: "max_age",
      subject,
      at: null,
      message: `has a max_age (${limit}), and nobody knows since when it signs: its key has no certificate, and the record did not see it come`,
      remedy: `\`capstan rotate start ${live.type}\` if it is old; the record knows the next key`,
    };
  }
  return {
    kind: "max_age",
    subject,
    at: isoTime(Date.parse(oldest) + maxAgeMs),
    message: `signs since ${oldest.slice(0, 10)}; its max_age (${limit}) ends`,
    remedy: `\`capstan rotate start ${live.type}\``,
  };
}

/** As its certificate says, or as the record saw its key come. */
function madeAt(
  { certificate, fingerprint }: AuthorityKey,
  type: string,
  { rotations }: ClusterRecord,
): string | null {
  const came = rotations.find(
    ({ authority, introduced }) => authority === type && introduced.includes(fingerprint),
  );
  return certificate?.notBefore ?? came?.started_at ?? null;
}

function certificateEnds({ type, active }: LiveAuthority): readonly End[] {
  return active.flatMap(({ fingerprint, certificate }) =>
    certificate === undefined
      ? []
      : [
          {
            kind: "certificate" as const,
            // Two CAs may have one key.
            name: `${type}/${fingerprint}`,
            subject: `authority/${type}`,
            at: isoTime(Date.parse(certificate.notAfter)),
            message: "signs with a key whose certificate ends",
            remedy: `\`capstan rotate start ${type}\``,
          },
        ],
  );
}
