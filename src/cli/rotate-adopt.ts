import { rosterStep } from "../checklist/roster-step.ts";
import { Failure } from "../failure.ts";
import { authorityMakerOf } from "../platforms/open-authority-maker.ts";
import { reportedByComponents } from "../profile/lookup.ts";
import { profileOf } from "../profiles.ts";
import { keysByRole } from "../rotation/key-sets.ts";
import { type Fingerprint, identify, type LiveAuthority } from "../rotation/observation.ts";
import { type ClusterRecord, openRotation, seenStart } from "../rotation/record.ts";
import { acknowledgeCommand } from "../rotation/remedy-command.ts";
import { editFiles } from "./edited-file.ts";
import {
  clusterOf,
  declaredKeys,
  LiveKeys,
  newRotation,
  newRotationFile,
  presentKeys,
  type Request,
  rotationsOf,
} from "./rotate-request.ts";

/** `rotate adopt`: the resource of a rotation that is under way and that git does not declare. */
export async function adopt(request: Request): Promise<readonly string[]> {
  const { workspace, types, cluster } = request;
  await insistOnKeyAtHand(request);
  const live = await LiveKeys.read(request);
  const record = await workspace.store.load(cluster);
  const authorities = types.map((type) => live.of(type));
  const moving = authorities.filter(({ rotation }) => rotation.state === "in_progress");
  const idle = authorities.find((one) => !moving.includes(one));
  if (idle !== undefined) {
    const named = moving.map(({ type }) => type).join(",");
    throw new Failure(
      "usage",
      `${idle.type} is in standby: nobody rotates it, so there is nothing to adopt`,
      {
        hint:
          named === ""
            ? `\`capstan rotate start ${types.join(",")}\` starts a rotation`
            : `\`capstan rotate adopt ${named}\` takes what is under way`,
      },
    );
  }
  const declared = rotationsOf(request).find(({ authorities: rotated }) =>
    rotated.some(({ type, retire }) => retire.some((key) => presentKeys(live.of(type)).includes(key))),
  );
  if (declared !== undefined) {
    throw new Failure(
      "usage",
      `${declared.name} (${declared.source.file}:${declared.source.line}) declares it already`,
      {
        hint: "`capstan plan` says how it stands",
      },
    );
  }
  const [first] = authorities;
  const phases = new Set(authorities.map(({ rotation }) => rotation.phase));
  if (first === undefined || phases.size > 1) {
    throw new Failure(
      "usage",
      `${types.join(" and ")} are not in the same phase: ${[...phases].join(", ")}`,
      {
        hint: "adopt them one by one",
      },
    );
  }
  const { phase } = first.rotation;
  const { name, file } = await newRotationFile(request);
  await editFiles(request.workspace, [
    newRotation(request, file, {
      name,
      cluster,
      authorities: authorities.map((one) => ({ type: one.type, retire: retiredBy(request, one, record) })),
      phase,
    }),
  ]);
  return [
    `wrote ${file}: the rotation of ${types.join(" and ")} that is under way, in ${phase}`,
    "find out who began it, and that they stop: from the next apply on, capstan takes it further",
    ...authorities.flatMap((one) => adoptionLines(request, one, record)),
  ];
}

/** What the person has to know of a rotation whose start capstan did not see. */
function adoptionLines(request: Request, { type, rotation }: LiveAuthority, record: ClusterRecord) {
  const memory = openRotation(record, type);
  if (seenStart(memory)) return [];
  const profile = profileOf(clusterOf(request).platform);
  const asks = memory?.roster == null && reportedByComponents(profile, type);
  return [
    ...(rotation.phase !== "rollback" && asks
      ? [
          `nobody knows who was there before it began. Compare \`capstan status\` with your own inventory. When nobody is missing, state it: \`${acknowledgeCommand(rosterStep(type))}\``,
        ]
      : []),
    ...(rotation.mode === "auto"
      ? [
          `${type} is in mode auto: the clock of the platform moves it on, whoever watches. \`capstan plan\` says how to go on`,
        ]
      : []),
  ];
}

/** Where the platform makes no CA itself, the key of the one to come is in the hands of whoever began it. */
async function insistOnKeyAtHand(request: Request): Promise<void> {
  const { types } = request;
  if ((await authorityMakerOf(clusterOf(request).platform)) === null) return;
  throw new Failure("usage", `the rotation of ${types.join(" and ")} cannot be adopted`, {
    hint: "a ca_rotation here has the key of the CA to come, sealed, and only who began the rotation has that key. If capstan began it, `git log` has its file; else let who began it end it, or take it back",
  });
}

/** As git or the record names it, where the CA has that key; else the key sets and the phase tell which one goes. */
function retiredBy(request: Request, live: LiveAuthority, record: ClusterRecord): readonly Fingerprint[] {
  const present = presentKeys(live);
  const named = [
    declaredKeys(request, live.type)?.activeKeys ?? [],
    openRotation(record, live.type)?.retire ?? [],
  ].find((keys) => keys.length > 0 && keys.every((key) => present.includes(key)));
  return named ?? identify(keysByRole(live, []).old);
}
