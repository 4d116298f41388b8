import { resolve } from "node:path";
import { valueAt } from "../../foreign-value.ts";
import { profileOf } from "../../profiles.ts";
import type { AccessCheck } from "../model/access-check.ts";
import { contentHash } from "../model/canonical.ts";
import { commandAt } from "../model/command-at.ts";
import { DEFAULT_REPOSITORY } from "../model/default-repository.ts";
import {
  type Acknowledgement,
  type AuthorityResource,
  type ChangeWindow,
  type ClusterResource,
  type Freeze,
  type NextAuthority,
  NOTIFY_EVENTS,
  type NotifyEvent,
  type OverrideResource,
  type Policy,
  type RepositoryResource,
  type RotatedAuthority,
  type RotationResource,
  type Waiver,
  type Wave,
  WEEKDAYS,
} from "../model/desired.ts";
import { parseDuration } from "../model/duration.ts";
import type { Hold } from "../model/hold.ts";
import { parseLocalMoment, parseMoment } from "../model/moment.ts";
import type { TrustConsumer } from "../model/trust-consumer.ts";
import { type ResourceDocument, sourceOf } from "./document.ts";

/**
 * From a value that its schema accepts to a typed resource, with the defaults filled in. What is still wrong with
 * it (`check-document.ts`) is an error elsewhere, and then nobody trusts what is made here.
 */

/** What the schema documents as `default` (design, section 2). */
export const DEFAULT_POLICY: Policy = {
  concurrentRotations: 1,
  soakMs: 30 * 60_000,
  onFailure: "rollback",
  phaseTimeoutMs: 10 * 60_000,
  // Four times what was recorded, and as long as auth servers take between two ticks (reference teleport-rotation 1.7).
  staleReadMs: 12_000,
  // Teleport's own upper limit (reference teleport-rotation 2.2).
  maxSessionTtlMs: 30 * 3_600_000,
  pinFiles: null,
  timeZone: "UTC",
  windows: [],
  freezes: [],
};

const DEFAULT_NOTIFY_TIMEOUT_MS = 10_000;
const DEFAULT_SIGNER_TIMEOUT_MS = 2 * 60_000;
const DEFAULT_BACKUP_TIMEOUT_MS = 10 * 60_000;
const DEFAULT_CHECK_TIMEOUT_MS = 30_000;

// The shapes that the schemas have checked; names as in YAML.

interface RawCluster {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly platform: string;
    readonly signer?: { readonly command: readonly string[]; readonly timeout?: string };
    readonly backup?: {
      readonly recipients?: readonly string[];
      readonly command?: readonly string[];
      readonly timeout?: string;
    };
    readonly policy?: {
      readonly concurrent_rotations?: number;
      readonly soak?: string;
      readonly compromise_soak?: string;
      readonly on_failure?: Policy["onFailure"];
      readonly phase_timeout?: string;
      readonly stale_read?: string;
      readonly max_session_ttl?: string;
      readonly pin_files?: readonly string[];
      readonly time_zone?: string;
      readonly windows?: readonly (Omit<ChangeWindow, "days"> & Partial<ChangeWindow>)[];
      readonly freezes?: readonly Freeze[];
    };
    readonly peers?: readonly string[];
    readonly hold?: RawHold;
    readonly checks?: readonly RawCheck[];
  };
}

interface RawHold {
  readonly reason: string;
  readonly until?: string;
}

type RawCheck = Omit<AccessCheck, "timeoutMs" | "attempts" | "required"> &
  Partial<Pick<AccessCheck, "attempts" | "required">> & { readonly timeout?: string };

interface RawAuthority {
  readonly sub_kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly active_keys: AuthorityResource["activeKeys"];
    readonly max_age?: string;
    readonly trust_consumers?: readonly RawConsumer[];
    readonly acknowledge?: readonly RawAcknowledgement[];
    readonly waive?: readonly RawWaiver[];
  };
}

