import { Failure } from "../failure.ts";
import { authorityMakerOf } from "../platforms/open-authority-maker.ts";
import { clearAcknowledgements, setResume, setRotationPhase } from "../resources/edit/edit-rotation.ts";
import type { RotationResource } from "../resources/model/desired.ts";
import { type Fingerprint, identify, sameKeys } from "../rotation/observation.ts";
import type { Phase } from "../rotation/phase.ts";
import type { ClusterRecord, RotationRecord } from "../rotation/record.ts";
import { shellWord } from "../rotation/remedy-command.ts";
import { count } from "../views/count.ts";
import { writtenDate } from "../written-date.ts";
import { type Edit, editFiles } from "./edited-file.ts";
import {
  activeKeysEdit,
  clusterOf,
  declaredKeys,
  isTaken,
  type LiveKeys,
  liveIfItCanBeRead,
  newRotation,
  newRotationFile,
  pairTogether,
  presentKeys,
  type Request,
  rotationsOf,
} from "./rotate-request.ts";

/** A CA and its keys that go. */
interface Retired {
  readonly type: string;
  readonly retire: readonly Fingerprint[];
}

/**
 * `rotate start`: the keys to retire are those that sign now, which the cluster tells; where git says otherwise, git
 * is brought up to date with it.
 */
export async function start(request: Request): Promise<readonly string[]> {
  const { workspace, types, cluster } = request;
  (await authorityMakerOf(clusterOf(request).platform))?.insistOnTypes(types);
  const { live, problem } = await liveIfItCanBeRead(request);
  const record = await workspace.store.load(cluster);
  if (live === null) refuseWhatIsGone(request, record, problem);
  const declared = rotationsOf(request);
  const again = declared.find((rotation) => rotatesWhatSigns(request, rotation, live));
  if (live !== null) refuseUnderWay(request, live, record, again);
  if (again !== undefined) return await startAgain(request, again, record);
  const retired = types.map((type) => ({ type, retire: keysToRetire(request, type, live, problem) }));
  const attempt = rolledBackAttempt(record, retired);
  if (attempt !== undefined && request.options.reason === undefined) refuseWithoutReason(request, attempt);
  const over = declared.filter((rotation) => rotation.phase !== "standby" && live?.isOver(rotation) === true);
  const before = attempt === undefined || isTaken(request, attempt.name) ? undefined : attempt.name;
  const newName = request.newName ?? before;
  return await startNew({ ...request, newName }, retired, over, problem);
}

/** Its keys sign, so this one is to be started, or started again; what is over has keys that are gone. */
function rotatesWhatSigns(request: Request, rotation: RotationResource, live: LiveKeys | null): boolean {
  const signing = (type: string): readonly Fingerprint[] =>
    live === null ? (declaredKeys(request, type)?.activeKeys ?? []) : presentKeys(live.of(type));
  const signs = rotation.authorities.some(({ type, retire }) => {
    const keys = signing(type);
    return retire.some((key) => keys.includes(key));
  });
  return signs || (rotation.phase !== "standby" && live?.isOver(rotation) !== true);
}

function refuseUnderWay(
  { types }: Request,
  live: LiveKeys,
  record: ClusterRecord,
  declared: RotationResource | undefined,
): void {
  const moving = types.map((type) => live.of(type)).find(({ rotation }) => rotation.state === "in_progress");
  if (moving === undefined) return;
  const { type, rotation } = moving;
  const named = types.join(",");
  if (declared === undefined) {
    throw new Failure(
      "usage",
      `${type} is being rotated (phase ${rotation.phase}), and no ca_rotation in git declares it`,
      { hint: live.words.foreign(named) },
    );
  }
  const turnedBack = lastAttempt(record, declared)?.state === "rolling_back";
  if (turnedBack || rotation.phase === "rollback") return;
  throw new Failure("usage", `${place(declared)} rotates this CA already: it is in ${rotation.phase}`, {
    hint: `${wayOn(declared, rotation.phase, named)}; \`capstan rotate rollback ${named}\` leads back`,
  });
}

/** The cluster cannot be asked, and what git says signs was retired by the record: nobody here knows what does. */
function refuseWhatIsGone(request: Request, record: ClusterRecord, problem: string): void {
  for (const type of request.types) {
    const keys = declaredKeys(request, type)?.activeKeys ?? [];
    const gone = record.rotations.find(
      ({ authority, state, retire }) =>
        authority === type && state === "finished" && retire.some((key) => keys.includes(key)),
    );
    if (gone === undefined) continue;
    throw new Failure(
      "executable",
      `git says that ${keys.join(", ")} signs for ${type}; ${gone.name} has retired that, and what signs now, only the cluster knows: ${problem}`,
      { hint: "nothing was written; `capstan doctor` says more about the cluster" },
    );
  }
}

/**
 * The attempt at the same keys that was rolled back and whose file is gone. Started again it keeps its name, as where
 * the file is still there, unless another rotation has it by now: by it, the waves of a campaign know each other.
 */
function rolledBackAttempt(
  { rotations }: ClusterRecord,
  retired: readonly Retired[],
): RotationRecord | undefined {
  return rotations.findLast(
    ({ authority, state, retire }) =>
      state === "rolled_back" &&
      retired.some((one) => one.type === authority && sameKeys(one.retire, retire)),
  );
}

/** Quarantine goes by keys and content: plan would refuse what is written here. */
function refuseWithoutReason(
  { types }: Request,
  { authority, name, reason, ended_at }: RotationRecord,
): never {
  const when = ended_at === null ? "" : ` on ${writtenDate(ended_at)}`;
  throw new Failure(
    "usage",
    `the rotation of this key of ${authority} was rolled back${when} (${reason ?? "nobody said why"}), as ${name}`,
    { hint: `to start it again, say why: \`capstan rotate start ${types.join(",")} --reason TEXT\`` },
  );
}

