import { join } from "node:path";
import { artifactsFor } from "../artifacts/artifacts.ts";
import { Failure } from "../failure.ts";
import type { ValuesOf } from "../flag.ts";
import { lookAtTarget, namedByFlag } from "../process/written-file.ts";
import { apiSpelling } from "../profile/authority-type.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import { suggestOneOf } from "../resources/read/suggest.ts";
import type { LiveAuthority } from "../rotation/observation.ts";
import { count } from "../views/count.ts";
import { harmlessLine } from "../views/harmless.ts";
import { jsonText } from "../views/json/json-text.ts";
import { paragraph } from "../views/text/columns.ts";
import { writeArtifacts } from "./artifact-files.ts";
import type { ARTIFACTS } from "./commands/repository-rows.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { observeEach } from "./observe.ts";
import { openClusters, openCommit } from "./open-clusters.ts";
import { keysRetiredInGit } from "./surroundings.ts";
import type { Terminal } from "./terminal.ts";

type ArtifactsOptions = ValuesOf<typeof ARTIFACTS.flags>;

/** `capstan artifacts`: writes what systems outside the clusters need of their CAs in the phase they are in. */
export async function artifacts(
  terminal: Terminal,
  directory: string | undefined,
  options: ArtifactsOptions,
): Promise<ExitCode> {
  const { workspace, platforms } = await openCommit(terminal, directory, options, openClusters);
  const { observations, unread } = await observeEach(platforms, workspace);
  const files = select(observations, options.type).flatMap((authority) =>
    artifactsFor(authority, keysRetiredInGit(workspace.desired, authority)),
  );
  const { path: out, roots } = namedByFlag(terminal.cwd, options.out);
  // A committed link in the place of the folder would lead elsewhere.
  await lookAtTarget({ path: join(out, "manifest.json"), roots });
  const done = await writeArtifacts(out, files);
  for (const { name, problem } of unread) {
    const said = `error: ${name}: ${problem.message}; its files stay as they are`;
    terminal.stderr.write(`${paragraph(harmlessLine(said), "", "  ")}\n`);
  }
  const exit = unread.length === 0 ? EXIT.ok : EXIT.error;
  if (options.format === "json") {
    const removed = done.removed.map(({ path }) => path);
    const answer = { format_version: "1.0", out: options.out, ...done, removed };
    terminal.stdout.write(`${jsonText(answer)}\n`);
    return exit;
  }
  for (const path of done.written) terminal.stdout.write(`wrote ${path}\n`);
  for (const { path, now } of done.removed) {
    const where = now === null ? "the CA has its key no more" : `its key is in ${now} now`;
    terminal.stdout.write(`${paragraph(`removed ${path}: ${where}`, "", "  ")}\n`);
  }
  terminal.stdout.write(
    `${count(done.written.length, "file")} written, ${done.unchanged.length} unchanged, in ${options.out}\n`,
  );
  return exit;
}

/** Of one type, or of several separated by commas. */
function select(
  observations: readonly ClusterObservation[],
  wanted: string | undefined,
): readonly LiveAuthority[] {
  const authorities = observations.flatMap((observation) => observation.authorities);
  if (wanted === undefined) return authorities;
  const types = wanted.split(",").map(apiSpelling);
  const unknown = types.find((type) => !authorities.some((authority) => authority.type === type));
  if (unknown === undefined) return authorities.filter(({ type }) => types.includes(type));
  throw new Failure("usage", `no cluster has a ${unknown} CA`, {
    hint: suggestOneOf(unknown, [...new Set(authorities.map((authority) => authority.type))], "there are"),
  });
}
