import { isoTime } from "../iso-time.ts";
import type { Phase } from "../rotation/phase.ts";
import type { CampaignView, MemberView } from "./campaign-view.ts";

/** What a cluster waits for before it may enter a phase. */
export interface WaveWait {
  /** Clusters of the waves before that have not verified the phase. */
  readonly waitsFor: readonly string[];
  /** When its wave's pause is over, ISO 8601; `null`: there is none, or nobody knows when it begins. */
  readonly until: string | null;
}

/** Of the waves before, and of the pause behind them; `now` in milliseconds since the epoch. */
export function waitBefore({ wave, before }: CampaignView, phase: Phase, now: number): WaveWait {
  const waitsFor = before.filter((member) => !isThrough(member, phase)).map(({ cluster }) => cluster);
  if (waitsFor.length > 0 || wave === null || wave.pauseMs === null) return { waitsFor, until: null };
  const moments = before.map(({ verified }) => Date.parse(verified[phase] ?? ""));
  const over = Math.max(...moments) + wave.pauseMs;
  return { waitsFor, until: before.length > 0 && now < over ? isoTime(over) : null };
}

/** Known to have verified the phase, and not on the way back. */
export function isThrough({ verified, wentBack, unread }: MemberView, phase: Phase): boolean {
  return unread === null && wentBack === null && verified[phase] !== undefined;
}
