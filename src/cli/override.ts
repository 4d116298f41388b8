import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Failure } from "../failure.ts";
import {
  type Candidate,
  judgeCandidate,
  type SignedCertificate,
  sortSigned,
} from "../overrides/candidate.ts";
import { factsOf } from "../overrides/certificate.ts";
import { hasErrors } from "../overrides/finding.ts";
import { keyHashOf, normaliseKeyHash } from "../overrides/key-hash.ts";
import { caKeys, isKnown } from "../overrides/keys.ts";
import { readOverrides } from "../overrides/reading.ts";
import { matchRequests, requestFileNames } from "../overrides/requests.ts";
import { type CaOverride, emptyOverride, OVERRIDABLE_TYPES } from "../overrides/resource.ts";
import type { Platform } from "../platforms/platform.ts";
import { signRequest } from "../platforms/signer.ts";
import { createRunner } from "../process/runner.ts";
import { harmless, paragraph } from "../render/layout.ts";
import type { ClusterResource, OverrideResource } from "../resources/desired.ts";
import {
  addOverride,
  addOverrideEntry,
  removeOverrideEntry,
  renewOverrideEntry,
  type WrittenEntry,
} from "../resources/edit-override.ts";
import { apiSpelling } from "../rotation/authority-type.ts";
import type { ClusterObservation, LiveAuthority } from "../rotation/observation.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { CommonOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";
import { openClusters, openWorkspace, type Workspace } from "./workspace.ts";

/** `capstan override`: from a key of a CA to an externally signed certificate for it in git. */

export interface CsrOptions extends CommonOptions {
  readonly publicKey?: string;
  readonly out?: string;
  readonly sign?: boolean;
}

const REQUESTS = join("overrides", "requests");

/** What all of them work with: one cluster, looked at. */
interface Scene {
  readonly terminal: Terminal;
  readonly workspace: Workspace;
  readonly cluster: ClusterResource;
  readonly platform: Platform;
  readonly observation: ClusterObservation;
}

/** Fetches certificate requests, one per key, and says exactly what to do with each. */
export async function csr(terminal: Terminal, type: string, options: CsrOptions): Promise<ExitCode> {
  const scene = await openScene(terminal, options);
  const authority = authorityOf(scene, apiSpelling(type));
  const { workspace, cluster, platform } = scene;
  if (platform.overrides === undefined) {
    throw new Failure("usage", `${cluster.name} runs on a platform whose CAs cannot be overridden`);
  }
  const wanted = wantedKey(options.publicKey, authority);
  const { texts, warnings } = await platform.overrides.requests(authority.type, wanted);
  if (warnings !== "") terminal.stderr.write(`${paragraph(`tctl says: ${harmless(warnings)}`, "", "  ")}\n`);
  const keys = caKeys(authority);
  const match = await matchRequests(texts, cluster.name, keys, wanted === null ? undefined : [wanted]);
  const folder = options.out ?? join(dirname(cluster.source.file), REQUESTS);
  await mkdir(resolve(workspace.folder, folder), { recursive: true });
  const hashes = match.matched.map(({ keyHash }) => keyHash);
  const names = requestFileNames(authority.type, hashes, `${folder}/`);
  for (const { keyHash, role, request, subject, namesCluster, byAttribute } of match.matched) {
    const file = names.get(keyHash) ?? "";
    await writeFile(resolve(workspace.folder, file), request.pem);
    terminal.stdout.write(`wrote ${file}\n  for the ${role} key ${keyHash}, subject ${harmless(subject)}\n`);
    if (!namesCluster) {
      terminal.stderr.write(
        `  the subject does not name the cluster: Teleport will refuse its certificate\n`,
      );
    } else if (byAttribute && authority.type === "db_client") {
      terminal.stderr.write(
        "  the subject names the cluster by Teleport's own attribute, which PostgreSQL refuses in an issuer\n",
      );
    }
    if (options.sign === true) {
      const printed = await sign(scene, request.pem);
      await put(scene, [printed], keyHash);
    } else {
      terminal.stdout.write(
        `  have it signed (CA:TRUE, keyCertSign, cRLSign, subjectKeyIdentifier), then:\n  capstan override add CERT.pem CHAIN.pem\n`,
      );
    }
  }
  for (const { reason } of match.unreadable) terminal.stderr.write(`not usable: it ${reason}\n`);
  for (const hash of match.missing) {
    terminal.stderr.write(
      `${paragraph(`missing: no request for the key ${hash}. Its auth server did not answer; run it again, or \`tctl auth create-override-csr --type=${authority.type} --public-key=${hash}\` on that server`, "", "  ")}\n`,
    );
  }
  return match.missing.length === 0 ? EXIT.ok : EXIT.blocked;
}

function wantedKey(publicKey: string | undefined, authority: LiveAuthority): string | null {
  if (publicKey === undefined) return null;
  const hash = normaliseKeyHash(publicKey.replace(/^sha256:/, ""));
  if (hash !== null && isKnown(caKeys(authority), hash)) return hash;
  const { active, additional } = caKeys(authority);
  throw new Failure("usage", `${authority.type} has no key ${publicKey}`, {
    hint: `it has: ${[...active, ...additional].join(", ")}`,
  });
}

async function sign({ cluster, terminal }: Scene, request: string): Promise<string> {
  if (cluster.signer === undefined) {
    throw new Failure("usage", `${cluster.name} has no signer`, {
      hint: `add \`signer: { command: [...] }\` to the cluster resource (${cluster.source.file}:${cluster.source.line}): a request on standard input, certificate and chain on standard output`,
    });
  }
  terminal.stderr.write(`  asking the signer ${cluster.signer.command[0] ?? ""}\n`);
  return await signRequest(cluster.signer, request, createRunner());
}

