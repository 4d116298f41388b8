import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ListingReader, readElements, readFields } from "../../src/listings/json-stream.ts";
import { cpuMs } from "../world/cpu-time.ts";

type Chunks = readonly Uint8Array[];

function feed(reader: ListingReader, chunks: Chunks): void {
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
}

function whole(...texts: string[]): unknown[] {
  const elements: unknown[] = [];
  feed(
    readElements((element) => elements.push(element)),
    texts.map((text) => Buffer.from(text)),
  );
  return elements;
}

function fields(paths: readonly string[], chunks: Chunks): unknown[][] {
  const rows: unknown[][] = [];
  feed(
    readFields(paths, (values) => rows.push([...values])),
    chunks,
  );
  return rows;
}

/** Cuts bytes at the given places, anywhere, also inside a character. */
function cut(bytes: Buffer, places: readonly number[]): Chunks {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
}

const PATHS = ["sub_kind", "metadata.name", "metadata.expires", "spec.hostname", "spec.rotation.phase"];

function follow(value: unknown, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>(
      (inner, key) =>
        typeof inner === "object" && inner !== null && !Array.isArray(inner)
          ? (inner as Record<string, unknown>)[key]
          : undefined,
      value,
    );
}

const anyObject = fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue({ maxDepth: 3 }));
/** Wanted keys at the right depth, at the wrong depth, and of the wrong kind. */
const row = fc.oneof(
  anyObject,
  fc.record(
    {
      sub_kind: fc.jsonValue({ maxDepth: 1 }),
      metadata: fc.oneof(
        fc.record(
          {
            labels: fc.dictionary(fc.constantFrom("name", "phase", "hostname", 'qu"ote', "a\\"), fc.string()),
            name: fc.string({ unit: "binary" }),
            expires: fc.constantFrom("2026-11-21T08:13:56Z", "same", "same"),
          },
          { requiredKeys: [] },
        ),
        fc.jsonValue({ maxDepth: 1 }),
      ),
      spec: fc.record(
        {
          cmd_labels: anyObject,
          hostname: fc.oneof(fc.string(), fc.constantFrom("é", "\\", '"', "{[", "\u0000", "\u2028")),
          rotation: fc.oneof(
            fc.record(
              { phase: fc.constantFrom("init", "standby", "ünit"), name: fc.string() },
              { requiredKeys: [] },
            ),
            fc.constant(null),
          ),
        },
        { requiredKeys: [] },
      ),
    },
    { requiredKeys: [] },
  ),
);
const listing = fc.record({
  rows: fc.array(row, { maxLength: 8 }),
  indent: fc.constantFrom(0, 1, 2, 4, "\t", " \n"),
  cuts: fc.array(fc.nat(), { maxLength: 12 }),
  after: fc.constantFrom("", "\n", "\r\n\n"),
});