/** The command that goes on, and that is not refused. */
function wayOn({ phase, strategy }: RotationResource, live: Phase, named: string): string {
  if (phase === "standby" || strategy === "walk") return "`capstan apply` goes on with it";
  return live === "update_servers"
    ? `go on with \`capstan rotate finish ${named}\``
    : `go on with \`capstan rotate advance ${named}\``;
}

function keysToRetire(
  request: Request,
  type: string,
  live: LiveKeys | null,
  problem: string | null,
): readonly Fingerprint[] {
  if (live !== null) return identify(live.of(type).active);
  const declared = declaredKeys(request, type);
  if (declared !== null) return declared.activeKeys;
  throw new Failure("executable", `nobody knows which key signs for ${type}: ${problem}`, {
    hint: `git names no active_keys of ${type} either; \`capstan doctor\` says more about the cluster`,
  });
}

async function startNew(
  request: Request,
  retired: readonly Retired[],
  over: readonly RotationResource[],
  problem: string | null,
): Promise<readonly string[]> {
  const { workspace, options, types, terminal } = request;
  const owner = clusterOf(request);
  const rotations = workspace.desired.rotations.filter((rotation) => !over.includes(rotation));
  const maker = await authorityMakerOf(owner.platform);
  const rim = { env: terminal.env, now: new Date(terminal.now()) };
  const prepared = (await maker?.prepare(owner, rotations, types, rim)) ?? null;
  const { name, file } = await newRotationFile(request);
  const walks = options.strategy === "walk";
  const keys = retired.map(({ type, retire }) => activeKeysEdit(request, type, retire));
  await editFiles(workspace, [
    ...over.map(closing),
    ...keys.flatMap((change) => (change === null ? [] : [change.edit])),
    newRotation(request, file, {
      name,
      cluster: request.cluster,
      authorities: retired.map((one) => (prepared === null ? one : { ...one, next: prepared.next })),
      phase: walks ? "standby" : "init",
      ...(options.compromise === true ? { reason: "compromise" as const } : {}),
      ...(walks ? { strategy: "walk" as const } : {}),
      ...(options.reason === undefined ? {} : { resume: options.reason }),
    }),
  ]);
  return [
    ...(problem === null
      ? []
      : [`the cluster was not asked (${problem}): the keys to retire are those that git says sign`]),
    ...over.map(
      (rotation) =>
        `${rotation.source.file}: ${rotation.name} ${rotation.phase} → standby, as the key that it retires is gone from the cluster`,
    ),
    ...keys.flatMap((change) =>
      change === null ? [] : [`${change.said}, as that is what the cluster signs with`],
    ),
    `wrote ${file}: ${types.join(" and ")} ${walks ? "walks through all phases to standby" : "starts, phase init"}${because(options.reason)}`,
    ...(prepared?.lines ?? []),
  ];
}

function closing(rotation: RotationResource): Edit {
  return { file: rotation.source.file, change: (text) => setRotationPhase(text, rotation, "standby") };
}

function because(reason: string | undefined): string {
  return reason === undefined ? "" : `, because: ${reason}`;
}

/** One that was rolled back is started again only with a reason, which makes its content another one. */
async function startAgain(
  { workspace, options: { name, reason, strategy, compromise }, types }: Request,
  rotation: RotationResource,
  record: ClusterRecord,
): Promise<readonly string[]> {
  if (compromise === true) {
    throw new Failure("usage", `${place(rotation)} rotates this CA already, phase ${rotation.phase}`, {
      hint: "write `reason: compromise` below its `spec`",
    });
  }
  if (name !== undefined && name !== rotation.name) {
    throw new Failure("usage", `${place(rotation)} rotates this CA already, and keeps its name`, {
      hint: `nothing was written; without --name ${shellWord(name)} that one is started again`,
    });
  }
  const attempt = lastAttempt(record, rotation);
  if (reason === undefined) {
    const back = attempt?.state === "rolled_back" || attempt?.state === "rolling_back";
    throw new Failure("usage", `${place(rotation)} rotates this CA already, phase ${rotation.phase}`, {
      hint: back
        ? `it was rolled back (${attempt.reason ?? "nobody said why"}); to start it again, say why: \`capstan rotate start ${types.join(",")} --reason TEXT\``
        : "`capstan plan` says how it stands and what starts it; after a rollback, start it again with --reason",
    });
  }
  const walks = (strategy ?? rotation.strategy) === "walk" && rotation.strategy === "walk";
  const phase = walks ? "standby" : "init";
  await editFiles(workspace, [
    {
      file: rotation.source.file,
      change: (text) =>
        setResume(setRotationPhase(clearAcknowledgements(text, rotation), rotation, phase), rotation, reason),
    },
  ]);
  const stated = rotation.acknowledge.length;
  const goal = walks ? "walks again" : "starts again, phase init";
  return [
    `${rotation.source.file}: ${rotation.name} ${goal}${pairTogether(rotation)}${because(reason)}`,
    ...(stated === 0
      ? []
      : [
          `${count(stated, "acknowledgement")} of the attempt before taken out: it has to be worked for anew`,
        ]),
  ];
}

/** What the record knows of a rotation; of several authorities the first that it knows. */
export function lastAttempt(
  { rotations }: ClusterRecord,
  { name, authorities }: RotationResource,
): RotationRecord | undefined {
  return authorities
    .map(({ type }) => rotations.findLast((entry) => entry.name === name && entry.authority === type))
    .find((entry) => entry !== undefined);
}

function place({ name, source }: RotationResource): string {
  return `${name} (${source.file}:${source.line})`;
}
