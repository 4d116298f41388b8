import type { SituationFacts } from "./ca-situation.ts";
import { ROWS_AFTER_INIT } from "./rows-after-init.ts";
import { ROWS_AT_INIT } from "./rows-at-init.ts";
import { ROWS_AT_STANDBY } from "./rows-at-standby.ts";
import type { RowPattern, StateRow } from "./state-row.ts";

/**
 * Reference teleport-overrides 5.3, row by row; the first row that fits counts, so the order within a
 * phase matters. Three rows are not in the reference, so that every situation has one: U0 and R0 (nothing
 * overridden), U6 (gone on by waiver).
 */
export const STATE_TABLE: readonly StateRow[] = [...ROWS_AT_STANDBY, ...ROWS_AT_INIT, ...ROWS_AFTER_INIT];

/** The first row that fits. The table is complete: every situation has one. */
export function rowFor(facts: SituationFacts): StateRow {
  const row = STATE_TABLE.find(({ when }) => matches(when, facts));
  if (row === undefined) throw new Error(`the state table has no row for ${JSON.stringify(facts)}`);
  return row;
}

function matches({ phases, old, next, ...equal }: RowPattern, facts: SituationFacts): boolean {
  return (
    phases.includes(facts.phase) &&
    (old?.includes(facts.old) ?? true) &&
    (next?.includes(facts.next) ?? true) &&
    Object.entries(equal).every(([fact, value]) => facts[fact as keyof SituationFacts] === value)
  );
}