describe("any listing, cut into any chunks", () => {
  it("gives what JSON.parse gives", () => {
    fc.assert(
      fc.property(listing, ({ rows, indent, cuts, after }) => {
        const text = JSON.stringify(rows, null, indent) + after;
        const seen: unknown[] = [];
        feed(
          readElements((element) => seen.push(element)),
          cut(Buffer.from(text), cuts),
        );
        expect(seen).toEqual(JSON.parse(text));
      }),
      { numRuns: 500 },
    );
  });

  it("gives the same fields as JSON.parse", () => {
    fc.assert(
      fc.property(listing, ({ rows, indent, cuts, after }) => {
        const text = JSON.stringify(rows, null, indent) + after;
        const parsed = JSON.parse(text) as unknown[];
        expect(fields(PATHS, cut(Buffer.from(text), cuts))).toEqual(
          parsed.map((element) => PATHS.map((path) => follow(element, path))),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it("gives concatenated objects one by one", () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 5 }),
        fc.constantFrom("", "\n", "  "),
        (rows, between) => {
          const text = rows.map((element) => JSON.stringify(element)).join(between);
          expect(whole(text)).toEqual(rows.map((element) => JSON.parse(JSON.stringify(element))));
        },
      ),
    );
  });

  it("never takes a cut-off array for a complete one", () => {
    fc.assert(
      fc.property(listing, fc.nat(), fc.boolean(), ({ rows, indent }, place, onlyFields) => {
        const text = Buffer.from(JSON.stringify(rows, null, indent));
        const half = text.subarray(0, place % text.length);
        expect(() => (onlyFields ? fields(PATHS, [half]) : whole(half.toString("latin1")))).toThrow(
          SyntaxError,
        );
      }),
      { numRuns: 500 },
    );
  });
});

/** Rows of a few shapes, written by hand: keys that are there twice, any space, values that no JSON has. */
const spaces = fc.constantFrom("", " ", "\n    ", "\r\n\t");
const written = fc.oneof(
  fc.stringMatching(/^[a-z0-9-]{0,6}$/).map((text) => `"${text}"`),
  fc.nat().map(String),
  fc.constantFrom(
    ...[
      '"same"',
      '"é"',
      '"\\""',
      '"a\\\\"',
      '"{"',
      '"\n"',
      '"',
      "{}",
      "null",
      "-1",
      "1.5e3",
      "tru7",
      "007",
      '""',
    ],
    ...['{"name":"x"}', '{"deep":["x",1,{"name":"y"}]}', '["a" "b" 1]', '{"a" "b"}', "\\", "}", ""],
  ),
);
const key = fc.constantFrom("sub_kind", "metadata", "name", "expires", "spec", "other", 'a\\"', "é");
const rowsOfShapes = fc
  .array(
    fc.record({
      keys: fc.array(fc.tuple(key, spaces, fc.constantFrom("plain", "metadata", "spec")), { maxLength: 5 }),
      rows: fc.array(fc.array(written, { minLength: 5, maxLength: 5 }), { minLength: 2, maxLength: 6 }),
    }),
    { minLength: 1, maxLength: 2 },
  )
  .chain((kinds) => {
    const rows = kinds.flatMap(({ keys, rows: valuesOfRows }) =>
      valuesOfRows.map((values) => {
        const members = keys.map(([name, space, where], index) => {
          const one = `${space}"${name}":${space}${values[index]}`;
          return where === "plain" ? one : `${space}"${where}": {${one}${space}}`;
        });
        return `{${members.join(",")}}`;
      }),
    );
    return fc.tuple(fc.shuffledSubarray(rows), fc.array(fc.nat(), { maxLength: 6 }));
  });

describe("rows that are alike", () => {
  it("are read as each of them is alone, whatever is written in them", () => {
    let read = 0;
    fc.assert(
      fc.property(rowsOfShapes, ([rows, cuts]) => {
        const alone = rows.map((one) => {
          try {
            return fields(PATHS, [Buffer.from(`[${one}]`)]);
          } catch (error) {
            expect(error).toBeInstanceOf(SyntaxError);
            return null;
          }
        });
        const bytes = Buffer.from(`[${rows.join(",\n")}]`);
        if (alone.includes(null)) {
          // What ends a row too early may make another row of what follows it.
          if (rows.length === 1) expect(() => fields(PATHS, cut(bytes, cuts))).toThrow(SyntaxError);
          return;
        }
        read += rows.length;
        expect(fields(PATHS, cut(bytes, cuts))).toEqual(alone.flat());
      }),
      { numRuns: 1000 },
    );
    expect(read).toBeGreaterThan(300);
  });

  it("where a key is there twice, the last one counts, also where only the first one differs", () => {
    const rows = ["a", "b", "c"].map((text) => `{"sub_kind":"${text}","sub_kind":"last"}`);
    expect(fields(["sub_kind"], [Buffer.from(`[${rows.join(",")}]`)])).toEqual([
      ["last"],
      ["last"],
      ["last"],
    ]);
  });

  it("fit no shape where a text is closed elsewhere, or bears an escape", () => {
    const rows = [
      '{"a":"x","b":"1"}',
      '{"a":"y","b":"1"}',
      '{"a":"z\\"","b":"1"}',
      '{"a":"","b":"1","c":"q"}',
    ];
    const expected = rows.map((text) => JSON.parse(text)).map(({ a, b }) => [a, b]);
    expect(fields(["a", "b"], [Buffer.from(rows.join(""))])).toEqual(expected);
  });
});

describe("shapes of an empty or single result (reference teleport-rotation 4.1, recordings)", () => {
  it.each([
    ["an empty array", "[]", []],
    ["an empty array with a line end", "[]\n", []],
    ["an empty array with a space in it", "[ \n ]", []],
    ["null, as old versions print it", "null", []],
    ["null with a line end", "null\n", []],
    ["a bare object without a line end", '{\n    "kind": "node"\n}', [{ kind: "node" }]],
    ["an array of one", '[\n    {\n        "kind": "node"\n    }\n]\n', [{ kind: "node" }]],
    ["an empty object", "[{}]", [{}]],
    ["HTML escapes, as Go prints them", '[{"a":"\\u003cb\\u003e"}]', [{ a: "<b>" }]],
  ])("%s", (_what, text, expected) => {
    expect(whole(text)).toEqual(expected);
    expect(whole(...text)).toEqual(expected);
  });
});

describe("what is no listing", () => {
  it.each([
    ["nothing at all", "", "it is empty"],
    ["only white space", " \n", "it is empty"],
    ["half of null", "nu", "ends in the middle"],
    ["a list that is not closed", "[", "ends in the middle"],
    ["a list cut after a comma", '[{"a":1},', "ends in the middle, after 1 complete elements"],
    ["a list cut inside a string", '[{"a":1},{"b":"x', "ends in the middle, after 1 complete elements"],
    ["a list cut inside an escape", '[{"b":"x\\', "ends in the middle"],
    ["a bare object that is not closed", '{"a":1', "ends in the middle"],
    ["text before it", 'WARNING: old\n[{"a":1}]', "something else than a listing"],
    ["text after it", '[{"a":1}]\nerror: lost', "something after the listing"],
    ["a second list", '[{"a":1}]\n[{"a":2}]', "something after the listing"],
    ["a second, empty list", '[{"a":1}][]', "something after the listing"],
    ["an object after a list", '[]\n{"a":1}', "something after the listing"],
    ["null after null", "null null", "something after the listing"],
    ["a list after objects", '{"a":1}\n[{"a":2}]', "something else than a listing"],
    ["null after an object", '{"a":1}\nnull', "something else than a listing"],
    ["lists without an end", "[".repeat(2_000), "something else than a listing"],
    ["lists without an end in an element", `[{"a":${"[".repeat(2_000)}`, "nested deeper than 100 levels"],
    ["objects in objects without an end", '{"b":'.repeat(2_000), "nested deeper than 100 levels"],
    ["a number", "[1]", "something else than a listing"],
    ["a string", '["a"]', "something else than a listing"],
    ["null in a list", "[null]", "something else than a listing"],
    ["a missing comma", '[{"a":1}{"b":2}]', "something else than a listing"],
    ["a comma too many", '[{"a":1},]', "something else than a listing"],
    ["a word that begins like null", "nope", "something else than a listing"],
  ])("%s", (_what, text, message) => {
    expect(() => whole(text)).toThrow(message);
    expect(() => whole(...text)).toThrow(message);
    expect(() => fields(["a"], [Buffer.from(text)])).toThrow(message);
    expect(() => whole(text)).toThrow(SyntaxError);
  });

  it("says where, in bytes from the start, over all chunks", () => {
    expect(() => whole('[{"a":1},', '{"b":2} x')).toThrow("(byte 17)");
  });

  it("refuses an element that is not JSON inside", () => {
    expect(() => whole('[{"a":tru}]')).toThrow("element 1 is not valid JSON (byte 1)");
    expect(() => fields(["a"], [Buffer.from('[{"a":tru}]')])).toThrow("element 1 is not valid JSON");
    expect(() => fields(["a"], [Buffer.from("[{a:1}]")])).toThrow("a key was expected");
    expect(() => fields(["a"], [Buffer.from('[{"a" 1}]')])).toThrow("a colon was expected");
    expect(() => fields(["a"], [Buffer.from('[{"a":1 "b":2}]')])).toThrow("a comma was expected");
  });
});

describe("size", () => {
  it("reads an element of many chunks in linear time", () => {
    const text = Buffer.from(JSON.stringify([{ a: "x".repeat(8_000_000), b: "end" }]));
    const chunks = Array.from({ length: Math.ceil(text.length / 4096) }, (_, index) =>
      text.subarray(index * 4096, (index + 1) * 4096),
    );
    const started = cpuMs();
    expect(fields(["b"], chunks)).toEqual([["end"]]);
    expect(cpuMs() - started).toBeLessThan(5_000);
  });

  it("refuses an element without an end rather than fill the memory", () => {
    const reader = readElements(() => undefined);
    const mebibyte = Buffer.alloc(1024 * 1024, "x");
    reader.push(Buffer.from('[{"a":"'));
    expect(() => {
      for (let count = 0; count < 200; count += 1) reader.push(mebibyte);
    }).toThrow("larger than 64 MiB");
  });

  it("refuses rows without an end rather than fill the memory", () => {
    const reader = readFields(["a"], () => undefined);
    const rows = Buffer.from('{"a":1}'.repeat(10_000));
    expect(() => {
      for (let count = 0; count < 300; count += 1) reader.push(rows);
    }).toThrow("more than 2000000 elements");
  });

  it("shares the text of fields that repeat", () => {
    const rows: unknown[][] = fields(
      ["id"],
      [Buffer.from(JSON.stringify([{ id: "one" }, { id: "one" }, { id: "two" }]))],
    );
    expect(rows).toEqual([["one"], ["one"], ["two"]]);
  });
});
