import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyOf } from "../../src/rotation/component-key.ts";
import { type ComponentReport, ComponentTable, listedOfKind } from "../../src/rotation/component-table.ts";
import { MemberTable, memberTable } from "../../src/rotation/member-table.ts";
import type { LiveComponent } from "../../src/rotation/observation.ts";
import type { RosterMember } from "../../src/rotation/record.ts";
import { rosterOf } from "../../src/rotation/roster.ts";

const KINDS = ["node", "proxy", "app_server"];

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }).map((some) => some.toWellFormed()),
  fc.uuid(),
);
const member: fc.Arbitrary<RosterMember> = fc.record({
  kind: fc.constantFrom(...KINDS),
  id: fc.oneof(text, fc.constantFrom("one", "two", "three")),
  name: text,
});
const members = fc.uniqueArray(member, { selector: keyOf, maxLength: 200 });
const component: fc.Arbitrary<LiveComponent> = fc
  .record({
    ...{ kind: fc.constantFrom(...KINDS), id: text, name: text },
    phase: fc.constantFrom("init" as const, "standby" as const, null),
    currentId: fc.constantFrom("a", "b", null),
    unclear: fc.constantFrom(undefined, "", "sideways"),
    version: fc.constantFrom("11.1.2", "18.7.0", null),
    expires: fc.constantFrom(null, "2026-03-01T10:10:00Z", "2026-03-01T10:10:00.25Z"),
  })
  .map(({ unclear, expires, ...rest }) => ({
    ...rest,
    ...(unclear === undefined ? {} : { unclear }),
    expires: expires?.replace(".25Z", ".250Z") ?? null,
  }));
const components = fc.array(component, { maxLength: 200 });

describe("members in columns", () => {
  it("are those of the list, found by kind and id", () => {
    fc.assert(
      fc.property(members, members, (list, others) => {
        const table = memberTable(list);
        expect([...table]).toEqual(list);
        expect(JSON.parse(JSON.stringify({ table }))).toEqual({ table: list });
        for (const one of [...list, ...others]) {
          expect(table.has(one)).toBe(list.some((known) => keyOf(known) === keyOf(one)));
        }
        expect(table.idsAmong([...list, ...others])).toEqual(new Set(list.map(({ id }) => id)));
        expect(table.idsAmong(others)).toEqual(
          new Set(others.map(({ id }) => id).filter((id) => list.some((one) => one.id === id))),
        );
      }),
    );
  });

  it("that another list lacks are told in whatever order both are", () => {
    fc.assert(
      fc.property(members, members, fc.boolean(), (list, extra, isTurned) => {
        const other = memberTable([...(isTurned ? list.toReversed() : list).slice(3), ...extra]);
        const table = memberTable(list);
        const missing = list.filter((one) => ![...other].some((known) => keyOf(known) === keyOf(one)));
        expect(table.rowsNotIn(other).map((row) => table.at(row))).toEqual(missing);
        expect(table.rowsNotIn(table)).toEqual([]);
      }),
    );
  });

  it("are more than there is room for at first", () => {
    const list = Array.from({ length: 10_000 }, (_, row) => ({
      kind: KINDS[row % 3] ?? "",
      id: `id-${row}`,
      name: row % 1_000 === 0 ? "long ".repeat(50 * row) : `ünïcode-${row}`,
    }));
    const all = new MemberTable();
    all.append(memberTable(list.slice(0, 5_000)));
    all.append(memberTable(list.slice(5_000)));
    expect([...all]).toEqual(list);
    expect(list.every((one) => all.has(one))).toBe(true);
    expect(all.has({ kind: "node", id: "id-1" })).toBe(false);
  });
});

describe("components in columns", () => {
  it("are those of the lists that they were made of, and who says the same shares a report", () => {
    fc.assert(
      fc.property(components, components, (some, more) => {
        const table = new ComponentTable();
        table.append(some);
        const rest = new ComponentTable();
        rest.append(more);
        table.append(rest);
        const all = [...some, ...more];
        expect([...table]).toEqual(all);
        expect(table.filter(({ kind }) => kind === "node")).toEqual(
          all.filter(({ kind }) => kind === "node"),
        );
        expect(listedOfKind(table, "proxy")).toEqual(all.filter(({ kind }) => kind === "proxy"));
        const said = ({ kind, phase, currentId, unclear, version }: ComponentReport) =>
          JSON.stringify([kind, phase, currentId, unclear, version]);
        expect(table.reports.map(said)).toEqual([...new Set(all.map(said))]);
      }),
    );
  });

  it("whose report has a phase are the roster", () => {
    fc.assert(
      fc.property(components, (list) => {
        const reporting = list.filter(({ phase }) => phase !== null);
        expect([...rosterOf({ components: list })]).toEqual(
          reporting.map(({ kind, id, name }) => ({ kind, id, name })),
        );
      }),
    );
  });
});
