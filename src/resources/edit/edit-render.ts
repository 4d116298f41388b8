import { Document, isMap, isScalar, isSeq, type Scalar } from "yaml";
import { PROFILES, profileOf } from "../../profiles.ts";
import type { Phase } from "../../rotation/phase.ts";
import type { Connection, Policy, RotatedAuthority } from "../model/desired.ts";
import { formatDuration } from "../model/duration.ts";
import { DEFAULT_POLICY } from "../read/build.ts";
import { parseYaml } from "../read/read-documents.ts";
import { lineEndOf } from "./edit-text.ts";
import { schemaLine } from "./schema-line.ts";

/** New resources as YAML, with the few comments that a first reader needs. */
interface NewResource {
  /** Where the JSON Schema of resources is, for a line that editors read. */
  readonly schema?: string;
}

/** A `cluster` resource to be written. */
export interface NewCluster extends NewResource {
  readonly name: string;
  readonly platform: string;
  /** As it is to be written: text may hold `${VAR}`, which stays as it is. `null` is left out. */
  readonly connection: Connection | null;
  /** Leafs and roots that have a cluster resource too. */
  readonly peers?: readonly string[];
  readonly policy: Pick<Policy, "concurrentRotations" | "soakMs" | "phaseTimeoutMs" | "onFailure"> &
    Partial<Policy>;
}

/** A `certificate_authority` to be written. */
export interface NewAuthority extends NewResource {
  /** That of its cluster. */
  readonly platform: string;
  readonly cluster: string;
  readonly type: string;
  readonly activeKeys: readonly string[];
  readonly maxAgeMs?: number;
}

/** A `ca_rotation` to be written. */
export interface NewRotation extends NewResource {
  readonly name: string;
  readonly cluster: string;
  readonly authorities: readonly RotatedAuthority[];
  readonly phase: Phase;
  readonly reason?: "compromise";
  readonly strategy?: "step" | "walk";
  readonly mode?: "manual" | "auto";
  readonly gracePeriodMs?: number;
  /** Why it is started although one before it was rolled back. */
  readonly resume?: string;
}

/** The YAML of a new `cluster`; what has its default is left out. */
export function renderCluster(cluster: NewCluster): string {
  const { platform, connection, policy } = cluster;
  const { connection: rules, notes } = profileOf(platform).resources;
  return render(
    cluster.schema,
    {
      kind: "cluster",
      version: "v1",
      metadata: { name: cluster.name },
      spec: {
        platform,
        [platform]: connection === null ? null : rules.fields(connection),
        peers: cluster.peers === undefined || cluster.peers.length === 0 ? null : cluster.peers,
        policy: {
          concurrent_rotations: policy.concurrentRotations,
          soak: formatDuration(policy.soakMs),
          phase_timeout: formatDuration(policy.phaseTimeoutMs),
          stale_read:
            policy.staleReadMs === undefined || policy.staleReadMs === DEFAULT_POLICY.staleReadMs
              ? undefined
              : formatDuration(policy.staleReadMs),
          on_failure: policy.onFailure,
          max_session_ttl:
            policy.maxSessionTtlMs === undefined || policy.maxSessionTtlMs === DEFAULT_POLICY.maxSessionTtlMs
              ? undefined
              : formatDuration(policy.maxSessionTtlMs),
        },
      },
    },
    [
      [["kind"], "How to reach the cluster, and how careful its rotations are."],
      ...notes.connection.map(({ field, text, where }): Note => [["spec", platform, field], text, where]),
      [["spec", "peers"], "leafs and roots: their copies of the CAs are compared before a step", "beside"],
      [["spec", "policy", "soak"], "at least this long in every phase", "beside"],
      [["spec", "policy", "phase_timeout"], "for the components to follow", "beside"],
      [["spec", "policy", "stale_read"], "how old a read may be", "beside"],
      [["spec", "policy", "on_failure"], "rollback, or halt and wait for a person", "beside"],
    ],
  );
}

/** The YAML of a new `certificate_authority`. */
export function renderAuthority(authority: NewAuthority): string {
  return render(
    authority.schema,
    {
      kind: "certificate_authority",
      sub_kind: authority.type,
      version: "v1",
      metadata: { name: authority.cluster },
      spec: {
        active_keys: authority.activeKeys,
        max_age: authority.maxAgeMs === undefined ? undefined : formatDuration(authority.maxAgeMs),
      },
    },
    [[["spec", "active_keys"], profileOf(authority.platform).resources.notes.activeKeys]],
  );
}

/** The YAML of a new `ca_rotation`. */
export function renderRotation(rotation: NewRotation): string {
  return render(
    rotation.schema,
    {
      kind: "ca_rotation",
      version: "v1",
      metadata: { name: rotation.name },
      spec: {
        cluster: rotation.cluster,
        authorities: rotation.authorities.map(({ type, retire, next }) => ({ type, retire, next })),
        phase: rotation.phase,
        reason: rotation.reason,
        strategy: rotation.strategy,
        mode: rotation.mode,
        grace_period:
          rotation.gracePeriodMs === undefined ? undefined : formatDuration(rotation.gracePeriodMs),
        resume: rotation.resume === undefined ? undefined : { reason: rotation.resume },
      },
    },
    [
      [["spec", "authorities"], "The keys that are retired name the rotation: it never starts twice."],
      ...aboutNext(rotation),
      [
        ["spec", "phase"],
        "One step per commit: init, update_clients, update_servers, standby (finished); or rollback.",
      ],
    ],
  );
}

/** Whoever makes no CA itself has the one to come in the rotation. */
function aboutNext({ authorities }: NewRotation): readonly Note[] {
  const platform = Object.values(PROFILES).find(({ types }) =>
    types.some(({ name }) => name === authorities[0]?.type),
  );
  const note = platform?.resources.notes.next ?? null;
  return note === null ? [] : [[["spec", "authorities", "0", "next"], note]];
}

/** A file's text with one more document at its end; `null` stands for a file that does not exist yet. */
export function appendDocument(text: string | null, document: string): string {
  if (text === null || text.replace(/^\uFEFF/, "").trim() === "") return (text ?? "") + document;
  const lineEnd = lineEndOf(text);
  const added = lineEnd === "\n" ? document : document.replaceAll("\n", lineEnd);
  const whole = text.endsWith("\n") ? text : text + lineEnd;
  // Comments alone are no document: what follows them belongs to the new one.
  return whole + (parseYaml(text).length === 0 ? "" : `---${lineEnd}`) + added;
}

/** `above` its field, `beside` its value, or beside a list that is written in brackets. */
type Note = readonly [path: readonly string[], text: string, where?: "above" | "beside"];

function render(schema: string | undefined, resource: object, notes: readonly Note[]): string {
  const document = new Document(withoutNothing(resource), { aliasDuplicateObjects: false });
  for (const [path, text, where = "above"] of notes) comment(document, path, text, where);
  if (schema !== undefined) document.commentBefore = schemaLine(schema);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function comment(document: Document, path: readonly string[], text: string, where: "above" | "beside"): void {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1));
  if (!isMap(parent)) return;
  const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
  if (pair === undefined) return;
  if (where === "above") (pair.key as Scalar).commentBefore = ` ${text}`;
  else (pair.value as Scalar).comment = ` ${text}`;
  if (where === "beside" && isSeq(pair.value)) pair.value.flow = true;
}

/** Fields that are `null` or `undefined` are left out of the YAML. */
function withoutNothing(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNothing);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null && inner !== undefined)
      .map(([key, inner]) => [key, withoutNothing(inner)]),
  );
}