/** Puts a signed certificate into git: staged when it is the first for its key. */
export async function addCertificate(
  terminal: Terminal,
  files: readonly string[],
  options: CommonOptions,
): Promise<ExitCode> {
  const scene = await openScene(terminal, options);
  await put(scene, await readAll(terminal, files), null);
  return next(terminal);
}

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
  return next(terminal);
}

/** Removes entries from git: those that are named, else those whose key is gone, or goes with the last step. */
export async function retire(
  terminal: Terminal,
  type: string,
  hashes: readonly string[],
  options: CommonOptions,
): Promise<ExitCode> {
  const scene = await openScene(terminal, options);
  const authority = authorityOf(scene, apiSpelling(type));
  const resource = resourceFor(scene, authority.type);
  if (resource === null) throw new Failure("usage", `git has no override of ${authority.type}`);
  const written = await readDesired(resource);
  const named = hashes.map((hash) => normaliseKeyHash(hash.replace(/^sha256:/, "")) ?? hash);
  const unknown = named.find((hash) => !written.entries.has(hash));
  if (unknown !== undefined) {
    throw new Failure("usage", `git has no override of ${authority.type} for the key ${unknown}`, {
      hint: `it has: ${[...written.entries.keys()].join(", ") || "none"}`,
    });
  }
  const going = named.length > 0 ? named : obsolete(scene, authority, written);
  if (going.length === 0) {
    terminal.stdout.write(`Nothing to retire: every entry of ${authority.type} is for a key that stays.\n`);
    return EXIT.ok;
  }
  const of = { cluster: resource.cluster, type: resource.type };
  for (const hash of going) {
    await edit(scene, resource.source.file, async (text) => {
      // Positions move with every entry that goes.
      const index = [...written.entries.keys()].filter(
        (key) => !going.slice(0, going.indexOf(hash)).includes(key),
      );
      return removeOverrideEntry(text, of, index.indexOf(hash));
    });
    terminal.stdout.write(`${resource.source.file}: removed the entry of the key ${hash}\n`);
  }
  return next(terminal);
}

