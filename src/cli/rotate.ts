import { Failure } from "../failure.ts";
import { apiSpelling } from "../profile/authority-type.ts";
import { setRotationPhase } from "../resources/edit/edit-rotation.ts";
import type { RotatedAuthority, RotationResource } from "../resources/model/desired.ts";
import { nextFingerprint } from "../resources/model/next-authority.ts";
import { suggestOneOf } from "../resources/read/suggest.ts";
import { type Fingerprint, identify } from "../rotation/observation.ts";
import type { Phase } from "../rotation/phase.ts";
import type { RotationRecord } from "../rotation/record.ts";
import { paragraph } from "../views/text/layout.ts";
import { type Edit, editFiles } from "./edited-file.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { adopt } from "./rotate-adopt.ts";
import { writeAgain } from "./rotate-again.ts";
import {
  activeKeysEdit,
  clusterOf,
  keysOf,
  LiveKeys,
  liveIfItCanBeRead,
  type Request,
  type RotateOptions,
  rotationsOf,
  together,
} from "./rotate-request.ts";
import { lastAttempt, start } from "./rotate-start.ts";
import type { Terminal } from "./terminal.ts";
import { openWorkspace, type Workspace } from "./workspace.ts";

export type RotateAction = "start" | "adopt" | "advance" | "finish" | "rollback";
type Move = Exclude<RotateAction, "start" | "adopt">;

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
  const edited = await editsOf(request, action);
  for (const line of edited) terminal.stdout.write(`${paragraph(line, "", "  ")}\n`);
  terminal.stdout.write(
    "The cluster is as it was. `git status` and `git diff` show what is written here.\nCommit it, then `capstan plan`.\n",
  );
  return EXIT.ok;
}

function editsOf(request: Request, action: RotateAction): Promise<readonly string[]> {
  switch (action) {
    case "start":
      return start(request);
    case "adopt":
      return adopt(request);
    case "advance":
    case "finish":
    case "rollback":
      return move(request, action);
  }
}

function oneCluster({ clusters }: Workspace): string {
  const [only, ...others] = clusters.map(({ name }) => name);
  if (only !== undefined && others.length === 0) return only;
  throw new Failure("usage", `there are several clusters: ${clusters.map(({ name }) => name).join(", ")}`, {
    hint: "say which with --cluster",
  });
}

