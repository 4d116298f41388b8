import { type ListingReader, readFields } from "../listings/json-stream.ts";
import { MemberTable } from "../rotation/member-table.ts";
import type { ClusterRecord, RosterMember } from "../rotation/record.ts";

/** How a roster begins and ends in a record as it is written (`texts.ts`); no text of JSON has a line end in it. */
const BEGINS = Buffer.from('\n      "roster": [\n');
const ENDS = Buffer.from("\n      ]");
const MEMBER_FIELDS = ["kind", "id", "name"] as const;

/** The name of a member that stands for a whole roster, whose number is its id. */
const STANDS_FOR = "\u0000 a roster \u0000";

/**
 * Takes the rosters out of a record while it is read: a million members are a row each, and everything else is small. What
 * is laid out in another way than it was written is none of its business: it throws a SyntaxError, or keeps a roster that
 * nobody asks for.
 */
export class RosterSplitter {
  readonly #rosters: MemberTable[] = [];
  readonly #rest: Buffer[] = [];
  /** The roster at hand; `null` between them. */
  #reader: ListingReader | null = null;
  /** Bytes in which a roster may begin or end that goes on in the next piece. */
  #last = Buffer.alloc(0);

  push(piece: Uint8Array): void {
    const bytes = Buffer.concat([this.#last, piece]);
    let at = 0;
    for (;;) {
      const wanted = this.#reader === null ? BEGINS : ENDS;
      const found = bytes.indexOf(wanted, at);
      if (found < 0) {
        const kept = Math.max(at, bytes.length - wanted.length + 1);
        this.#take(bytes.subarray(at, kept));
        this.#last = Buffer.from(bytes.subarray(kept));
        return;
      }
      this.#take(bytes.subarray(at, found));
      if (this.#reader === null) this.#begin();
      else this.#end();
      at = found + wanted.length;
    }
  }

  /** All but the rosters; a member of each kind stands for each, so that a schema judges kinds. */
  end(): unknown {
    this.#take(this.#last);
    if (this.#reader !== null) throw new SyntaxError("it ends in a roster");
    return JSON.parse(Buffer.concat(this.#rest).toString());
  }

  /** The record with its rosters in their places; `null` where one of them has none. */
  withRosters(record: ClusterRecord): ClusterRecord | null {
    let placed = 0;
    const rotations = record.rotations.map((rotation) => {
      const [first] = rotation.roster ?? [];
      const roster = first?.name === STANDS_FOR ? this.#rosters[Number(first.id)] : undefined;
      if (roster === undefined) return rotation;
      placed += 1;
      return { ...rotation, roster };
    });
    return placed === this.#rosters.length ? { ...record, rotations } : null;
  }

  #take(bytes: Buffer): void {
    if (this.#reader === null) this.#rest.push(Buffer.from(bytes));
    else this.#reader.push(bytes);
  }

  #begin(): void {
    const roster = new MemberTable();
    this.#rosters.push(roster);
    this.#reader = readFields(MEMBER_FIELDS, ([kind, id, name]) => {
      if (typeof kind !== "string" || typeof id !== "string" || typeof name !== "string") {
        throw new SyntaxError("a member of a roster has no kind, id or name");
      }
      roster.add({ kind, id, name });
    });
    this.#reader.push(Buffer.from("["));
  }

  #end(): void {
    this.#reader?.push(Buffer.from("]"));
    this.#reader?.end();
    this.#reader = null;
    const number = this.#rosters.length - 1;
    const kinds = this.#rosters[number]?.kinds ?? [];
    const standIns = kinds.map((kind): RosterMember => ({ kind, id: `${number}`, name: STANDS_FOR }));
    this.#rest.push(Buffer.from(`\n      "roster": ${JSON.stringify(standIns)}`));
  }
}
