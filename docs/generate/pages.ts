import { codesPage } from "./codes.ts";
import { commandsPage } from "./commands.ts";
import { guardsPage } from "./guards.ts";
import { resourcesPage } from "./resources.ts";
import { runbooks } from "./runbooks.ts";

const MADE = "<!-- Made by `npm run docs:generate`; a test fails when it is not current. -->";

/** Every page that is made from the tables of the code: its name below `docs/`, and its text. */
export function generatedPages(): ReadonlyMap<string, string> {
  const pages = new Map([
    ...runbooks(),
    ["reference/codes.md", codesPage()],
    ["reference/commands.md", commandsPage()],
    ["reference/guards.md", guardsPage()],
    ["reference/resources.md", resourcesPage()],
  ]);
  return new Map([...pages].map(([name, text]) => [name, `${MADE}\n\n${text}\n`]));
}
