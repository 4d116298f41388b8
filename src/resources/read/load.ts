import type { ErrorObject, ValidateFunction } from "ajv";
import { PROFILES } from "../../profiles.ts";
import { PHASES } from "../../rotation/phase.ts";
import { hiddenVariables, letStand } from "../../secrets.ts";
import type {
  AuthorityResource,
  ClusterResource,
  DesiredState,
  Diagnostic,
  OverrideResource,
  RepositoryResource,
  RotationResource,
  Source,
} from "../model/desired.ts";
import { buildAuthority, buildCluster, buildOverride, buildRepository, buildRotation } from "./build.ts";
import { checkTogether } from "./check.ts";
import { checkDocument } from "./check-document.ts";
import { checkConnections } from "./check-platform.ts";
import { checkWrittenPaths } from "./check-written-paths.ts";
import { ca_rotation } from "./compiled/ca-rotation.js";
import { cert_authority_override } from "./compiled/cert-authority-override.js";
import { certificate_authority } from "./compiled/certificate-authority.js";
import { cluster } from "./compiled/cluster.js";
import { repository } from "./compiled/repository.js";
import { KINDS, type Kind, type ResourceDocument, sourceOf } from "./document.ts";
import { type FileSource, folderSource } from "./file-source.ts";
import { readDocuments } from "./read-documents.ts";
import { schemaDiagnostics } from "./schema-errors.ts";
import { compareDiagnostics, type SourceFile } from "./source-file.ts";
import { substitute } from "./substitute.ts";

/** All resources of a folder, and all that is wrong with them. */
export interface LoadResult {
  /** Only to be trusted when no diagnostic is an error. */
  readonly state: DesiredState;
  readonly diagnostics: readonly Diagnostic[];
  /** `null` where there is none, or more than one. */
  readonly repository: RepositoryResource | null;
  /** All of them, where they stand: there should be at most one. */
  readonly repositories: readonly PlacedRepository[];
  /** The files that hold a resource, or something that is wrong. */
  readonly files: readonly LoadedFile[];
  /** Overrides that their schema accepts, for the certificate checks, whose code is slow to load. */
  readonly overrideDocuments: readonly ResourceDocument[];
}

/** A `repository` resource, and where it stands. */
export interface PlacedRepository {
  readonly source: Source;
  readonly resource: RepositoryResource;
}

