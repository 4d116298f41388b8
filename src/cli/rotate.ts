import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Failure } from "../failure.ts";
import { count, paragraph } from "../render/layout.ts";
import type { ClusterResource, RotatedAuthority, RotationResource } from "../resources/desired.ts";
import { setActiveKeys } from "../resources/edit-authority.ts";
import {
  addRotation,
  clearAcknowledgements,
  setResume,
  setRotationPhase,
} from "../resources/edit-rotation.ts";
import { nextFingerprint } from "../resources/next-authority.ts";
import { suggestOneOf } from "../resources/suggest.ts";
import { apiSpelling } from "../rotation/authority-type.ts";
import { type Fingerprint, identify } from "../rotation/observation.ts";
import type { Phase } from "../rotation/phase.ts";
import type { RotationRecord } from "../rotation/record.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { CommonOptions } from "./options.ts";
import type { Terminal } from "./terminal.ts";
import { openClusters, openWorkspace, type Workspace } from "./workspace.ts";

export interface RotateOptions extends CommonOptions {
  readonly name?: string;
  readonly strategy?: "step" | "walk";
  readonly reason?: string;
}

export type RotateAction = "start" | "advance" | "finish" | "rollback";

/** What `advance` writes over what stands in the file. */
const NEXT: Readonly<Partial<Record<Phase, Phase>>> = {
  init: "update_clients",
  update_clients: "update_servers",
};

/** `capstan rotate`: edits the YAML for a commit, keeping comments. The cluster is asked only for what git lacks. */
export async function rotate(
  terminal: Terminal,
  action: RotateAction,
  types: string,
  options: RotateOptions,
): Promise<ExitCode> {
  const workspace = await openWorkspace(options.directory, options.cluster, terminal, "folder");
  const request = {
    terminal,
    workspace,
    options,
    types: types.split(",").map(apiSpelling),
    cluster: oneCluster(workspace),
  };
  const edited = await (action === "start" ? start(request) : move(request, action));
  for (const line of edited) terminal.stdout.write(`${paragraph(line, "", "  ")}\n`);
  terminal.stdout.write(
    "The cluster is as it was. `git status` and `git diff` show what is written here.\nCommit it, then `capstan plan`.\n",
  );
  return EXIT.ok;
}

interface Request {
  readonly terminal: Terminal;
  readonly workspace: Workspace;
  readonly options: RotateOptions;
  readonly types: readonly string[];
  readonly cluster: string;
}

function oneCluster({ clusters }: Workspace): string {
  const [only, ...others] = clusters.map(({ name }) => name);
  if (only !== undefined && others.length === 0) return only;
  throw new Failure("usage", `there are several clusters: ${clusters.map(({ name }) => name).join(", ")}`, {
    hint: "say which with --cluster",
  });
}

function clusterOf({ workspace, cluster }: Request): ClusterResource {
  const found = workspace.clusters.find(({ name }) => name === cluster);
  if (found === undefined) throw new Error(`${cluster} is not in the workspace`);
  return found;
}

async function start(request: Request): Promise<readonly string[]> {
  const { workspace, options, types, cluster, terminal } = request;
  const again = rotationsOf(request).find(({ phase }) => phase !== "standby");
  if (again !== undefined) return await startAgain(request, again);
  const platform = clusterOf(request);
  const prepared =
    platform.platform === "talos"
      ? await (await import("./rotate-talos.ts")).prepareNext(
          terminal,
          platform,
          workspace.desired.rotations,
          types,
        )
      : null;
  const authorities = await Promise.all(
    types.map(async (type) => ({
      type,
      retire: await activeKeys(request, type),
      ...(prepared === null ? {} : { next: prepared.next }),
    })),
  );
  const home = dirname(workspace.clusters[0]?.source.file ?? "");
  const name = options.name ?? freeName(request, new Date(terminal.now()).toISOString().slice(0, 7));
  const file = join(home, "rotations", `${name}.yaml`);
  const path = join(workspace.folder, file);
  if (existsSync(path))
    throw new Failure("usage", `${file} exists already`, { hint: "choose another --name" });
  const text = addRotation(null, {
    name,
    cluster,
    authorities,
    phase: options.strategy === "walk" ? "standby" : "init",
    ...(options.strategy === "walk" ? { strategy: "walk" as const } : {}),
  });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  const goal = options.strategy === "walk" ? "walks through all phases to standby" : "starts, phase init";
  return [`wrote ${file}: ${types.join(" and ")} ${goal}`, ...(prepared?.lines ?? [])];
}

