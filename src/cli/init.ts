import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Failure } from "../failure.ts";
import type { ValuesOf } from "../flag.ts";
import { parseSelection, selectClusters } from "../fleet/selection.ts";
import { openRepository } from "../git/repository.ts";
import type { ContactRim, FirstContact, FoundCluster } from "../platforms/first-contact.ts";
import { INIT_EXAMPLES } from "../platforms/init-flags.ts";
import { contactMeant, contactOf } from "../platforms/make-contact.ts";
import { openPlatform } from "../platforms/open.ts";
import type { PlatformOptions } from "../platforms/platform.ts";
import { makeFolder } from "../process/made-folder.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import { appendDocument, renderAuthority, renderCluster } from "../resources/edit/edit-render.ts";
import { DEFAULT_REPOSITORY } from "../resources/model/default-repository.ts";
import type { ClusterResource, Policy } from "../resources/model/desired.ts";
import { parseDuration } from "../resources/model/duration.ts";
import { DEFAULT_POLICY } from "../resources/read/build.ts";
import { identify } from "../rotation/observation.ts";
import { readInfo, type SandboxCluster } from "../sandbox/folder.ts";
import { DEFAULT_SANDBOX_DIR } from "../sandbox/sandbox.ts";
import { paragraph } from "../views/text/columns.ts";
import { directoryOf } from "./commands/common-flags.ts";
import type { INIT } from "./commands/repository-rows.ts";
import { sayLeftOut, sayNext } from "./edit-report.ts";
import { type EditedRepository, editFiles } from "./edited-file.ts";
import { writeEditorSettings } from "./editor-settings.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { loadInRepository } from "./load-in-repository.ts";
import { platformOptions } from "./open-clusters.ts";
import { ofThisMachineAlone, openRecord } from "./open-record.ts";
import { releaseSchemas, schemaBelow } from "./schema-base.ts";
import type { Terminal } from "./terminal.ts";

/** What was typed. */
export type InitOptions = ValuesOf<typeof INIT.flags>;

/** What `init` asks and writes: an existing resource, or the connection that the flags or the sandbox give. */
interface Target {
  readonly cluster: ClusterResource;
  /** Where the cluster resource stands already, `null` when it is to be written. */
  readonly file: string | null;
}

interface Seen {
  readonly target: Target;
  readonly observation: ClusterObservation;
}

/** `capstan init`: writes resources for what is live. Never over a file, and never over a resource that is there. */
export async function init(
  terminal: Terminal,
  directory: string | undefined,
  options: InitOptions,
): Promise<ExitCode> {
  const folder = resolve(terminal.cwd, directoryOf(directory, options));
  await makeFolder(folder);
  const git = await openRepository(folder, terminal.env);
  const { state, repository } = await loadInRepository(folder, git, null, terminal);
  const declared = repository ?? DEFAULT_REPOSITORY;
  const written: string[] = [];
  const schema = schemaBelow(options.schema ?? releaseSchemas());
  const record = await openRecord(folder, declared, git, terminal);
  const { signal } = new AbortController();
  const shared = platformOptions({ desired: state, store: record, folder }, terminal, options, signal);
  const meant = await targets(state.clusters, contactRim(terminal, folder, shared), options);
  const { seen, failed } = await lookAtEach(meant, shared);
  const reachable = [
    ...state.clusters.map(({ name }) => name),
    ...seen.map(({ target }) => target.cluster.name),
  ];
  for (const { target, observation } of seen) {
    const known = state.authorities
      .filter(({ cluster }) => cluster === observation.cluster)
      .map(({ type }) => type);
    const peers = peersOf(observation);
    const named = peers.filter((name) => reachable.includes(name));
    const cluster = { ...target.cluster, peers: target.file === null ? named : target.cluster.peers };
    written.push(
      ...(await writeResources(
        { folder, git, env: terminal.env },
        { ...target, cluster },
        observation,
        known,
        schema,
      )),
    );
    written.push(
      ...peers
        .filter((name) => !cluster.peers.includes(name))
        .map((name) => howToName(name, cluster, reachable)),
    );
  }
  written.push(...(await ignoreRecord({ folder, git, env: terminal.env })));
  if (options.vscode === true)
    written.push(...(await writeEditorSettings({ folder, git, env: terminal.env }, schema)));
  for (const line of written) terminal.stdout.write(`${line}\n`);
  if (!written.some((line) => line.startsWith("wrote ")))
    terminal.stdout.write("Everything that is live is in git already.\n");
  else {
    const alone = await ofThisMachineAlone(folder, declared, git);
    if (alone !== null) terminal.stdout.write(`${paragraph(alone, "")}\n`);
    sayNext(terminal, "Look at them, commit, then `capstan plan` should find no changes.\n");
  }
  for (const { name, failure } of failed) sayLeftOut(terminal, name, failure);
  return failed.length === 0 ? EXIT.ok : EXIT.error;
}

