import { Failure } from "../failure.ts";
import { keysByRole } from "../rotation/key-sets.ts";
import { type Fingerprint, identify, type LiveAuthority } from "../rotation/observation.ts";
import { type ClusterRecord, openRotation } from "../rotation/record.ts";
import { editFiles } from "./edited-file.ts";
import {
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
  const live = await LiveKeys.read(request);
  const record = await workspace.store.load(cluster);
  const authorities = types.map((type) => live.of(type));
  for (const { type, rotation } of authorities) {
    if (rotation.state === "in_progress") continue;
    throw new Failure("usage", `${type} is in standby: nobody rotates it, so there is nothing to adopt`, {
      hint: `\`capstan rotate start ${types.join(",")}\` starts a rotation`,
    });
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
  const { name, file } = await newRotationFile(request, request.options.name);
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
    "find out who began it: from the next apply on, capstan takes it further",
  ];
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