interface LoadedFile {
  /** Relative to the folder, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** Files read at the same time: each holds a descriptor, and there may be thousands. */
const READERS = 32;

/**
 * Reads every resource below a folder; all that is wrong with any of them comes back at once. Files that resources
 * name start at the folder, wherever the resources themselves are read from.
 */
export async function loadResources(
  folder: string,
  env: NodeJS.ProcessEnv,
  now: Date = new Date(),
  source: FileSource = folderSource(folder),
): Promise<LoadResult> {
  const { paths, diagnostics: found } = await source.find();
  const diagnostics = [...found];
  const sources = await readAll(source, paths, diagnostics);
  let incomplete = diagnostics.length > 0;
  const documents: ResourceDocument[] = [];
  const files: LoadedFile[] = [];
  for (const file of sources) {
    const read = readDocuments(file);
    for (const document of read.documents) documents.push(document);
    for (const diagnostic of read.diagnostics) diagnostics.push(diagnostic);
    incomplete ||= read.incomplete;
    if (read.documents.length + read.diagnostics.length > 0) files.push({ path: file.path, text: file.text });
  }
  const collected = nothingYet();
  for (const document of documents) {
    for (const diagnostic of accept(document, folder, env, now, collected)) diagnostics.push(diagnostic);
  }
  letStandWhatGitSays(files);
  for (const diagnostic of checkTogether({ documents, incomplete, now })) diagnostics.push(diagnostic);
  const { repositories, ...state } = collected;
  const repository = onlyOf(repositories);
  const accepted = new Set(collected.overrides.map(({ document }) => document));
  return {
    state: repository === null ? state : { ...state, repository },
    repository,
    repositories,
    diagnostics: diagnostics.sort(compareDiagnostics),
    files,
    overrideDocuments: documents.filter(({ value }) => accepted.has(value)),
  };
}

/** Words of capstan's own, by which everything it writes is read again. */
const OWN_WORDS: readonly string[] = [
  ...KINDS,
  ...PHASES,
  ...Object.values(PROFILES).flatMap(({ types }) => types.map(({ name }) => name)),
  "sha256",
];

/** After all of them, as the name of a cluster may stand in a later file than the variable that holds it, too. */
function letStandWhatGitSays(files: readonly LoadedFile[]): void {
  for (const value of hiddenVariables()) {
    const word = new RegExp(
      `(?<![A-Za-z0-9])${value.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&")}(?![A-Za-z0-9])`,
    );
    if (OWN_WORDS.includes(value) || files.some(({ text }) => word.test(text))) letStand(value);
  }
}

/**
 * The `repository` resources alone, in files of folders that a command is not about: those are other people's, and only
 * what has the shape of ours is judged.
 */
export function loadRepositories(
  files: readonly SourceFile[],
  env: NodeJS.ProcessEnv,
  now: Date,
): Pick<LoadResult, "repositories" | "diagnostics"> {
  const collected = nothingYet();
  const diagnostics = files.flatMap((file) => {
    const read = readDocuments(file);
    const ours = read.documents.filter((document) => document.kind === "repository" && hasOurShape(document));
    const unread = ours.some(({ sound }) => !sound) ? read.diagnostics : [];
    return [...unread, ...ours.flatMap((document) => accept(document, ".", env, now, collected))];
  });
  return { repositories: collected.repositories, diagnostics };
}

/** What is wrong with the resources of one file by themselves, whatever others there are. */
export function fileDiagnostics(
  file: SourceFile,
  folder: string,
  env: NodeJS.ProcessEnv,
  now: Date,
): readonly Diagnostic[] {
  const { documents, diagnostics } = readDocuments(file);
  const collected = nothingYet();
  return [
    ...diagnostics,
    ...documents.flatMap((document) => accept(document, folder, env, now, collected)),
  ].sort(compareDiagnostics);
}

function hasOurShape({ value }: ResourceDocument): boolean {
  return !("apiVersion" in value) && ("spec" in value || value["version"] === "v1");
}

function onlyOf(repositories: readonly PlacedRepository[]): RepositoryResource | null {
  const [first, second] = repositories;
  return first === undefined || second !== undefined ? null : first.resource;
}

function nothingYet(): Collected {
  return { clusters: [], authorities: [], rotations: [], overrides: [], repositories: [] };
}

interface Collected extends DesiredState {
  readonly clusters: ClusterResource[];
  readonly authorities: AuthorityResource[];
  readonly rotations: RotationResource[];
  readonly overrides: OverrideResource[];
  readonly repositories: PlacedRepository[];
}

/** Collects the resource of a document where its schema accepts it; gives what is wrong with it. */
function accept(
  document: ResourceDocument,
  folder: string,
  env: NodeJS.ProcessEnv,
  now: Date,
  collected: Collected,
): readonly Diagnostic[] {
  if (!document.sound) return [];
  const substituted = substitute(document, env);
  const diagnostics = [
    ...substituted.diagnostics,
    ...checkDocument(document, now),
    ...checkConnections(document, substituted.value),
    ...checkWrittenPaths(document, substituted.value, env),
  ];
  const validate = VALIDATORS[document.kind];
  // As written, not as substituted: a message must not print what an environment variable holds.
  if (!validate(document.value)) {
    return [...diagnostics, ...schemaDiagnostics(document, validate.errors as ErrorObject[])];
  }
  switch (document.kind) {
    case "cluster":
      collected.clusters.push(buildCluster(document, substituted.value, folder));
      break;
    case "certificate_authority":
      collected.authorities.push(buildAuthority(document));
      break;
    case "ca_rotation":
      collected.rotations.push(buildRotation(document));
      break;
    case "cert_authority_override":
      collected.overrides.push(buildOverride(document));
      break;
    case "repository":
      collected.repositories.push({ source: sourceOf(document), resource: buildRepository(document) });
      break;
  }
  return diagnostics;
}

async function readAll(
  source: FileSource,
  paths: readonly string[],
  diagnostics: Diagnostic[],
): Promise<readonly SourceFile[]> {
  const results: (SourceFile | Diagnostic)[] = [];
  let next = 0;
  const reader = async () => {
    for (let index = next++; index < paths.length; index = next++)
      results[index] = await source.read(paths[index] ?? "");
  };
  await Promise.all(Array.from({ length: Math.min(READERS, paths.length) }, reader));
  const files: SourceFile[] = [];
  for (const result of results) {
    if ("severity" in result) diagnostics.push(result);
    else files.push(result);
  }
  return files;
}

const VALIDATORS: Readonly<Record<Kind, ValidateFunction>> = {
  cluster,
  certificate_authority,
  ca_rotation,
  cert_authority_override,
  repository,
};
