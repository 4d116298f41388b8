import { resolve } from "node:path";
import { Failure } from "../failure.ts";
import type { ValuesOf } from "../flag.ts";
import { isSelecting, parseSelection, selectClusters } from "../fleet/selection.ts";
import { openRepository } from "../git/repository.ts";
import type { Life } from "../record/holder-process.ts";
import { anotherLock, CONSEQUENCE, noSuchLock } from "../record/lock-words.ts";
import type { HeldLock, LockState, RecordStore } from "../record/store.ts";
import { DEFAULT_REPOSITORY } from "../resources/model/default-repository.ts";
import type { ClusterResource } from "../resources/model/desired.ts";
import { harmlessLine } from "../views/harmless.ts";
import { jsonText } from "../views/json/json-text.ts";
import { paragraph, table } from "../views/text/columns.ts";
import { diagnosticText } from "../views/text/diagnostic-text.ts";
import { writtenDate, writtenMoment } from "../written-date.ts";
import type { LOCK_RELEASE } from "./commands/apply-rows.ts";
import type { CommonOptions } from "./commands/common-flags.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { loadInRepository } from "./load-in-repository.ts";
import { openRecord } from "./open-record.ts";
import type { Terminal } from "./terminal.ts";
import { treeOf } from "./workspace.ts";

type LockReleaseOptions = ValuesOf<typeof LOCK_RELEASE.flags>;

/** `capstan lock show`: who is at work. */
export async function lockShow(terminal: Terminal, options: CommonOptions): Promise<ExitCode> {
  const { store, clusters } = await recordOf(terminal, options.directory);
  const wanted = namesWanted(clusters, options);
  const locks = (await store.locks()).filter(
    ({ cluster }) => wanted === null || cluster === null || wanted.includes(cluster),
  );
  if (options.format === "json")
    terminal.stdout.write(`${jsonText({ lock: locks[0] ?? null, locks })}
`);
  else terminal.stdout.write(locks.length === 0 ? "Nobody holds a lock.\n" : locks.map(lockText).join("\n"));
  return EXIT.ok;
}

/** `capstan lock release`: ends the lock of a run that is gone for good, and only that one. */
export async function lockRelease(terminal: Terminal, options: LockReleaseOptions): Promise<ExitCode> {
  const { store } = await recordOf(terminal, options.directory);
  const locks = await store.locks();
  const found = locks.find(({ id }) => id === options.id);
  const [only] = locks;
  if (found === undefined && only !== undefined && locks.length === 1) throw anotherLock(only, options.id);
  if (found === undefined) throw noSuchLock(options.id);
  const { cluster, id } = found;
  const lock = await store.releaseLock({ cluster, id, force: options.force === true });
  if (options.format === "json") {
    terminal.stdout.write(`${jsonText({ released: lock })}\n`);
    return EXIT.ok;
  }
  const released = `Released the lock of ${harmlessLine(lock.who)} on ${ofWhat(lock)}.`;
  const consequence = found.holder === "dead" ? "" : ` If that run is alive, ${CONSEQUENCE}.`;
  terminal.stdout.write(`${paragraph(`${released}${consequence}`, "", "")}\n`);
  return EXIT.ok;
}

/** A cluster whose resource is gone may still have a lock; what is meant by its labels has a resource. */
function namesWanted(clusters: readonly ClusterResource[], options: CommonOptions): readonly string[] | null {
  if (!isSelecting(options)) return null;
  const { names, labels, shard } = parseSelection(options);
  if (labels.length === 0 && shard === null) return names;
  return selectClusters(clusters, parseSelection(options), options.directory).map(({ name }) => name);
}

/** Also where other resources have errors: a lock may have to be released while somebody repairs them. */
async function recordOf(
  terminal: Terminal,
  directory: string,
): Promise<{ readonly store: RecordStore; readonly clusters: readonly ClusterResource[] }> {
  const folder = resolve(terminal.cwd, directory);
  const git = await openRepository(folder, terminal.env);
  // As the runs do that hold the locks; before the first commit there are none of those.
  const tree = git === null || git.commit === null ? null : await treeOf(git, git.commit);
  const { repository, state, diagnostics } = await loadInRepository(folder, git, tree, terminal);
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  if (repository === null && errors.length > 0) {
    throw new Failure(
      "resources",
      `where the lock is cannot be told: the resources in ${directory} have errors\n\n${errors.map(diagnosticText).join("\n")}`,
      { hint: "correct the files and run it again" },
    );
  }
  const store = await openRecord(folder, repository ?? DEFAULT_REPOSITORY, git, terminal);
  return { store, clusters: state.clusters };
}

function lockText(lock: LockState): string {
  const { id, who, why, runUrl, host, pid, since, heartbeat } = lock;
  const rows = [
    ["why", harmlessLine(why)],
    ...(runUrl === undefined ? [] : [["run", harmlessLine(runUrl)]]),
    ["process", `${pid} on ${harmlessLine(host)}`],
    ["since", harmlessLine(writtenDate(since))],
    ...(heartbeat === null ? [] : [["heartbeat", harmlessLine(writtenDate(heartbeat))]]),
    ["holder", LIFE[lock.holder]],
    ["takeover", takeoverText(lock)],
    ["id", harmlessLine(id)],
  ];
  return `${harmlessLine(who)} holds the lock of ${ofWhat(lock)}.\n${table(rows, "  ")}\n`;
}

const LIFE: Readonly<Record<Life, string>> = {
  alive: "alive: its process runs on this machine",
  dead: "gone",
  unknown: "cannot be seen from here",
};

function takeoverText({ holder, takeover }: LockState): string {
  if (holder === "dead") return "by the next run";
  if (takeover === null) return holder === "alive" ? "not while it is alive" : "never by time alone";
  return `by the next run from ${writtenMoment(takeover)} on, unless it is renewed`;
}

function ofWhat({ cluster }: Pick<HeldLock, "cluster">): string {
  return cluster === null ? "every cluster, by an older version" : harmlessLine(cluster);
}
