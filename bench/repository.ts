import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Of the CAs in fixtures/recordings/teleport-11.1. */
const KEYS = {
  host: "sha256:d69000b7b33fba458fcc48cedb570a393a2ea0df73c8ed06dfd2ef4720510ba8",
  user: "sha256:bcfa20380ce271c4a59498deb3229a6834146741e5d0796ec59dd6916f3f8d78",
  db: "sha256:30a5f862275891a9d8bce358aea048bd66c7d340459f8ae87ff58236abfe36ea",
  jwt: "sha256:e769c3d1bff1d0a212f288c526d596e1d02a73c07752792216faa214f8c1276b",
} as const;

/** The key that every rotation here retires. */
export const RETIRED = KEYS.host;

/** The executable that is measured: what `npm run build` makes, with the Node that runs the benchmark. */
export const CAPSTAN = [process.execPath, join(import.meta.dirname, "../dist/capstan.js")] as const;

/** One cluster as `capstan init` writes it. */
export function clusterText(name: string, tctl: string): string {
  return `kind: cluster
version: v1
metadata:
  name: ${name}
spec:
  platform: teleport
  teleport:
    tctl: [${tctl}] # executable and leading arguments
  policy:
    concurrent_rotations: 1
    soak: 0s # at least this long in every phase
    phase_timeout: 10m # for the components to follow
    on_failure: rollback # rollback, or halt and wait for a person
`;
}

/** Its four CAs, a document each. */
export function authoritiesText(name: string): string {
  return Object.entries(KEYS)
    .map(
      ([type, key]) => `kind: certificate_authority
sub_kind: ${type}
version: v1
metadata:
  name: ${name}
spec:
  # Who may sign: SHA-256 of the public key, which is Teleport's CA pin.
  active_keys:
    - ${key}
`,
    )
    .join("---\n");
}

/** A rotation of its host CA. */
export function rotationText(cluster: string, phase: "init" | "update_clients" | "update_servers"): string {
  return `kind: ca_rotation
version: v1
metadata:
  name: host-2026-11
spec:
  cluster: ${cluster}
  authorities:
    - type: host
      retire:
        - ${RETIRED}
  phase: ${phase}
${phase === "update_servers" ? "  strategy: walk # takes the phases one by one\n" : ""}`;
}

/** Writes files below a folder and commits them. */
export async function commitFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  // What git tidies up in the background would still be there when the folder is removed.
  const identity = [
    "-c",
    "user.name=bench",
    "-c",
    "user.email=bench@example.com",
    "-c",
    "maintenance.auto=false",
  ];
  const git = (...words: readonly string[]) => run("git", [...words], { cwd: folder });
  await git("init", "--quiet", "--initial-branch=main");
  await git("add", "--all");
  await git(...identity, "commit", "--quiet", "--message=resources");
}
