import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Failure } from "../../src/failure.ts";
import { parseRecord, parseRecordPieces } from "../../src/record/parse.ts";
import { recordPieces, recordText } from "../../src/record/texts.ts";
import { MemberTable } from "../../src/rotation/member-table.ts";
import type { ClusterRecord, RotationRecord } from "../../src/rotation/record.ts";
import { asWritten } from "../world/as-written.ts";

const AT = "2026-11-20T10:00:00Z";
const KEY = `sha256:${"a".repeat(64)}` as const;

/** What would end or begin a roster, were it not inside of a text. */
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }).map((some) => some.toWellFormed()),
  fc.constantFrom('\n      "roster": [\n', "\n      ]", "\u0000 a roster \u0000", "0", "ünï"),
);
const roster = fc.array(fc.record({ kind: fc.constantFrom("node", "proxy"), id: text, name: text }), {
  maxLength: 6,
});
const rotation: fc.Arbitrary<RotationRecord> = fc.record({
  name: text,
  authority: fc.constantFrom("host", "db"),
  state: fc.constantFrom("open", "finished"),
  current_id: fc.option(text),
  retire: fc.constant([KEY]),
  introduced: fc.constant([]),
  started_at: fc.constant(AT),
  ended_at: fc.constant(null),
  roster: fc.option(roster),
  phases: fc.constant([]),
  requested: fc.constant(null),
  contents: fc.array(text, { maxLength: 2 }),
  reason: fc.option(text),
});
const record: fc.Arbitrary<ClusterRecord> = fc.record({
  format_version: fc.constant("1.0"),
  cluster: fc.constant("acme.cluster"),
  rotations: fc.array(rotation, { maxLength: 3 }),
  applied: fc.constantFrom(null, { commit: "c".repeat(40), at: AT }),
});

function cut(whole: string, places: readonly number[]): readonly Uint8Array[] {
  const bytes = Buffer.from(whole);
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
}

describe("a record in pieces", () => {
  it("is written as one text would be, and read as one text is, wherever it is cut", async () => {
    let inColumns = 0;
    await fc.assert(
      fc.asyncProperty(record, fc.array(fc.nat(), { maxLength: 8 }), async (some, cuts) => {
        const written = `${JSON.stringify(some, null, 2)}\n`;
        expect([...recordPieces(some)].join("")).toBe(written);
        expect(recordText(some)).toBe(written);
        const read = await parseRecordPieces(cut(written, cuts), "file", "acme.cluster");
        // A member that is called as a stand-in is read as one text.
        const whole = parseRecord(written, "file", "acme.cluster");
        expect(asWritten(read ?? whole)).toEqual(asWritten(some));
        if (read?.rotations.some((one) => one.roster instanceof MemberTable)) inColumns += 1;
      }),
      { numRuns: 300 },
    );
    expect(inColumns).toBeGreaterThan(100);
  });

  it("is written of more members than are one piece", () => {
    const members = Array.from({ length: 2_500 }, (_, row) => ({
      kind: "node",
      id: `${row}`,
      name: `n${row}`,
    }));
    const [some] = fc.sample(rotation, { numRuns: 1, seed: 1 });
    const large = { format_version: "1.0", cluster: "a", rotations: [{ ...some, roster: members }] };
    expect(recordText(large as ClusterRecord)).toBe(`${JSON.stringify(large, null, 2)}\n`);
  });

  it.each([
    ["in one line", (written: string) => JSON.stringify(JSON.parse(written))],
    ["indented by four", (written: string) => JSON.stringify(JSON.parse(written), null, 4)],
    ["with line ends of Windows", (written: string) => written.replaceAll("\n", "\r\n")],
    ["cut off", (written: string) => written.slice(0, -30)],
    ["cut off in a roster", (written: string) => written.slice(0, written.indexOf('"id"') + 6)],
    [
      "with a kind that nobody knows",
      (written: string) => written.replace('"kind": "node"', '"kind": "nodes"'),
    ],
    ["with an id that is no text", (written: string) => written.replace(/"id": "[^"]*"/, '"id": 5')],
    ["with something in a roster", (written: string) => written.replace('"roster": [', '"roster": [1,')],
    ["of another cluster", (written: string) => written.replace("acme.cluster", "other")],
  ])("%s is read, or refused, as one text is", async (_what, change) => {
    const [base] = fc.sample(rotation, { numRuns: 1, seed: 1 });
    const members = [{ kind: "node", id: "one", name: "a" }];
    const written = change(
      recordText({
        format_version: "1.0",
        cluster: "acme.cluster",
        rotations: [{ ...base, roster: members } as RotationRecord],
      }),
    );
    const whole = () => parseRecord(written, "file", "acme.cluster");
    const inPieces = async () =>
      (await parseRecordPieces([Buffer.from(written)], "file", "acme.cluster")) ?? whole();
    let expected: unknown;
    try {
      expected = whole();
    } catch (error) {
      expect(error).toBeInstanceOf(Failure);
      await expect(inPieces()).rejects.toThrow((error as Failure).message);
      return;
    }
    expect(asWritten(await inPieces())).toEqual(asWritten(expected));
  });
});
