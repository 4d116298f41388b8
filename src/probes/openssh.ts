import {
  type Address,
  DEFAULT_PORTS,
  formatAddress,
  type OpensshConsumer,
  parseAddress,
} from "../resources/model/trust-consumer.ts";
import { writtenDate } from "../written-date.ts";
import { findOpensshBlob, type OpensshCertificate, readOpensshCertificate } from "../x509/openssh-key.ts";
import { type CandidateKey, caInWords, needCandidates, usesFrom } from "./candidates.ts";
import { type Attempt, openConnection, readUntil } from "./connection.ts";
import type { RunExecutable } from "./executable.ts";
import { showOpensshCertificate, signersOfOpenssh } from "./judge-openssh.ts";
import { describeError, excerpt, ProbeEnd, TRUST_UNKNOWN, type UnnamedResult } from "./result.ts";

/** Not all that `ssh-keyscan` knows: each type is a connection, and sshd counts those that do not log in. */
const KEY_TYPES = ["rsa", "ecdsa", "ed25519"];

/**
 * Reads the host key certificates of an OpenSSH server before any authentication. Which CAs it trusts for
 * users, sshd never says: that is for a `file` consumer, or for a person.
 */
export async function probeOpenssh(
  consumer: OpensshConsumer,
  all: readonly CandidateKey[],
  attempt: Attempt,
  tools: { readonly run: RunExecutable; readonly sshKeyscan: string; readonly timeoutMs: number },
): Promise<UnnamedResult> {
  const candidates = needCandidates(all, "ssh");
  const address = parseAddress(consumer.address, DEFAULT_PORTS.openssh);
  if (address === null) throw new ProbeEnd("unknown", `"${consumer.address}" is not an address`);
  const banner = await readBanner(address, attempt);
  attempt.doing = "waiting for ssh-keyscan";
  const listing = await scan(address, attempt, tools);
  const answered = listing.match(/^# .* SSH-/gm)?.length ?? 0;
  if (answered < KEY_TYPES.length) {
    // A certificate that was not shown, as sshd restarts or turns connections away, is not one that is not there.
    throw new ProbeEnd(
      "unknown",
      `answered ${answered} of ${KEY_TYPES.length} connections of ${tools.sshKeyscan}: is it restarting?`,
    );
  }
  const certificates = readCertificates(listing);
  const judged = certificates.map((certificate) => ({
    certificate,
    from: signersOfOpenssh(certificate, candidates),
  }));
  const uses = usesFrom(judged.flatMap(({ from }) => from));
  const detail =
    judged.length === 0
      ? "shows no host certificate, only plain host keys"
      : `shows a host certificate of ${caInWords(uses)}${describeRest(certificates)}`;
  return {
    uses,
    trusts: TRUST_UNKNOWN,
    detail: `${formatAddress(address)} ${detail}; which CAs it trusts for users, sshd does not say.`,
    evidence: {
      protocol: banner,
      shown: judged.map(({ certificate, from }) => showOpensshCertificate(certificate, from)),
      accepts: null,
    },
  };
}

/** Tells a server that is not there from one that is no OpenSSH, which `ssh-keyscan` does not. */
async function readBanner(address: Address, attempt: Attempt): Promise<string> {
  const socket = await openConnection(address, attempt);
  try {
    attempt.doing = "waiting for the SSH banner";
    const bytes = await readUntil(socket, (seen) => seen.includes(10), 8192);
    const line = /(?:^|\n)(SSH-[\x21-\x7e]+)[^\n]*\n/.exec(bytes.toString("latin1"))?.[1];
    if (line === undefined) throw new ProbeEnd("unknown", `greeted with ${excerpt(bytes)}, which is not SSH`);
    return line;
  } finally {
    socket.destroy();
  }
}

async function scan(
  { host, port }: Address,
  { signal }: Attempt,
  { run, sshKeyscan, timeoutMs }: Parameters<typeof probeOpenssh>[3],
): Promise<string> {
  try {
    const argv = [sshKeyscan, "-c", "-t", KEY_TYPES.join(), "-p", `${port}`, "--", host];
    const { stdout, stderr } = await run({ argv, timeoutMs, signal });
    return `${stdout}\n${stderr}`;
  } catch (error) {
    signal.throwIfAborted();
    throw new ProbeEnd("unknown", `cannot run ${sshKeyscan}: ${describeError(error)}`);
  }
}

function readCertificates(listing: string): readonly OpensshCertificate[] {
  return listing
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .flatMap((line) => {
      const found = findOpensshBlob(line);
      try {
        return found === null ? [] : [readOpensshCertificate(found.blob)];
      } catch {
        return [];
      }
    })
    .filter(({ role }) => role === "host");
}

function describeRest(certificates: readonly OpensshCertificate[]): string {
  const forged = certificates.filter(({ signatureVerifies }) => !signatureVerifies).length;
  const ends = certificates.flatMap(({ validBefore }) => (validBefore === null ? [] : [validBefore])).sort();
  return [
    ends[0] === undefined ? "" : `, valid until ${writtenDate(ends[0].slice(0, 10))}`,
    forged === 0 ? "" : `, and ${forged} whose signature is wrong`,
  ].join("");
}
