import type { ComponentKind } from "../rotation/observation.ts";

/** One kind of component that holds certificates of a cluster. */
export interface ComponentKindRow {
  /** The first word of its subject: `node/node2`. */
  readonly kind: ComponentKind;
  /** What its listing is called where it could not be read (`Unread.what`); `null`: it is in no listing of its own. */
  readonly listing: string | null;
  /** CA types whose phase it shows. */
  readonly follows: readonly string[];
  /** Every cluster has one, so a look that finds none did not see everything; what to do about that. */
  readonly alwaysThere?: { readonly title: string; readonly remedy: string };
}

/**
 * How long a sign of life counts, where components announce themselves; milliseconds. An announcement is stamped with
 * the time at which it runs out (`LiveComponent.expires`).
 */
export interface Presence {
  readonly lifeMs: number;
  /** Who has not announced itself for so long has stopped. */
  readonly announcedWithinMs: number;
}