/** One that does not answer leaves the others alone; where it is the only one, there is nothing to write. */
async function lookAtEach(
  targets: readonly Target[],
  shared: PlatformOptions,
): Promise<{ readonly seen: readonly Seen[]; readonly failed: readonly Unanswered[] }> {
  const failed: Unanswered[] = [];
  const seen = await Promise.all(
    targets.map(async (target) => {
      try {
        const observation = await openPlatform(target.cluster, shared).observe({ components: "all" });
        return { target, observation };
      } catch (error) {
        if (!(error instanceof Failure) || targets.length === 1) throw error;
        failed.push({ name: target.cluster.name, failure: error });
        return null;
      }
    }),
  );
  return { seen: seen.filter((one) => one !== null), failed };
}

interface Unanswered {
  readonly name: string;
  readonly failure: Failure;
}

function contactRim({ env, cwd }: Terminal, folder: string, { runner }: PlatformOptions): ContactRim {
  return { env, cwd, folder, runner };
}

async function targets(
  declared: readonly ClusterResource[],
  rim: ContactRim,
  options: InitOptions,
): Promise<readonly Target[]> {
  const names = options.cluster ?? [];
  const unknown = names.filter((name) => declared.every((cluster) => cluster.name !== name));
  const known = names.filter((name) => !unknown.includes(name));
  const isDeclared = declared.length > 0 && (known.length > 0 || unknown.length === 0);
  const there = isDeclared
    ? selectClusters(declared, parseSelection({ ...options, cluster: known }), rim.folder)
    : [];
  const contact = contactMeant(options);
  const isNew = contact !== null && (unknown.length > 0 || !isDeclared);
  if (contact !== null && !isNew) throw declaredAlready(there);
  const found = isNew ? await contactEach(contact, unknown, options, rim) : [];
  if (there.length + found.length > 0)
    return [...there.map((cluster) => ({ cluster, file: cluster.source.file })), ...found];
  const sandbox = readInfo(join(rim.folder, DEFAULT_SANDBOX_DIR));
  if (sandbox !== null) return sandbox.clusters.map((cluster) => fromSandbox(cluster, rim.folder));
  const real = INIT_EXAMPLES.map((flags, index) => `\`${index === 0 ? "capstan init " : ""}${flags}\``);
  throw new Failure("usage", "there is no cluster to write resources for", {
    hint: `\`capstan sandbox up\` starts one to try; for a real one: ${real.join(", or ")}`,
  });
}

/** How a declared cluster is reached, its resource says: a flag that says otherwise would be passed over. */
function declaredAlready(clusters: readonly ClusterResource[]): Failure {
  const places = clusters.map(({ name, source }) => `${name} (${source.file}:${source.line})`);
  return new Failure("usage", `git says already how ${places.join(", ")} is reached`, {
    hint: "change it there; or name another cluster with --cluster NAME; without these flags, init adds what is missing",
  });
}

/** By its name each; of a platform that tells the name itself none is needed. */
async function contactEach(
  contact: FirstContact,
  names: readonly string[],
  options: InitOptions,
  rim: ContactRim,
): Promise<readonly Target[]> {
  const { cluster: _, ...flags } = options;
  const asked = names.length === 0 ? [flags] : names.map((cluster) => ({ ...flags, cluster }));
  const found: Target[] = [];
  for (const one of asked) found.push(newTarget(await contact.fromFlags(one, rim), {}));
  return found;
}

function newTarget(found: FoundCluster, policy: Partial<Policy>): Target {
  const source = { file: "", line: 1 };
  return { file: null, cluster: { ...found, source, peers: [], policy: { ...DEFAULT_POLICY, ...policy } } };
}

