import { Failure } from "../failure.ts";
import type { RotatedAuthority, RotationResource } from "../resources/model/desired.ts";
import { nextFingerprint } from "../resources/model/next-authority.ts";
import { suggestOneOf } from "../resources/read/suggest.ts";
import type { Phase } from "../rotation/phase.ts";
import type { RotationRecord } from "../rotation/record.ts";
import { writtenDate } from "../written-date.ts";
import { editFiles } from "./edited-file.ts";
import { writeAgain } from "./rotate-again.ts";
import { acceptLive, finishWhatIsOver, newKeys, phaseEdit, secretsChange } from "./rotate-finish.ts";
import { liveIfItCanBeRead, pairTogether, type Request, rotationsOf } from "./rotate-request.ts";
import { lastAttempt } from "./rotate-start.ts";

/** What writes another phase over the one that stands in git. */
type PhaseVerb = "advance" | "finish" | "rollback";

/** What `advance` writes over what stands in the file. */
const NEXT: Readonly<Partial<Record<Phase, Phase>>> = {
  init: "update_clients",
  update_clients: "update_servers",
};

/** `rotate advance`, `finish` and `rollback`: another phase for the rotation that git has of these types. */
export async function move(request: Request, verb: PhaseVerb): Promise<readonly string[]> {
  const { workspace, types, cluster } = request;
  const again = verb === "rollback" ? await writeAgain(request) : null;
  if (again !== null) return again;
  const rotation = latest(request);
  if (rotation === undefined) {
    if (verb === "finish") return await acceptLive(request);
    const rotating = workspace.desired.rotations
      .filter((one) => one.cluster === cluster)
      .flatMap(({ authorities }) => authorities.map(({ type }) => type));
    throw new Failure("usage", `no ca_rotation in git rotates ${types.join(", ")}`, {
      hint:
        rotating.length === 0
          ? `\`capstan rotate start ${types.join(",")}\` writes one`
          : suggestOneOf(types[0] ?? "", rotating, "there are"),
    });
  }
  const memory = verb === "rollback" ? undefined : lastAttempt(await workspace.store.load(cluster), rotation);
  if (verb === "finish" && !isOrdinaryEnd(rotation, memory)) {
    const { live } = await liveIfItCanBeRead(request);
    if (live?.isOver(rotation) === true) return await finishWhatIsOver(request, rotation, live);
  }
  if (memory !== undefined) refuseTurnedBack(rotation, memory);
  const phase = phaseAfter(rotation, verb, memory);
  // First what may fail: bad input changes nothing.
  const secrets = verb === "finish" ? await secretsChange(request, rotation) : [];
  const keys = verb === "finish" ? await newKeys(request, rotation) : { edits: [], said: [] };
  await editFiles(workspace, [phaseEdit(rotation, phase), ...keys.edits]);
  return [
    `${rotation.source.file}: ${rotation.name} ${rotation.phase} → ${phase}${pairTogether(rotation)}`,
    ...keys.said,
    ...secrets,
  ];
}

/** The record and git tell all that is needed; else the cluster is asked whether the rotation is over by now. */
function isOrdinaryEnd({ phase }: RotationResource, memory: RotationRecord | undefined): boolean {
  return phase === "update_servers" && memory?.state === "open";
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
  const again = `\`capstan rotate start ${typesOf({ authorities })} --reason TEXT\` starts it again`;
  if (state === "rolling_back") {
    throw new Failure("usage", `${name} is being rolled back${why}`, {
      hint: `\`capstan apply\` ends the rollback; then ${again}`,
    });
  }
  if (state === "rolled_back" && contents.includes(contentHash)) {
    throw new Failure(
      "usage",
      `${name} was rolled back${ended_at === null ? "" : ` on ${writtenDate(ended_at)}`}${why}`,
      {
        hint: `remove the cause; then ${again}`,
      },
    );
  }
}

/** The phase to write; a `Failure` where the plan could only refuse it. */
function phaseAfter(rotation: RotationResource, verb: PhaseVerb, memory: RotationRecord | undefined): Phase {
  const { name, phase } = rotation;
  if (verb === "rollback") return "rollback";
  if (verb === "finish") {
    // Once it is at standby, what is left to do is to write the new keys.
    const stepwise = rotation.strategy === "step" && rotation.mode === "manual";
    if (!stepwise || phase === "update_servers" || phase === "standby") return "standby";
    // Its keys are gone, wherever git is: Teleport 5 ends a rollback out of init so.
    if (memory?.state === "finished") return "standby";
    throw new Failure("usage", `${name} is at ${phase}, and finishes from update_servers only`, {
      hint: phase === "rollback" ? restart(rotation) : `${advance(rotation)}; or set \`strategy: walk\``,
    });
  }
  const next = NEXT[phase];
  if (next !== undefined) return next;
  throw new Failure("usage", `${name} is at ${phase}; there is no phase to advance to`, {
    hint: hintAt(rotation, memory),
  });
}

function advance(rotation: RotationResource): string {
  return `\`capstan rotate advance ${typesOf(rotation)}\` sets the next phase, each with a commit and an apply`;
}

function restart(rotation: RotationResource): string {
  return `when it is rolled back, \`capstan rotate start ${typesOf(rotation)} --reason TEXT\` starts it again`;
}

function typesOf({ authorities }: Pick<RotationResource, "authorities">): string {
  return authorities.map(({ type }) => type).join(",");
}

function hintAt(rotation: RotationResource, memory: RotationRecord | undefined): string {
  const { phase } = rotation;
  if (phase === "update_servers") {
    return `\`capstan rotate finish ${typesOf(rotation)}\` drops the old key: the point of no return`;
  }
  if (phase === "rollback") return restart(rotation);
  const reached = memory?.ended_at === null ? memory.phases.at(-1)?.phase : undefined;
  if (reached !== undefined && reached !== "standby") {
    return `the cluster is in ${reached}: revert the commit that set standby, or write \`phase: ${reached}\` and its active_keys again`;
  }
  return `\`capstan rotate start ${typesOf(rotation)}\` starts another rotation`;
}
