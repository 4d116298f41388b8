import type { ClusterResource, DesiredState, RotationResource, Wave } from "../resources/model/desired.ts";
import { sameKeys } from "../rotation/observation.ts";
import { FORWARD, type Phase, placeOnWalk } from "../rotation/phase.ts";
import type { ClusterRecord, RotationRecord } from "../rotation/record.ts";
import type { CampaignView, MemberView, PlacesView } from "./campaign-view.ts";
import { type Places, takenIn } from "./places.ts";
import { hasLabels } from "./selection.ts";

/** What was read of all campaigns that matter; of what could not be read, why. */
export interface CampaignFacts {
  /** By cluster. */
  readonly records: ReadonlyMap<string, ClusterRecord | UnreadFact>;
  /** By campaign. */
  readonly places: ReadonlyMap<string, Places | UnreadFact>;
}

/** Nobody knows, and why. */
export interface UnreadFact {
  readonly unread: string;
}

/** The waves of the repository, in their order; none where nobody wrote some. */
export function wavesOf({ repository }: Pick<DesiredState, "repository">): readonly Wave[] {
  return repository?.waves ?? [];
}

/** The first wave that fits a cluster; `null`: it is in none, and held. */
export function waveOf(cluster: Pick<ClusterResource, "labels">, waves: readonly Wave[]): Wave | null {
  return waves.find(({ selector }) => hasLabels(cluster, selector)) ?? null;
}

/** The clusters of the waves before that of a cluster; of one in no wave, nobody. */
export function clustersBefore(
  cluster: ClusterResource,
  { clusters, repository }: DesiredState,
): readonly (readonly [ClusterResource, Wave])[] {
  const waves = wavesOf(repository === undefined ? {} : { repository });
  const own = waveOf(cluster, waves);
  if (own === null) return [];
  const earlier = waves.slice(0, waves.indexOf(own));
  return clusters.flatMap((other) => {
    const wave = waveOf(other, waves);
    return wave !== null && earlier.includes(wave) ? [[other, wave] as const] : [];
  });
}

/** What a cluster has to know of the campaign of a rotation; `undefined` where the repository has no waves. */
export function campaignOf(
  cluster: ClusterResource,
  rotation: Pick<RotationResource, "name">,
  desired: DesiredState,
  facts: CampaignFacts | undefined,
): CampaignView | undefined {
  const waves = wavesOf(desired);
  if (waves.length === 0) return undefined;
  const wave = waveOf(cluster, waves);
  return {
    name: rotation.name,
    wave,
    before: clustersBefore(cluster, desired).flatMap(([other, itsWave]) => {
      const view = memberOf(other, itsWave, rotation.name, desired, facts);
      return view === null ? [] : [view];
    }),
    places: placesOf(wave, rotation.name, facts),
  };
}

function placesOf(wave: Wave | null, campaign: string, facts: CampaignFacts | undefined): PlacesView | null {
  if (wave === null || wave.maxInProgress === null) return null;
  const places = facts?.places.get(campaign) ?? NOBODY_LOOKED;
  return "unread" in places
    ? { most: wave.maxInProgress, taken: [], unread: places.unread }
    : { most: wave.maxInProgress, taken: takenIn(places, wave.name), unread: null };
}

const NOBODY_LOOKED: UnreadFact = { unread: "nobody looked" };

/** `null`: neither git nor its record has this campaign there. */
function memberOf(
  cluster: ClusterResource,
  wave: Wave,
  campaign: string,
  { rotations }: DesiredState,
  facts: CampaignFacts | undefined,
): MemberView | null {
  const record = facts?.records.get(cluster.name) ?? NOBODY_LOOKED;
  const view = { cluster: cluster.name, wave: wave.name, verified: {}, wentBack: null, unread: null };
  if ("unread" in record) return { ...view, unread: record.unread };
  const last = latestOf(record, campaign);
  const names = [campaign, ...last.map(({ name }) => name)];
  const declared = rotations.find((one) => one.cluster === cluster.name && names.includes(one.name));
  const types = declared?.authorities.map(({ type }) => type) ?? last.map(({ authority }) => authority);
  if (types.length === 0) return null;
  const memories = types.map((type) => last.find(({ authority }) => authority === type));
  return {
    ...view,
    verified: Object.fromEntries(
      FORWARD.flatMap((phase) => {
        const moments = memories.map((memory) => (memory === undefined ? null : verifiedAt(memory, phase)));
        const latest = moments.every((moment) => moment !== null) ? moments.toSorted().at(-1) : undefined;
        return latest === undefined ? [] : [[phase, latest]];
      }),
    ),
    wentBack: backOf(
      memories.filter((memory) => memory !== undefined),
      declared,
    ),
  };
}

/** The last attempt of each CA by this name, or of the same keys under a later one: keys are what a rotation is. */
function latestOf({ rotations }: ClusterRecord, campaign: string): readonly RotationRecord[] {
  const last = new Map<string, RotationRecord>();
  for (const memory of rotations) {
    const before = last.get(memory.authority);
    const again = before !== undefined && sameKeys(before.retire, memory.retire);
    if (again || memory.name === campaign) last.set(memory.authority, memory);
  }
  return [...last.values()];
}

/** When it was known that everybody follows there; `null`: not yet. */
function verifiedAt({ state, ended_at, phases }: RotationRecord, phase: Phase): string | null {
  if (phase === "standby") return state === "finished" ? ended_at : null;
  if (state === "rolled_back" || state === "rolling_back") return null;
  const place = placeOnWalk(phase);
  const reached = phases.find((entry) => entry.verified_at !== null && placeOnWalk(entry.phase) >= place);
  return reached?.verified_at ?? (state === "finished" ? ended_at : null);
}

/** Also where git asks for it, and nobody has begun yet. */
function backOf(memories: readonly RotationRecord[], declared: RotationResource | undefined): string | null {
  const back = memories.find(({ state }) => state === "rolled_back" || state === "rolling_back");
  if (back !== undefined) {
    const how = back.state === "rolled_back" ? "was rolled back" : "is being rolled back";
    return `${how}${back.reason === null ? "" : ` (${back.reason})`}`;
  }
  return declared?.phase === "rollback" ? "is to be rolled back, by git" : null;
}
