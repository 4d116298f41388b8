import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { Failure } from "../../failure.ts";
import type { ClusterResource, RotationResource } from "../../resources/model/desired.ts";
import { nextFingerprint } from "../../resources/model/next-authority.ts";
import { hasIdentities, readIdentities } from "../../sealing/identities.ts";
import { makeNextAuthority } from "../../sealing/next-authority.ts";
import { openNextKey } from "../../sealing/next-key.ts";
import { seal } from "../../sealing/seal.ts";
import { isTalosType, TALOS_TYPES, type TalosType } from "../../talos/authority-types.ts";
import { NEXT_AUTHORITIES } from "../../talos/next-authority.ts";
import { type TalosConnection, talosConnection } from "../../talos/resources/connection.ts";
import { placeInSecrets, secretsFragment, sopsRecipients } from "../../talos/secrets-bundle.ts";
import type { AuthorityMaker, ChangeBeside, MakerRim, PreparedAuthority } from "../authority-maker.ts";

const FORMATS: Readonly<Record<TalosType, string>> = { talos: "Ed25519", kubernetes: "ECDSA P-256" };

/** Talos takes a CA from outside: capstan makes it, and its key lies in git, sealed. */
export const TALOS_AUTHORITY_MAKER: AuthorityMaker = {
  insistOnTypes: (types) => void oneType(types),
  prepare,
  changeBeside,
};

async function prepare(
  cluster: ClusterResource,
  rotations: readonly RotationResource[],
  types: readonly string[],
  { env, now }: MakerRim,
): Promise<PreparedAuthority> {
  const type = oneType(types);
  const talos = talosConnection(cluster);
  const running = rotations.find((one) => one.cluster === cluster.name && one.phase !== "standby");
  if (running !== undefined) {
    throw new Failure(
      "usage",
      `talos and kubernetes are not rotated at once, and ${running.name} (${running.source.file}:${running.source.line}) is in ${running.phase}`,
      { hint: "finish that one first, or roll it back" },
    );
  }
  refuseIncomplete(cluster, talos, type);
  const next = await makeNextAuthority(NEXT_AUTHORITIES[type], { now, recipients: talos.recipients });
  const lines = [
    `  the CA to come: ${nextFingerprint(next)} (${FORMATS[type]})`,
    `  its key is sealed for ${talos.recipients.length} ${talos.recipients.length === 1 ? "recipient" : "recipients"}; nobody else has it`,
  ];
  if (!hasIdentities(env)) {
    lines.push("  `capstan apply` opens it: give it SOPS_AGE_KEY_FILE or SOPS_AGE_KEY there");
    return { next, lines };
  }
  // Better now than in the middle of the night.
  await openNextKey(await readIdentities(env), next, type);
  return { next, lines };
}

/** Only one at a time, and no other. */
function oneType(types: readonly string[]): TalosType {
  const [type, ...others] = types;
  if (others.length > 0)
    throw new Failure("usage", "talos and kubernetes are not rotated at once", {
      hint: "start one, and the other after it: both are in the one configuration of a machine",
    });
  if (type !== undefined && isTalosType(type)) return type;
  throw new Failure("usage", `a Talos cluster has no ${type} CA that could be rotated`, {
    hint: `there are: ${TALOS_TYPES.join(", ")}`,
  });
}

/** What the loader would refuse as soon as the rotation stands in git. */
function refuseIncomplete({ source }: ClusterResource, talos: TalosConnection, type: TalosType): void {
  const place = `${source.file}:${source.line}`;
  if (talos.recipients.length === 0)
    throw new Failure(
      "usage",
      `the cluster resource in ${place} names nobody for whom keys could be sealed`,
      {
        hint: "add spec.talos.recipients, a list of age recipients; age-keygen makes a key",
      },
    );
  const field = type === "talos" ? "talosconfig" : "kubeconfig";
  if (talos.clients[field] === null)
    throw new Failure("usage", `the cluster resource in ${place} does not say where the new ${field} goes`, {
      hint: `add spec.talos.clients.${field}, for example ".capstan/clients/${field}"`,
    });
}

/**
 * What the secrets bundle has to say once the old key is dropped, as a sealed file beside it. The sealed key has to
 * be opened for that: without an identity, it is said how to get the file.
 */
async function changeBeside(
  cluster: ClusterResource,
  rotation: RotationResource,
  folder: string,
  env: MakerRim["env"],
): Promise<ChangeBeside | null> {
  const { secrets } = talosConnection(cluster);
  const [rotated] = rotation.authorities;
  if (secrets === null || rotated?.next === undefined || !isTalosType(rotated.type)) return null;
  const shown = relative(folder, secrets);
  const { type, next } = rotated;
  if (!hasIdentities(env)) {
    const lines = [
      `${shown}: ${placeInSecrets(type)} has to become the new CA. Run this again with`,
      "  SOPS_AGE_KEY_FILE or SOPS_AGE_KEY set, and it is written out, sealed",
    ];
    return { sealed: null, lines };
  }
  const recipients = sopsRecipients(shown, await readSecrets(secrets, shown));
  const key = await openNextKey(await readIdentities(env), next, type);
  const file = `${secrets.replace(/\.ya?ml$/, "")}.${rotation.name}.yaml.age`;
  const text = await seal(recipients, secretsFragment({ type, certificate: next.certificate, key }));
  const written = relative(folder, file);
  const lines = [
    `wrote ${written}: what ${placeInSecrets(type)} of ${shown} has to become, sealed`,
    `  for those who can open that file. \`age -d -i IDENTITIES ${written}\` shows it,`,
    `  \`sops edit ${shown}\` takes it; delete it then`,
  ];
  return { sealed: { file, text }, lines };
}

async function readSecrets(path: string, shown: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new Failure("resources", `cannot read ${shown}, which spec.talos.secrets names`, {
      hint: "correct the path, or leave the field out",
      cause: error,
    });
  }
}
