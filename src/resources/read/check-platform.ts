import { textAt, valueAt } from "../../foreign-value.ts";
import type { PlatformProfile } from "../../profile/profile.ts";
import { PROFILES } from "../../profiles.ts";
import type { Diagnostic } from "../model/desired.ts";
import type { ResourceDocument } from "./document.ts";
import { writtenResource } from "./written-resource.ts";

/** What a platform has against a connection, whose variables are put in: `substituted` is the document's value then. */
export function checkConnections(document: ResourceDocument, substituted: unknown): readonly Diagnostic[] {
  if (document.kind !== "cluster") return [];
  const diagnostics: Diagnostic[] = [];
  const cluster = writtenResource(document, diagnostics);
  for (const { name, resources } of Object.values(PROFILES))
    resources.checkConnection(cluster, valueAt(substituted, ["spec", name]));
  return diagnostics;
}

/** What holds on one platform and not on another, cluster by cluster. */
export function checkPlatforms(
  documents: readonly ResourceDocument[],
  platforms: ReadonlyMap<string, PlatformProfile | null>,
  now: Date,
): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const ofCluster = Map.groupBy(documents, nameOfCluster);
  for (const [name, all] of ofCluster) {
    const cluster = all.find(({ kind }) => kind === "cluster");
    const profile = platforms.get(name) ?? null;
    if (cluster === undefined || profile === null) continue;
    const resources = all.filter((document) => document !== cluster);
    profile.resources.checkCluster(
      writtenResource(cluster, diagnostics),
      resources.map((document) => writtenResource(document, diagnostics)),
      now,
    );
  }
  return diagnostics;
}

function nameOfCluster({ kind, value }: ResourceDocument): string {
  return textAt(value, kind === "ca_rotation" ? ["spec", "cluster"] : ["metadata", "name"]) ?? "";
}
