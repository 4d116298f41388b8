import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { git } from "../world/git.ts";

/** One ref of the record in the remote, and the file that its commit has. */
export interface RecordRef {
  readonly remote: string;
  readonly ref: string;
  readonly file: string;
  /** What the file has where nothing is damaged; empty where the ref is not there. */
  readonly whole: string;
}

type Damage = (at: RecordRef) => Promise<void>;

async function point({ remote, ref }: RecordRef, oid: string): Promise<void> {
  // Git itself refuses to point a ref at what is no commit, and to follow a loop: servers have had bugs.
  const path = join(remote, ref);
  await mkdir(dirname(path), { recursive: true });
  await git(remote, ["pack-refs", "--all", "--no-prune"]).catch(() => {});
  await rm(path, { recursive: true, force: true });
  await writeFile(path, `${oid}\n`);
}

async function blob(remote: string, bytes: string | Buffer): Promise<string> {
  const path = join(remote, "written");
  await writeFile(path, bytes);
  return await git(remote, ["hash-object", "-w", "--no-filters", path]);
}

async function made(remote: string, type: string, text: string): Promise<string> {
  return await git(remote, ["hash-object", "-w", "-t", type, "--literally", "--stdin"], { input: text });
}

async function tree(remote: string, entries: readonly string[]): Promise<string> {
  return await git(remote, ["mktree", "--missing"], { input: entries.map((line) => `${line}\n`).join("") });
}

const PERSON = "A <a@example> 1700000000 +0000";

async function commit(remote: string, root: string, parents: readonly string[] = []): Promise<string> {
  const lines = [`tree ${root}`, ...parents.map((one) => `parent ${one}`), `author ${PERSON}`];
  return await made(remote, "commit", [...lines, `committer ${PERSON}`, "", "damaged\n"].join("\n"));
}

async function withFile(at: RecordRef, bytes: string | Buffer, mode = "100644"): Promise<string> {
  const root = await tree(at.remote, [`${mode} blob ${await blob(at.remote, bytes)}\t${at.file}`]);
  return await commit(at.remote, root);
}

/** The ref names a commit whose file has this. */
const holding =
  (bytes: (at: RecordRef) => string | Buffer): Damage =>
  async (at) =>
    await point(at, await withFile(at, bytes(at)));

/** A commit with one entry that is not a file of that name. */
const having =
  (entry: (at: RecordRef) => Promise<string>): Damage =>
  async (at) =>
    await point(at, await commit(at.remote, await tree(at.remote, [await entry(at)])));

/** The file of a loose object. */
function loose(remote: string, oid: string): string {
  return join(remote, "objects", oid.slice(0, 2), oid.slice(2));
}

/** The commit is new, and one of its objects is damaged on the disk of the server. */
const withObject =
  (which: "commit" | "tree" | "blob", damage: (path: string) => Promise<void>): Damage =>
  async (at) => {
    const text = `${at.whole} ${which} ${Math.random()}`;
    const leaf = await blob(at.remote, text);
    const root = await tree(at.remote, [`100644 blob ${leaf}\t${at.file}`]);
    const top = await commit(at.remote, root);
    await point(at, top);
    const path = loose(at.remote, { commit: top, tree: root, blob: leaf }[which]);
    await rm(path, { force: true });
    await damage(path);
  };

const ZEROS = "0".repeat(40);
const NOWHERE = "1234567890".repeat(4);
const MEGABYTE = 1 << 20;

