import type { RotatedAuthority, RotationResource } from "../resources/model/desired.ts";
import type { Fingerprint } from "../rotation/observation.ts";
import { type ClusterRecord, openRotation } from "../rotation/record.ts";
import { type CaCertificate, readCaCertificate } from "../x509/ca-certificate.ts";
import type { TalosType } from "./authority-types.ts";
import { keptKeys, type TalosKeys } from "./kept-keys.ts";
import type { ConfiguredAuthority } from "./machine-config.ts";
import type { RotationKeys } from "./node-state.ts";

/** Which rotation the machines are in, or could be: the keys, and where they come from. */
export interface KnownRotation {
  readonly keys: RotationKeys;
  /** Of the CA to come, where one is named. */
  readonly next: CaCertificate | null;
  /** What capstan keeps of it, once it has begun. */
  readonly kept: TalosKeys | null;
  /** What git says. */
  readonly declared: RotatedAuthority | null;
  readonly goesBack: boolean;
}

/**
 * A rotation is named by the key that it retires (design, section 2). The one that the record knows as under way
 * counts; else the one in git whose keys the machines use. Without either, what signs is the old one, and what is
 * accepted beside it is somebody else's.
 */
export function knownRotation(
  type: TalosType,
  configured: readonly ConfiguredAuthority[],
  rotations: readonly RotationResource[],
  record: ClusterRecord,
): KnownRotation | null {
  const declared = rotations.flatMap(({ authorities }) => authorities.filter((one) => one.type === type));
  const open = openRotation(record, type);
  const used = new Set(configured.flatMap(keysIn));
  const signing = configured.flatMap(({ issuing }) => (issuing === null ? [] : [issuing.fingerprint]));
  const candidates: readonly RotatedAuthority[] =
    open === undefined
      ? declared
      : declared.some(({ retire }) => retire.some((key) => open.retire.includes(key)))
        ? declared.filter(({ retire }) => retire.some((key) => open.retire.includes(key)))
        : [];
  const best = candidates
    .map((authority) => ({ authority, rank: rankOf(authority, used, signing) }))
    .toSorted((left, right) => right.rank - left.rank)[0];
  if (best !== undefined && (best.rank > 0 || open !== undefined)) {
    const [old] = best.authority.retire;
    if (old === undefined) return null;
    const next = nextOf(best.authority);
    const keys = { old, next: next?.fingerprint ?? null };
    return { keys, next, kept: keptOf(record, type, keys), declared: best.authority, goesBack: isOut(open) };
  }
  const [retired] = open?.retire ?? [];
  if (retired !== undefined) {
    const kept =
      keptKeys(record).findLast((entry) => entry.authority === type && entry.old === retired) ?? null;
    const next = kept === null ? null : readCaCertificate(kept.next_certificate);
    const keys = { old: retired, next: next?.fingerprint ?? open?.introduced[0] ?? null };
    return { keys, next, kept, declared: null, goesBack: isOut(open) };
  }
  const [old] = signing.length > 0 ? signing : [...used];
  return old === undefined
    ? null
    : { keys: { old, next: null }, next: null, kept: null, declared: null, goesBack: false };
}

function isOut(open: ReturnType<typeof openRotation>): boolean {
  return open?.state === "rolling_back";
}

function keysIn({ issuing, accepted }: ConfiguredAuthority): readonly Fingerprint[] {
  return [...(issuing === null ? [] : [issuing]), ...accepted].map(({ fingerprint }) => fingerprint);
}

/** Both keys in use: under way. Only the old one: it could begin. Only the new one: it is over. */
function rankOf(
  { retire, next }: RotatedAuthority,
  used: ReadonlySet<Fingerprint>,
  signing: readonly Fingerprint[],
): number {
  const coming = next === undefined ? null : readCaCertificate(next.certificate).fingerprint;
  const hasOld = retire.some((key) => used.has(key));
  const hasNext = coming !== null && used.has(coming);
  if (hasOld && hasNext) return 4;
  if (hasOld) return retire.some((key) => signing.includes(key)) || signing.length === 0 ? 3 : 1;
  return hasNext ? 2 : 0;
}

function nextOf({ next }: RotatedAuthority): CaCertificate | null {
  return next === undefined ? null : readCaCertificate(next.certificate);
}

/** What is kept of exactly this pair; an earlier rotation says nothing about this one. */
function keptOf(record: ClusterRecord, type: TalosType, { old, next }: RotationKeys): TalosKeys | null {
  return (
    keptKeys(record).findLast(
      (entry) => entry.authority === type && entry.old === old && entry.next === next,
    ) ?? null
  );
}
