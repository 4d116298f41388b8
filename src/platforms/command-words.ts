import { existsSync } from "node:fs";
import { Failure } from "../failure.ts";

/**
 * A command line as one value of a flag, `tctl -c teleport.yaml`, in its words: separated by blanks, with quotes around
 * what has some. Nothing else means anything: no variable, no `~`, no shell. What is a file as it stands is one word. A
 * `Failure` for a quote that does not end.
 */
export function commandWords(flag: string, text: string): readonly string[] {
  if (existsSync(text)) return [text];
  const words = text.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  const open = text.replaceAll(/"[^"]*"|'[^']*'/g, "");
  if (words.length > 0 && !/["']/.test(open)) {
    return words.map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"));
  }
  throw new Failure("usage", `${flag} ${JSON.stringify(text)} is no command line`, {
    hint: `write the executable and its arguments, as in ${flag} "tctl -c /etc/teleport.yaml"; every quote has to end`,
  });
}
