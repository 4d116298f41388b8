import { expect, it } from "vitest";
import { remembered, rememberedByDigest } from "../../src/x509/remembered.ts";

it("answers once for each key, forgets the oldest, and remembers no failure", () => {
  const asked: string[] = [];
  const answer = remembered(2, (key) => {
    asked.push(key);
    if (key === "bad") throw new Error("no answer");
    return key === "nothing" ? undefined : key.toUpperCase();
  });
  expect([answer("a"), answer("nothing"), answer("a"), answer("nothing")]).toEqual([
    "A",
    undefined,
    "A",
    undefined,
  ]);
  expect(asked).toEqual(["a", "nothing"]);
  expect([answer("c"), answer("a")]).toEqual(["C", "A"]);
  expect(asked).toEqual(["a", "nothing", "c", "a"]);
  expect(() => answer("bad")).toThrow("no answer");
  expect(() => answer("bad")).toThrow("no answer");
  expect(asked.slice(4)).toEqual(["bad", "bad"]);
});

it("keeps what is asked for between all others", () => {
  const asked: string[] = [];
  const answer = remembered(2, (key) => asked.push(key));
  for (const key of ["root", "a", "root", "b", "root", "c", "root"]) answer(key);
  expect(asked).toEqual(["root", "a", "b", "c"]);
});

it("takes words for what they are, not for what they are together", () => {
  const asked: string[] = [];
  const answer = rememberedByDigest(9, (one: string, other: string) => {
    asked.push(`${one}|${other}`);
    return asked.length;
  });
  expect([answer("a", "bc"), answer("ab", "c"), answer("a", "bc")]).toEqual([1, 2, 1]);
  expect(asked).toEqual(["a|bc", "ab|c"]);
});
