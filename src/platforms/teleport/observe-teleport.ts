import { hasRelease } from "../../checklist/release.ts";
import { Failure } from "../../failure.ts";
import { fieldsOf, textOf } from "../../foreign-value.ts";
import { BeyondBounds, type ListingReader, readElements, readFields } from "../../listings/json-stream.ts";
import { type StreamOutcome, shown } from "../../process/runner.ts";
import type { ClusterObservation } from "../../profile/profile.ts";
import { ComponentTable } from "../../rotation/component-table.ts";
import {
  type ComponentKind,
  type ConnectedAgent,
  type LiveAuthority,
  type LiveOverrides,
  NEVER_ROTATED,
  type RemoteCluster,
  type UnlistedKind,
  type Unread,
  type Versions,
} from "../../rotation/observation.ts";
import type { TeleportKind } from "../../teleport/component-kinds.ts";
import { TELEPORT_KINDS } from "../../teleport/component-kinds.ts";
import { OVERRIDABLE_TYPES } from "../../teleport/overrides/ca-override.ts";
import { TELEPORT } from "../../teleport/profile.ts";
import type { TeleportConnection } from "../../teleport/resources/connection.ts";
import type { ObserveScope, PlatformOptions } from "../platform.ts";
import { readAuthority } from "./authority.ts";
import {
  appsCommand,
  CA_OVERRIDES,
  getAuthoritiesCommand,
  getCommand,
  inventoryCommand,
  REMOTE_CLUSTERS,
  RESOURCE_NAMES,
  SPIFFE_ISSUER_OVERRIDES,
  statusCommand,
  versionCommand,
} from "./commands.ts";
import { type ComponentRows, collectRows, ROW_FIELDS } from "./components.ts";
import { explain, platformMessage, type TctlError } from "./errors.ts";
import { goTime } from "./go-time.ts";
import { readTctlIdentity } from "./tctl-identity.ts";
import { inventoryReader, readStatus, readVersion } from "./text.ts";

/** What one observation works with. */
interface Context {
  readonly cluster: string;
  readonly connection: TeleportConnection;
  readonly options: PlatformOptions;
  /** Ends all calls when one of them has failed. */
  readonly stop: AbortController;
  /** That, or the end of the run. */
  readonly signal: AbortSignal;
  /** Collected by all calls. */
  readonly unread: Unread[];
  readonly unlisted: (UnlistedKind & { readonly kind: TeleportKind })[];
}

/** Looks at a cluster: all calls at once, each listing fetched once. */
export async function observeTeleport(
  cluster: string,
  connection: TeleportConnection,
  options: PlatformOptions,
  scope: ObserveScope,
): Promise<ClusterObservation> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  const context: Context = { cluster, connection, options, stop, signal, unread: [], unlisted: [] };
  const base = scope.components === "all" ? null : scope.base;
  const kinds =
    scope.components === "all"
      ? TELEPORT_KINDS
      : TELEPORT_KINDS.filter((kind) => scope.components.includes(kind));

  // The longest listing first.
  const nodes = kinds.includes("node") ? listComponents(context, "node") : null;
  const asked = options.overrides === "managed" || options.overrides === "possible";
  // A wait for components is about the host CA, which nobody overrides: it looks at them no second time.
  const waits = base !== null && kinds.length > 0;
  const cas = listAuthorities(context);
  const own = cas.then((listed) => listed.own);
  // Credentials without a file never ask for it; that the CAs cannot be read is said once, by `cas`.
  own.catch(() => {});
  const [authorities, rows, remoteClusters, versions, credentials, listed, connected] =
    await allOrFirstFailure(stop, [
      cas,
      allOrFirstFailure(
        stop,
        kinds.map((kind) => (kind === "node" && nodes !== null ? nodes : listComponents(context, kind))),
      ),
      base?.remoteClusters ?? listRemoteClusters(context),
      base?.versions ?? readVersions(context),
      readTctlIdentity(connection.identityFile, own),
      asked && !waits ? listOverrides(context) : base?.overrides,
      kinds.length > 0 ? listConnected(context) : base?.connected,
    ]);
  const overrides = asked || !authorities.own.some(mayBeOverridden) ? listed : await listOverrides(context);

  const host = authorities.own.find(({ type }) => type === "host")?.rotation ?? NEVER_ROTATED;
  const unlisted = [
    ...(base?.unlisted?.filter(({ kind }) => !(kinds as readonly ComponentKind[]).includes(kind)) ?? []),
    ...context.unlisted.filter(({ kind }) => mayExist(kind, versions.server)),
  ];
  const components = new ComponentTable();
  components.append(
    base?.components.filter(({ kind }) => !(kinds as readonly ComponentKind[]).includes(kind)) ?? [],
  );
  for (const folder of rows) components.append(folder.fold(host));
  const polled = new Set(kinds.map((kind) => RESOURCE_NAMES[kind][0]));
  return {
    cluster,
    profile: TELEPORT,
    observedAt: options.now().toISOString(),
    versions,
    authorities: authorities.own,
    copies: authorities.copies,
    components,
    remoteClusters,
    ...(connected === undefined ? {} : { connected }),
    ...(unlisted.length === 0 ? {} : { unlisted }),
    credentials,
    ...(overrides === undefined ? {} : { overrides }),
    unread: [
      ...(base?.unread.filter(
        ({ what }) => !polled.has(what) && !what.startsWith(COPY) && (waits || what !== CA_OVERRIDES),
      ) ?? []),
      ...context.unread,
    ],
  };
}