interface RawConsumer {
  readonly kind: TrustConsumer["kind"];
  readonly name: string;
  readonly address?: string;
  readonly server_name?: string;
  readonly url?: string;
  readonly ca_file?: string;
  readonly path?: string;
  readonly instructions?: string;
  readonly deadline?: string;
}

interface RawRotation {
  readonly metadata: { readonly name: string };
  readonly spec: Pick<RotationResource, "cluster" | "phase"> & {
    readonly authorities: readonly RotatedAuthority[];
    readonly reason?: RotationResource["reason"];
    readonly strategy?: RotationResource["strategy"];
    readonly mode?: RotationResource["mode"];
    readonly grace_period?: string;
    readonly resume?: { readonly reason: string };
    readonly hold?: RawHold;
    readonly acknowledge?: readonly RawAcknowledgement[];
    readonly waive?: readonly RawWaiver[];
  };
}

interface RawAcknowledgement {
  readonly step: string;
  readonly who: string;
  readonly note?: string;
  readonly evidence?: string;
  readonly at?: string;
  readonly commit?: string;
}

interface RawWaiver {
  readonly guard: string;
  readonly subject: string;
  readonly reason: string;
  readonly expires: string;
}

interface RawOverride {
  readonly sub_kind: string;
  readonly metadata: { readonly name: string };
}

interface RawRepository {
  readonly spec: {
    readonly record?: RepositoryResource["record"];
    readonly remote?: string;
    readonly branch?: string;
    readonly require_plan?: boolean;
    readonly approval?: { readonly app?: string };
    readonly notify?: {
      readonly command: readonly string[];
      readonly timeout?: string;
      readonly events?: readonly NotifyEvent[];
    };
    readonly executables?: readonly (readonly string[])[];
    readonly addresses?: readonly string[];
    readonly waves?: readonly {
      readonly name: string;
      readonly selector: Wave["selector"];
      readonly pause?: string;
      readonly max_in_progress?: number;
    }[];
  };
}

/** `value` is the document's own, with the environment's variables put in; files start at `folder`. */
export function buildCluster(document: ResourceDocument, value: unknown, folder: string): ClusterResource {
  return { ...clusterOf(document, value, folder), asWritten: clusterOf(document, document.value, null) };
}

/** Without a folder, paths stay as they are written. */
function clusterOf(
  document: ResourceDocument,
  value: unknown,
  folder: string | null,
): Omit<ClusterResource, "asWritten"> {
  const { metadata, spec } = value as RawCluster;
  const { platform, policy = {} } = spec;
  const at = (path: string) => (folder === null ? path : resolve(folder, path));
  const timeZone = policy.time_zone ?? DEFAULT_POLICY.timeZone;
  return {
    name: metadata.name,
    source: sourceOf(document),
    platform,
    connection: profileOf(platform).resources.connection.read(valueAt(spec, [platform]), at),
    ...(spec.signer === undefined
      ? {}
      : {
          signer: {
            command: spec.signer.command,
            timeoutMs: milliseconds(spec.signer.timeout) ?? DEFAULT_SIGNER_TIMEOUT_MS,
          },
        }),
    ...backupOf(spec.backup),
    ...(metadata.labels === undefined ? {} : { labels: metadata.labels }),
    ...holdOf(spec.hold),
    peers: spec.peers ?? [],
    ...(spec.checks === undefined ? {} : { checks: spec.checks.map((raw) => accessCheck(raw, at)) }),
    policy: {
      concurrentRotations: policy.concurrent_rotations ?? DEFAULT_POLICY.concurrentRotations,
      soakMs: milliseconds(policy.soak) ?? DEFAULT_POLICY.soakMs,
      ...(policy.compromise_soak === undefined
        ? {}
        : { compromiseSoakMs: milliseconds(policy.compromise_soak) ?? DEFAULT_POLICY.soakMs }),
      onFailure: policy.on_failure ?? DEFAULT_POLICY.onFailure,
      phaseTimeoutMs: milliseconds(policy.phase_timeout) ?? DEFAULT_POLICY.phaseTimeoutMs,
      staleReadMs: milliseconds(policy.stale_read) ?? DEFAULT_POLICY.staleReadMs,
      maxSessionTtlMs: milliseconds(policy.max_session_ttl) ?? DEFAULT_POLICY.maxSessionTtlMs,
      pinFiles: policy.pin_files ?? DEFAULT_POLICY.pinFiles,
      timeZone,
      windows: (policy.windows ?? []).map(({ days = WEEKDAYS, from, to }) => ({ days, from, to })),
      freezes: (policy.freezes ?? []).map(({ from, to, reason }) => ({
        from: parseLocalMoment(from, "start", timeZone) ?? from,
        to: parseLocalMoment(to, "end", timeZone) ?? to,
        reason,
      })),
    },
  };
}

