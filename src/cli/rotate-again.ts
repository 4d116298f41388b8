import { Failure } from "../failure.ts";
import { authorityMakerOf } from "../platforms/open-authority-maker.ts";
import { undeclaredIn } from "../rotation/history.ts";
import { editFiles } from "./edited-file.ts";
import { clusterOf, newRotation, newRotationFile, type Request } from "./rotate-request.ts";

/**
 * `rotate rollback` of a rotation that the record knows as under way and that no resource here declares: its resource,
 * written again from the record, so that a commit asks for the way back. `null` where there is no such rotation.
 */
export async function writeAgain(request: Request): Promise<readonly string[] | null> {
  const { workspace, types, cluster } = request;
  const record = await workspace.store.load(cluster);
  const missing = undeclaredIn(record, workspace.desired.rotations);
  const first = missing.find(({ authority }) => types.includes(authority));
  if (first === undefined) return null;
  // A pair goes together: one half that went back alone would be apart from the other for good.
  const members = missing.filter(({ name }) => name === first.name);
  const names = members.map(({ authority }) => authority).join(" and ");
  if ((await authorityMakerOf(clusterOf(request).platform)) !== null) {
    throw new Failure(
      "usage",
      `no ca_rotation here declares ${first.name}, and the record alone cannot write it`,
      {
        hint: `it needs the next CA as git had it: \`git log --all --name-only\` finds its file, \`git checkout COMMIT -- FILE\` brings it back`,
      },
    );
  }
  const { name } = first;
  const { file } = await newRotationFile(request, name);
  await editFiles(request.workspace, [
    newRotation(request, file, {
      name,
      cluster,
      authorities: members.map(({ authority, retire }) => ({ type: authority, retire })),
      phase: "rollback",
    }),
  ]);
  return [`wrote ${file}: ${name} (${names}), which the record knows as under way, goes back`];
}
