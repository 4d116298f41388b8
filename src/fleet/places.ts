/** Who has a place in a campaign: kept in the record, and changed by compare-and-swap (design, section 10). */
export interface Places {
  readonly format_version: "1.0";
  readonly campaign: string;
  readonly places: readonly WavePlace[];
}

/** The place of one cluster, from before its `init` until it is at standby again or rolled back. */
export interface WavePlace {
  readonly cluster: string;
  readonly wave: string;
  /** ISO 8601. */
  readonly since: string;
}

/** Nobody has one. */
export function noPlaces(campaign: string): Places {
  return { format_version: "1.0", campaign, places: [] };
}

/** The same without the places of these clusters. */
export function withoutPlaces(before: Places, gone: ReadonlySet<string>): Places {
  const places = before.places.filter(({ cluster }) => !gone.has(cluster));
  return places.length === before.places.length ? before : { ...before, places };
}

/** Clusters with a place in a wave. */
export function takenIn({ places }: Places, wave: string): readonly string[] {
  return places.filter((place) => place.wave === wave).map(({ cluster }) => cluster);
}

/** The same with a place for one more; itself where it has one already, and `null` where the wave has none left. */
export function claimed(before: Places, place: WavePlace, most: number): Places | null {
  if (before.places.some(({ cluster }) => cluster === place.cluster)) return before;
  if (takenIn(before, place.wave).length >= most) return null;
  return { ...before, places: [...before.places, place] };
}

/** The same without the place of a cluster; itself where it has none. */
export function givenUp(before: Places, cluster: string): Places {
  return withoutPlaces(before, new Set([cluster]));
}
