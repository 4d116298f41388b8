import { dirname, join } from "node:path";
import { Failure } from "../../failure.ts";
import { addOverride, addOverrideEntry } from "../../resources/edit/edit-override.ts";
import type { CommonOptions } from "../commands/common-flags.ts";
import { afterEdit, editFiles } from "../edited-file.ts";
import type { ExitCode } from "../exit-code.ts";
import type { Terminal } from "../terminal.ts";
import { judge, signedFrom, tell, written } from "./certificate.ts";
import { edit, indexIn, openScene, readAll, resourceFor, type Scene } from "./scene.ts";

/** Puts a signed certificate into git: staged when it is the first for its key. */
export async function addCertificate(
  terminal: Terminal,
  files: readonly string[],
  options: CommonOptions,
): Promise<ExitCode> {
  const scene = await openScene(terminal, options);
  await put(scene, await readAll(terminal, files), null);
  return afterEdit(terminal);
}

/** A key has one entry: another certificate for it is a renewal. */
export async function refusePresent(scene: Scene, type: string, keyHash: string): Promise<void> {
  if ((await indexIn(resourceFor(scene, type), keyHash)) < 0) return;
  throw new Failure("usage", `git has an override of ${type} for the key ${keyHash} already`, {
    hint: "`capstan override renew` puts another certificate in its place",
  });
}

/** Puts what was signed for a key into git. */
export async function put(scene: Scene, texts: readonly string[], keyHash: string | null): Promise<void> {
  const { workspace, cluster } = scene;
  const signed = await signedFrom(scene, texts, keyHash);
  const { candidate, resource, authority } = await judge(scene, signed);
  const entry = written(candidate);
  const of = { cluster: cluster.name, type: authority.type };
  await refusePresent(scene, authority.type, entry.public_key);
  if (resource !== null) {
    await edit(scene, resource.source.file, (text) => addOverrideEntry(text, of, entry));
    tell(scene, candidate, `${resource.source.file}: added an entry of ${authority.type}, staged`);
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
  tell(scene, candidate, `wrote ${file}: an override of ${authority.type} with one entry, staged`);
}
