import type { ComponentRole } from "./component-role.ts";

/** How long presence rows live after an announcement (`ServerAnnounceTTL`), and how often one is made. Cluster time. */
export interface RowLife {
  readonly lifeMs: number;
  readonly announceMs: number;
  /**
   * Whether `expires` is the moment at which a row really goes, on a cluster that is faster than life. Else it is as far
   * away as it would be in life, so that whoever knows the usual times finds them.
   */
  readonly exact: boolean;
}

/** The defaults of Teleport (reference teleport-rotation 3.3; recorded). */
export const USUAL_ROW_LIFE: RowLife = { lifeMs: 600_000, announceMs: 300_000, exact: false };

/** What a process's rows go through when it reloads, in cluster time from then on (fixtures/recordings/teleport-11.1). */
export interface ReloadEffects {
  /** Rows of what it serves go when the old generation shuts down, and come with a later announcement. */
  readonly hidden: { readonly afterMs: number; readonly forMs: number } | null;
  /** The old generation announces itself once more, while its storage is closed: with an empty rotation. */
  readonly emptyForMs: number;
  /** The inventory names it again after this. */
  readonly reconnectsMs: number;
}

interface Span {
  readonly from: number;
  readonly until: number;
}

const SERVED: readonly ComponentRole[] = ["app_server", "db_server", "kube_server"];

/** How the cluster sees one process: its announcements, and what a reload does to its rows. */
export class AnnouncedRows {
  readonly #speed: number;
  readonly #life: RowLife;
  #announcedFrom: number;
  /** The time of the last announcement before an outage, `null` while it is alive. */
  #silentSince: number | null = null;
  #hidden: Span | null = null;
  #empty: Span | null = null;
  #connectedFrom = Number.NEGATIVE_INFINITY;

  constructor(speed: number, life: RowLife, announcedFrom: number) {
    this.#speed = speed;
    this.#life = life;
    this.#announcedFrom = announcedFrom;
  }

  get alive(): boolean {
    return this.#silentSince === null;
  }

  /** When it last announced itself. While it is alive that is worked out, not stored: no timer per node. */
  announcedAt(now: number): number {
    if (this.#silentSince !== null) return this.#silentSince;
    const period = this.#life.announceMs / this.#speed;
    return this.#announcedFrom + Math.floor((now - this.#announcedFrom) / period) * period;
  }

  /** Cluster time until its rows vanish; negative when they are gone. */
  expiresInMs(now: number): number {
    return this.#life.lifeMs - (now - this.announcedAt(now)) * this.#speed;
  }

  /** What its rows say of that. */
  expiresAt(now: number): number {
    return this.#life.exact
      ? this.announcedAt(now) + this.#life.lifeMs / this.#speed
      : now + this.expiresInMs(now);
  }

  isHidden(role: ComponentRole, now: number): boolean {
    return SERVED.includes(role) && within(this.#hidden, now);
  }

  isEmpty(now: number): boolean {
    return within(this.#empty, now);
  }

  isConnected(now: number): boolean {
    return this.alive && now >= this.#connectedFrom;
  }

  /** Rows of now, and all of them. */
  announce(now: number): void {
    this.#announcedFrom = now;
    this.#hidden = null;
    this.#empty = null;
  }

  /** Announces itself as the process that it is from now on. */
  reload(now: number, { hidden, emptyForMs, reconnectsMs }: ReloadEffects): void {
    const wasHidden = within(this.#hidden, now);
    this.announce(now);
    this.disconnect(now + reconnectsMs / this.#speed);
    if (emptyForMs > 0) this.#empty = { from: now, until: now + emptyForMs / this.#speed };
    if (hidden === null) return;
    // Rows that are away already stay away; there is no generation left that shows them.
    const from = wasHidden ? now : now + hidden.afterMs / this.#speed;
    this.#hidden = { from, until: from + hidden.forMs / this.#speed };
  }

  /** The inventory does not name it until then. */
  disconnect(until: number): void {
    this.#connectedFrom = Math.max(this.#connectedFrom, until);
  }

  silence(now: number): void {
    this.#silentSince ??= this.announcedAt(now);
  }

  /** Its rows are gone at once. */
  expire(): void {
    this.#silentSince = Number.NEGATIVE_INFINITY;
  }

  comeBack(now: number): void {
    this.#silentSince = null;
    this.announce(now);
  }
}

function within(span: Span | null, now: number): boolean {
  return span !== null && now >= span.from && now < span.until;
}