async function move(request: Request, action: Move): Promise<readonly string[]> {
  const { workspace, types, cluster } = request;
  const again = action === "rollback" ? await writeAgain(request) : null;
  if (again !== null) return again;
  const rotation = latest(request);
  if (rotation === undefined) {
    if (action === "finish") return await acceptLive(request);
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
  const memory =
    action === "rollback" ? undefined : lastAttempt(await workspace.store.load(cluster), rotation);
  if (action === "finish" && !isOrdinaryEnd(rotation, memory)) {
    const { live } = await liveIfItCanBeRead(request);
    if (live?.isOver(rotation) === true) return await finishWhatIsOver(request, rotation, live);
  }
  if (memory !== undefined) refuseTurnedBack(rotation, memory);
  const phase = phaseAfter(rotation, action, memory);
  // First what may fail: bad input changes nothing.
  const secrets = action === "finish" ? await secretsChange(request, rotation) : [];
  const keys = action === "finish" ? await newKeys(request, rotation) : { edits: [], said: [] };
  await editFiles(workspace, [phaseEdit(rotation, phase), ...keys.edits]);
  return [
    `${rotation.source.file}: ${rotation.name} ${rotation.phase} → ${phase}${together(rotation)}`,
    ...keys.said,
    ...secrets,
  ];
}

function phaseEdit(rotation: RotationResource, phase: Phase): Edit {
  return { file: rotation.source.file, change: (text) => setRotationPhase(text, rotation, phase) };
}

/** The record and git tell all that is needed; else the cluster is asked whether the rotation is over by now. */
function isOrdinaryEnd({ phase }: RotationResource, memory: RotationRecord | undefined): boolean {
  return phase === "update_servers" && memory?.state === "open";
}

/**
 * The keys that were to be retired are gone, whoever took care of that and whatever git or the record say: git
 * says so too now.
 */
async function finishWhatIsOver(
  request: Request,
  rotation: RotationResource,
  live: LiveKeys,
): Promise<readonly string[]> {
  const secrets = await secretsChange(request, rotation);
  const keys = rotation.authorities.flatMap(({ type }) => {
    const change = activeKeysEdit(request, type, identify(live.of(type).active));
    return change === null ? [] : [change];
  });
  const moves = rotation.phase !== "standby";
  if (!moves && keys.length === 0 && secrets.length === 0) {
    return [`${rotation.source.file}: ${rotation.name} is finished, and git says so already`];
  }
  await editFiles(request.workspace, [
    ...(moves ? [phaseEdit(rotation, "standby")] : []),
    ...keys.map(({ edit }) => edit),
  ]);
  return [
    ...(moves
      ? [`${rotation.source.file}: ${rotation.name} ${rotation.phase} → standby${together(rotation)}`]
      : []),
    ...keys.map(({ said }) => said),
    ...secrets,
  ];
}

/** No rotation in git explains what signs now, and a person takes it as it is: `active_keys` follows. */
async function acceptLive(request: Request): Promise<readonly string[]> {
  const { types, workspace } = request;
  const live = await LiveKeys.read(request);
  const moving = types.map((type) => live.of(type)).find(({ rotation }) => rotation.state === "in_progress");
  if (moving !== undefined) {
    throw new Failure(
      "usage",
      `${moving.type} is being rotated (phase ${moving.rotation.phase}), and no ca_rotation in git declares it`,
      { hint: `\`capstan rotate adopt ${types.join(",")}\` writes one for the rotation that is under way` },
    );
  }
  const keys = types.flatMap((type) => {
    const change = activeKeysEdit(request, type, identify(live.of(type).active));
    return change === null ? [] : [change];
  });
  if (keys.length === 0) {
    throw new Failure(
      "usage",
      `there is nothing to finish: no ca_rotation in git rotates ${types.join(", ")}`,
      {
        hint: "git names the keys that sign; `capstan rotate start` writes a rotation of them",
      },
    );
  }
  await editFiles(
    workspace,
    keys.map(({ edit }) => edit),
  );
  return [
    ...keys.map(({ said }) => said),
    "no rotation in git explains it: find out who rotated before you commit this",
  ];
}

async function secretsChange(request: Request, rotation: RotationResource): Promise<readonly string[]> {
  const cluster = clusterOf(request);
  if (cluster.platform !== "talos") return [];
  const { writeSecretsChange } = await import("./rotate-talos.ts");
  return await writeSecretsChange(request.terminal, request.workspace, cluster, rotation);
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
function phaseAfter(rotation: RotationResource, action: Move, memory: RotationRecord | undefined): Phase {
  const { name, phase } = rotation;
  if (action === "rollback") return "rollback";
  if (action === "finish") {
    // Once it is at standby, what is left to do is to write the new keys.
    const stepwise = rotation.strategy === "step" && rotation.mode === "manual";
    if (!stepwise || phase === "update_servers" || phase === "standby") return "standby";
    // Its keys are gone, wherever git is: Teleport 5 ends a rollback out of init so.
    if (memory?.state === "finished") return "standby";
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
async function newKeys(
  request: Request,
  rotation: RotationResource,
): Promise<{ readonly edits: readonly Edit[]; readonly said: readonly string[] }> {
  const { workspace, cluster } = request;
  const edits: Edit[] = [];
  const said: string[] = [];
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
      said.push(`${resource.source.file}: active_keys of ${type} stays, as the new key is not known yet`);
      continue;
    }
    const change = activeKeysEdit(request, type, keys);
    if (change !== null) edits.push(change.edit);
    said.push(
      change?.said ?? `${resource.source.file}: active_keys of ${type} is ${keys.join(", ")} already`,
    );
  }
  return { edits, said };
}

async function introducedKeys(
  request: Request,
  name: string,
  type: string,
  retire: readonly Fingerprint[],
): Promise<readonly Fingerprint[]> {
  const { rotations } = await request.workspace.store.load(request.cluster);
  const known = rotations.findLast((entry) => entry.name === name && entry.authority === type)?.introduced;
  if (known !== undefined && known.length > 0) return known;
  return keysOf((await LiveKeys.read(request)).of(type)).filter((key) => !retire.includes(key));
}