/**
 * Like `Promise.all`, but when one fails the others are ended and waited for, so that no executable outlives the
 * error; and the failure reported is the first in order, not in time.
 */
async function allOrFirstFailure<T extends readonly unknown[]>(
  stop: AbortController,
  calls: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  try {
    return await Promise.all(calls);
  } catch (first) {
    stop.abort();
    const settled = await Promise.allSettled(calls);
    const reasons = settled.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    throw reasons.find((reason) => !(reason instanceof Failure && reason.code === "interrupted")) ?? first;
  }
}

interface Authorities {
  readonly own: readonly LiveAuthority[];
  readonly copies: readonly LiveAuthority[];
}

const COPY = "authority copy ";

async function listAuthorities(context: Context): Promise<Authorities> {
  const elements: unknown[] = [];
  const command = getAuthoritiesCommand(context.connection);
  const error = await readListing(context, command, readElements(named((element) => elements.push(element))));
  if (error !== null) throw error.failure;

  // A newer tctl can be given the user CA a second time, in place of one that the server does not have (4.2).
  const byName = new Map<string, unknown>();
  for (const element of elements) {
    const key = nameOf(element).join("/");
    if (!byName.has(key)) byName.set(key, element);
  }
  const own: LiveAuthority[] = [];
  const copies: LiveAuthority[] = [];
  for (const element of byName.values()) {
    const [type, owner] = nameOf(element);
    try {
      const authority = await readAuthority(element);
      (authority.cluster === context.cluster ? own : copies).push(authority);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (owner === context.cluster) {
        throw new Failure("executable", `The ${type} CA of ${owner} cannot be understood: ${reason}.`, {
          cause: error,
        });
      }
      context.unread.push({ what: `${COPY}${owner}/${type}`, problem: reason });
    }
  }
  if (own.length === 0) throw noSuchCluster(context, [...new Set(copies.map(({ cluster }) => cluster))]);
  return { own, copies };
}

function nameOf(element: unknown): readonly [type: string, owner: string] {
  const { sub_kind, metadata, spec } = fieldsOf(element);
  return [textOf(fieldsOf(spec)["type"]) || textOf(sub_kind), textOf(fieldsOf(metadata)["name"])];
}

function noSuchCluster({ cluster, connection }: Context, listed: readonly string[]): Failure {
  const names = listed.length === 0 ? "none at all" : listed.join(", ");
  return new Failure(
    "resources",
    `No CA of a cluster named ${JSON.stringify(cluster)} is listed; ${shown({ argv: connection.tctl })} lists those of: ${names}.`,
    {
      hint: "set metadata.name of the cluster resource to the cluster's own name, as `tctl status` shows it",
    },
  );
}

/** Kinds that every version knows: a tctl that does not is no reason to believe that there are none. */
const ALWAYS_KNOWN: ReadonlySet<TeleportKind> = new Set(["auth_server", "proxy", "node"]);

