import { noPlaces, type Places } from "../../src/fleet/places.ts";
import type { AuthorityBackup, JournalEntry, RecordStore } from "../../src/record/store.ts";
import { type ClusterRecord, emptyRecord } from "../../src/rotation/record.ts";
import { asWritten } from "./as-written.ts";

/** A record that outlives a killed run, as a folder does. */
export class MemoryStore implements RecordStore {
  readonly journal: JournalEntry[] = [];
  record: ClusterRecord | null = null;
  /** Aborted by a test: another run took the lock over. */
  readonly lost = new AbortController();
  released = 0;

  async load(cluster: string): Promise<ClusterRecord> {
    return this.record ?? emptyRecord(cluster);
  }

  async save(record: ClusterRecord): Promise<void> {
    this.record = asWritten(record);
  }

  readonly backups: AuthorityBackup[] = [];

  /** The full state of each of them, sealed. */
  readonly sealed: (string | null)[] = [];

  async backup(backup: AuthorityBackup, sealed: string | null): Promise<string> {
    this.backups.push(structuredClone(backup));
    this.sealed.push(sealed);
    return `backup ${this.backups.length}`;
  }

  async append(entry: JournalEntry): Promise<void> {
    this.journal.push(entry);
  }

  readonly campaigns = new Map<string, Places>();

  async places(campaign: string): Promise<Places> {
    return this.campaigns.get(campaign) ?? noPlaces(campaign);
  }

  async changePlaces(_cluster: string, campaign: string, change: (before: Places) => Places | null) {
    const next = change(this.campaigns.get(campaign) ?? noPlaces(campaign));
    if (next !== null) this.campaigns.set(campaign, next);
    return next;
  }

  async whereabouts() {
    return {
      kind: "folder",
      home: "memory",
      found: this.record === null ? null : "memory",
      unread: null,
    } as const;
  }

  async lock(cluster: string) {
    return {
      cluster,
      id: "run",
      confirm: async () => this.lost.signal.throwIfAborted(),
      lost: this.lost.signal,
      release: async () => {
        this.released += 1;
      },
    };
  }

  async lockState() {
    return null;
  }

  async locks() {
    return [];
  }

  async releaseLock(): Promise<never> {
    throw new Error("a model has no lock to release");
  }
}
