import { relative } from "node:path";
import { Failure } from "../failure.ts";
import { authorityMakerOf } from "../platforms/open-authority-maker.ts";
import { setRotationPhase } from "../resources/edit/edit-rotation.ts";
import type { RotationResource } from "../resources/model/desired.ts";
import { nextFingerprint } from "../resources/model/next-authority.ts";
import { type Fingerprint, identify } from "../rotation/observation.ts";
import type { Phase } from "../rotation/phase.ts";
import { type Edit, editFiles } from "./edited-file.ts";
import {
  activeKeysEdit,
  clusterOf,
  LiveKeys,
  pairTogether,
  presentKeys,
  type Request,
} from "./rotate-request.ts";

/** The edit that writes a phase over the one that stands in git. */
export function phaseEdit(rotation: RotationResource, phase: Phase): Edit {
  return { file: rotation.source.file, change: (text) => setRotationPhase(text, rotation, phase) };
}

/**
 * The keys that were to be retired are gone, whoever took care of that and whatever git or the record say: git
 * says so too now.
 */
export async function finishWhatIsOver(
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
      ? [`${rotation.source.file}: ${rotation.name} ${rotation.phase} → standby${pairTogether(rotation)}`]
      : []),
    ...keys.map(({ said }) => said),
    ...secrets,
  ];
}

/** No rotation in git explains what signs now, and a person takes it as it is: `active_keys` follows. */
export async function acceptLive(request: Request): Promise<readonly string[]> {
  const { types, workspace } = request;
  const live = await LiveKeys.read(request);
  const moving = types.map((type) => live.of(type)).find(({ rotation }) => rotation.state === "in_progress");
  if (moving !== undefined) {
    throw new Failure(
      "usage",
      `${moving.type} is being rotated (phase ${moving.rotation.phase}), and no ca_rotation in git declares it`,
      { hint: live.words.foreign(types.join(",")) },
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

/** What a platform wants to have changed beside git once the old key is dropped, in sentences. */
export async function secretsChange(
  request: Request,
  rotation: RotationResource,
): Promise<readonly string[]> {
  const { workspace, terminal } = request;
  const cluster = clusterOf(request);
  const maker = await authorityMakerOf(cluster.platform);
  const change = await maker?.changeBeside(cluster, rotation, workspace.folder, terminal.env);
  if (change == null) return [];
  const { sealed, lines } = change;
  if (sealed !== null) {
    const { file, text } = sealed;
    await editFiles(workspace, [
      {
        file,
        change(before) {
          if (before.startsWith("-----BEGIN AGE ENCRYPTED FILE-----")) return text;
          throw new Failure("usage", `${relative(workspace.folder, file)} is there, and is no sealed file`, {
            hint: "nothing was written over it; move it away",
          });
        },
        absent: () => text,
      },
    ]);
  }
  return lines;
}

/** The new key is known by now; with it in active_keys the finished repository has no drift. */
export async function newKeys(
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
  return presentKeys((await LiveKeys.read(request)).of(type)).filter((key) => !retire.includes(key));
}