/** The first release in which there can be any; every release has those that are not here. */
const FIRST_WITH: Readonly<Partial<Record<TeleportKind, string>>> = {
  // 5.0 itself; the recorded build of before it has none.
  app_server: "5.0.1",
  db_server: "6.0",
  windows_desktop_service: "8.0",
};

/** Of a server that does not say its version, everything may be. */
function mayExist(kind: TeleportKind, server: string | null): boolean {
  const release = FIRST_WITH[kind];
  return server === null || release === undefined || hasRelease(server, { release }) !== false;
}

async function listComponents(context: Context, kind: TeleportKind): Promise<ComponentRows> {
  const names = RESOURCE_NAMES[kind];
  const commands = names.map((name) => getCommand(context.connection, name));
  if (kind === "app_server") commands.push(appsCommand(context.connection));
  let error: TctlError | null = null;
  for (const command of commands) {
    const rows = collectRows(kind);
    error = await readListing(context, command, readFields(ROW_FIELDS, named(counted(rows.add, context), 1)));
    if (error === null) return rows;
    if (!isUnknownTo(error)) break;
  }
  if (error === null) return collectRows(kind);
  if (error.kind === "access-denied" || (isUnknownTo(error) && ALWAYS_KNOWN.has(kind))) {
    context.unread.push({ what: names[0], problem: error.failure.message });
  } else if (isUnknownTo(error)) {
    context.unlisted.push({
      kind,
      problem: `this tctl knows no listing of them (tried ${commands.length} names)`,
    });
  } else {
    throw error.failure;
  }
  return collectRows(kind);
}

/** Of how many rows at a time it is told that they were read. */
const TOLD_ROWS = 1_000;

/** The same, with word of every so many rows. */
function counted<Row>(add: (row: Row) => void, { options }: Context): (row: Row) => void {
  let rows = 0;
  return (row) => {
    add(row);
    rows += 1;
    if (rows % TOLD_ROWS === 0) options.counted?.(TOLD_ROWS);
  };
}

function isUnknownTo({ kind }: TctlError): boolean {
  return kind === "unsupported-resource" || kind === "unsupported-command";
}

/** A witness and no more: whatever keeps it from speaking (an old tctl, a role), nobody knows more than the listings. */
async function listConnected(context: Context): Promise<readonly ConnectedAgent[] | undefined> {
  try {
    const { options, signal } = context;
    const reader = inventoryReader();
    const argv = inventoryCommand(context.connection);
    const { exitCode } = await options.runner.stream({ argv, signal, ...timeout(options) }, reader.push);
    return exitCode === 0 ? (reader.end() ?? undefined) : undefined;
  } catch (error) {
    if (context.signal.aborted || !(error instanceof Failure)) throw error;
    return undefined;
  }
}

async function listRemoteClusters(context: Context): Promise<readonly RemoteCluster[]> {
  const found: RemoteCluster[] = [];
  const add = ([name, connection, lastHeartbeat]: readonly unknown[]) => {
    found.push({ name: textOf(name), connection: textOf(connection), lastHeartbeat: goTime(lastHeartbeat) });
  };
  const reader = readFields(["metadata.name", "status.connection", "status.last_heartbeat"], named(add, 0));
  const error = await readListing(context, getCommand(context.connection, REMOTE_CLUSTERS), reader);
  if (error === null) return found;
  if (error.kind !== "access-denied") throw error.failure;
  context.unread.push({ what: REMOTE_CLUSTERS, problem: error.failure.message });
  return [];
}

/** A rotation of it goes wrong without a look at its overrides. */
function mayBeOverridden({ type, rotation }: LiveAuthority): boolean {
  return rotation.state === "in_progress" && (OVERRIDABLE_TYPES as readonly string[]).includes(type);
}

/** `undefined`: they could not be read, and `unread` says why. */
async function listOverrides(context: Context): Promise<LiveOverrides | undefined> {
  const documents: unknown[] = [];
  const [error, spiffeIssuer] = await allOrFirstFailure(context.stop, [
    readListing(
      context,
      getCommand(context.connection, CA_OVERRIDES),
      readElements(named((element) => documents.push(element))),
    ),
    context.options.overrides === "managed" ? hasSpiffeIssuer(context) : false,
  ]);
  if (error === null) return { state: "listed", documents, spiffeIssuer };
  switch (error.kind) {
    case "unsupported-resource":
    case "unsupported-feature": {
      const who = error.kind === "unsupported-resource" ? "this tctl" : "this cluster";
      const note = `${who} does not know certificate authority overrides, which need Teleport Enterprise 18.9 or later: nothing is overridden here`;
      return { state: "unsupported", note };
    }
    case "access-denied":
      context.unread.push({ what: CA_OVERRIDES, problem: error.failure.message });
      return undefined;
    default:
      throw error.failure;
  }
}

