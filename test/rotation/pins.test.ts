import { describe, expect, it } from "vitest";
import type { Fingerprint } from "../../src/rotation/observation.ts";
import { notationsOf, oncePerLine, pinsIn } from "../../src/rotation/pin-notations.ts";
import { type PinMoment, pinProblems } from "../../src/rotation/pins.ts";
import { NEW, OLD, OTHER } from "../world/host-rotation.ts";

// Of digits in which a shift shows: that of the small world is one byte over and over.
const PIN: Fingerprint = "sha256:1a5d0e7c9b3f48266e01c2d4f5a6978813579bdf02468ace0f1e2d3c4b5a6978";
const HEX = PIN.slice("sha256:".length);
const NOTATIONS = notationsOf([PIN, OLD]);

const base64 = (text: string) => Buffer.from(text).toString("base64");
/** As base64(1) prints it. */
const broken = (text: string, columns: number) => text.replaceAll(new RegExp(`.{${columns}}`, "g"), "$&\n");

describe("a pin is found in each of its notations", () => {
  it.each([
    ["a flag", `teleport start --ca-pin=${PIN}`, [1]],
    ["without a prefix", `ca_pin: ${HEX}`, [1]],
    ["in capitals", `ca_pin: ${HEX.toUpperCase()}`, [1]],
    ["in both cases", `ca_pin: ${HEX.slice(0, 32).toUpperCase()}${HEX.slice(32)}`, [1]],
    ["on two lines", `# pins\n${PIN}\n\n- ${HEX}`, [2, 4]],
    ["several times on one line", `${PIN} ${PIN}`, [1]],
    ["in Base64", base64(PIN), [1]],
    ["in Base64, in capitals", base64(PIN.toUpperCase()), [1]],
    ["behind other text", base64(`x${PIN}`), [1]],
    ["behind more of it", base64(`xy${PIN}`), [1]],
    ["in the middle of a file", base64(`a long preamble\nca_pin: ${HEX}\nand more`), [1]],
    ["none", "ca_pin: something else", []],
    ["another pin", OTHER, []],
    ["half of one", HEX.slice(0, 32), []],
    ["Base64 in another case of letters", base64(PIN).toLowerCase(), []],
  ])("%s", (_, text, lines) => {
    expect(pinsIn(text, NOTATIONS)).toEqual(lines.map((line) => ({ fingerprint: PIN, line })));
  });

  it.each([...Array(76).keys()])("however a line is broken: %s characters before it", (before) => {
    const text = broken(base64(`${"x".repeat(before)}${PIN}`), 76);
    expect(pinsIn(text, NOTATIONS).map(({ fingerprint }) => fingerprint)).toContain(PIN);
  });

  it("and each is told from the other", () => {
    expect(pinsIn(`${OLD} ${PIN}\n${base64(OLD)}`, NOTATIONS)).toEqual([
      { fingerprint: PIN, line: 1 },
      { fingerprint: OLD, line: 1 },
      { fingerprint: OLD, line: 2 },
    ]);
  });

  it("what is looked for is no more than a pin needs, and each stands for its own", () => {
    const { texts, pinOf } = notationsOf([PIN]);
    expect(texts.length).toBe(new Set(texts).size);
    expect(texts.filter((text) => text.length === 64)).toEqual([HEX]);
    expect(new Set(texts.slice(1).map((text) => text.length))).toEqual(new Set([28]));
    expect(texts.map((text) => pinOf(text))).toEqual(texts.map(() => PIN));
    expect(pinOf(HEX.toUpperCase())).toBe(PIN);
    expect(pinOf("something else")).toBeUndefined();
  });

  it("once a line, in order", () => {
    const [one, two] = [
      { fingerprint: PIN, line: 2 },
      { fingerprint: OLD, line: 2 },
    ];
    const next = { fingerprint: PIN, line: 3 };
    expect(oncePerLine([one, two, { ...one }, next, { ...two }])).toEqual([one, two, next]);
  });
});

describe("what a file should list", () => {
  const PINS = { old: [OLD], new: [NEW] };
  const file = (...pins: readonly Fingerprint[]) => ({
    file: "node.yaml",
    pins: pins.map((fingerprint, index) => ({ fingerprint, line: index + 5 })),
  });

  it.each<readonly [string, PinMoment, readonly Fingerprint[], readonly (readonly [number, string])[]]>([
    ["both, while it goes on", "during", [OLD, NEW], []],
    ["neither: it is none of our business", "during", [], []],
    ["of another CA", "during", [OTHER], []],
    ["the old one alone", "during", [OTHER, OLD], [[6, `lacks the new CA pin ${NEW}`]]],
    ["the new one alone", "during", [NEW], [[5, `lacks the old CA pin ${OLD}`]]],
    ["the new one, after it", "after", [NEW], []],
    ["another one, after it", "after", [OTHER], []],
    [
      "the old one, after it",
      "after",
      [NEW, OLD],
      [[6, `still lists the CA pin of the retired key, ${OLD}`]],
    ],
    [
      "the old one twice, after it",
      "after",
      [OLD, OLD],
      [
        [5, `still lists the CA pin of the retired key, ${OLD}`],
        [6, `still lists the CA pin of the retired key, ${OLD}`],
      ],
    ],
  ])("%s (%s)", (_, moment, listed, problems) => {
    const found = pinProblems([file(...listed)], PINS, moment);
    expect(found.map(({ line, message }) => [line, message])).toEqual(problems);
    expect(found.every((one) => one.file === "node.yaml" && one.remedy !== "")).toBe(true);
  });

  it("each file by itself", () => {
    const other = { file: "other.yaml", pins: [{ fingerprint: NEW, line: 1 }] };
    expect(pinProblems([file(OLD), other], PINS, "during").map((one) => one.file)).toEqual([
      "node.yaml",
      "other.yaml",
    ]);
  });
});
