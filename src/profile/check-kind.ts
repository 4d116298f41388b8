import type { AccessCheck } from "../resources/model/access-check.ts";
import type { ClusterResource } from "../resources/model/desired.ts";

/** A kind of check: whom it speaks for, and what is run. */
export interface CheckKind {
  /** As in YAML: `ssh`. */
  readonly name: string;
  /** Who is shut out where it fails. */
  readonly speaksFor: string;
  /** CA types that it exercises; `null`: nobody but its author knows, so all. */
  readonly exercises: readonly string[] | null;
  /** Fields that it cannot do without: of each group exactly one. */
  readonly needs: readonly (readonly CheckField[])[];
  /** Fields that it takes beside them. */
  readonly takes: readonly CheckField[];
  /** What is run. Of a check that has what its kind needs. */
  procedure(check: AccessCheck, cluster: Pick<ClusterResource, "connection">): CheckProcedure;
}

/** Fields of a check that go with some kinds alone. */
export const CHECK_FIELDS = ["command", "login", "target", "user", "sample", "labels"] as const;

/** One of them. */
type CheckField = (typeof CHECK_FIELDS)[number];

/** What is run for one check. */
export interface CheckProcedure {
  /** Whom it tries; where some are to be chosen, `list` finds them. */
  readonly subjects: readonly string[];
  readonly list?: CheckListing;
  /** One after the other; each has to end with exit status 0. */
  readonly calls: (subject: string, place: CheckPlace) => readonly (CheckCall | NextCall)[];
}

/** A call that depends on what the one before it printed; `null` where that is nothing to go on with. */
type NextCall = (stdout: string) => CheckCall | null;

/** What one attempt on one subject is given. */
export interface CheckPlace {
  /** Private, of it alone, and gone afterwards: for what executables write. */
  readonly folder: string;
  /** The environment of capstan, which executables get: credentials come from there alone. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How those are found among whom some are chosen. */
interface CheckListing {
  readonly call: (place: CheckPlace) => CheckCall;
  /** `null` for an answer that is no listing. */
  readonly found: (stdout: string) => readonly string[] | null;
}

/** One call of an executable. */
export interface CheckCall {
  readonly argv: readonly string[];
  readonly stdin?: string;
  /** Added to the environment; `undefined` takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What is wrong with what it printed, as a clause; `null`: nothing. */
  readonly wrong?: (stdout: string) => string | null;
}

/** An executable of one's own: exit status 0 passes. */
const COMMAND: CheckKind = {
  name: "command",
  speaksFor: "whoever its author has in mind",
  exercises: null,
  needs: [["command"]],
  takes: [],
  procedure: ({ command = [] }) => ({ subjects: [command[0] ?? ""], calls: () => [{ argv: command }] }),
};

/** As much of a profile as says which kinds its platform brings along. */
interface WithCheckKinds {
  readonly checkKinds: readonly CheckKind[];
}

/** The kinds that a platform's clusters may have. */
export function checkKindsOf({ checkKinds }: WithCheckKinds): readonly CheckKind[] {
  return [...checkKinds, COMMAND];
}

/** The kind of a check; `undefined` for one of another platform. */
export function kindOfCheck(
  profile: WithCheckKinds,
  { kind }: Pick<AccessCheck, "kind">,
): CheckKind | undefined {
  return checkKindsOf(profile).find(({ name }) => name === kind);
}