/** What becomes of one ref. Of all of them no fact of the record is left but of those that `KEPT` names. */
export const DAMAGES: Readonly<Record<string, Damage>> = {
  "a blob": async (at) => point(at, await blob(at.remote, at.whole)),
  "a tree": async (at) =>
    point(at, await tree(at.remote, [`100644 blob ${await blob(at.remote, at.whole)}\t${at.file}`])),
  "a tag of a commit": async (at) => {
    const top = await withFile(at, at.whole);
    point(at, await made(at.remote, "tag", `object ${top}\ntype commit\ntag t\ntagger ${PERSON}\n\nt\n`));
  },
  "a tag of a tag of nothing": async (at) => {
    const inner = await made(
      at.remote,
      "tag",
      `object ${NOWHERE}\ntype commit\ntag t\ntagger ${PERSON}\n\nt\n`,
    );
    await point(
      at,
      await made(at.remote, "tag", `object ${inner}\ntype tag\ntag t\ntagger ${PERSON}\n\nt\n`),
    );
  },
  "a commit without files": async (at) => point(at, await commit(at.remote, await tree(at.remote, []))),
  "a commit that is no commit": async (at) => point(at, await made(at.remote, "commit", "nothing\n")),
  "a commit without its tree": async (at) => point(at, await commit(at.remote, NOWHERE)),
  "a commit without its parent": async (at) => {
    const root = await tree(at.remote, [`100644 blob ${await blob(at.remote, at.whole)}\t${at.file}`]);
    await point(at, await commit(at.remote, root, [NOWHERE]));
  },
  "a folder in the place of the file": having(
    async (at) => `040000 tree ${await tree(at.remote, [])}\t${at.file}`,
  ),
  "a link in the place of the file": having(
    async (at) => `120000 blob ${await blob(at.remote, at.file)}\t${at.file}`,
  ),
  "a submodule in the place of the file": having(async (at) => `160000 commit ${NOWHERE}\t${at.file}`),
  "a file that is not there": having(async (at) => `100644 blob ${NOWHERE}\t${at.file}`),
  "another file": having(async (at) => `100644 blob ${await blob(at.remote, at.whole)}\t${at.file}.bak`),
  "the file in capitals": having(
    async (at) => `100644 blob ${await blob(at.remote, at.whole)}\t${at.file.toUpperCase()}`,
  ),
  "an empty file": holding(() => ""),
  "half of it": holding(({ whole }) => whole.slice(0, whole.length / 2)),
  zeros: holding(({ whole }) => Buffer.alloc(whole.length)),
  "no UTF-8": holding(({ whole }) => Buffer.concat([Buffer.from([0xff, 0xfe, 0xc3]), Buffer.from(whole)])),
  "no JSON": holding(() => "<html><title>502 Bad Gateway</title></html>"),
  "an empty object": holding(() => "{}\n"),
  "a list": holding(() => "[]\n"),
  "null alone": holding(() => "null\n"),
  "brackets without end": holding(() => "[".repeat(MEGABYTE)),
  "32 MB of blanks": holding(() => Buffer.alloc(32 * MEGABYTE, " ")),
  "32 MB in one text": holding(() => JSON.stringify({ version: "a".repeat(32 * MEGABYTE) })),
  "a commit that is cut off": withObject("commit", async (path) => writeFile(path, "x\u0001")),
  "a tree that is gone": withObject("tree", async () => {}),
  "a file that is empty on the disk": withObject("blob", async (path) => writeFile(path, "")),
  "an object that is a folder": withObject("blob", async (path) => {
    await mkdir(path);
  }),
  nothing: async (at) => point(at, ZEROS),
  "what is nowhere": async (at) => point(at, NOWHERE),
  "no object id": async (at) => point(at, "../../etc/passwd"),
  "an empty ref": async (at) => point(at, ""),
  "a megabyte of text": async (at) => point(at, "0123456789abcdef".repeat(MEGABYTE / 16)),
  "a ref to a branch that is not there": async (at) => point(at, "ref: refs/heads/none"),
  "a ref to itself": async (at) => point(at, `ref: ${at.ref}`),
  "two refs in a circle": async (at) => {
    await point(at, "ref: refs/capstan/circle");
    await point({ ...at, ref: "refs/capstan/circle" }, `ref: ${at.ref}`);
  },
  "a ref to a branch": async (at) => {
    const root = await tree(at.remote, [`100644 blob ${await blob(at.remote, "hello\n")}\tREADME.md`]);
    await point({ ...at, ref: "refs/heads/main" }, await commit(at.remote, root));
    await point(at, "ref: refs/heads/main");
  },
  "a folder in the place of the ref": async (at) => {
    const top = await withFile(at, at.whole);
    await git(at.remote, ["update-ref", "-d", at.ref]).catch(() => {});
    await rm(join(at.remote, at.ref), { recursive: true, force: true });
    await point({ ...at, ref: `${at.ref}/below` }, top);
  },
};

/** The content is all there, in a form that is not ours: it may be read, or refused. */
export const KEPT: readonly string[] = ["a tree", "a tag of a commit", "a commit without its parent"];
