import { listAt, type Path, textAt, valueAt } from "../../foreign-value.ts";
import { rotationUnits } from "../../profile/limit.ts";
import type { PlatformProfile } from "../../profile/profile.ts";
import { PROFILES, profileNamed } from "../../profiles.ts";
import { isPhase } from "../../rotation/phase.ts";
import type { Diagnostic } from "../model/desired.ts";
import { shorten } from "../model/shorten.ts";
import { VARIABLE_OPENING } from "../model/variables.ts";
import { checkAccessChecks } from "./check-access-checks.ts";
import { checkBackup } from "./check-backup.ts";
import { checkPlatforms } from "./check-platform.ts";
import { checkRecipients } from "./check-recipients.ts";
import { retiredKeys } from "./check-retired.ts";
import { diagnosticOn, type KINDS, type ResourceDocument, sourceOf } from "./document.ts";
import { complain } from "./source-file.ts";
import { nearest, suggestOneOf } from "./suggest.ts";

/** Checks that need several resources, or knowledge that no schema has. */
export interface Checked {
  readonly documents: readonly ResourceDocument[];
  /** Part of the input was not understood: what seems to be missing may be in there. */
  readonly incomplete: boolean;
  readonly now: Date;
}

/** Everything that several resources have against one another. */
export function checkTogether(checked: Checked): Diagnostic[] {
  const duplicates = new Set<ResourceDocument>();
  const diagnostics = duplicateResources(checked.documents, duplicates);
  const platforms = new Map<string, PlatformProfile | null>();
  let namelessCluster = false;
  for (const document of checked.documents) {
    if (document.kind !== "cluster") continue;
    const name = nameIn(document);
    if (name === null) namelessCluster = true;
    else platforms.set(name, platformIn(document));
  }
  const unique = checked.documents.filter((document) => !duplicates.has(document));
  return [
    ...diagnostics,
    ...(checked.incomplete || namelessCluster ? [] : danglingReferences(checked.documents, platforms)),
    ...severalAuthorities(checked.documents, platforms),
    ...automaticAuthorities(checked.documents),
    ...checked.documents.flatMap((document) => unknownTypes(document, platforms)),
    ...unique.flatMap(checkBackup),
    ...unique.flatMap(checkAccessChecks),
    ...unique.flatMap(checkRecipients),
    ...checkPlatforms(unique, platforms, checked.now),
    ...collidingRotations(unique),
    ...retiredKeys(unique),
    ...severalRepositories(unique),
  ];
}

function nameIn(document: ResourceDocument): string | null {
  return textAt(document.value, ["metadata", "name"]);
}

function platformIn(document: ResourceDocument): PlatformProfile | null {
  return profileNamed(textAt(document.value, ["spec", "platform"]) ?? "") ?? null;
}

function place(document: ResourceDocument, path: Path = []): string {
  const { file, line } = sourceOf(document, path);
  return `${file}:${line}`;
}

const HAS_SUB_KIND: Readonly<Record<(typeof KINDS)[number], boolean>> = {
  cluster: false,
  certificate_authority: true,
  ca_rotation: false,
  cert_authority_override: true,
  repository: false,
};

function duplicateResources(
  documents: readonly ResourceDocument[],
  found: Set<ResourceDocument>,
): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const first = new Map<string, ResourceDocument>();
  for (const document of documents) {
    const name = nameIn(document);
    const type = HAS_SUB_KIND[document.kind] ? textAt(document.value, ["sub_kind"]) : "";
    if (name === null || type === null) continue;
    // One name in several clusters is a campaign.
    const cluster = document.kind === "ca_rotation" ? textAt(document.value, ["spec", "cluster"]) : "";
    const key = `${document.kind}\0${type}\0${name}\0${cluster}`;
    const other = first.get(key);
    if (other === undefined) {
      first.set(key, document);
      continue;
    }
    found.add(document);
    const quoted = `"${shorten(name)}"`;
    const what =
      type === "" ? `${document.kind} ${quoted}` : `${document.kind} "${shorten(type)}" of ${quoted}`;
    const message = `${what} stands a second time; the first is in ${place(other)}`;
    diagnostics.push(diagnosticOn(document, ["metadata", "name"], complain(message, "keep one of them")));
  }
  return diagnostics;
}

const CLUSTER_REFERENCE: Readonly<Record<(typeof KINDS)[number], Path | null>> = {
  cluster: null,
  certificate_authority: ["metadata", "name"],
  ca_rotation: ["spec", "cluster"],
  cert_authority_override: ["metadata", "name"],
  repository: null,
};

/** Every place of a document that names a cluster resource. */
function clusterReferences(document: ResourceDocument): readonly (readonly [ResourceDocument, Path])[] {
  const path = CLUSTER_REFERENCE[document.kind];
  const peers = document.kind === "cluster" ? listAt(document.value, ["spec", "peers"]) : [];
  return [
    ...(path === null ? [] : [[document, path] as const]),
    ...peers.map((_, index) => [document, ["spec", "peers", index]] as const),
  ];
}

