/** Whether a session has shown that the override of a key is used. */
export interface ExercisePlan {
  /** Named in waivers of the guard `checks`: `override/db_client/KEYHASH/exercise`. */
  readonly id: string;
  readonly authority: string;
  readonly state: "done" | "open";
  /** The session that proves it, and when it began; `null`: none does. */
  readonly session: string | null;
  readonly at: string | null;
  /** Why the newest session proves nothing, a clause; `null` where there is none, or where one proves it. */
  readonly refused: string | null;
}
