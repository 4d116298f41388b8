import { textOf } from "../../foreign-value.ts";
import type { ClusterObservation } from "../../profile/profile.ts";
import type { OverrideResource, Source } from "../../resources/model/desired.ts";
import { type CaOverride, emptyOverride } from "./ca-override.ts";
import { readOverride } from "./read-resource.ts";

/**
 * The overrides of one cluster, read: what git wants and what is live, by CA type. Reading needs X.509 code, which
 * is loaded only when there is something to read; that is why it happens before planning, which is not asynchronous.
 */
export interface OverrideReading {
  /** `unknown`: nobody looked, or it could not be read. */
  readonly state: "known" | "unsupported" | "unknown";
  /** Why it is not known, or not supported. */
  readonly note: string | null;
  readonly spiffeIssuer: boolean;
  readonly pairs: ReadonlyMap<string, OverridePair>;
}

/** The overrides of one CA: as git has them, and as the cluster has them. */
export interface OverridePair {
  /** `null`: git does not manage the overrides of this CA. */
  readonly desired: { readonly override: CaOverride; readonly source: Source } | null;
  readonly live: CaOverride;
  /** The live resource as it was observed, `null` when there is none. */
  readonly document: unknown;
}

/** By cluster. */
export type OverrideReadings = ReadonlyMap<string, OverrideReading>;

/** Reads the overrides of every observed cluster; findings are in them, nothing is thrown. */
export async function readOverrides(
  resources: readonly OverrideResource[],
  observations: readonly ClusterObservation[],
): Promise<OverrideReadings> {
  const readings = observations.map(
    async (observation) =>
      [
        observation.cluster,
        await readCluster(
          resources.filter(({ cluster }) => cluster === observation.cluster),
          observation,
        ),
      ] as const,
  );
  return new Map(await Promise.all(readings));
}

async function readCluster(
  resources: readonly OverrideResource[],
  { cluster, overrides, unread }: ClusterObservation,
): Promise<OverrideReading> {
  const pairs = new Map<string, OverridePair>();
  for (const { type, source, document } of resources) {
    const override = await readOverride(document);
    pairs.set(type, { desired: { override, source }, live: emptyOverride(cluster, type), document: null });
  }
  const documents = overrides?.state === "listed" ? overrides.documents : [];
  for (const document of documents) {
    const type = textOf((document as { readonly sub_kind?: unknown } | null)?.sub_kind);
    const live = await readOverride(document);
    pairs.set(type, { desired: pairs.get(type)?.desired ?? null, live, document });
  }
  const unreadable = unread.find(({ what }) => what === "ca_overrides")?.problem ?? null;
  switch (overrides?.state) {
    case "listed":
      return { state: "known", note: null, spiffeIssuer: overrides.spiffeIssuer, pairs };
    case "unsupported":
      return { state: "unsupported", note: overrides.note, spiffeIssuer: false, pairs };
    case undefined:
      return { state: "unknown", note: unreadable, spiffeIssuer: false, pairs };
  }
}
