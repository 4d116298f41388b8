import { link } from "../views/markdown/inline.ts";
import { asWritten, createOnce, type Render, sameText, type Written, writeFitting } from "./fitting-text.ts";
import type { Comment, Forge } from "./forge.ts";
import { forgeWords } from "./forge-words.ts";
import { readMarker, withoutMarker, writeMarker } from "./marker.ts";

/** What a comment of a plan is about. */
export interface PlanComment {
  readonly pull: number;
  /** One comment for each: a cluster, or `all`. */
  readonly scope: string;
  readonly commit: string | null;
  readonly fingerprint: string;
  readonly render: Render;
}

/** Keeps one comment per scope: created once, patched only when it says something else. */
export async function keepComment(forge: Forge, comment: PlanComment): Promise<Written> {
  const { pull, scope, commit, fingerprint, render } = comment;
  const marker = writeMarker({ v: 1, kind: "plan", scope, commit, fingerprint, state: "current" });
  return await asWritten(forge, async () => {
    const found = await ours(forge, pull, scope);
    if (found === undefined) {
      await writeFitting(marker, render, (body) =>
        createOnce(
          () => ours(forge, pull, scope),
          () => forge.createComment(pull, body),
        ),
      );
      return { result: "created" };
    }
    return await writeFitting(marker, render, async (body): Promise<Written> => {
      if (sameText(found.body, body)) return { result: "unchanged" };
      await forge.updateComment(pull, found.id, body);
      return { result: "updated" };
    });
  });
}

/** A plan that is no longer the current one is not left looking like it. */
export interface Ending {
  readonly state: "superseded" | "applied";
  /** The run that applied it, or that could not plan anew. */
  readonly runUrl: string | null;
}

const FOLD = "<details><summary>The plan as it was</summary>\n\n";

/** Marks the plan of a scope as applied, or as superseded, and folds it. */
export async function endComment(
  forge: Forge,
  pull: number,
  scope: string,
  { state, runUrl }: Ending,
): Promise<Written> {
  return await asWritten(forge, async () => {
    const found = await ours(forge, pull, scope);
    const marker = found === undefined ? null : readMarker(found.body);
    if (found === undefined || marker === null) return { result: "none" };
    const { change } = forgeWords(forge.name);
    const by = runUrl === null ? "" : ` ${link("by this run", runUrl)}`;
    const sentence =
      state === "applied"
        ? `**Applied**${by}.`
        : `**Superseded**${by}: it says nothing about the ${change} as it is now.`;
    const body = `${writeMarker({ ...marker, state })}> [!NOTE]\n> ${sentence}\n\n${FOLD}${unfolded(found.body)}\n</details>\n`;
    if (sameText(found.body, body)) return { result: "unchanged" };
    await forge.updateComment(pull, found.id, body);
    return { result: "updated" };
  });
}

/** The plan in a comment, also in one that was marked before. */
function unfolded(body: string): string {
  const text = withoutMarker(body);
  const start = text.indexOf(FOLD);
  if (!text.startsWith("> [!NOTE]\n> **") || start < 0) return text.trimEnd();
  return text
    .slice(start + FOLD.length)
    .replace(/\n<\/details>\s*$/, "")
    .trimEnd();
}

/** Only a comment of our own: anybody may write one that begins with the marker, and edit it later. */
async function ours(forge: Forge, pull: number, scope: string): Promise<Comment | undefined> {
  const [comments, login] = await Promise.all([forge.comments(pull), forge.login()]);
  return comments.findLast((comment) => {
    const marker = comment.login === login ? readMarker(comment.body) : null;
    return marker?.kind === "plan" && marker.scope === scope;
  });
}
