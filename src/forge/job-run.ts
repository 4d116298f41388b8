import type { JobInputs } from "./action-inputs.ts";
import type { ForgeName } from "./forge.ts";

/** What a job says of its run, in whatever words the forge has for it. */
export interface JobRun {
  readonly forge: ForgeName;
  readonly inputs: JobInputs;
  /** `null` without a token: then nothing is written on the forge. */
  readonly token: string | null;
  readonly apiUrl: string;
  /** `owner/name`; of GitLab the number of the project that the merge request is for. */
  readonly repository: string;
  readonly commit: string | null;
  /** What reviewers look at: the last commit of the pull request, or the head of the merge group. */
  readonly head: string | null;
  /** The branch that was pushed to, which mode apply works on. */
  readonly branch: string | null;
  /** What the branch was before that. */
  readonly before: string | null;
  readonly runUrl: string | null;
  /** A merge queue, or a merge train: nobody reviews what it makes, so it must come to what was reviewed. */
  readonly queued: boolean;
  /** The pull request that the run is about; of a merge queue the last one. */
  readonly pull: number | null;
  /** Where the forge shows Markdown beside the run; `null` where it has no such place. */
  readonly summaryFile: string | null;
  readonly outputFile: string | null;
}
