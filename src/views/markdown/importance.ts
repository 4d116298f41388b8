/**
 * What a comment loses first when it is too long: from the bottom of this list. The verdict, what blocks and the
 * point of no return are not in it, as they are never lost.
 */
export const IMPORTANCE = {
  firstFinding: 90,
  steps: 80,
  findings: 70,
  checklist: 60,
  checks: 58,
  overrides: 55,
  drift: 50,
  explanations: 40,
  consumers: 35,
  diff: 30,
  guards: 20,
  certificates: 10,
  quiet: 0,
} as const;
