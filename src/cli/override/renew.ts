import { Failure } from "../../failure.ts";
import { renewOverrideEntry } from "../../resources/edit/edit-override.ts";
import type { CommonOptions } from "../commands/common-flags.ts";
import { afterEdit } from "../edited-file.ts";
import type { ExitCode } from "../exit-code.ts";
import type { Terminal } from "../terminal.ts";
import { judge, signedFrom, tell, written } from "./certificate.ts";
import { edit, indexIn, openScene, readAll } from "./scene.ts";

/** Puts another certificate in place of the one that git has for the same key. */
export async function renew(
  terminal: Terminal,
  files: readonly string[],
  options: CommonOptions,
): Promise<ExitCode> {
  const scene = await openScene(terminal, options);
  const signed = await signedFrom(scene, await readAll(terminal, files), null);
  const { candidate, resource, authority } = await judge(scene, signed);
  const { keyHash } = candidate.entry;
  const index = await indexIn(resource, keyHash);
  if (resource === null || index < 0) {
    throw new Failure("usage", `git has no override of ${authority.type} for the key ${keyHash}`, {
      hint: "`capstan override add` puts in a new one",
    });
  }
  const of = { cluster: resource.cluster, type: resource.type };
  await edit(scene, resource.source.file, (text) => renewOverrideEntry(text, of, index, written(candidate)));
  tell(scene, candidate, `${resource.source.file}: renewed the certificate of ${authority.type}`);
  return afterEdit(terminal);
}
