/** Where a repository may be hosted. Forgejo speaks Gitea's API. */
export type ForgeName = "GitHub" | "GitLab" | "Gitea" | "Forgejo";

/** What capstan needs of one repository where it is hosted, and nothing else. Calls reject with the error of the client. */
export interface Forge {
  readonly name: ForgeName;
  /** Comments of a pull request, oldest first. */
  comments(pull: number): Promise<readonly Comment[]>;
  createComment(pull: number, body: string): Promise<Comment>;
  updateComment(pull: number, id: Comment["id"], body: string): Promise<void>;
  /** Issues with a label that `login` opened, newest first. */
  issues(label: string, login: string): Promise<readonly Issue[]>;
  createIssue(issue: {
    readonly title: string;
    readonly body: string;
    readonly label: string;
  }): Promise<Issue>;
  updateIssue(number: number, change: IssueChange): Promise<void>;
  /** Pull requests that are listed for a commit, in whatever state, into whatever branch. */
  pullsOf(commit: string): Promise<readonly Pull[]>;
  pull(number: number): Promise<Pull>;
  /** `null` where the forge has nothing of the kind: there, nothing on it can say what was approved. */
  readonly checkRuns: CheckRuns | null;
  /** Whose comments are ours. */
  login(): Promise<string>;
}

/** What only the app that made it can change: an approval can rest on it, as on no comment and no commit status. */
export interface CheckRuns {
  /** All check runs of a name on a commit, by whatever app. */
  on(commit: string, name: string): Promise<readonly CheckRun[]>;
  create(run: NewCheckRun): Promise<CheckRun>;
  update(id: CheckRun["id"], run: NewCheckRun): Promise<CheckRun>;
}

/** A comment of a pull request; `login` is who wrote it, by which ours are told apart. */
export interface Comment {
  readonly id: number | bigint;
  readonly login: string;
  readonly body: string;
}

/** A pull request, as far as it says what was merged where. */
export interface Pull {
  readonly number: number;
  readonly merged: boolean;
  /** Branch that it was made for. */
  readonly base: string;
  /** Its last commit, which was reviewed. */
  readonly head: string;
  /** What it is on the branch, once it was merged: by squash, rebase or merge. */
  readonly mergeCommit: string | null;
}

/** What was said of a commit, by an app that nobody else can speak for. */
export interface CheckRun {
  readonly id: number | bigint;
  readonly name: string;
  readonly head: string;
  /** Slug of the app that made it; nobody else can change it. */
  readonly app: string;
  /** `null` while it is not completed. */
  readonly conclusion: string | null;
  readonly externalId: string;
  readonly title: string;
  readonly summary: string;
  readonly text: string;
}

/** A check run that is over when it is written. */
export interface NewCheckRun {
  readonly name: string;
  readonly head: string;
  readonly conclusion: "success" | "neutral" | "failure";
  readonly externalId: string;
  readonly title: string;
  readonly summary: string;
  readonly text: string;
  readonly detailsUrl: string | null;
}

/** As far as it is kept by capstan. */
export interface Issue {
  readonly number: number;
  readonly state: "open" | "closed";
  /** Why it was closed: `not_planned` is the word of a person. `null` where the forge asks for no reason. */
  readonly reason: string | null;
  readonly title: string;
  readonly body: string;
}

/** Only what is there is changed. */
interface IssueChange {
  readonly title?: string;
  readonly body?: string;
  readonly state?: "open" | "closed";
}