/** The sandbox knows its own connection and a policy that suits its pace. */
function fromSandbox({ name, spec }: SandboxCluster, folder: string): Target {
  const contact = contactOf(spec.platform);
  const soakMs = parseDuration(spec.policy.soak) ?? DEFAULT_POLICY.soakMs;
  return newTarget(contact.fromSandbox(name, Reflect.get(spec, spec.platform), folder), {
    soakMs,
    // Nobody has a session there.
    ...(contact.hasSessions ? { maxSessionTtlMs: soakMs } : {}),
    phaseTimeoutMs: parseDuration(spec.policy.phase_timeout) ?? DEFAULT_POLICY.phaseTimeoutMs,
    staleReadMs: parseDuration(spec.policy.stale_read ?? "") ?? DEFAULT_POLICY.staleReadMs,
  });
}

/** Leafs as a root lists them, roots by the copies of their CAs. */
function peersOf({ remoteClusters, copies }: ClusterObservation): readonly string[] {
  return [
    ...new Set([...remoteClusters.map(({ name }) => name), ...copies.map(({ cluster }) => cluster)]),
  ].toSorted();
}

/** A rotation waits for a peer that capstan cannot ask: a person's word and half an hour, phase by phase. */
function howToName(peer: string, { name, platform }: ClusterResource, reachable: readonly string[]): string {
  const flags = `--cluster ${peer} ${contactOf(platform).typicalFlags}`;
  const first = reachable.includes(peer) ? "" : `\`capstan init ${flags}\` first, then `;
  return paragraph(
    `${name} and ${peer} trust each other: to have capstan compare their CAs, ${first}add \`peers: [${peer}]\` to the spec of ${name}`,
    "",
    "  ",
  );
}

/** One folder per cluster: how to reach it, and which keys sign. */
async function writeResources(
  { folder, git, env }: EditedRepository,
  { cluster, file }: Target,
  observation: ClusterObservation,
  known: readonly string[],
  schema: string,
): Promise<readonly string[]> {
  const lines: string[] = [];
  const home = file === null ? join("clusters", cluster.name) : dirname(file);
  if (file === null) {
    const path = join(home, "cluster.yaml");
    refuseIfThere(folder, path);
    const contact = contactOf(cluster.platform);
    const { name, platform, connection, peers, policy } = contact.asWritten(cluster, { env, folder });
    const text = renderCluster({ name, platform, connection, peers, policy, schema });
    await editFiles({ folder, git, env }, [{ file: path, fresh: text }]);
    lines.push(paragraph(`wrote ${path}: how to reach ${name}, and its policy`, "", "  "));
    const left = contact.leftToAdd(cluster);
    if (left !== null) lines.push(`  ${left}`);
  }
  const missing = observation.authorities.filter(({ type }) => !known.includes(type));
  if (missing.length === 0) return lines;
  const path = join(home, "authorities.yaml");
  const added = (before: string | null) =>
    missing.reduce<string | null>(
      (text, { type, active }) =>
        appendDocument(
          text,
          renderAuthority({
            platform: cluster.platform,
            cluster: cluster.name,
            type,
            activeKeys: identify(active),
            schema,
          }),
        ),
      before,
    ) ?? "";
  await editFiles({ folder, git, env }, [{ file: path, change: added, absent: () => added(null) }]);
  lines.push(paragraph(`wrote ${path}: ${missing.map(({ type }) => type).join(", ")}`, "", "  "));
  return lines;
}

function refuseIfThere(folder: string, path: string): void {
  if (!existsSync(join(folder, path))) return;
  throw new Failure("usage", `${path} is there already, and is not a cluster resource`, {
    hint: "move it away; capstan never writes over a file",
  });
}

/** The record is memory of this machine, not of the repository. */
async function ignoreRecord(repository: EditedRepository): Promise<readonly string[]> {
  if (repository.git === null) return [];
  let says = false;
  await editFiles(repository, [
    {
      file: ".gitignore",
      change: (text) => {
        says = text.split(/\r?\n/).some((line) => /^\/?\.capstan\/?$/.test(line.trim()));
        return says ? text : `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}.capstan/\n`;
      },
      absent: () => ".capstan/\n",
    },
  ]);
  return says ? [] : ["wrote .gitignore: .capstan/ holds the record of this machine"];
}
