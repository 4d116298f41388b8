import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";

/** How a repository names its objects (`extensions.objectFormat`, git-config(1)). */
export type ObjectFormat = "sha1" | "sha256";

/** An object of git that is made here. */
interface MadeObject {
  readonly kind: "commit" | "tree" | "blob";
  readonly content: Buffer;
}

/** A commit that git does not have yet, with all that is in it. */
export interface MadeCommit {
  readonly oid: string;
  readonly objects: readonly MadeObject[];
}

/** Who a commit of capstan says it is by; the person is in what it holds. */
const BY = "capstan <capstan@localhost>";

/** A commit with exactly these files at its top, and its name. `now`: milliseconds since the epoch. */
export function makeCommit(
  format: ObjectFormat,
  files: Readonly<Record<string, string>>,
  parent: string | null,
  message: string,
  now: number,
): MadeCommit {
  const name = (object: MadeObject) => nameOf(format, object);
  const blobs = Object.entries(files)
    .map(([file, text]) => ({ file, object: { kind: "blob", content: Buffer.from(text) } as const }))
    .toSorted((left, right) => Buffer.compare(Buffer.from(left.file), Buffer.from(right.file)));
  const entries = blobs.flatMap(({ file, object }) => [
    Buffer.from(`100644 ${file}\0`),
    Buffer.from(name(object), "hex"),
  ]);
  const tree: MadeObject = { kind: "tree", content: Buffer.concat(entries) };
  const date = `${Math.floor(now / 1000)} +0000`;
  const lines = [
    `tree ${name(tree)}`,
    ...(parent === null ? [] : [`parent ${parent}`]),
    `author ${BY} ${date}`,
    `committer ${BY} ${date}`,
    "",
    message,
  ];
  const commit: MadeObject = { kind: "commit", content: Buffer.from(lines.join("\n")) };
  return { oid: name(commit), objects: [...blobs.map(({ object }) => object), tree, commit] };
}

function nameOf(format: ObjectFormat, { kind, content }: MadeObject): string {
  return createHash(format).update(`${kind} ${content.length}\0`).update(content).digest("hex");
}

/** By the numbers that a pack has for them (gitformat-pack(5)). */
const KINDS = { commit: 1, tree: 2, blob: 3 } as const;

/** The pack that `git unpack-objects` reads: one process, however many objects there are. */
export function packOf(format: ObjectFormat, commits: readonly MadeCommit[]): Buffer {
  const objects = commits.flatMap((commit) => commit.objects);
  const header = Buffer.alloc(12);
  header.write("PACK");
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(objects.length, 8);
  const packed = objects.flatMap(({ kind, content }) => [
    sizeOf(KINDS[kind], content.length),
    deflateSync(content),
  ]);
  const body = Buffer.concat([header, ...packed]);
  return Buffer.concat([body, createHash(format).update(body).digest()]);
}

/** Kind and size before the content: four bits of it in the first byte, seven in each that follows. */
function sizeOf(kind: number, size: number): Buffer {
  const bytes = [(kind << 4) | (size & 0x0f)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x80;
    bytes.push(rest & 0x7f);
  }
  return Buffer.from(bytes);
}
