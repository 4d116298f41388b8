import { Failure } from "../../failure.ts";
import { renewOverrideEntry } from "../../resources/edit/edit-override.ts";
import type { CommonOptions } from "../commands/common-flags.ts";
import { afterEdit, editFiles } from "../edited-file.ts";
import type { ExitCode } from "../exit-code.ts";
import type { Terminal } from "../terminal.ts";
import { indexInGit } from "./entries-in-git.ts";
import { openScene } from "./scene.ts";
import { judgeSigned, readNamedFiles, sayCertificate, stagedEntry } from "./signed-certificate.ts";

/** `capstan override renew`: puts another certificate in place of the one that git has for the same key. */
export async function renew(
  terminal: Terminal,
  files: readonly string[],
  options: CommonOptions,
): Promise<ExitCode> {
  const scene = await openScene(terminal, options);
  const texts = await readNamedFiles(terminal, files);
  const { candidate, resource, authority } = await judgeSigned(scene, texts, null);
  const { keyHash } = candidate.entry;
  const index = await indexInGit(resource, keyHash);
  if (resource === null || index < 0) {
    throw new Failure("usage", `git has no override of ${authority.type} for the key ${keyHash}`, {
      hint: "`capstan override add` puts in a new one",
    });
  }
  const of = { cluster: resource.cluster, type: resource.type };
  const entry = stagedEntry(candidate);
  const { file } = resource.source;
  await editFiles(scene.workspace, [{ file, change: (text) => renewOverrideEntry(text, of, index, entry) }]);
  sayCertificate(scene, candidate, `${file}: renewed the certificate of ${authority.type}`);
  return afterEdit(terminal);
}
