import type { Wave } from "../resources/model/desired.ts";
import type { Phase } from "../rotation/phase.ts";

/** What one cluster of a campaign has to know of the others (design, section 10). */
export interface CampaignView {
  /** The name of the rotation, in all its clusters. */
  readonly name: string;
  /** The first wave that fits the cluster; `null`: none does. */
  readonly wave: Wave | null;
  /** Everybody in the waves before it. */
  readonly before: readonly MemberView[];
  /** Who has a place in its wave; `null` where the wave has no limit. */
  readonly places: PlacesView | null;
}

/** How far one cluster of the waves before is, as its record tells. */
export interface MemberView {
  readonly cluster: string;
  readonly wave: string;
  /** When each phase was verified there, ISO 8601; the phases before a later one are verified, too. */
  readonly verified: Readonly<Partial<Record<Phase, string>>>;
  /** Why it was rolled back, or is on the way; `null`: it is not. */
  readonly wentBack: string | null;
  /** Why nobody knows; `null`: its record was read. */
  readonly unread: string | null;
}

/** The places of a wave that has only so many. */
export interface PlacesView {
  readonly most: number;
  /** Clusters of the wave, the one itself among them if it has one. */
  readonly taken: readonly string[];
  /** Why nobody knows; `null`: they were read. */
  readonly unread: string | null;
}
