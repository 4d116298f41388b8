import { lstat, realpath } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { Failure } from "../failure.ts";
import { readTarget, type Target, writeTarget } from "../process/written-file.ts";
import { diagnosticText } from "../views/text/diagnostic-text.ts";
import { newProblems } from "./edit-problems.ts";
import { noteWritten, sayNext, wroteNothing } from "./edit-report.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";
import type { Workspace } from "./workspace.ts";

/**
 * Files of the repository that `init`, `rotate` and `override` write for a commit: a new one, or an edit of what stands
 * there. A link within the repository is followed to its end, so that it stays a link; one that leads out of it, or
 * into `.git`, is refused.
 */
export type EditedRepository = Pick<Workspace, "folder" | "env"> & {
  /** What the folder holds, where that was loaded: an edit is judged beside it. */
  readonly files?: Workspace["files"];
  readonly desired?: Workspace["desired"];
  /** `null` outside of git: then the folder is all there is. */
  readonly git: { readonly root: string } | null;
};

/** A change of one file below the folder. */
export type Edit =
  | {
      readonly file: string;
      readonly change: (text: string) => string | Promise<string>;
      /** What it is where there is none yet; without this, it has to be there. */
      readonly absent?: () => string;
    }
  /** One that must not be there yet. */
  | { readonly file: string; readonly fresh: string };

interface Written {
  /** As it was named. */
  readonly file: string;
  readonly target: Target;
  /** `null`: there is none yet. */
  readonly before: string | null;
  readonly text: string;
  readonly mode: number | null;
}

/** Several clusters may stand in one file: what is read is what the edit before has left. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Bad input changes nothing: every new text is made, read as it will be read, and every place looked at, before the
 * first is written.
 */
export async function editFiles(repository: EditedRepository, edits: readonly Edit[]): Promise<void> {
  const turn = last.then(() => editNow(repository, edits));
  last = turn.catch(() => {});
  await turn;
}

async function editNow(repository: EditedRepository, edits: readonly Edit[]): Promise<void> {
  const all = new Map<string, Written>();
  for (const edit of edits) {
    const target = await targetIn(repository, edit.file);
    const before = await readTarget(target);
    if ("fresh" in edit) {
      if (before !== null) throw thereAlready(edit.file);
      all.set(target.path, { file: edit.file, target, before, text: edit.fresh, mode: null });
      continue;
    }
    const known = all.get(target.path);
    const from = known?.text ?? before;
    const text = from === null ? edit.absent?.() : await edit.change(from);
    if (text === undefined) throw gone(edit.file);
    const mode = known === undefined ? await modeOf(target.path) : known.mode;
    all.set(target.path, { file: edit.file, target, before, text, mode });
  }
  await insistOnWhatIsRead(repository, [...all.values()]);
  for (const { file, target, before, text, mode } of all.values()) {
    if (text === before) continue;
    await writeTarget(target, {
      bytes: text,
      ...(mode === null ? {} : { mode }),
      // What appeared in between is somebody else's.
      ...(before === null ? { fresh: true as const } : {}),
    });
    noteWritten(resolve(repository.folder, file));
  }
}

/** What is typed ends up in YAML, as a reason or a name does: what no command would read again is not written. */
async function insistOnWhatIsRead(repository: EditedRepository, all: readonly Written[]): Promise<void> {
  const { files, desired } = repository;
  const loaded = files === undefined || desired === undefined ? null : { files, desired };
  const errors = await newProblems(repository, loaded, all);
  const [first] = errors;
  if (first === undefined) return;
  const said = errors.map(diagnosticText).join("\n");
  throw new Failure("usage", `${first.file} would have errors\n\n${said}`, {
    hint: "nothing was written; correct what was typed, and run it again",
  });
}

function thereAlready(file: string): Failure {
  return new Failure("usage", `${file} is there already`, {
    hint: "nothing was changed; move it away, or choose another name",
  });
}

function gone(file: string): Failure {
  return new Failure("usage", `${file} is not there any more`, {
    hint: "nothing was changed; run it again",
  });
}

async function targetIn({ folder, git }: EditedRepository, file: string): Promise<Target> {
  return { path: await endOf(resolve(folder, file)), roots: [await realpath(git?.root ?? folder)] };
}

/** Where a path leads. A link to nothing is left for the writer to refuse. */
async function endOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return dirname(path) === path ? path : join(await endOf(dirname(path)), basename(path));
  }
}

async function modeOf(path: string): Promise<number | null> {
  const found = await lstat(path).catch(() => null);
  return found === null ? null : found.mode & 0o777;
}

/** What comes after an edit: a commit, and nothing has happened until then. */
export function afterEdit(terminal: Pick<Terminal, "stdout">): ExitCode {
  if (wroteNothing()) {
    sayNext(terminal, "Nothing was written: git says so already.\n");
    return EXIT.ok;
  }
  sayNext(
    terminal,
    "The cluster is as it was. `git status` and `git diff` show what is written here.\nCommit it, then `capstan plan`.\n",
  );
  return EXIT.ok;
}