/** Keys that the CA does not have any more, and those that the rotation in git drops with its last step. */
function obsolete(
  { workspace, cluster }: Scene,
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

async function put(scene: Scene, texts: readonly string[], keyHash: string | null): Promise<void> {
  const { workspace, cluster } = scene;
  const signed = await signedFrom(scene, texts, keyHash);
  const { candidate, resource, authority } = await judge(scene, signed);
  const entry = written(candidate);
  const of = { cluster: cluster.name, type: authority.type };
  if ((await indexIn(resource, entry.public_key)) >= 0) {
    throw new Failure(
      "usage",
      `git has an override of ${authority.type} for the key ${entry.public_key} already`,
      {
        hint: "`capstan override renew` puts another certificate in its place",
      },
    );
  }
  if (resource !== null) {
    await edit(scene, resource.source.file, (text) => addOverrideEntry(text, of, entry));
    tell(scene, candidate, `${resource.source.file}: added an entry of ${authority.type}, staged`);
    return;
  }
  const file = join(dirname(cluster.source.file), "overrides", `${authority.type}.yaml`);
  const path = join(workspace.folder, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, addOverride(existsSync(path) ? await readFile(path, "utf8") : null, of, entry));
  tell(scene, candidate, `wrote ${file}: an override of ${authority.type} with one entry, staged`);
}

function tell({ terminal }: Scene, { entry, findings }: Candidate, what: string): void {
  const { subject, issuer, notAfter } = factsOf(entry.certificate);
  terminal.stdout.write(
    `${what}\n  key ${entry.keyHash}\n  subject ${harmless(subject)}\n  issuer  ${harmless(issuer)}\n  until   ${notAfter}, chain of ${entry.chain.length}\n`,
  );
  for (const { severity, where, message, remedy } of findings) {
    if (severity === "info") continue;
    const line = paragraph(`${severity}: ${where} ${harmless(message)} → ${harmless(remedy)}`, "  ", "    ");
    terminal.stderr.write(`${line}\n`);
  }
}

function next(terminal: Terminal): ExitCode {
  terminal.stdout.write(
    "Nothing was changed in the cluster. Look at `git diff`, commit, then `capstan plan`.\n",
  );
  return EXIT.ok;
}

async function signedFrom(
  scene: Scene,
  texts: readonly string[],
  keyHash: string | null,
): Promise<SignedCertificate> {
  const known = OVERRIDABLE_TYPES.flatMap((type) =>
    scene.observation.authorities.filter((authority) => authority.type === type),
  ).map(caKeys);
  const signed = await sortSigned(texts, (hash) =>
    keyHash === null ? known.some((keys) => isKnown(keys, hash)) : hash === keyHash,
  );
  if (signed === null) {
    throw new Failure(
      "usage",
      keyHash === null
        ? `none of the certificates is for a key of ${OVERRIDABLE_TYPES.join(" or ")} in ${scene.cluster.name}`
        : `the signer gave no certificate for the key ${keyHash}`,
      { hint: "sign the request that `capstan override csr` writes, unchanged" },
    );
  }
  for (const { subject } of signed.leftOver.map(factsOf)) {
    scene.terminal.stderr.write(`left out, as it is no part of the chain: ${harmless(subject)}\n`);
  }
  return signed;
}

interface Judged {
  readonly candidate: Candidate;
  readonly resource: OverrideResource | null;
  readonly authority: LiveAuthority;
}

async function judge(scene: Scene, signed: SignedCertificate): Promise<Judged> {
  const { terminal, cluster, observation } = scene;
  const { keyHash } = signed.certificate;
  const authority = observation.authorities.find(
    (one) => (OVERRIDABLE_TYPES as readonly string[]).includes(one.type) && isKnown(caKeys(one), keyHash),
  );
  if (authority === undefined) throw new Failure("usage", `no CA of ${cluster.name} has the key ${keyHash}`);
  const readings = await readOverrides([], [observation]);
  const live =
    readings.get(cluster.name)?.pairs.get(authority.type)?.live ??
    emptyOverride(cluster.name, authority.type);
  const candidate = await judgeCandidate(signed, { authority, live, now: terminal.now() });
  if (hasErrors(candidate.findings)) {
    const errors = candidate.findings.filter(({ severity }) => severity === "error");
    const lines = errors.map(({ where, message, remedy }) => `  ${where} ${message}\n    → ${remedy}`);
    throw new Failure("resources", `the certificate cannot be used\n${harmlessLines(lines)}`, {
      hint: "nothing was written",
    });
  }
  return { candidate, resource: resourceFor(scene, authority.type), authority };
}

function harmlessLines(lines: readonly string[]): string {
  return lines.flatMap((line) => line.split("\n").map(harmless)).join("\n");
}

function written({ entry }: Candidate): WrittenEntry {
  return {
    public_key: entry.keyHash,
    disabled: true,
    certificate: entry.certificate.pem,
    chain: entry.chain.map(({ pem }) => pem),
  };
}

function resourceFor({ workspace, cluster }: Scene, type: string): OverrideResource | null {
  return workspace.desired.overrides.find((one) => one.cluster === cluster.name && one.type === type) ?? null;
}

async function readDesired(resource: OverrideResource): Promise<CaOverride> {
  const { readOverride } = await import("../overrides/read.ts");
  const read = await readOverride(resource.document);
  if (read.complete) return read;
  throw new Failure("resources", `${resource.source.file} has entries that cannot be understood`, {
    hint: "`capstan validate` says what is wrong with them",
  });
}

/** Its place in the list; entries are read in the order in which they stand. */
async function indexIn(resource: OverrideResource | null, keyHash: string): Promise<number> {
  if (resource === null) return -1;
  return [...(await readDesired(resource)).entries.keys()].indexOf(keyHash);
}

async function openScene(terminal: Terminal, options: CommonOptions): Promise<Scene> {
  const workspace = await openWorkspace(options.directory, options.cluster, terminal);
  const [cluster, ...others] = workspace.clusters;
  if (cluster === undefined || others.length > 0) {
    const names = workspace.clusters.map(({ name }) => name).join(", ");
    throw new Failure("usage", `there are several clusters: ${names}`, { hint: "say which with --cluster" });
  }
  const platforms = openClusters(workspace, terminal, options, new AbortController().signal);
  const platform = platforms.get(cluster.name);
  if (platform === undefined) throw new Error(`no platform was opened for ${cluster.name}`);
  const observation = await platform.observe({ components: "all" });
  return { terminal, workspace, cluster, platform, observation };
}

function authorityOf({ observation, cluster }: Scene, type: string): LiveAuthority {
  if (!(OVERRIDABLE_TYPES as readonly string[]).includes(type)) {
    throw new Failure("usage", `Teleport cannot override the ${type} CA`, {
      hint: `it can override: ${OVERRIDABLE_TYPES.join(", ")}`,
    });
  }
  const authority = observation.authorities.find((one) => one.type === type);
  if (authority !== undefined) return authority;
  throw new Failure("usage", `${cluster.name} has no ${type} CA`);
}

async function readAll(terminal: Terminal, files: readonly string[]): Promise<readonly string[]> {
  return await Promise.all(
    files.map(async (file) => {
      try {
        return await readFile(resolve(terminal.cwd, file), "utf8");
      } catch (cause) {
        throw new Failure("usage", `cannot read ${file}: ${cause instanceof Error ? cause.message : cause}`);
      }
    }),
  );
}

async function edit(
  { workspace }: Scene,
  file: string,
  change: (text: string) => string | Promise<string>,
): Promise<void> {
  const path = join(workspace.folder, file);
  await writeFile(path, await change(await readFile(path, "utf8")));
}
