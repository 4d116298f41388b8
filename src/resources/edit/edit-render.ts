import { Document, isMap, isScalar, isSeq, type Scalar } from "yaml";
import { type PlatformName, platformName } from "../../profiles.ts";
import type { Phase } from "../../rotation/phase.ts";
import { isTalosType } from "../../talos/authority-types.ts";
import type { Policy, RotatedAuthority, TalosConnection, TeleportConnection } from "../model/desired.ts";
import { formatDuration } from "../model/duration.ts";
import { DEFAULT_POLICY } from "../read/build.ts";
import { parseYaml } from "../read/read-documents.ts";
import { lineEndOf } from "./edit-text.ts";

/** New resources as YAML, with the few comments that a first reader needs. */
interface NewResource {
  /**
   * Where the resource's JSON Schema is, for a `# yaml-language-server` line. Editors apply it to all of a file, so
   * it is only for a file that holds this kind and no other.
   */
  readonly schema?: string;
}

export interface NewCluster extends NewResource {
  readonly name: string;
  readonly platform: string;
  /** Text may hold `${VAR}`, which stays as it is. */
  readonly teleport: TeleportConnection | null;
  /** Files as they are to be written. */
  readonly talos?: TalosConnection;
  /** Leafs and roots that have a cluster resource too. */
  readonly peers?: readonly string[];
  readonly policy: Pick<Policy, "concurrentRotations" | "soakMs" | "phaseTimeoutMs" | "onFailure"> &
    Partial<Policy>;
}

export interface NewAuthority extends NewResource {
  readonly cluster: string;
  readonly type: string;
  readonly activeKeys: readonly string[];
  readonly maxAgeMs?: number;
}

export interface NewRotation extends NewResource {
  readonly name: string;
  readonly cluster: string;
  readonly authorities: readonly RotatedAuthority[];
  readonly phase: Phase;
  readonly strategy?: "step" | "walk";
  readonly mode?: "manual" | "auto";
  readonly gracePeriodMs?: number;
  /** Why it is started although one before it was rolled back. */
  readonly resume?: string;
}

export function renderCluster(cluster: NewCluster): string {
  const { teleport, policy } = cluster;
  return render(
    cluster.schema,
    {
      kind: "cluster",
      version: "v1",
      metadata: { name: cluster.name },
      spec: {
        platform: cluster.platform,
        teleport: teleport && {
          tctl: teleport.tctl,
          auth_server: teleport.authServer,
          identity_file: teleport.identityFile,
        },
        talos: cluster.talos && talosFields(cluster.talos),
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
      [["spec", "teleport", "tctl"], "executable and leading arguments", "beside"],
      [["spec", "talos", "talosctl"], "executable and leading arguments", "beside"],
      [["spec", "talos", "kubectl"], "the same, for the Kubernetes CA", "beside"],
      [
        ["spec", "talos", "control_planes"],
        "Every machine by its address: discovery may forget one, or give a shared address.",
      ],
      [["spec", "talos", "clients"], "Written for every phase of a rotation; keep them out of git."],
      [["spec", "talos", "recipients"], "Who can open the CA keys that capstan seals."],
      [["spec", "peers"], "leafs and roots: their copies of the CAs are compared before a step", "beside"],
      [["spec", "policy", "soak"], "at least this long in every phase", "beside"],
      [["spec", "policy", "phase_timeout"], "for the components to follow", "beside"],
      [["spec", "policy", "stale_read"], "how old a read may be", "beside"],
      [["spec", "policy", "on_failure"], "rollback, or halt and wait for a person", "beside"],
    ],
  );
}

function talosFields(talos: TalosConnection): object {
  const { endpoints, controlPlanes, workers, clients, recipients } = talos;
  return {
    talosctl: talos.talosctl,
    kubectl: talos.kubectl,
    talosconfig: talos.talosconfig,
    context: talos.context,
    // What the loader takes when nothing is said.
    endpoints: endpoints.join() === controlPlanes.join() ? null : endpoints,
    control_planes: controlPlanes,
    workers: workers.length === 0 ? null : workers,
    kubeconfig: talos.kubeconfig,
    clients: clients.talosconfig === null && clients.kubeconfig === null ? null : clients,
    recipients: recipients.length === 0 ? null : recipients,
    secrets: talos.secrets,
  };
}

const WHO_SIGNS: Readonly<Record<PlatformName, string>> = {
  teleport: "Who may sign: SHA-256 of the public key, which is Teleport's CA pin.",
  talos: "Who may sign: SHA-256 of the CA's public key.",
};

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
    [[["spec", "active_keys"], WHO_SIGNS[platformName(isTalosType(authority.type) ? "talos" : "teleport")]]],
  );
}

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
        strategy: rotation.strategy,
        mode: rotation.mode,
        grace_period:
          rotation.gracePeriodMs === undefined ? undefined : formatDuration(rotation.gracePeriodMs),
        resume: rotation.resume === undefined ? undefined : { reason: rotation.resume },
      },
    },
    [
      [["spec", "authorities"], "The keys that are retired name the rotation: it never starts twice."],
      [
        ["spec", "authorities", "0", "next"],
        "Talos makes no CA itself: the one to come. Its key is sealed with age.",
      ],
      [
        ["spec", "phase"],
        "One step per commit: init, update_clients, update_servers, standby (finished); or rollback.",
      ],
    ],
  );
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
  if (schema !== undefined) document.commentBefore = ` yaml-language-server: $schema=${schema}`;
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
