/** A mutant that no test has to notice, kept by its text: who changes that code has to say it again. */
export interface UnnoticedMutant {
  readonly file: string;
  /** The line on which it begins, as two places may have the same code. */
  readonly line: string;
  readonly code: string;
  readonly instead: string;
  readonly because: string;
}

/** They change nothing that anybody could see. */
export const UNNOTICED: readonly UnnoticedMutant[] = [
  {
    file: "src/guards/phase-order.ts",
    line: 'const ahead = placeOnWalk(from) > placeOnWalk(to) && to !== "standby";',
    code: "placeOnWalk(from) > placeOnWalk(to)",
    instead: "placeOnWalk(from) >= placeOnWalk(to)",
    because: "the guard has no say where a phase is only looked at, so the two are never the same",
  },
  {
    file: "src/guards/chain.ts",
    line: "return (rotation?.waive ?? [])",
    code: "[]",
    instead: '["Stryker was here"]',
    because: "a text is no waiver of any guard",
  },
  {
    file: "src/guards/chain.ts",
    line: "const [spent] = waivers.flatMap((waiver) => usedUpBy(waiver, input) ?? []);",
    code: "[]",
    instead: '["Stryker was here"]',
    because: "a finding stands only where each of its waivers was used up by another step",
  },
  {
    file: "src/guards/exclusive.ts",
    line: "const ended = new Set((input.ahead ?? []).flatMap(({ ends }) => ends));",
    code: "[]",
    instead: '["Stryker was here"]',
    because: "a text ends no rotation",
  },
];
