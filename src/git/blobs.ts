import { Failure } from "../failure.ts";
import { type Git, gitRefusal } from "./git.ts";

/** An object of git, whole, or only its size where it is larger than what was asked for. */
export type Blob = { readonly bytes: Uint8Array } | { readonly size: number };

const NEWLINE = 0x0a;

/** Reads objects by one `git cat-file --batch`, whose answers come in the order of the questions (git-cat-file(1)). */
export async function readBlobs(
  git: Git,
  oids: readonly string[],
  maxBytes: number,
): Promise<ReadonlyMap<string, Blob>> {
  const wanted = [...new Set(oids)];
  const found = new Map<string, Blob>();
  if (wanted.length === 0) return found;
  const missing: string[] = [];
  let header: number[] = [];
  let current: {
    readonly oid: string;
    readonly size: number;
    readonly kept: Uint8Array[];
    left: number;
  } | null = null;
  const consume = (chunk: Uint8Array) => {
    for (let at = 0; at < chunk.length; ) {
      if (current === null) {
        const end = chunk.indexOf(NEWLINE, at);
        header.push(...chunk.subarray(at, end < 0 ? chunk.length : end));
        if (end < 0) return;
        at = end + 1;
        const [oid = "", kind = "", size = ""] = Buffer.from(header).toString("utf8").split(" ");
        header = [];
        if (size === "") missing.push(`${oid} ${kind}`);
        // The newline behind the content is part of the answer.
        else current = { oid, size: Number(size), kept: [], left: Number(size) + 1 };
        continue;
      }
      const part = chunk.subarray(at, at + current.left);
      if (current.size <= maxBytes) current.kept.push(Uint8Array.from(part));
      current.left -= part.length;
      at += part.length;
      if (current.left > 0) continue;
      const { oid, size, kept } = current;
      found.set(oid, size > maxBytes ? { size } : { bytes: Buffer.concat(kept).subarray(0, size) });
      current = null;
    }
  };
  const args = ["cat-file", "--batch"];
  const stdin = wanted.map((oid) => `${oid}\n`).join("");
  const { exitCode, stderr } = await git.stream(args, consume, { stdin });
  if (exitCode !== 0) throw gitRefusal(git.where, args, { exitCode, stdout: "", stderr });
  if (missing.length > 0 || found.size < wanted.length) {
    throw new Failure(
      "storage",
      `git has not all objects of the commit in ${git.where}: ${missing.join(", ")}`,
      {
        hint: "`git fsck` there says what is damaged; a fresh clone has all of them",
      },
    );
  }
  return found;
}
