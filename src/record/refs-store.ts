import { Failure } from "../failure.ts";
import { noPlaces, type Places } from "../fleet/places.ts";
import { type ClusterRecord, emptyRecord } from "../rotation/record.ts";
import { type Clocks, clocksAround } from "./clocks.ts";
import { changedMeanwhile } from "./lock-words.ts";
import { parseRecord, parseRecordPieces } from "./parse.ts";
import { parsePlaces, placesText } from "./places-text.ts";
import { refComponent } from "./ref-component.ts";
import { RefLocks } from "./ref-locks.ts";
import { type RefMove, RemoteRefs } from "./remote-refs.ts";
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
import { everyFew, type Repeat } from "./tenure.ts";
import { backupText, entryText, recordText } from "./texts.ts";

/** Where the refs are, and what is as it is on this machine unless a test says otherwise. */
export interface RefsStoreOptions {
  /** Any folder of the clone. */
  readonly folder: string;
  /** Name of the remote. */
  readonly remote?: string;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** By what a lease is measured; by default, this machine's around `clock`. */
  readonly clocks?: Clocks;
  /** Calls `beat` again and again until it is stopped; a timer by default. */
  readonly repeat?: Repeat;
}

const ATTEMPTS = 5;
/** Many machines may want a place at the same moment. */
const SWAPS = 50;

/**
 * The record in refs of the git remote: what a runner that forgets everything finds again, with no server to run.
 *
 *     refs/capstan/locks/<cluster>    lock.json: who is at work on it; its oid changes with every write
 *     refs/capstan/lock               keeps versions out that had one lock for all clusters
 *     refs/capstan/record/<cluster>   record.json, one commit for each change
 *     refs/capstan/journal/<cluster>  entry.json, one commit for each entry
 *     refs/capstan/campaigns/<name>   campaign.json, who has a place where a wave has only so many
 *     refs/capstan/backup/<cluster>   backup.json, the public state of the CAs before a rotation; backup.age, the full
 *                                     one, where it is sealed
 *
 * Every write is a compare-and-swap, and moves the lock of the cluster in the same atomic push, so that a run which
 * lost its lease can write nothing, however late its push arrives.
 */
export function refsStore(options: RefsStoreOptions): RecordStore {
  return new RefsStore(options);
}

class RefsStore implements RecordStore {
  readonly #refs: RemoteRefs;
  readonly #locks: RefLocks;
  readonly #clocks: Clocks;
  /** Of each campaign, the last change that was asked for. */
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Records by their commits, so that what did not move is read once. */
  readonly #read = new Map<string, { readonly tip: string; readonly record: ClusterRecord }>();
  /** Where each ref stood when this run last read or wrote it. */
  readonly #known = new Map<string, string | null>();

  constructor({ folder, remote = "origin", env, clock, clocks, repeat = everyFew }: RefsStoreOptions) {
    this.#refs = new RemoteRefs(folder, remote, env);
    this.#clocks = clocks ?? clocksAround(clock);
    this.#locks = new RefLocks(this.#refs, this.#clocks, repeat);
  }

  async load(cluster: string): Promise<ClusterRecord> {
    const ref = recordRef(cluster);
    const tip = await this.#refs.tip(ref);
    this.#known.set(ref, tip);
    if (tip === null) return emptyRecord(cluster);
    const known = this.#read.get(ref);
    if (known?.tip === tip) return known.record;
    const text = await this.#refs.read(tip, "record.json");
    const file = `${ref} of ${this.#refs.remote}`;
    const pieces = [Buffer.from(text ?? "")];
    const record = (await parseRecordPieces(pieces, file, cluster)) ?? parseRecord(text ?? "", file, cluster);
    this.#read.set(ref, { tip, record });
    return record;
  }

