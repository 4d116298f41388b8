import { EXIT_PAGES } from "../explain/exit-codes.ts";
import type { Page, Topic } from "../explain/page.ts";
import { nearestPage, pages, pagesAbout } from "../explain/pages.ts";
import { Failure } from "../failure.ts";
import { jsonText } from "../views/json/json-text.ts";
import { paragraph } from "../views/text/columns.ts";
import type { CommonOptions } from "./commands/common-flags.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { paintFor, type Terminal } from "./terminal.ts";

/** The pages of the exit codes: they are typed as the number. */
export function exitPages(): readonly Page[] {
  const names = Object.keys(EXIT) as (keyof typeof EXIT)[];
  return names.map((name) => ({ topic: "exit code", name: `${EXIT[name]}`, ...EXIT_PAGES[name] }));
}

/** `capstan explain`: what a word means, why it exists, and what to do; without a word, which there are. */
export async function explainWord(
  terminal: Terminal,
  word: string | undefined,
  options: CommonOptions,
): Promise<ExitCode> {
  const all = [...exitPages(), ...pages()];
  if (word === undefined) {
    terminal.stdout.write(options.format === "json" ? `${jsonText({ pages: all })}\n` : contents(all));
    return EXIT.ok;
  }
  const found = pagesAbout(word.trim().replace(/^exit[ -]?/, ""), all);
  if (found.length === 0) {
    const near = nearestPage(word, all);
    throw new Failure("usage", `there is no page about "${word}"`, {
      hint: near === null ? "`capstan explain` lists what there is" : `did you mean "${near}"?`,
    });
  }
  if (options.format === "json") {
    terminal.stdout.write(`${jsonText({ pages: found })}\n`);
    return EXIT.ok;
  }
  const paint = await paintFor(terminal.stdout, terminal.env, options.color);
  const texts = found.map((page) => pageText(page, (title) => paint("strong", title)));
  terminal.stdout.write(`${texts.join("\n\n")}\n`);
  return EXIT.ok;
}

function pageText({ topic, name, means, why, todo, more = [] }: Page, strong: (text: string) => string) {
  const rows = [
    ["", means],
    ...(why === undefined ? [] : [["why", why]]),
    ...(todo === undefined ? [] : [["do", todo]]),
    ...more,
  ] as const;
  const width = Math.max(...rows.map(([label = ""]) => label.length)) + 2;
  return [
    `${strong(name)} (${topic})`,
    ...rows.map(([label = "", text = ""]) =>
      label === ""
        ? paragraph(text, "  ")
        : paragraph(`${label.padEnd(width)}${text}`, "  ", " ".repeat(width + 2)),
    ),
  ].join("\n");
}

/** Of fields and of work there are hundreds: the reference has them all. */
const COUNTED: readonly Topic[] = ["field", "work by hand"];

function contents(all: readonly Page[]): string {
  const topics = [...new Set(all.map(({ topic }) => topic))];
  const parts = topics.map((topic) => {
    const names = all.filter((page) => page.topic === topic).map(({ name }) => name);
    const text = COUNTED.includes(topic)
      ? `${names.length}, such as ${names.at(-1) ?? ""}`
      : names.join(", ");
    return `${topic}\n${paragraph(text, "  ")}`;
  });
  return `${parts.join("\n")}\n\ncapstan explain WORD shows one. docs/reference has all of them.\n`;
}
