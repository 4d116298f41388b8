import { basename, dirname, join, resolve } from "node:path";
import { Failure } from "../../failure.ts";
import type { ValuesOf } from "../../flag.ts";
import { signRequest } from "../../platforms/signer.ts";
import { makeFolder } from "../../process/made-folder.ts";
import { createRunner } from "../../process/runner.ts";
import { apiSpelling } from "../../profile/authority-type.ts";
import type { LiveAuthority } from "../../rotation/observation.ts";
import { caKeys, isKnown } from "../../teleport/overrides/ca-keys.ts";
import { requestMissing, saidByTool, subjectProblem } from "../../teleport/overrides/command-words.ts";
import { normaliseKeyHash } from "../../teleport/overrides/key-hash.ts";
import {
  matchRequests,
  type RequestMatch,
  requestFileNames,
} from "../../teleport/overrides/match-requests.ts";
import { harmlessLine } from "../../views/harmless.ts";
import { paragraph } from "../../views/text/columns.ts";
import type { OVERRIDE_CSR } from "../commands/override-rows.ts";
import { editFiles } from "../edited-file.ts";
import { EXIT, type ExitCode } from "../exit-code.ts";
import type { Terminal } from "../terminal.ts";
import { addSigned, refusePresent } from "./add.ts";
import { type OverrideScene, openScene, overridableAuthority, typedIn } from "./scene.ts";

type CsrOptions = ValuesOf<typeof OVERRIDE_CSR.flags>;

const REQUESTS = join("overrides", "requests");

/** `capstan override csr`: fetches certificate requests, one per key, and says exactly what to do with each. */
export async function csr(terminal: Terminal, type: string, options: CsrOptions): Promise<ExitCode> {
  const scene = await openScene(terminal, options);
  const authority = overridableAuthority(scene, apiSpelling(type));
  const { cluster, platform } = scene;
  if (platform.overrides === undefined) {
    throw new Failure("usage", `${cluster.name} runs on a platform whose CAs cannot be overridden`);
  }
  const wanted = wantedKey(options.publicKey, authority);
  const { texts, warnings } = await platform.overrides.requests(authority.type, wanted);
  if (warnings !== "") {
    terminal.stderr.write(`${paragraph(saidByTool(harmlessLine(warnings)), "", "  ")}\n`);
  }
  const keys = caKeys(authority);
  const match = await matchRequests(texts, cluster.name, keys, wanted === null ? undefined : [wanted]);
  // Before the signer is asked: a certificate that cannot be used is issued all the same.
  if (options.sign === true) {
    for (const { keyHash } of match.matched) await refusePresent(scene, authority.type, keyHash);
  }
  await writeRequests(scene, authority.type, match.matched, options);
  for (const { reason } of match.unreadable) terminal.stderr.write(`not usable: it ${reason}\n`);
  for (const keyHash of match.missing) {
    terminal.stderr.write(`${paragraph(requestMissing(authority.type, keyHash), "", "  ")}\n`);
  }
  return match.missing.length === 0 ? EXIT.ok : EXIT.blocked;
}

/** Each to a file of its own; with `--sign`, what the signer makes of it goes into git. */
async function writeRequests(
  scene: OverrideScene,
  type: string,
  requests: RequestMatch["matched"],
  { out, sign }: CsrOptions,
): Promise<void> {
  const { terminal, cluster } = scene;
  const folder = out ?? join(dirname(cluster.source.file), REQUESTS);
  const hashes = requests.map(({ keyHash }) => keyHash);
  const names = requestFileNames(type, hashes, `${folder}/`);
  for (const matched of requests) {
    const { keyHash, role, request, subject } = matched;
    const file = names.get(keyHash) ?? "";
    await writeRequest(scene, file, request.pem, out !== undefined);
    terminal.stdout.write(
      `wrote ${file}\n  for the ${role} key\n  ${keyHash}\n  subject ${harmlessLine(subject)}\n`,
    );
    const problem = subjectProblem(matched, type);
    if (problem !== null) terminal.stderr.write(`  ${problem}\n`);
    if (sign === true) await addSigned(scene, [await signed(scene, request.pem)], keyHash);
    else {
      terminal.stdout.write(
        `  have it signed (CA:TRUE, keyCertSign, cRLSign, subjectKeyIdentifier), then:\n  ${typedIn(scene, "capstan override add CERT.pem CHAIN.pem")}\n`,
      );
    }
  }
}

/** An earlier request makes way for the new one, and nothing else does. A folder of `--out` is a person's choice. */
async function writeRequest(
  { workspace }: OverrideScene,
  file: string,
  pem: string,
  byFlag: boolean,
): Promise<void> {
  const change = (text: string) => {
    if (/^\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----/.test(text)) return pem;
    throw new Failure("usage", `${file} is there, and is no certificate request`, {
      hint: "nothing was written over it; move it away, or choose another --out",
    });
  };
  if (byFlag) await makeFolder(dirname(resolve(workspace.folder, file)));
  const place = byFlag
    ? {
        folder: dirname(resolve(workspace.folder, file)),
        file: basename(file),
        git: null,
        env: workspace.env,
      }
    : { ...workspace, file };
  await editFiles(place, [{ file: place.file, change, absent: () => pem }]);
}

function wantedKey(publicKey: string | undefined, authority: LiveAuthority): string | null {
  if (publicKey === undefined) return null;
  const hash = normaliseKeyHash(publicKey.replace(/^sha256:/, ""));
  if (hash !== null && isKnown(caKeys(authority), hash)) return hash;
  const { active, additional } = caKeys(authority);
  throw new Failure("usage", `${authority.type} has no key ${publicKey}`, {
    hint: `it has: ${[...active, ...additional].join(", ")}`,
  });
}

/** What the signer of the cluster prints: certificate and chain. */
async function signed({ cluster, terminal }: OverrideScene, request: string): Promise<string> {
  if (cluster.signer === undefined) {
    throw new Failure("usage", `${cluster.name} has no signer`, {
      hint: `add \`signer: { command: [...] }\` to the cluster resource (${cluster.source.file}:${cluster.source.line}): a request on standard input, certificate and chain on standard output`,
    });
  }
  terminal.stderr.write(`  asking the signer ${cluster.signer.command[0] ?? ""}\n`);
  return await signRequest(cluster.signer, request, createRunner());
}
