import type { Forge } from "./forge.ts";
import { isRefusal, isTooLong, statusOf } from "./http-errors.ts";

/** What came of writing something on the forge. A run does not fail because the forge does: the log has it all. */
export type Written =
  | { readonly result: "created" | "updated" | "unchanged" | "closed" | "none" }
  | { readonly result: "forbidden" | "failed"; readonly message: string };

/** Renders for a number of characters. */
export type Render = (limit: number) => string;

/** GitHub's limit for a comment and for an issue; GitLab takes a million characters, Gitea what its database takes. */
const LONGEST_BODY = 65_536;

/** What is tried, one after the other, until the forge takes it: it may count characters otherwise than we do. */
const LIMITS = [60_000, 30_000, 15_000, 5_000] as const;

/** Writes with a body that the forge takes. */
export async function writeFitting<Result>(
  marker: string,
  render: Render,
  write: (body: string) => Promise<Result>,
): Promise<Result> {
  for (const limit of LIMITS) {
    const body = withoutQuickActions(marker + render(Math.min(limit, LONGEST_BODY - marker.length)));
    try {
      return await write(body);
    } catch (error) {
      if (!isTooLong(error) || limit === LIMITS.at(-1)) throw error;
    }
  }
  throw new Error("LIMITS is empty");
}

/**
 * Creates once. After a broken answer nobody knows whether it was created, so it is looked for before it is
 * created again.
 */
export async function createOnce<Found>(
  find: () => Promise<Found | undefined>,
  create: () => Promise<Found>,
  attempts = 3,
): Promise<Found> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await create();
    } catch (error) {
      const status = statusOf(error);
      const broken = status === null || status >= 500;
      if (!broken || attempt >= attempts) throw error;
      const found = await find();
      if (found !== undefined) return found;
    }
  }
}

/**
 * GitLab carries out what stands at the start of a line as `/close`, in a note as in an issue, without asking who
 * wrote the words. A blank before it takes it for text, on every forge alike.
 * https://docs.gitlab.com/user/project/quick_actions/
 */
function withoutQuickActions(body: string): string {
  return body.replace(/^\r*(?=\/)/gm, " ");
}

/** Turns what the forge refuses into a result; everything else that is thrown is a bug. */
export async function asWritten({ name }: Forge, work: () => Promise<Written>): Promise<Written> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error) || !("status" in error)) throw error;
    const message = `${name} answered ${statusOf(error) ?? "nothing"}: ${error.message}`;
    return { result: isRefusal(error) ? "forbidden" : "failed", message };
  }
}

/** Equal for a reader: line ends, and the links to the run that wrote it, do not count. */
export function sameText(one: string, other: string): boolean {
  return withoutLinks(one) === withoutLinks(other);
}

function withoutLinks(body: string): string {
  return body
    .replace(/\r\n/g, "\n")
    .replace(/\]\(<https?:[^>\n]*>\)/g, "]()")
    .trimEnd();
}
