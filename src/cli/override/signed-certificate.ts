import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Failure } from "../../failure.ts";
import type { WrittenEntry } from "../../resources/edit/edit-override.ts";
import type { OverrideResource } from "../../resources/model/desired.ts";
import type { LiveAuthority } from "../../rotation/observation.ts";
import { caKeys, isKnown } from "../../teleport/overrides/ca-keys.ts";
import { emptyOverride, OVERRIDABLE_TYPES } from "../../teleport/overrides/ca-override.ts";
import {
  type EntryCandidate,
  judgeCandidate,
  type SignedCertificate,
  sortSigned,
} from "../../teleport/overrides/entry-candidate.ts";
import { readOverrides } from "../../teleport/overrides/read-cluster.ts";
import { harmlessLine } from "../../views/harmless.ts";
import { paragraph } from "../../views/text/columns.ts";
import { writtenDate } from "../../written-date.ts";
import { certificateFacts } from "../../x509/certificate.ts";
import type { Terminal } from "../terminal.ts";
import { overrideInGit } from "./entries-in-git.ts";
import type { OverrideScene, PlaceInGit } from "./scene.ts";

/** Sorted: the certificate of a key of the cluster, and its chain. */
async function signedFrom(
  scene: OverrideScene,
  texts: readonly string[],
  keyHash: string | null,
): Promise<SignedCertificate> {
  const known = OVERRIDABLE_TYPES.flatMap((type) =>
    scene.observation.authorities.filter((authority) => authority.type === type),
  ).map(caKeys);
  const signed = await sortSigned(texts, (hash) =>
    keyHash === null ? known.some((keys) => isKnown(keys, hash)) : hash === keyHash,
  );
  if (signed === null) {
    throw new Failure(
      "usage",
      keyHash === null
        ? `none of the certificates is for a key of ${OVERRIDABLE_TYPES.join(" or ")} in ${scene.cluster.name}`
        : `the signer gave no certificate for the key ${keyHash}`,
      { hint: "sign the request that `capstan override csr` writes, unchanged" },
    );
  }
  for (const { subject } of signed.leftOver.map(certificateFacts)) {
    scene.terminal.stderr.write(`left out, as it is no part of the chain: ${harmlessLine(subject)}\n`);
  }
  return signed;
}

/** What was signed for a key of the cluster, as an entry that it could have. */
interface JudgedCertificate {
  readonly candidate: EntryCandidate;
  readonly resource: OverrideResource | null;
  readonly authority: LiveAuthority;
}

/**
 * The certificate among what was signed, judged against the live CA; of the given key, where one is given. A `Failure`
 * where there is none, or it cannot be used.
 */
export async function judgeSigned(
  scene: OverrideScene,
  texts: readonly string[],
  wanted: string | null,
): Promise<JudgedCertificate> {
  const { terminal, cluster, observation } = scene;
  const signed = await signedFrom(scene, texts, wanted);
  const { keyHash } = signed.certificate;
  const authority = observation.authorities.find(
    (one) => (OVERRIDABLE_TYPES as readonly string[]).includes(one.type) && isKnown(caKeys(one), keyHash),
  );
  if (authority === undefined) throw new Failure("usage", `no CA of ${cluster.name} has the key ${keyHash}`);
  const readings = await readOverrides([], [observation]);
  const live =
    readings.get(cluster.name)?.pairs.get(authority.type)?.live ??
    emptyOverride(cluster.name, authority.type);
  const candidate = await judgeCandidate(signed, { authority, live, now: terminal.now() });
  // The server takes one that is signed by itself; nobody who adds it wants that.
  const errors = candidate.findings.filter(
    ({ severity, code }) => severity === "error" || code === "self-signed",
  );
  if (errors.length > 0) {
    const lines = errors.map(({ where, message, remedy }) => `  ${where} ${message}\n    → ${remedy}`);
    throw new Failure("resources", `the certificate cannot be used\n${harmlessLines(lines)}`, {
      hint: "nothing was written",
    });
  }
  return { candidate, resource: overrideInGit(scene, authority.type), authority };
}

function harmlessLines(lines: readonly string[]): string {
  return lines.flatMap((line) => line.split("\n").map(harmlessLine)).join("\n");
}

/** As it is written: staged. */
export function stagedEntry({ entry }: EntryCandidate): WrittenEntry {
  return {
    public_key: entry.keyHash,
    disabled: true,
    certificate: entry.certificate.pem,
    chain: entry.chain.map(({ pem }) => pem),
  };
}

/** What came into git, and what is notable about it. */
export function sayCertificate(
  { terminal }: PlaceInGit,
  { entry, findings }: EntryCandidate,
  what: string,
): void {
  const { subject, issuer, notAfter } = certificateFacts(entry.certificate);
  terminal.stdout.write(
    `${paragraph(what, "", "  ")}\n  key ${entry.keyHash}\n  subject ${harmlessLine(subject)}\n  issuer  ${harmlessLine(issuer)}\n  until   ${writtenDate(notAfter)}, chain of ${entry.chain.length}\n`,
  );
  for (const { severity, where, message, remedy } of findings) {
    if (severity === "info") continue;
    const line = paragraph(
      `${severity}: ${where} ${harmlessLine(message)} → ${harmlessLine(remedy)}`,
      "  ",
      "    ",
    );
    terminal.stderr.write(`${line}\n`);
  }
}

/** The texts of files that were named on the command line. */
export async function readNamedFiles(
  terminal: Terminal,
  files: readonly string[],
): Promise<readonly string[]> {
  return await Promise.all(
    files.map(async (file) => {
      try {
        return await readFile(resolve(terminal.cwd, file), "utf8");
      } catch (cause) {
        throw new Failure("usage", `cannot read ${file}: ${cause instanceof Error ? cause.message : cause}`);
      }
    }),
  );
}
