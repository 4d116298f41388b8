import { Failure } from "../../failure.ts";
import { apiSpelling } from "../../profile/authority-type.ts";
import { acknowledgeCommand } from "../../rotation/remedy-command.ts";
import { subjectOf } from "../../teleport/overrides/judge-edge.ts";
import type { CommonOptions } from "../commands/common-flags.ts";
import { afterEdit } from "../edited-file.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import type { Terminal } from "../terminal.ts";
import { changeEntries, entriesInGit, namedEntries } from "./entries-in-git.ts";
import { openPlace, type PlaceInGit, typedIn } from "./scene.ts";

/** `capstan override enable`: has git ask for entries in force: those that are named, else all that are staged. The cluster is not asked. */
export async function enable(
  terminal: Terminal,
  type: string,
  hashes: readonly string[],
  options: CommonOptions,
): Promise<ExitCode> {
  const place = await openPlace(terminal, options);
  const authority = apiSpelling(type);
  const inGit = await entriesInGit(place, authority);
  const entries = [...inGit.override.entries.values()];
  const named = namedEntries(inGit.override, hashes);
  const waived = entries.find(({ keyHash, state }) => named.includes(keyHash) && state === "waived");
  if (waived !== undefined) {
    throw new Failure("usage", `the entry of the key ${waived.keyHash} has no certificate`, {
      hint: "remove it, then `capstan override csr` and `capstan override add` bring one",
    });
  }
  const going = entries.filter(
    ({ keyHash, state }) => state === "staged" && (named.length === 0 || named.includes(keyHash)),
  );
  if (going.length === 0) {
    terminal.stdout.write(`Nothing to enable: no such entry of ${authority} is staged.\n`);
    return EXIT.ok;
  }
  const keys = going.map(({ keyHash }) => keyHash);
  await changeEntries(place, inGit, "enabled", keys);
  const unstated = keys
    .map((keyHash) => subjectOf(authority, keyHash))
    .filter((subject) => !isStated(place, authority, subject));
  if (unstated.length > 0) {
    terminal.stdout.write(
      `It waits until somebody states that everybody who has to trusts it (windows:\npublished in NTAuth):\n${unstated.map((step) => `  ${typedIn(place, acknowledgeCommand(step))}\n`).join("")}`,
    );
  }
  return afterEdit(terminal);
}

/** The resources of git in which a statement about a CA counts. */
function statingResources({ workspace: { desired }, cluster }: PlaceInGit, type: string) {
  const rotations = desired.rotations.filter(
    (rotation) =>
      rotation.cluster === cluster.name && rotation.authorities.some((authority) => authority.type === type),
  );
  const own = desired.authorities.filter((one) => one.cluster === cluster.name && one.type === type);
  return [...own, ...rotations];
}

function isStated(place: PlaceInGit, type: string, subject: string): boolean {
  return statingResources(place, type).some(({ acknowledge = [] }) =>
    acknowledge.some(({ step }) => step === subject),
  );
}
