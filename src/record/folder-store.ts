import { createHash, type Hash, randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import type { Places } from "../fleet/places.ts";
import { isoTime } from "../iso-time.ts";
import { type ClusterRecord, emptyRecord } from "../rotation/record.ts";
import { type Clocks, clocksAround, readClocks } from "./clocks.ts";
import {
  appendDurably,
  createExclusively,
  digestIfThere,
  foldersIn,
  namesIn,
  readIfThere,
  writeDurably,
} from "./files.ts";
import { FolderLock, type TakenFolderLock } from "./folder-lock.ts";
import { FolderPlaces } from "./folder-places.ts";
import { type HeldHere, HeldLocks, type LockHome } from "./held-locks.ts";
import { thisProcess } from "./holder-process.ts";
import { changedMeanwhile, insistOnRelease, nobodyHolds } from "./lock-words.ts";
import { bringHome, findRecord, recordFile } from "./older-records.ts";
import { keepOlderOut, olderLockIn, removeOlderLock } from "./older-version.ts";
import { refComponent } from "./ref-component.ts";
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
import { backupText, entryText, holderWithoutSecrets, recordPieces } from "./texts.ts";

/** What is as it is on this machine unless a test says otherwise, and where older records may be. */
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

interface Held extends HeldHere {
  readonly taken: TakenFolderLock;
}

class FolderStore implements RecordStore, LockHome<Held> {
  readonly #folder: string;
  readonly #older: readonly string[];
  readonly #clocks: Clocks;
  readonly #repeat: Repeat;
  readonly #held = new HeldLocks<Held>(this);
  /** The digest of each record when this run last read or wrote it. */
  readonly #known = new Map<string, string | null>();

  constructor(folder: string, older: readonly string[], clocks: Clocks, repeat: Repeat) {
    this.#folder = folder;
    this.#older = older.filter((other) => other !== folder);
    this.#clocks = clocks;
    this.#repeat = repeat;
  }

  async load(cluster: string): Promise<ClusterRecord> {
    const found = await findRecord(cluster, this.#folder, this.#older);
    this.#known.set(cluster, found?.file === recordFile(this.#folder, cluster) ? found.digest : null);
    return found?.record ?? emptyRecord(cluster);
  }

  async save(record: ClusterRecord): Promise<void> {
    const file = recordFile(this.#folder, record.cluster);
    await this.#confirm(record.cluster);
    const known = this.#known.get(record.cluster);
    if (known !== undefined && (await digestIfThere(file)) !== known) throw changedMeanwhile(record.cluster);
    const hash = createHash("sha256");
    await writeDurably(file, hashedTexts(recordPieces(record), hash));
    this.#known.set(record.cluster, hash.digest("hex"));
  }

  async backup(backup: AuthorityBackup, sealed: string | null): Promise<string> {
    const name = backup.at.replaceAll(":", "-");
    const path = join(this.#folder, "backup", encodeURIComponent(backup.cluster), name);
    await this.#confirm(backup.cluster);
    if (sealed !== null) await writeDurably(`${path}.age`, sealed);
    await writeDurably(`${path}.json`, backupText(backup));
    return sealed === null ? `${path}.json` : `${path}.age`;
  }

  async append(entry: JournalEntry): Promise<void> {
    await this.#confirm(entry.cluster);
    await appendDurably(join(this.#folder, "journal.jsonl"), entryText(entry));
  }

  async places(campaign: string): Promise<Places> {
    return await new FolderPlaces(this.#folder, campaign).read();
  }

  async changePlaces(
    cluster: string,
    campaign: string,
    change: (before: Places) => Places | null,
  ): Promise<Places | null> {
    const places = new FolderPlaces(this.#folder, campaign);
    return await places.change(change, this.#clocks.wall(), () => this.#confirm(cluster));
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
      since: isoTime(since.wall),
      heartbeat: null,
      expires: null,
    };
    const taken = await this.#lockOf(cluster).take(mine, since.wall, notice);
    const tenure = new Tenure({ cluster, clocks: this.#clocks, repeat: this.#repeat, notice, since });
    const held: Held = { cluster, id: mine.id, tenure, taken };
    const lock = this.#held.hold(held);
    try {
      await this.#sweep(cluster);
      await this.#held.confirm(held);
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

  async releaseLock(asked: LockToRelease): Promise<HeldLock> {
    const { cluster, id } = asked;
    const found = cluster === null ? await this.#olderLock(id) : await this.lockState(cluster);
    if (found === null) throw nobodyHolds(cluster);
    insistOnRelease(found, asked);
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
    await this.#held.confirm(this.#held.of(cluster));
  }

  async insistAtHome({ tenure, taken }: Held): Promise<void> {
    if (!(await taken.isHeld())) throw tenure.lose("somebody released it, or took it over");
  }

  async renew(held: Held): Promise<void> {
    const { tenure, taken } = held;
    const at = tenure.read();
    await this.insistAtHome(held);
    tenure.insist();
    await taken.beat(at.wall);
    tenure.renewed(at);
  }

  async giveBack({ taken }: Held): Promise<void> {
    await taken.release(this.#clocks.wall());
  }

  /** Every write is one of the file system's own. */
  async inTurn<Result>(_cluster: string, work: () => Promise<Result>): Promise<Result> {
    return await work();
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

function* hashedTexts(texts: Iterable<string>, hash: Hash): Iterable<string> {
  for (const text of texts) {
    hash.update(text);
    yield text;
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