/** Whoever cannot see them has no use for the finding either. */
async function hasSpiffeIssuer(context: Context): Promise<boolean> {
  let found = 0;
  const reader = readFields(["metadata.name"], () => {
    found += 1;
  });
  const error = await readListing(context, getCommand(context.connection, SPIFFE_ISSUER_OVERRIDES), reader);
  return error === null && found > 0;
}

async function readVersions(context: Context): Promise<Versions> {
  const { connection } = context;
  const [client, server] = await allOrFirstFailure(context.stop, [
    runText(context, versionCommand(connection)),
    runText(context, statusCommand(connection)),
  ]);
  if ("failure" in client) throw client.failure;
  const version = readVersion(client.stdout);
  if (version === null) {
    throw new Failure(
      "executable",
      `${shown({ argv: versionCommand(connection) })} does not say its version: ${platformMessage(client.stdout) || "it printed nothing"}.`,
      { hint: "check that spec.teleport.tctl names Teleport's tctl" },
    );
  }
  if (!("failure" in server)) return { client: version, server: readStatus(server.stdout).version };
  if (server.kind !== "access-denied") throw server.failure;
  context.unread.push({ what: "status", problem: server.failure.message });
  return { client: version, server: null };
}

/**
 * Only what has a name is a resource of Teleport: an error object, a warning or another program's JSON that passed as
 * a row would be a component without a phase, or none at all. `slot` is where the name is among the fields of a row.
 */
function named<Row>(add: (row: Row) => void, slot?: number): (row: Row) => void {
  let rows = 0;
  return (row) => {
    rows += 1;
    const name =
      slot === undefined ? fieldsOf(fieldsOf(row)["metadata"])["name"] : (row as readonly unknown[])[slot];
    if (textOf(name) === "") throw new SyntaxError(`element ${rows} is no resource: it has no metadata.name`);
    add(row);
  };
}

async function runText(
  context: Context,
  argv: readonly string[],
): Promise<{ readonly stdout: string } | TctlError> {
  const { options, signal } = context;
  const outcome = await options.runner.run({ argv, signal, ...timeout(options) });
  return outcome.exitCode === 0 ? outcome : explain(outcome);
}

/**
 * Feeds a listing to its reader while tctl prints it. An exit status other than 0 is given back explained;
 * output that is no complete listing, from a tctl that says all is well, is a `Failure`: a short listing would
 * look like a small cluster.
 */
async function readListing(
  context: Context,
  argv: readonly string[],
  reader: ListingReader,
): Promise<TctlError | null> {
  const { options, signal } = context;
  const incomplete = (problem: SyntaxError) =>
    new Failure(
      "executable",
      `${shown({ argv })} printed what is not a complete JSON listing: ${problem.message}.`,
      { hint: "run it by hand: it, or what wraps it, was cut off or printed something else in between" },
    );
  let problem: SyntaxError | null = null;
  const guarded = (read: () => void): void => {
    if (problem !== null) return;
    try {
      read();
    } catch (error) {
      // Nobody waits for the end of what may have none; to throw ends the executable.
      if (error instanceof BeyondBounds) throw incomplete(error);
      if (!(error instanceof SyntaxError)) throw error;
      problem = error;
    }
  };
  const outcome: StreamOutcome = await options.runner.stream({ argv, signal, ...timeout(options) }, (chunk) =>
    // What tctl prints before it fails need not be JSON: its exit status is heard first.
    guarded(() => reader.push(chunk)),
  );
  if (outcome.exitCode !== 0) return explain(outcome);
  guarded(() => reader.end());
  if (problem !== null) throw incomplete(problem);
  return null;
}

function timeout({ timeoutMs }: PlatformOptions): { readonly timeoutMs?: number } {
  return timeoutMs === undefined ? {} : { timeoutMs };
}
