import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { Failure } from "../failure.ts";
import { type ClusterRecord, emptyRecord } from "../rotation/record.ts";
import { type Clocks, clocksAround, readClocks } from "./clocks.ts";
import { appendDurably, createExclusively, foldersIn, namesIn, readIfThere, writeDurably } from "./files.ts";
import { FolderLock, type TakenFolderLock } from "./folder-lock.ts";
import { thisProcess } from "./holder-process.ts";
import { iso } from "./lease.ts";
import { anotherLock, nobodyHolds, stillHeld, writtenWithoutLock } from "./lock-words.ts";
import { bringHome, findRecord, recordFile } from "./older-records.ts";
import { keepOlderOut, olderLockIn, removeOlderLock } from "./older-version.ts";
import { refComponent } from "./refs-git.ts";
import type {
  AuthorityBackup,
  HeldLock,
  JournalEntry,
  Lock,
  LockHolder,
  LockState,
  LockToRelease,
  RecordStore,
  Whereabouts,
} from "./store.ts";
import { everyFew, type Repeat, Tenure } from "./tenure.ts";
import {
  backupWithoutSecrets,
  entryWithoutSecrets,
  holderWithoutSecrets,
  recordWithoutSecrets,
} from "./without-secrets.ts";

export interface FolderStoreOptions {
  /** Folders in which an older version may have kept the record of the same clusters. */
  readonly older?: readonly string[];
  readonly clocks?: Clocks;
  readonly repeat?: Repeat;
}

/** The record in a folder, `.capstan` of the repository: for a single machine. */
export function folderStore(
  folder: string,
  clock: () => number,
  { older = [], clocks = clocksAround(clock), repeat = everyFew }: FolderStoreOptions = {},
): RecordStore {
  return new FolderStore(folder, older, clocks, repeat);
}

interface Held {
  readonly tenure: Tenure;
  readonly taken: TakenFolderLock;
}

class FolderStore implements RecordStore {
  readonly #folder: string;
  readonly #older: readonly string[];
  readonly #clocks: Clocks;
  readonly #repeat: Repeat;
  readonly #held = new Map<string, Held>();
  /** What each record was when this run last read or wrote it. */
  readonly #known = new Map<string, string | null>();

  constructor(folder: string, older: readonly string[], clocks: Clocks, repeat: Repeat) {
    this.#folder = folder;
    this.#older = older.filter((other) => other !== folder);
    this.#clocks = clocks;
    this.#repeat = repeat;
  }