/** Comparisons that all suggestions together may cost: with thousands of clusters and of mistakes, few get one. */
const MAX_COMPARISONS = 500_000;

function danglingReferences(
  documents: readonly ResourceDocument[],
  clusters: ReadonlyMap<string, unknown>,
): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const suggestions = new Map<string, string>();
  const otherwise = "add a cluster resource; capstan init writes one for a live cluster";
  for (const [document, path] of documents.flatMap(clusterReferences)) {
    const name = textAt(document.value, path);
    if (name === null || clusters.has(name)) continue;
    if (name.includes(VARIABLE_OPENING)) continue;
    if (!suggestions.has(name) && (suggestions.size + 1) * clusters.size <= MAX_COMPARISONS) {
      const near = nearest(name, clusters.keys());
      suggestions.set(name, near === null ? otherwise : `did you mean "${near}"?`);
    }
    const complaint = complain(
      `no cluster resource is named "${shorten(name)}"`,
      suggestions.get(name) ?? otherwise,
    );
    diagnostics.push(diagnosticOn(document, path, complaint));
  }
  return diagnostics;
}

/**
 * One rotation moves one authority, or those that the platform moves together; several others only where the policy of
 * the cluster lets so many rotate at the same time.
 */
function severalAuthorities(
  documents: readonly ResourceDocument[],
  platforms: ReadonlyMap<string, PlatformProfile | null>,
): Diagnostic[] {
  const allowed = new Map<string, number>();
  for (const document of documents) {
    const limit = valueAt(document.value, ["spec", "policy", "concurrent_rotations"]);
    if (document.kind === "cluster" && typeof limit === "number") allowed.set(nameIn(document) ?? "", limit);
  }
  return documents.flatMap((document) => {
    const cluster = textAt(document.value, ["spec", "cluster"]);
    if (document.kind !== "ca_rotation" || cluster === null) return [];
    const platform = platforms.get(cluster) ?? null;
    // No policy allows more than the platform does, which says so itself.
    if (platform !== null && platform.limit.atMost !== null) return [];
    const path: Path = ["spec", "authorities"];
    const types = listAt(document.value, path).flatMap(
      (_, index) => textAt(document.value, [...path, index, "type"]) ?? [],
    );
    const limit = allowed.get(cluster) ?? 1;
    const limits = platform === null ? EVERY_PROFILE.map((profile) => profile.limit) : [platform.limit];
    if (limits.some((known) => rotationUnits(known, types) <= limit)) return [];
    const pairs = limits.flatMap(({ together }) => together.map((pair) => pair.join(" and ")));
    const complaint = complain(
      `${types
        .slice(0, 6)
        .map((type) => shorten(type))
        .join(
          ", ",
        )} in one rotation are more than ${limit === 1 ? "one" : limit}, which is what the policy of "${shorten(cluster)}" allows at a time`,
      `write one ca_rotation each, and one after the other; only ${pairs.join("; ")} move together`,
    );
    return [diagnosticOn(document, path, complaint, "key")];
  });
}

/** On whichever platform: what has to be told between phases is told by people. */
function whyNotAutomatic(type: string): string | null {
  return (
    EVERY_PROFILE.map(({ resources }) => resources.whyNotAutomatic(type)).find((why) => why !== null) ?? null
  );
}

/** No clock waits for people, nor for overrides of the new key. */
function automaticAuthorities(documents: readonly ResourceDocument[]): Diagnostic[] {
  const overridden = new Set(
    documents
      .filter(({ kind }) => kind === "cert_authority_override")
      .map((document) => `${nameIn(document)}\0${textAt(document.value, ["sub_kind"])}`),
  );
  return documents.flatMap((document) => {
    if (document.kind !== "ca_rotation" || textAt(document.value, ["spec", "mode"]) !== "auto") return [];
    const cluster = textAt(document.value, ["spec", "cluster"]);
    return listAt(document.value, ["spec", "authorities"]).flatMap((_, index) => {
      const path: Path = ["spec", "authorities", index, "type"];
      const type = textAt(document.value, path);
      const why =
        (type === null ? null : whyNotAutomatic(type)) ??
        (overridden.has(`${cluster}\0${type}`)
          ? "it has overrides, and the new key needs some before it signs"
          : null);
      if (type === null || why === null) return [];
      const message = `mode auto is refused for ${shorten(type)}: ${why}, and the clock waits for nobody`;
      return [diagnosticOn(document, path, complain(message, 'write "mode: manual"'))];
    });
  });
}

const EVERY_PROFILE: readonly PlatformProfile[] = Object.values(PROFILES);

function typesOf({ types }: PlatformProfile): readonly string[] {
  return types.map(({ name }) => name);
}

/** A type of another platform is no misspelling. */
function elsewhere(type: string, platform: PlatformProfile | null): PlatformProfile | null {
  if (platform === null) return null;
  return EVERY_PROFILE.find((other) => other !== platform && typesOf(other).includes(type)) ?? null;
}

