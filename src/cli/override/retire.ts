import { apiSpelling } from "../../profile/authority-type.ts";
import type { LiveAuthority } from "../../rotation/observation.ts";
import { caKeys, isKnown } from "../../teleport/overrides/ca-keys.ts";
import type { CaOverride } from "../../teleport/overrides/ca-override.ts";
import { keyHashOf } from "../../x509/spki.ts";
import type { CommonOptions } from "../commands/common-flags.ts";
import { afterEdit } from "../edited-file.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import type { Terminal } from "../terminal.ts";
import { changeEntries, entriesInGit, namedEntries } from "./entries-in-git.ts";
import { type OverrideScene, openScene, overridableAuthority } from "./scene.ts";

/** `capstan override retire`: removes entries from git: those that are named, else those whose key is gone, or goes with the last step. */
export async function retire(
  terminal: Terminal,
  type: string,
  hashes: readonly string[],
  options: CommonOptions,
): Promise<ExitCode> {
  const scene = await openScene(terminal, options);
  const authority = overridableAuthority(scene, apiSpelling(type));
  const inGit = await entriesInGit(scene, authority.type);
  const named = namedEntries(inGit.override, hashes);
  const going = named.length > 0 ? named : obsolete(scene, authority, inGit.override);
  if (going.length === 0) {
    terminal.stdout.write(`Nothing to retire: every entry of ${authority.type} is for a key that stays.\n`);
    return EXIT.ok;
  }
  await changeEntries(scene, inGit, "removed", going);
  return afterEdit(terminal);
}

/** Keys that the CA does not have any more, and those that the rotation in git drops with its last step. */
function obsolete(
  { workspace, cluster }: OverrideScene,
  authority: LiveAuthority,
  { entries }: CaOverride,
): readonly string[] {
  const dropped = workspace.desired.rotations
    .filter(({ cluster: owner, phase }) => owner === cluster.name && phase === "standby")
    .flatMap(({ authorities }) => authorities.filter(({ type }) => type === authority.type))
    .flatMap((rotated) => rotated.retire.map(keyHashOf));
  const keys = caKeys(authority);
  const underWay = authority.rotation.state === "in_progress";
  return [...entries.keys()].filter((hash) => !isKnown(keys, hash) || (underWay && dropped.includes(hash)));
}
