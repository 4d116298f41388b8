import { guardsOf } from "../guards/chain.ts";
import type { Guard, PlatformProfile } from "../profile/profile.ts";
import { PROFILES } from "../profiles.ts";
import { nearest } from "../resources/read/suggest.ts";
import { acknowledgeCommand, waiveCommand } from "../rotation/remedy-command.ts";
import { CODE_PAGES } from "./codes.ts";
import { fieldPages } from "./fields.ts";
import { GUARD_PAGES } from "./guards.ts";
import type { Explained, Page, Topic } from "./page.ts";
import { PHASE_PAGES } from "./phases.ts";

const ALL_PROFILES: readonly PlatformProfile[] = Object.values(PROFILES);

/** Every page but those of the exit codes, which the command line knows. */
export function pages(): readonly Page[] {
  return [
    ...guardPages(),
    ...pagesOf("phase", PHASE_PAGES),
    ...pagesOf("code", CODE_PAGES),
    ...ALL_PROFILES.flatMap(({ checklist }) =>
      checklist.map(
        ({ id, what, why, verify }): Page => ({
          topic: "work by hand",
          name: id,
          means: what,
          why,
          more: [
            ["verify", verify],
            ["done", acknowledgeCommand(id)],
          ],
        }),
      ),
    ),
    ...fieldPages(),
  ];
}

/** The pages of a table. */
function pagesOf(topic: Topic, table: Readonly<Record<string, Explained>>): readonly Page[] {
  return Object.entries(table).map(([name, explained]) => ({ topic, name, ...explained }));
}

function guardPages(): readonly Page[] {
  const guards = ALL_PROFILES.flatMap((profile) => guardsOf(profile).map((guard) => ({ profile, guard })));
  const ids = [...new Set(guards.map(({ guard }) => guard.id))];
  return ids.map((id) => {
    const having = guards.filter(({ guard }) => guard.id === id);
    const only =
      having.length < ALL_PROFILES.length ? having.map(({ profile }) => profile.title).join(", ") : null;
    return pageOfGuard(
      id,
      having.map(({ guard }) => guard),
      only,
    );
  });
}

function pageOfGuard(id: string, guards: readonly Guard[], only: string | null): Page {
  const [example = "SUBJECT"] = guards.flatMap(({ subjects }) => subjects);
  const isWaivable = guards.some(({ waivable }) => waivable);
  return {
    topic: "guard",
    name: id,
    means: `It blocks ${[...new Set(guards.map(({ refuses }) => refuses))].join("; or ")}.`,
    ...GUARD_PAGES[id],
    more: [
      ...(only === null ? [] : [["only on", only] as const]),
      isWaivable
        ? ["accept it", waiveCommand(id, `${example === "component" ? "node" : example}/NAME`)]
        : ["accept it", "nobody can: it cannot be waived"],
    ],
  };
}

/** At most so many pages are shown of a word that stands in several fields. */
const SHOWN = 4;

/** The pages of a word: the name itself, else the end of it (`policy.soak`). */
export function pagesAbout(word: string, all: readonly Page[]): readonly Page[] {
  const wanted = word.toLowerCase();
  const exact = all.filter(({ name }) => name.toLowerCase() === wanted);
  const ends = all.filter(({ topic, name }) => topic === "field" && name.endsWith(`.${wanted}`));
  const found = [...exact, ...ends.filter((page) => !exact.includes(page))];
  return exact.length > 0 || ends.length <= SHOWN ? found.slice(0, Math.max(SHOWN, exact.length)) : found;
}

/** The name that was probably meant. */
export function nearestPage(word: string, all: readonly Page[]): string | null {
  return nearest(word, new Set(all.flatMap(({ name }) => [name, name.split(".").at(-1) ?? name])));
}