/** One that was rolled back is started again only with a reason, which makes its content another one. */
async function startAgain(
  { workspace, options }: Request,
  rotation: RotationResource,
): Promise<readonly string[]> {
  if (options.reason === undefined) {
    throw new Failure(
      "usage",
      `${rotation.name} (${rotation.source.file}:${rotation.source.line}) rotates this CA already, phase ${rotation.phase}`,
      {
        hint: "go on with `capstan rotate advance`; to start it again after a rollback, say why with --reason",
      },
    );
  }
  const reason = options.reason;
  await edit(workspace, rotation.source.file, (text) =>
    setResume(
      setRotationPhase(clearAcknowledgements(text, rotation.name), rotation.name, "init"),
      rotation.name,
      reason,
    ),
  );
  const stated = rotation.acknowledge.length;
  return [
    `${rotation.source.file}: ${rotation.name} starts again, phase init${together(rotation)}, because: ${reason}`,
    ...(stated === 0
      ? []
      : [
          `${count(stated, "acknowledgement")} of the attempt before taken out: it has to be worked for anew`,
        ]),
  ];
}

async function move(request: Request, action: Exclude<RotateAction, "start">): Promise<readonly string[]> {
  const { workspace, types } = request;
  const rotation = latest(request);
  if (rotation === undefined) {
    const rotating = workspace.desired.rotations.flatMap(({ authorities }) =>
      authorities.map(({ type }) => type),
    );
    throw new Failure("usage", `no ca_rotation in git rotates ${types.join(", ")}`, {
      hint:
        rotating.length === 0
          ? "`capstan rotate start` writes one"
          : suggestOneOf(types[0] ?? "", rotating, "there are"),
    });
  }
  const memory = action === "rollback" ? undefined : await lastAttempt(request, rotation);
  if (memory !== undefined) refuseTurnedBack(rotation, memory);
  const phase = phaseAfter(rotation, action, memory);
  // First what may fail: bad input changes nothing.
  const secrets = action === "finish" ? await secretsChange(request, rotation) : [];
  await edit(workspace, rotation.source.file, (text) => setRotationPhase(text, rotation.name, phase));
  const moved = `${rotation.source.file}: ${rotation.name} ${rotation.phase} → ${phase}${together(rotation)}`;
  return action === "finish" ? [moved, ...(await writeNewKeys(request, rotation)), ...secrets] : [moved];
}

/** Who named one CA of a pair moves both. */
function together({ authorities }: RotationResource): string {
  return authorities.length === 1 ? "" : `, ${authorities.map(({ type }) => type).join(" and ")} together`;
}

async function secretsChange(request: Request, rotation: RotationResource): Promise<readonly string[]> {
  const cluster = clusterOf(request);
  if (cluster.platform !== "talos") return [];
  const { writeSecretsChange } = await import("./rotate-talos.ts");
  return await writeSecretsChange(request.terminal, request.workspace.folder, cluster, rotation);
}

/**
 * The rotation that is meant. A finished one and one that walks both say `standby`: of those it is the one whose
 * keys git still wants to sign, else the one that brought the key that signs.
 */
function latest(request: Request): RotationResource | undefined {
  const { workspace, cluster } = request;
  const rotations = rotationsOf(request);
  const active = new Set(
    workspace.desired.authorities
      .filter((authority) => authority.cluster === cluster)
      .flatMap(({ activeKeys }) => activeKeys),
  );
  const some = (test: (authority: RotatedAuthority) => boolean) =>
    rotations.find(({ authorities }) => authorities.some(test));
  return (
    rotations.find(({ phase }) => phase !== "standby") ??
    some(({ retire }) => retire.some((key) => active.has(key))) ??
    some(({ next }) => next !== undefined && active.has(nextFingerprint(next))) ??
    rotations.at(-1)
  );
}

/** What the record knows of the rotation; of several authorities the first that it knows. */
async function lastAttempt(
  { workspace, cluster }: Request,
  { name, authorities }: RotationResource,
): Promise<RotationRecord | undefined> {
  const { rotations } = await workspace.store.load(cluster);
  return authorities
    .map(({ type }) => rotations.findLast((entry) => entry.name === name && entry.authority === type))
    .find((entry) => entry !== undefined);
}

/** A phase further in git would not move what was turned back, and the plan would block. */
function refuseTurnedBack(
  { name, authorities, contentHash }: RotationResource,
  { state, ended_at, reason, contents }: RotationRecord,
): void {
  const why = reason === null ? "" : ` (${reason})`;
  const again = `\`capstan rotate start ${authorities.map(({ type }) => type).join(",")} --reason TEXT\` starts it again`;
  if (state === "rolling_back") {
    throw new Failure("usage", `${name} is being rolled back${why}`, {
      hint: `\`capstan apply\` ends the rollback; then ${again}`,
    });
  }
  if (state === "rolled_back" && contents.includes(contentHash)) {
    throw new Failure("usage", `${name} was rolled back at ${ended_at}${why}`, {
      hint: `remove the cause; then ${again}`,
    });
  }
}

