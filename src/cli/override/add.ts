import { dirname, join } from "node:path";
import { Failure } from "../../failure.ts";
import { addOverride, addOverrideEntry } from "../../resources/edit/edit-override.ts";
import type { CommonOptions } from "../commands/common-flags.ts";
import { afterEdit, editFiles } from "../edited-file.ts";
import type { ExitCode } from "../exit-code.ts";
import type { Terminal } from "../terminal.ts";
import { indexInGit, overrideInGit } from "./entries-in-git.ts";
import { type OverrideScene, openScene } from "./scene.ts";
import { judgeSigned, readNamedFiles, sayCertificate, stagedEntry } from "./signed-certificate.ts";

/** `capstan override add`: puts a signed certificate into git: staged when it is the first for its key. */
export async function addCertificate(
  terminal: Terminal,
  files: readonly string[],
  options: CommonOptions,
): Promise<ExitCode> {
  const scene = await openScene(terminal, options);
  await addSigned(scene, await readNamedFiles(terminal, files), null);
  return afterEdit(terminal);
}

/** A key has one entry: another certificate for it is a renewal. */
export async function refusePresent(scene: OverrideScene, type: string, keyHash: string): Promise<void> {
  if ((await indexInGit(overrideInGit(scene, type), keyHash)) < 0) return;
  throw new Failure("usage", `git has an override of ${type} for the key ${keyHash} already`, {
    hint: "`capstan override renew` puts another certificate in its place",
  });
}

/** Puts what was signed for a key into git. */
export async function addSigned(
  scene: OverrideScene,
  texts: readonly string[],
  keyHash: string | null,
): Promise<void> {
  const { workspace, cluster } = scene;
  const { candidate, resource, authority } = await judgeSigned(scene, texts, keyHash);
  const entry = stagedEntry(candidate);
  const of = { cluster: cluster.name, type: authority.type };
  await refusePresent(scene, authority.type, entry.public_key);
  if (resource !== null) {
    const { file } = resource.source;
    await editFiles(workspace, [{ file, change: (text) => addOverrideEntry(text, of, entry) }]);
    sayCertificate(scene, candidate, `${file}: added an entry of ${authority.type}, staged`);
    return;
  }
  const file = join(dirname(cluster.source.file), "overrides", `${authority.type}.yaml`);
  await editFiles(workspace, [
    {
      file,
      change: (text) => addOverride(text, of, entry),
      absent: () => addOverride(null, of, entry),
    },
  ]);
  sayCertificate(scene, candidate, `wrote ${file}: an override of ${authority.type} with one entry, staged`);
}
