import type { ComponentKind } from "./observation.ts";
import type { Roster, RosterMember } from "./record.ts";
import { FIRST_BYTES, TextColumn, twice } from "./text-column.ts";

/** What a member is found by. */
interface Identified {
  readonly kind: ComponentKind;
  readonly id: string;
}

const FIRST_ROWS = FIRST_BYTES / Uint32Array.BYTES_PER_ELEMENT;
const NOBODY = -1;

/**
 * Kind, id and name of everybody in a list, in columns: some 70 bytes each, and no object until one is asked for. It is
 * filled first and read afterwards; a row is a number from 0 on.
 */
export class MemberTable implements Roster {
  readonly #kinds: ComponentKind[] = [];
  #kindOf = new Uint32Array(FIRST_ROWS);
  readonly #ids = new TextColumn();
  readonly #names = new TextColumn();
  /** Rows by the hash of their ids, plus one; made when somebody is looked up. */
  #rowsByHash: Uint32Array | null = null;
  readonly #absent = new WeakMap<MemberTable, readonly number[]>();
  readonly #shared = new WeakMap<readonly Pick<Identified, "id">[], ReadonlySet<string>>();

  get length(): number {
    return this.#ids.length;
  }

  /** Each once. */
  get kinds(): readonly ComponentKind[] {
    return this.#kinds;
  }

  add({ kind, id, name }: RosterMember): void {
    this.#addKind(kind);
    this.#ids.add(id);
    this.#names.add(name);
  }

  append(other: MemberTable): void {
    for (let row = 0; row < other.length; row += 1) this.#addKind(other.kindAt(row), this.length + row);
    this.#ids.append(other.#ids);
    this.#names.append(other.#names);
  }

  at(row: number): RosterMember {
    return { kind: this.kindAt(row), id: this.#ids.at(row), name: this.#names.at(row) };
  }

  kindAt(row: number): ComponentKind {
    return this.#kinds[this.#kindOf[row] as number] as ComponentKind;
  }

  nameAt(row: number): string {
    return this.#names.at(row);
  }

  *[Symbol.iterator](): Iterator<RosterMember> {
    for (let row = 0; row < this.length; row += 1) yield this.at(row);
  }

  /** In JSON it is a list. */
  toJSON(): readonly RosterMember[] {
    return [...this];
  }

  /** The rows of one kind. */
  rowsOf(kind: ComponentKind): readonly number[] {
    const rows: number[] = [];
    const number = this.#kinds.indexOf(kind);
    if (number < 0) return rows;
    for (let row = 0; row < this.length; row += 1) if (this.#kindOf[row] === number) rows.push(row);
    return rows;
  }

  has(one: Identified): boolean {
    const asked = new TextColumn();
    asked.add(one.id);
    return this.#lookUp(one.kind, asked, 0) !== NOBODY;
  }

  /** Which ids of these somebody here has, of whatever kind; looked up once, as every guard asks. */
  idsAmong(those: readonly Pick<Identified, "id">[]): ReadonlySet<string> {
    const known = this.#shared.get(those);
    if (known !== undefined) return known;
    const asked = new MemberTable();
    for (const { id } of those) asked.add({ kind: "", id, name: "" });
    const ids = new Set<string>();
    for (let row = 0; row < this.length; row += 1) {
      if (asked.#lookUp(null, this.#ids, row) !== NOBODY) ids.add(this.#ids.at(row));
    }
    this.#shared.set(those, ids);
    return ids;
  }

  /** The rows of whoever is not in the other list; looked up once, as every guard asks. */
  rowsNotIn(other: MemberTable): readonly number[] {
    if (other === this) return [];
    const known = this.#absent.get(other);
    if (known !== undefined) return known;
    const rows = this.#absentFrom(other);
    this.#absent.set(other, rows);
    return rows;
  }

  #absentFrom(other: MemberTable): readonly number[] {
    const rows: number[] = [];
    // Listings have an order: whoever comes next here comes next there, nearly always.
    let next = 0;
    for (let row = 0; row < this.length; row += 1) {
      const kind = this.kindAt(row);
      const isNext = next < other.length && other.#isAt(next, kind, this.#ids, row);
      const found = isNext ? next : other.#lookUp(kind, this.#ids, row);
      if (found === NOBODY) rows.push(row);
      else next = found + 1;
    }
    return rows;
  }

  #addKind(kind: ComponentKind, row = this.length): void {
    const last = this.#kinds.length - 1;
    let number = this.#kinds[last] === kind ? last : this.#kinds.indexOf(kind);
    if (number < 0) number = this.#kinds.push(kind) - 1;
    if (row === this.#kindOf.length) this.#kindOf = new Uint32Array(twice(this.#kindOf.buffer));
    this.#kindOf[row] = number;
    this.#rowsByHash = null;
  }

  /** The row of an id, which is a text of a column. */
  #lookUp(kind: ComponentKind | null, ids: TextColumn, index: number): number {
    const places = this.#places();
    const last = places.length - 1;
    for (let place = ids.hashAt(index) & last; ; place = (place + 1) & last) {
      const row = (places[place] as number) - 1;
      if (row === NOBODY || this.#isAt(row, kind, ids, index)) return row;
    }
  }

  #isAt(row: number, kind: ComponentKind | null, ids: TextColumn, index: number): boolean {
    return (kind === null || this.kindAt(row) === kind) && this.#ids.isSame(row, ids, index);
  }

  /** Open addressing: a place that is taken leads to the next one. At least half of them are free. */
  #places(): Uint32Array {
    if (this.#rowsByHash !== null) return this.#rowsByHash;
    const places = new Uint32Array(2 ** Math.ceil(Math.log2(2 * this.length + 2)));
    const last = places.length - 1;
    for (let row = 0; row < this.length; row += 1) {
      let place = this.#ids.hashAt(row) & last;
      while (places[place] !== 0) place = (place + 1) & last;
      places[place] = row + 1;
    }
    this.#rowsByHash = places;
    return places;
  }
}

const tables = new WeakMap<Roster, MemberTable>();

/** A list as a table; made once for each list, as every guard asks for it. */
export function memberTable(list: Roster): MemberTable {
  if (list instanceof MemberTable) return list;
  const known = tables.get(list);
  if (known !== undefined) return known;
  const table = new MemberTable();
  for (const member of list) table.add(member);
  tables.set(list, table);
  return table;
}