/** A date alone is its end: held is what is not known to be free. */
function holdOf(raw: RawHold | undefined): { readonly hold?: Hold } {
  if (raw === undefined) return {};
  const { reason, until = null } = raw;
  return { hold: { reason, until: until === null ? null : (parseMoment(until, "end") ?? until) } };
}

/** What goes with a kind, the check of the resources has said. */
function accessCheck(
  { timeout, attempts = 2, required = false, command, ...rest }: RawCheck,
  at: (path: string) => string,
): AccessCheck {
  return {
    ...rest,
    ...(command === undefined ? {} : { command: commandAt(command, at) }),
    timeoutMs: milliseconds(timeout) ?? DEFAULT_CHECK_TIMEOUT_MS,
    attempts,
    required,
  };
}

/** The check of the resources has seen to it that there is exactly one of the two. */
function backupOf(raw: RawCluster["spec"]["backup"]): Pick<ClusterResource, "backup"> {
  if (raw?.recipients !== undefined) return { backup: { by: "seal", recipients: raw.recipients } };
  if (raw?.command === undefined) return {};
  const timeoutMs = milliseconds(raw.timeout) ?? DEFAULT_BACKUP_TIMEOUT_MS;
  return { backup: { by: "command", command: raw.command, timeoutMs } };
}

/** A `certificate_authority` that its schema accepts, with its defaults. */
export function buildAuthority(document: ResourceDocument): AuthorityResource {
  const { sub_kind, metadata, spec } = document.value as unknown as RawAuthority;
  return {
    cluster: metadata.name,
    type: sub_kind,
    source: sourceOf(document),
    activeKeys: spec.active_keys,
    maxAgeMs: milliseconds(spec.max_age),
    trustConsumers: (spec.trust_consumers ?? []).map(consumer),
    ...(spec.acknowledge === undefined
      ? {}
      : { acknowledge: spec.acknowledge.map((raw, index) => acknowledgement(document, raw, index)) }),
    ...(spec.waive === undefined
      ? {}
      : { waive: spec.waive.map((raw, index) => waiver(document, raw, index)) }),
  };
}

/** Which fields go with a kind, the schema has said. */
function consumer(raw: RawConsumer): TrustConsumer {
  const { kind, name, address = "", server_name, url = "", ca_file, path = "", instructions = "" } = raw;
  const named = { name, deadlineMs: milliseconds(raw.deadline) };
  switch (kind) {
    case "postgres":
    case "mysql":
    case "tls":
      return { ...named, kind, address, serverName: server_name ?? null };
    case "openssh":
      return { ...named, kind, address };
    case "https-jwks":
      return { ...named, kind, url, caFile: ca_file ?? null };
    case "file":
      return { ...named, kind, path };
    case "manual":
      return { ...named, kind, instructions };
  }
}

