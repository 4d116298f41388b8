import { expect, it } from "vitest";
import { commandWords } from "../../src/platforms/command-words.ts";

it.each([
  ["tctl", ["tctl"]],
  ["tctl -c /etc/teleport.yaml", ["tctl", "-c", "/etc/teleport.yaml"]],
  ["  tctl   -c  f ", ["tctl", "-c", "f"]],
  [`"/opt/my tools/tctl" -c 'a b'`, ["/opt/my tools/tctl", "-c", "a b"]],
  [`tctl --config="a b".yaml`, ["tctl", "--config=a b.yaml"]],
  ["tctl $HOME ~ *;rm", ["tctl", "$HOME", "~", "*;rm"]],
])("%s", (text, words) => {
  expect(commandWords("--tctl", text)).toEqual(words);
});

it("a file as it stands is one word", () => {
  expect(commandWords("--tctl", import.meta.filename)).toEqual([import.meta.filename]);
});

it.each(["", "  ", `tctl "a`, "tctl 'a"])("%j is no command line", (text) => {
  expect(() => commandWords("--tctl", text)).toThrow("is no command line");
});
