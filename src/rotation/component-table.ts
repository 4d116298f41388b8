import { isoTime } from "../iso-time.ts";
import { MemberTable } from "./member-table.ts";
import type { ComponentKind, Components, LiveComponent } from "./observation.ts";
import { FIRST_BYTES, twice } from "./text-column.ts";

/** What a component reports of itself; thousands report the same. */
export type ComponentReport = Omit<LiveComponent, "id" | "name" | "expires">;

const FIRST_ROWS = FIRST_BYTES / Float64Array.BYTES_PER_ELEMENT;

/**
 * Everybody who is listed, in columns: some 80 bytes each. Who reports the same shares one report, which is judged once; a component is made of a row when it is asked for. It is filled first and read afterwards.
 */
export class ComponentTable implements Components {
  /** Who they are. */
  readonly members = new MemberTable();
  readonly #reports: ComponentReport[] = [];
  readonly #numbers = new Map<string, number>();
  #last: { readonly report: ComponentReport; readonly number: number } | undefined;
  #reportOf = new Uint32Array(FIRST_ROWS);
  /** Milliseconds since the epoch; NaN: never. */
  #runsOut = new Float64Array(FIRST_ROWS);

  get length(): number {
    return this.members.length;
  }

  /** Each once. */
  get reports(): readonly ComponentReport[] {
    return this.#reports;
  }

  add(component: LiveComponent): void {
    const { expires } = component;
    this.#put(this.#numberOf(component), expires === null ? Number.NaN : Date.parse(expires));
    this.members.add(component);
  }

  append(others: Components): void {
    if (!(others instanceof ComponentTable)) {
      for (const one of others) this.add(one);
      return;
    }
    const numbers = others.#reports.map((report) => this.#numberOf(report));
    for (let row = 0; row < others.length; row += 1) {
      this.#put(numbers[others.reportAt(row)] as number, others.runsOutAt(row), this.length + row);
    }
    this.members.append(others.members);
  }

  at(row: number): LiveComponent {
    const { kind, phase, currentId, unclear, version } = this.#reports[this.reportAt(row)] as ComponentReport;
    const { id, name } = this.members.at(row);
    const runsOut = this.runsOutAt(row);
    return {
      kind,
      id,
      name,
      phase,
      currentId,
      ...(unclear === undefined ? {} : { unclear }),
      version,
      expires: Number.isNaN(runsOut) ? null : isoTime(runsOut).replace(".000Z", "Z"),
    };
  }

  /** Which of the reports is that of a row. */
  reportAt(row: number): number {
    return this.#reportOf[row] as number;
  }

  /** When a row runs out, in milliseconds since the epoch; NaN: never. */
  runsOutAt(row: number): number {
    return this.#runsOut[row] as number;
  }

  *[Symbol.iterator](): Iterator<LiveComponent> {
    for (let row = 0; row < this.length; row += 1) yield this.at(row);
  }

  filter(isWanted: (one: LiveComponent) => boolean): readonly LiveComponent[] {
    const wanted: LiveComponent[] = [];
    for (const one of this) if (isWanted(one)) wanted.push(one);
    return wanted;
  }

  /** In JSON it is a list. */
  toJSON(): readonly LiveComponent[] {
    return [...this];
  }

  #put(report: number, runsOut: number, row = this.length): void {
    if (row === this.#runsOut.length) {
      this.#reportOf = new Uint32Array(twice(this.#reportOf.buffer));
      this.#runsOut = new Float64Array(twice(this.#runsOut.buffer));
    }
    this.#reportOf[row] = report;
    this.#runsOut[row] = runsOut;
  }

  #numberOf(report: ComponentReport): number {
    const { kind, phase, currentId, unclear, version } = report;
    // Whoever is listed next reports the same, nearly always.
    if (this.#last !== undefined && isSame(this.#last.report, report)) return this.#last.number;
    const number = this.#keep({
      kind,
      phase,
      currentId,
      ...(unclear === undefined ? {} : { unclear }),
      version,
    });
    this.#last = { report: this.#reports[number] as ComponentReport, number };
    return number;
  }

  #keep(report: ComponentReport): number {
    const { kind, phase, currentId, unclear, version } = report;
    const said = JSON.stringify([kind, phase, currentId, unclear, version]);
    const known = this.#numbers.get(said);
    if (known !== undefined) return known;
    const number = this.#reports.push(report) - 1;
    this.#numbers.set(said, number);
    return number;
  }
}

function isSame(one: ComponentReport, other: ComponentReport): boolean {
  return (
    one.kind === other.kind &&
    one.phase === other.phase &&
    one.currentId === other.currentId &&
    one.unclear === other.unclear &&
    one.version === other.version
  );
}

const tables = new WeakMap<Components, ComponentTable>();

/** The components as a table; made once for each list, as every guard asks for it. */
export function componentTable(components: Components): ComponentTable {
  if (components instanceof ComponentTable) return components;
  const known = tables.get(components);
  if (known !== undefined) return known;
  const table = new ComponentTable();
  table.append(components);
  tables.set(components, table);
  return table;
}

/** Those of one kind, without a look at all the others. */
export function listedOfKind(components: Components, kind: ComponentKind): readonly LiveComponent[] {
  const table = componentTable(components);
  return table.members.rowsOf(kind).map((row) => table.at(row));
}
