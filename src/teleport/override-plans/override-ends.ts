import type { OverrideEnd } from "../../profile/profile.ts";
import type { OverrideReading } from "../overrides/read-cluster.ts";

/** What stands in the cluster and ends some day: a certificate, and the revocation list that backs it. */
export function overrideEnds({ pairs }: OverrideReading): readonly OverrideEnd[] {
  return [...pairs].flatMap(([authority, { live }]) =>
    [...live.entries.values()].flatMap(({ keyHash, certificate }): OverrideEnd[] => {
      if (certificate === null) return [];
      const subject = `override/${authority}/${keyHash}`;
      const crl = live.crls.get(keyHash)?.nextUpdate ?? null;
      return [
        { authority, subject, what: "certificate", notAfter: certificate.notAfter },
        ...(crl === null ? [] : [{ authority, subject, what: "revocation-list", notAfter: crl } as const]),
      ];
    }),
  );
}
