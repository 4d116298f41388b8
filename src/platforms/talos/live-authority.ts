import type { LiveAuthority } from "../../rotation/observation.ts";
import type { TalosType } from "../../talos/authority-types.ts";
import { readAuthorityKey } from "../../x509/authority-key.ts";
import type { CaCertificate } from "../../x509/ca-certificate.ts";
import { configured, phaseOf, type TalosLook } from "./seen-machines.ts";

/** Foreign accepted CAs are nobody's rotation, and are left out: the machines keep them all the same. */
export async function authorityOf(
  look: TalosLook,
  type: TalosType,
  cluster: string,
): Promise<readonly LiveAuthority[]> {
  const known = look.known[type];
  if (known === null) return [];
  const { old, next } = known.keys;
  const all = configured(look.machines, type);
  const signing = unique(
    all.flatMap(({ issuing, accepted }) => {
      const first = accepted.find(({ fingerprint }) => fingerprint === old || fingerprint === next);
      return issuing ?? first ?? accepted[0] ?? [];
    }),
  );
  const beside = unique(all.flatMap(({ accepted }) => accepted)).filter(
    ({ fingerprint }) =>
      (fingerprint === old || fingerprint === next) &&
      !signing.some((active) => active.fingerprint === fingerprint),
  );
  const { state, phase, towards } = phaseOf(look, type);
  return [
    {
      type,
      cluster,
      active: await Promise.all(signing.map(keyOf)),
      trusted: await Promise.all(beside.map(keyOf)),
      rotation: {
        state,
        phase,
        towards,
        mode: state === "standby" ? null : "manual",
        // Talos counts no rotations: the CA that comes names it.
        currentId: next,
        started: null,
        lastRotated: null,
        gracePeriod: null,
        schedule: null,
      },
    },
  ];
}

function unique(certificates: readonly CaCertificate[]): readonly CaCertificate[] {
  return [...new Map(certificates.map((one) => [one.fingerprint, one])).values()];
}

function keyOf({ pem }: CaCertificate) {
  return readAuthorityKey("tls", pem, "machines");
}
