/**
 * Other ones each time: from a place in the sorted list that moves on by as many as were taken, so that after some
 * runs all had their turn. `turn`: a number that grows from run to run.
 */
export function sampleOf(all: readonly string[], size: number, turn: number): readonly string[] {
  const sorted = [...new Set(all)].toSorted();
  if (sorted.length <= size) return sorted;
  const start = (turn * size) % sorted.length;
  return [...sorted.slice(start), ...sorted.slice(0, start)].slice(0, size);
}