/** Types in API spelling only, as in `auth rotate --type`: one word per thing, the other one is a suggestion. */
function unknownTypes(
  document: ResourceDocument,
  platforms: ReadonlyMap<string, PlatformProfile | null>,
): Diagnostic[] {
  const reference = CLUSTER_REFERENCE[document.kind];
  if (reference === null) return [];
  const platform = platforms.get(textAt(document.value, reference) ?? "") ?? null;
  // Of which type a resource is that should not be there, is not the question.
  if (document.kind === "cert_authority_override" && platform?.resources.overridableTypes.length === 0)
    return [];
  const known = (platform === null ? EVERY_PROFILE : [platform]).flatMap(typesOf);
  const authorities = listAt(document.value, ["spec", "authorities"]);
  const paths: Path[] =
    document.kind !== "ca_rotation"
      ? [["sub_kind"]]
      : authorities.map((_, index) => ["spec", "authorities", index, "type"]);
  const diagnostics: Diagnostic[] = [];
  for (const path of paths) {
    const type = textAt(document.value, path);
    // What is no type name at all, the schema has said.
    if (type === null || !/^[a-z0-9_-]+$/.test(type) || known.includes(type)) continue;
    const other = elsewhere(type, platform);
    const complaint =
      other !== null && platform !== null
        ? complain(
            `${platform.title} has no ${type} CA, ${other.title} does`,
            `types of ${platform.title}: ${known.join(", ")}`,
          )
        : complain(
            `unknown CA type "${shorten(type)}"${platform === null ? "" : ` for ${platform.name}`}`,
            suggestOneOf(type, known, "known types"),
          );
    diagnostics.push(diagnosticOn(document, path, complaint));
  }
  return diagnostics;
}

/** Two answers to where the record is would be two records. */
function severalRepositories(documents: readonly ResourceDocument[]): Diagnostic[] {
  const [first, ...others] = documents.filter(({ kind }) => kind === "repository");
  return others.map((document) => {
    const message = `a second repository resource; the first is in ${first === undefined ? "" : place(first)}`;
    return diagnosticOn(document, ["kind"], complain(message, "keep one of them"));
  });
}

/**
 * One authority has one rotation at a time, and a rotation is named by the key it retires (design, section 2): two
 * that retire the same key would read each other's progress as their own.
 */
function collidingRotations(documents: readonly ResourceDocument[]): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const unfinished = new Map<string, Claim>();
  const retired = new Map<string, Claim>();
  for (const claim of documents.flatMap(claimsOf)) {
    const { document, path, authority, type, cluster } = claim;
    if (claim.unfinished) {
      const other = claimed(unfinished, authority, claim);
      if (other !== null) {
        const message = `two unfinished rotations of ${shorten(type)} of "${shorten(cluster)}": ${quotedName(other)} in ${place(other.document, other.path)} is the other`;
        const complaint = complain(message, "finish or delete one of them first");
        diagnostics.push(diagnosticOn(document, path, complaint));
        continue;
      }
    }
    for (const [index, key] of claim.retire.entries()) {
      const keyPath: Path = [...claim.retirePath, index];
      const other = claimed(retired, `${authority}\0${key}`, { ...claim, path: keyPath });
      if (other === null) continue;
      const message = `${quotedName(other)} in ${place(other.document, other.path)} retires the same key`;
      const complaint = complain(message, "a rotation is named by the key it retires: delete one of them");
      diagnostics.push(diagnosticOn(document, keyPath, complaint));
    }
  }
  return diagnostics;
}

/** One authority in one rotation. */
interface Claim {
  readonly document: ResourceDocument;
  /** Where the authority's type stands. */
  readonly path: Path;
  readonly cluster: string;
  readonly type: string;
  /** Both, as a key. */
  readonly authority: string;
  readonly unfinished: boolean;
  readonly retire: readonly unknown[];
  readonly retirePath: Path;
}

function claimsOf(document: ResourceDocument): readonly Claim[] {
  const { kind, value } = document;
  const cluster = textAt(value, ["spec", "cluster"]);
  if (kind !== "ca_rotation" || cluster === null || nameIn(document) === null) return [];
  const phase = textAt(value, ["spec", "phase"]);
  const unfinished = phase !== null && isPhase(phase) && phase !== "standby";
  return listAt(value, ["spec", "authorities"]).flatMap((_, index) => {
    const path: Path = ["spec", "authorities", index, "type"];
    const retirePath: Path = ["spec", "authorities", index, "retire"];
    const type = textAt(value, path);
    if (type === null) return [];
    const retire = listAt(value, retirePath);
    return [
      { document, path, cluster, type, authority: `${cluster}\0${type}`, unfinished, retire, retirePath },
    ];
  });
}

function quotedName({ document }: Claim): string {
  return `"${shorten(nameIn(document) ?? "")}"`;
}

/** Who has it already, in another document; else it is this one's from now on. */
function claimed(claims: Map<string, Claim>, key: string, claim: Claim): Claim | null {
  const other = claims.get(key);
  if (other === undefined) claims.set(key, claim);
  return other === undefined || other.document === claim.document ? null : other;
}
