import { Failure } from "../failure.ts";

/** The environment of a job. */
export type Env = Readonly<Record<string, string | undefined>>;

/** The inputs of the action. On GitHub the runner hands them over as `INPUT_…`; elsewhere the job sets the same variables. */
export interface JobInputs {
  /** Folder of the repository with the resources. */
  readonly directory: string;
  /** Only this cluster; it is also the scope of the comment. */
  readonly cluster: string | null;
  /** What a pull request is compared with: what the event says, unless another commit is named. */
  readonly base: string | null;
  /** Where the plan file is written, or read from. */
  readonly planFile: string | null;
  /** The fingerprints that were approved: of the plan, or `CLUSTER=` of one of its clusters. */
  readonly expect: readonly string[];
  /** Refuse what no reviewer saw: the plan must be the one that a check run of the reviewed commit holds. */
  readonly requirePlan: boolean;
  /** Also take the point of no return. */
  readonly approveFinal: boolean;
  /** Whether a blocked plan fails the job. */
  readonly failOn: "error" | "blocked";
  /** Whose comments are ours; the forge is asked when `null`. */
  readonly commentAuthor: string | null;
}

/** Throws a `Failure` (`usage`) for a value that an input does not take. `base` is what the event compares with. */
export function readInputs(env: Env, base: string | null): JobInputs {
  const given = (input: string) => inputOf(env, input);
  return {
    directory: given("directory") ?? ".",
    cluster: given("cluster"),
    base: given("base") ?? base,
    planFile: given("plan-file"),
    expect: given("expect")?.split(/[\s,]+/) ?? [],
    requirePlan: truth(env, "require-plan"),
    approveFinal: truth(env, "approve-final"),
    failOn: oneOf(env, "fail-on", ["error", "blocked"]),
    commentAuthor: given("comment-author"),
  };
}

/** A variable of the environment; one that is empty is not given. */
export function said(env: Env, name: string): string | null {
  const value = env[name]?.trim() ?? "";
  return value === "" ? null : value;
}

/** GitHub's runner keeps the hyphen of `INPUT_PLAN-FILE`, which is no name for a shell, nor for a variable of GitLab. */
function inputOf(env: Env, input: string): string | null {
  const name = `INPUT_${input.toUpperCase()}`;
  return said(env, name) ?? said(env, name.replaceAll("-", "_"));
}

/** A switch that is misspelt must not count as off: it may be the one that refuses. */
function truth(env: Env, input: string): boolean {
  return oneOf(env, input, ["false", "true"]) === "true";
}

function oneOf<Choice extends string>(
  env: Env,
  input: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  const value = inputOf(env, input) ?? choices[0];
  const known = choices.find((choice) => choice === value);
  if (known !== undefined) return known;
  throw new Failure("usage", `the input ${input} is "${value}"`, { hint: `write ${choices.join(" or ")}` });
}
