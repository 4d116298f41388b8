/**
 * A configuration is spelled in a way that cannot be edited without touching something else. Names the line and what to
 * change, and never quotes a value: the line may be a key.
 */
export class EditProblem extends Error {
  readonly line: number;
  /** What stands there. */
  readonly what: string;
  readonly remedy: string;

  constructor(line: number, what: string, remedy: string) {
    super(`line ${line}: ${what}`);
    this.line = line;
    this.what = what;
    this.remedy = remedy;
  }
}

/** The 1-based line of a place in a text. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