  async load(cluster: string): Promise<ClusterRecord> {
    const found = await findRecord(cluster, this.#folder, this.#older);
    this.#known.set(cluster, found?.file === recordFile(this.#folder, cluster) ? found.text : null);
    return found?.record ?? emptyRecord(cluster);
  }

  async save(record: ClusterRecord): Promise<void> {
    const file = recordFile(this.#folder, record.cluster);
    const text = `${JSON.stringify(recordWithoutSecrets(record), null, 2)}\n`;
    await this.#confirm(record.cluster);
    const known = this.#known.get(record.cluster);
    if (known !== undefined && (await readIfThere(file)) !== known) throw changedMeanwhile(record.cluster);
    await writeDurably(file, text);
    this.#known.set(record.cluster, text);
  }

  async backup(backup: AuthorityBackup, sealed: string | null): Promise<string> {
    const name = backup.at.replaceAll(":", "-");
    const path = join(this.#folder, "backup", encodeURIComponent(backup.cluster), name);
    await this.#confirm(backup.cluster);
    if (sealed !== null) await writeDurably(`${path}.age`, sealed);
    await writeDurably(`${path}.json`, `${JSON.stringify(backupWithoutSecrets(backup), null, 2)}\n`);
    return sealed === null ? `${path}.json` : `${path}.age`;
  }

  async append(entry: JournalEntry): Promise<void> {
    await this.#confirm(entry.cluster);
    await appendDurably(
      join(this.#folder, "journal.jsonl"),
      `${JSON.stringify(entryWithoutSecrets(entry))}\n`,
    );
  }

  async whereabouts(cluster: string): Promise<Whereabouts> {
    const found = await findRecord(cluster, this.#folder, this.#older);
    return { kind: "folder", home: this.#folder, found: found?.file ?? null, unread: null };
  }

  async lock(cluster: string, holder: LockHolder, notice: (message: string) => void): Promise<Lock> {
    const since = readClocks(this.#clocks);
    // No commit takes it along, whichever folder's .gitignore says so or does not.
    const ignored = join(this.#folder, ".gitignore");
    if ((await readIfThere(ignored)) === null) await createExclusively(ignored, "*\n", since.wall);
    for (const folder of [this.#folder, ...this.#older]) await keepOlderOut(folder, since.wall);
    const mine: HeldLock = {
      ...holderWithoutSecrets(holder),
      cluster,
      id: randomUUID(),
      host: hostname(),
      pid: process.pid,
      ...(await thisProcess()),
      since: iso(since.wall),
      heartbeat: null,
      expires: null,
    };
    const taken = await this.#lockOf(cluster).take(mine, since.wall, notice);
    const tenure = new Tenure({ cluster, clocks: this.#clocks, repeat: this.#repeat, notice, since });
    const held: Held = { tenure, taken };
    this.#held.set(cluster, held);
    tenure.start(() => this.#beat(held));
    const lock: Lock = {
      cluster,
      id: mine.id,
      lost: tenure.lost,
      confirm: () => this.#confirmHeld(held),
      release: async () => {
        tenure.end();
        if (this.#held.get(cluster) === held) this.#held.delete(cluster);
        await taken.release(this.#clocks.wall());
      },
    };
    try {
      await this.#sweep(cluster);
      await this.#confirmHeld(held);
      await bringHome(cluster, this.#folder, this.#older, notice);
      return lock;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async lockState(cluster: string): Promise<LockState | null> {
    return await this.#lockOf(cluster).state(this.#clocks.wall());
  }

  async locks(): Promise<readonly LockState[]> {
    const now = this.#clocks.wall();
    const names = await foldersIn(join(this.#folder, "locks"));
    const own = names.map((name) => this.#lockIn(name).state(now));
    const older = [this.#folder, ...this.#older].map((folder) => olderLockIn(folder));
    return (await Promise.all([...own, ...older])).filter((lock) => lock !== null);
  }

  async releaseLock({ cluster, id, force }: LockToRelease): Promise<HeldLock> {
    const found = cluster === null ? await this.#olderLock(id) : await this.lockState(cluster);
    if (found === null) throw nobodyHolds(cluster);
    if (found.id !== id) throw anotherLock(found, id);
    if (found.holder !== "dead" && !force) throw stillHeld(found);
    if (cluster !== null) await this.#lockOf(cluster).free(id, this.#clocks.wall());
    else for (const folder of [this.#folder, ...this.#older]) await removeOlderLock(folder, id);
    return found;
  }

  async #olderLock(id: string): Promise<LockState | null> {
    return (await this.locks()).find((lock) => lock.cluster === null && lock.id === id) ?? null;
  }

  #lockOf(cluster: string): FolderLock {
    return this.#lockIn(refComponent(cluster));
  }

  #lockIn(name: string): FolderLock {
    return new FolderLock(join(this.#folder, "locks", name), clusterOf(name));
  }

  async #confirm(cluster: string): Promise<void> {
    const held = this.#held.get(cluster);
    if (held === undefined) throw writtenWithoutLock(cluster);
    await this.#confirmHeld(held);
  }

  /** The clocks once more after the look, as the process may have slept in between. */
  async #confirmHeld({ tenure, taken }: Held): Promise<void> {
    tenure.insist();
    if (!(await taken.isHeld())) throw tenure.lose("somebody released it, or took it over");
    tenure.insist();
  }

  async #beat({ tenure, taken }: Held): Promise<void> {
    const at = tenure.read();
    if (!(await taken.isHeld())) throw tenure.lose("somebody released it, or took it over");
    tenure.insist();
    await taken.beat(at.wall);
    tenure.renewed(at);
  }

  /** What killed runs had begun to write. */
  async #sweep(cluster: string): Promise<void> {
    const record = recordFile(this.#folder, cluster);
    const backups = join(this.#folder, "backup", encodeURIComponent(cluster));
    const beside = [this.#folder, ...this.#older].map(async (folder) =>
      (await namesIn(folder))
        .filter((name) => /^(\.gitignore|lock\.json)\..*\.(new|claim)$/.test(name))
        .map((name) => join(folder, name)),
    );
    const begun = [
      ...(await Promise.all(beside)).flat(),
      ...(await namesIn(dirname(record)))
        .map((name) => join(dirname(record), name))
        .filter((file) => file.startsWith(`${record}.`) && file.endsWith(".new")),
      ...(await namesIn(backups)).filter((name) => name.endsWith(".new")).map((name) => join(backups, name)),
    ];
    await Promise.all(begun.map((file) => rm(file, { force: true })));
  }
}

/** Whose lock a folder is; one that capstan did not name is called as it is. */
function clusterOf(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function changedMeanwhile(cluster: string): Failure {
  return new Failure("storage", `another run changed the record of ${cluster} at the same time`, {
    hint: "nothing was overwritten; run it again",
  });
}