  async whereabouts(cluster: string): Promise<Whereabouts> {
    const ref = recordRef(cluster);
    const home = `${ref} of ${this.#refs.remote}`;
    return { kind: "refs", home, found: (await this.#standingOf(ref)) === null ? null : home, unread: null };
  }

  async save(record: ClusterRecord): Promise<void> {
    await this.#locks.inTurn(record.cluster, async () => {
      const ref = recordRef(record.cluster);
      const from = await this.#standingOf(ref);
      const files = { "record.json": recordText(record) };
      const subject = `record of ${record.cluster}\n`;
      const to = await this.#refs.commit(files, from, subject, this.#clocks.wall());
      if (await this.#move(record.cluster, { ref, from, to })) return;
      throw changedMeanwhile(record.cluster);
    });
  }

  async append(entry: JournalEntry): Promise<void> {
    const ref = `refs/capstan/journal/${refComponent(entry.cluster)}`;
    const subject = `${entry.rotation} ${entry.authority} ${entry.from} → ${entry.to}: ${entry.what}\n`;
    await this.#add(entry.cluster, ref, { "entry.json": entryText(entry) }, subject);
  }

  async backup(backup: AuthorityBackup, sealed: string | null): Promise<string> {
    const ref = `refs/capstan/backup/${refComponent(backup.cluster)}`;
    const files = { "backup.json": backupText(backup), ...(sealed === null ? {} : { "backup.age": sealed }) };
    const commit = await this.#add(backup.cluster, ref, files, `CAs of ${backup.cluster}\n`);
    return `${commit} of ${ref}`;
  }

  /** On top of whatever stands there; gives the commit. */
  async #add(
    cluster: string,
    ref: string,
    files: Readonly<Record<string, string>>,
    subject: string,
  ): Promise<string> {
    return await this.#locks.inTurn(cluster, async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        const from = await this.#standingOf(ref);
        const to = await this.#refs.commit(files, from, subject, this.#clocks.wall());
        if (await this.#move(cluster, { ref, from, to })) return to;
        this.#known.delete(ref);
      }
      throw new Failure("storage", `${ref} could not be written: other runs write it all the time`, {
        hint: "run it again",
      });
    });
  }

  async places(campaign: string): Promise<Places> {
    const ref = campaignRef(campaign);
    return await this.#placesAt(ref, await this.#refs.tip(ref), campaign);
  }

  async #placesAt(ref: string, tip: string | null, campaign: string): Promise<Places> {
    if (tip === null) return noPlaces(campaign);
    const text = await this.#refs.read(tip, "campaign.json");
    return parsePlaces(text ?? "", `${ref} of ${this.#refs.remote}`, campaign);
  }

  /** Clusters of this run one after the other: they would only be in each other's way. */
  async changePlaces(
    cluster: string,
    campaign: string,
    change: (before: Places) => Places | null,
  ): Promise<Places | null> {
    const turn = (this.#turns.get(campaign) ?? Promise.resolve()).then(() =>
      this.#swapPlaces(cluster, campaign, change),
    );
    this.#turns.set(
      campaign,
      turn.catch(() => {}),
    );
    return await turn;
  }

  async #swapPlaces(
    cluster: string,
    campaign: string,
    change: (before: Places) => Places | null,
  ): Promise<Places | null> {
    const ref = campaignRef(campaign);
    for (let attempt = 0; attempt < SWAPS; attempt += 1) {
      const from = await this.#refs.tip(ref);
      const before = await this.#placesAt(ref, from, campaign);
      const next = change(before);
      if (next === null || next === before) return next;
      const files = { "campaign.json": placesText(next) };
      const subject = `places of ${campaign}: ${cluster}\n`;
      const to = await this.#refs.commit(files, from, subject, this.#clocks.wall());
      const moved = await this.#locks.inTurn(cluster, () =>
        this.#locks.moveUnderLock(cluster, { ref, from, to }),
      );
      if (moved) return next;
    }
    throw new Failure("storage", `${ref} could not be changed: other runs change it all the time`, {
      hint: "run it again",
    });
  }

  async lock(cluster: string, holder: LockHolder, notice: (message: string) => void): Promise<Lock> {
    return await this.#locks.lock(cluster, holder, notice);
  }

  async lockState(cluster: string): Promise<LockState | null> {
    return await this.#locks.lockState(cluster);
  }

  async locks(): Promise<readonly LockState[]> {
    return await this.#locks.locks();
  }

  async releaseLock(lock: LockToRelease): Promise<HeldLock> {
    return await this.#locks.releaseLock(lock);
  }

  async #standingOf(ref: string): Promise<string | null> {
    const known = this.#known.get(ref);
    return known === undefined ? await this.#refs.tip(ref) : known;
  }

  async #move(cluster: string, move: RefMove): Promise<boolean> {
    const moved = await this.#locks.moveUnderLock(cluster, move);
    if (moved) this.#known.set(move.ref, move.to);
    return moved;
  }
}

function campaignRef(campaign: string): string {
  return `refs/capstan/campaigns/${refComponent(campaign)}`;
}

function recordRef(cluster: string): string {
  return `refs/capstan/record/${refComponent(cluster)}`;
}
