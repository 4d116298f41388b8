/** A mutant that no test has to notice, kept by its text: who changes that code has to say it again. */
export interface UnnoticedMutant {
  readonly file: string;
  readonly code: string;
  readonly instead: string;
  readonly because: string;
}

/** They change nothing that anybody could see. */
export const UNNOTICED: readonly UnnoticedMutant[] = [];