/** The phase to write; a `Failure` where the plan could only refuse it. */
function phaseAfter(
  rotation: RotationResource,
  action: Exclude<RotateAction, "start">,
  memory: RotationRecord | undefined,
): Phase {
  const { name, phase } = rotation;
  if (action === "rollback") return "rollback";
  if (action === "finish") {
    // Once it is at standby, what is left to do is to write the new keys.
    const stepwise = rotation.strategy === "step" && rotation.mode === "manual";
    if (!stepwise || phase === "update_servers" || phase === "standby") return "standby";
    throw new Failure("usage", `${name} is at ${phase}, and finishes from update_servers only`, {
      hint: phase === "rollback" ? RESTART : `${ADVANCE}; or set \`strategy: walk\``,
    });
  }
  const next = NEXT[phase];
  if (next !== undefined) return next;
  throw new Failure("usage", `${name} is at ${phase}; there is no phase to advance to`, {
    hint: hintAt(phase, memory),
  });
}

const ADVANCE = "`capstan rotate advance` sets the next phase, each with a commit and an apply";
const RESTART = "when it is rolled back, `capstan rotate start` with a --reason starts it again";

function hintAt(phase: Phase, memory: RotationRecord | undefined): string {
  if (phase === "update_servers") return "`capstan rotate finish` drops the old key: the point of no return";
  if (phase === "rollback") return RESTART;
  const reached = memory?.ended_at === null ? memory.phases.at(-1)?.phase : undefined;
  if (reached !== undefined && reached !== "standby") {
    return `the cluster is in ${reached}: revert the commit that set standby, or write \`phase: ${reached}\` and its active_keys again`;
  }
  return "start another rotation with `capstan rotate start`";
}

/** The new key is known by now; with it in active_keys the finished repository has no drift. */
async function writeNewKeys(request: Request, rotation: RotationResource): Promise<readonly string[]> {
  const { workspace, cluster } = request;
  const lines: string[] = [];
  for (const { type, retire, next } of rotation.authorities) {
    const resource = workspace.desired.authorities.find(
      (authority) => authority.cluster === cluster && authority.type === type,
    );
    if (resource === undefined) continue;
    const keys =
      next === undefined
        ? await introducedKeys(request, rotation.name, type, retire)
        : [nextFingerprint(next)];
    if (keys.length === 0) {
      lines.push(`${resource.source.file}: active_keys of ${type} stays, as the new key is not known yet`);
      continue;
    }
    await edit(workspace, resource.source.file, (text) => setActiveKeys(text, { cluster, type }, keys));
    lines.push(`${resource.source.file}: active_keys of ${type} is now ${keys.join(", ")}`);
  }
  return lines;
}

async function introducedKeys(
  { workspace, cluster, terminal, options }: Request,
  name: string,
  type: string,
  retire: readonly Fingerprint[],
): Promise<readonly Fingerprint[]> {
  const record = await workspace.store.load(cluster);
  const known = record.rotations.findLast(
    (entry) => entry.name === name && entry.authority === type,
  )?.introduced;
  if (known !== undefined && known.length > 0) return known;
  const live = await liveAuthority({ workspace, cluster, terminal, options }, type);
  return identify([...live.active, ...live.trusted]).filter((key) => !retire.includes(key));
}

async function activeKeys(request: Request, type: string): Promise<readonly Fingerprint[]> {
  const { workspace, cluster } = request;
  const declared = workspace.desired.authorities.find(
    (authority) => authority.cluster === cluster && authority.type === type,
  );
  return declared?.activeKeys ?? identify((await liveAuthority(request, type)).active);
}

async function liveAuthority(
  { workspace, cluster, terminal, options }: Pick<Request, "workspace" | "cluster" | "terminal" | "options">,
  type: string,
) {
  const platforms = openClusters(workspace, terminal, options, new AbortController().signal);
  const observation = await platforms.get(cluster)?.observe({ components: "all" });
  const live = observation?.authorities.find((authority) => authority.type === type);
  if (live !== undefined) return live;
  const types = observation?.authorities.map((authority) => authority.type) ?? [];
  throw new Failure("usage", `${cluster} has no ${type} CA`, {
    hint: suggestOneOf(type, types, "there are"),
  });
}

/** The rotations in git of just these types, oldest file first. */
function rotationsOf({ workspace, types, cluster }: Request): readonly RotationResource[] {
  return workspace.desired.rotations.filter(
    (rotation) =>
      rotation.cluster === cluster &&
      types.every((type) => rotation.authorities.some((one) => one.type === type)),
  );
}

function freeName({ workspace, types }: Request, month: string): string {
  const taken = new Set(workspace.desired.rotations.map(({ name }) => name));
  const base = `${types.join("-").replaceAll("_", "-")}-${month}`;
  for (let number = 2, name = base; ; number += 1) {
    if (!taken.has(name)) return name;
    name = `${base}-${number}`;
  }
}

async function edit(workspace: Workspace, file: string, change: (text: string) => string): Promise<void> {
  const path = join(workspace.folder, file);
  await writeFile(path, change(await readFile(path, "utf8")));
}
