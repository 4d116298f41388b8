/** What a page is about. */
export type Topic = "guard" | "phase" | "code" | "exit code" | "work by hand" | "field";

/** One page of `capstan explain`, and one entry of the reference: the same tables serve both. */
export interface Page {
  readonly topic: Topic;
  /** As it is typed. */
  readonly name: string;
  /** What it means. */
  readonly means: string;
  /** Why it exists; absent where that is said already. */
  readonly why?: string;
  /** What to do about it. */
  readonly todo?: string;
  /** More, each with a word before it: `example`, `default`. */
  readonly more?: readonly (readonly [label: string, text: string])[];
}

/** The words of a page that a table has; its topic and its name are the table's. */
export type Explained = Pick<Page, "means" | "why" | "todo">;
