import { readFile } from "node:fs/promises";
import { relative } from "node:path";
import { Failure } from "../failure.ts";
import type {
  ClusterResource,
  NextAuthority,
  RotationResource,
  TalosConnection,
} from "../resources/model/desired.ts";
import { nextFingerprint } from "../resources/model/next-authority.ts";
import { hasIdentities, readIdentities } from "../sealing/identities.ts";
import { makeNextAuthority } from "../sealing/next-authority.ts";
import { openNextKey } from "../sealing/next-key.ts";
import { seal } from "../sealing/seal.ts";
import type { TalosType } from "../talos/authority-types.ts";
import { isTalosType, TALOS_TYPES } from "../talos/authority-types.ts";
import { NEXT_AUTHORITIES } from "../talos/next-authority.ts";
import { placeInSecrets, secretsFragment, sopsRecipients } from "../talos/secrets-bundle.ts";
import { count } from "../views/count.ts";
import { editFiles, type Repository } from "./edited-file.ts";
import type { Terminal } from "./terminal.ts";

/** What `capstan rotate` does besides editing phases where the platform makes no CA itself. */
export interface Prepared {
  readonly next: NextAuthority;
  /** For people. */
  readonly lines: readonly string[];
}

const FORMATS: Readonly<Record<TalosType, string>> = { talos: "Ed25519", kubernetes: "ECDSA P-256" };

/** Makes the CA to come, after a look at whether its rotation could go on at all. */
export async function prepareNext(
  terminal: Terminal,
  cluster: ClusterResource,
  rotations: readonly RotationResource[],
  types: readonly string[],
): Promise<Prepared> {
  const type = oneType(types);
  const talos = connectionOf(cluster);
  const running = rotations.find((one) => one.cluster === cluster.name && one.phase !== "standby");
  if (running !== undefined) {
    throw new Failure(
      "usage",
      `talos and kubernetes are not rotated at once, and ${running.name} (${running.source.file}:${running.source.line}) is in ${running.phase}`,
      { hint: "finish that one first, or roll it back" },
    );
  }
  refuseIncomplete(cluster, talos, type);
  const now = new Date(terminal.now());
  const next = await makeNextAuthority(NEXT_AUTHORITIES[type], { now, recipients: talos.recipients });
  const lines = [
    `  the CA to come: ${nextFingerprint(next)} (${FORMATS[type]})`,
    `  its key is sealed for ${count(talos.recipients.length, "recipient")}; nobody else has it`,
  ];
  if (!hasIdentities(terminal.env)) {
    lines.push("  `capstan apply` opens it: give it SOPS_AGE_KEY_FILE or SOPS_AGE_KEY there");
    return { next, lines };
  }
  // Better now than in the middle of the night.
  await openNextKey(await readIdentities(terminal.env), next, type);
  return { next, lines };
}

/** Only one at a time, and no other. */
export function oneType(types: readonly string[]): TalosType {
  const [type, ...others] = types;
  if (others.length > 0)
    throw new Failure("usage", "talos and kubernetes are not rotated at once", {
      hint: "both are in the one configuration of a machine: start one, and the other after it",
    });
  if (type !== undefined && isTalosType(type)) return type;
  throw new Failure("usage", `a Talos cluster has no ${type} CA that could be rotated`, {
    hint: `there are: ${TALOS_TYPES.join(", ")}`,
  });
}

function connectionOf({ name, talos }: ClusterResource): TalosConnection {
  if (talos === null) throw new Error(`${name} is no Talos cluster`);
  return talos;
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
export async function writeSecretsChange(
  terminal: Terminal,
  workspace: Repository,
  cluster: ClusterResource,
  rotation: RotationResource,
): Promise<readonly string[]> {
  const { folder } = workspace;
  const { secrets } = connectionOf(cluster);
  const [rotated] = rotation.authorities;
  if (secrets === null || rotated?.next === undefined || !isTalosType(rotated.type)) return [];
  const shown = relative(folder, secrets);
  const { type, next } = rotated;
  if (!hasIdentities(terminal.env)) {
    return [
      `${shown}: ${placeInSecrets(type)} has to become the new CA. Run this again with`,
      "  SOPS_AGE_KEY_FILE or SOPS_AGE_KEY set, and it is written out, sealed",
    ];
  }
  const recipients = sopsRecipients(shown, await readSecrets(secrets, shown));
  const key = await openNextKey(await readIdentities(terminal.env), next, type);
  const change = `${secrets.replace(/\.ya?ml$/, "")}.${rotation.name}.yaml.age`;
  const sealed = await seal(recipients, secretsFragment({ type, certificate: next.certificate, key }));
  await editFiles(workspace, [
    {
      file: change,
      change: (text) => {
        if (text.startsWith("-----BEGIN AGE ENCRYPTED FILE-----")) return sealed;
        throw new Failure("usage", `${relative(folder, change)} is there, and is no sealed file`, {
          hint: "nothing was written over it; move it away",
        });
      },
      absent: () => sealed,
    },
  ]);
  const written = relative(folder, change);
  return [
    `wrote ${written}: what ${placeInSecrets(type)} of ${shown} has to become, sealed`,
    `  for those who can open that file. \`age -d -i IDENTITIES ${written}\` shows it,`,
    `  \`sops edit ${shown}\` takes it; delete it then`,
  ];
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