/** A `ca_rotation` that its schema accepts, with its defaults. */
export function buildRotation(document: ResourceDocument): RotationResource {
  const { metadata, spec } = document.value as unknown as RawRotation;
  // To hold what was rolled back is no reason to start it again.
  const { hold, ...content } = spec;
  const { resume, ...withoutResume } = content;
  return {
    name: metadata.name,
    source: sourceOf(document),
    cluster: spec.cluster,
    authorities: spec.authorities.map(({ type, retire, next }) => ({
      type,
      retire,
      ...(next === undefined ? {} : { next: nextAuthority(next) }),
    })),
    phase: spec.phase,
    ...(spec.reason === undefined ? {} : { reason: spec.reason }),
    strategy: spec.strategy ?? "step",
    mode: spec.mode ?? "manual",
    gracePeriodMs: milliseconds(spec.grace_period),
    acknowledge: (spec.acknowledge ?? []).map((raw, index) => acknowledgement(document, raw, index)),
    waive: (spec.waive ?? []).map((raw, index) => waiver(document, raw, index)),
    resume: resume?.reason ?? null,
    ...holdOf(hold),
    contentHash: contentHash(content),
    ...(resume === undefined ? {} : { contentWithoutResume: contentHash(withoutResume) }),
  };
}

/** Machines join certificates by plain concatenation: without its line feed one would spoil them all (TA 2.1). */
function nextAuthority({ certificate, key }: NextAuthority): NextAuthority {
  return { certificate: `${certificate.trim()}\n`, key: `${key.trim()}\n` };
}

function acknowledgement(
  document: ResourceDocument,
  raw: RawAcknowledgement,
  index: number,
): Acknowledgement {
  return {
    step: raw.step,
    who: raw.who,
    note: raw.note ?? null,
    evidence: raw.evidence ?? null,
    at: raw.at === undefined ? null : statedAt(raw.at),
    commit: raw.commit ?? null,
    source: sourceOf(document, ["spec", "acknowledge", index]),
  };
}

/** A date alone stays one: it is any time of that day, and neither its start nor its end is what was meant. */
function statedAt(text: string): string | null {
  const moment = parseMoment(text, "start");
  return moment !== null && /^\d{4}-\d{2}-\d{2}$/.test(text) ? text : moment;
}

function waiver(document: ResourceDocument, raw: RawWaiver, index: number): Waiver {
  return {
    guard: raw.guard,
    subject: raw.subject,
    reason: raw.reason,
    expires: parseMoment(raw.expires, "end") ?? raw.expires,
    source: sourceOf(document, ["spec", "waive", index]),
  };
}

/** A `cert_authority_override`, whose content stays as it is written. */
export function buildOverride(document: ResourceDocument): OverrideResource {
  const { sub_kind, metadata } = document.value as unknown as RawOverride;
  return {
    cluster: metadata.name,
    type: sub_kind,
    source: sourceOf(document),
    document: document.value,
  };
}

/** The `repository` resource that its schema accepts, with its defaults. */
export function buildRepository({ value }: ResourceDocument): RepositoryResource {
  const { spec } = value as unknown as RawRepository;
  return {
    record: spec.record ?? DEFAULT_REPOSITORY.record,
    remote: spec.remote ?? DEFAULT_REPOSITORY.remote,
    branch: spec.branch ?? DEFAULT_REPOSITORY.branch,
    requirePlan: spec.require_plan ?? DEFAULT_REPOSITORY.requirePlan,
    approvalApp: spec.approval?.app ?? DEFAULT_REPOSITORY.approvalApp,
    executables: spec.executables ?? DEFAULT_REPOSITORY.executables,
    addresses: spec.addresses ?? DEFAULT_REPOSITORY.addresses,
    ...(spec.waves === undefined
      ? {}
      : {
          waves: spec.waves.map(({ name, selector, pause, max_in_progress }) => ({
            name,
            selector,
            pauseMs: milliseconds(pause),
            maxInProgress: max_in_progress ?? null,
          })),
        }),
    ...(spec.notify === undefined
      ? {}
      : {
          notify: {
            command: spec.notify.command,
            timeoutMs: milliseconds(spec.notify.timeout) ?? DEFAULT_NOTIFY_TIMEOUT_MS,
            events: spec.notify.events ?? NOTIFY_EVENTS,
          },
        }),
  };
}

function milliseconds(text: string | undefined): number | null {
  return text === undefined ? null : parseDuration(text);
}
