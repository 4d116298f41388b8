import type { Socket } from "node:net";
import {
  type Address,
  DEFAULT_PORTS,
  formatAddress,
  parseAddress,
  type TlsConsumer,
} from "../resources/model/trust-consumer.ts";
import { writtenDate } from "../written-date.ts";
import { type CandidateKey, caInWords, needCandidates, usesFrom } from "./candidates.ts";
import { type Attempt, openConnection } from "./connection.ts";
import { judgeAcceptedNames, showCertificate, signersOf } from "./judge-tls.ts";
import { askMysqlForTls } from "./mysql.ts";
import { askPostgresForTls } from "./postgres.ts";
import { type Accepted, ProbeEnd, TRUST_UNKNOWN, type Trust, type UnnamedResult } from "./result.ts";
import { type Handshake, shakeHands } from "./tls-handshake.ts";

/** What is said before TLS starts; throws `ProbeEnd` where it does not start. */
const PRELUDES: Readonly<Record<TlsConsumer["kind"], (socket: Socket) => Promise<void>>> = {
  postgres: askPostgresForTls,
  mysql: askMysqlForTls,
  tls: async () => {},
};

interface TrustSeen {
  readonly trusts: Trust;
  readonly accepts: Accepted | null;
  readonly detail: string;
}

/**
 * Reads the certificate that a server shows to its clients today, and, where it can be seen, the CAs that it
 * accepts from them: those are asked for in a second handshake, in TLS 1.2, which says them in the clear.
 */
export async function probeTls(
  consumer: TlsConsumer,
  all: readonly CandidateKey[],
  attempt: Attempt,
): Promise<UnnamedResult> {
  const candidates = needCandidates(all, "tls");
  const address = parseAddress(consumer.address, DEFAULT_PORTS[consumer.kind]);
  if (address === null) throw new ProbeEnd("unknown", `"${consumer.address}" is not an address`);
  const first = await meet(consumer, address, attempt);
  const [leaf] = first.chain;
  const from = signersOf(leaf, first.chain, candidates);
  const observe = ({ trusts, accepts, detail }: TrustSeen): UnnamedResult => ({
    uses: usesFrom(from),
    trusts,
    detail:
      `${formatAddress(address)} shows a certificate of ${caInWords(usesFrom(from))}, ` +
      `valid until ${writtenDate(leaf.validToDate.toISOString().slice(0, 10))}; ${detail}.`,
    evidence: { protocol: first.protocol, shown: [showCertificate(leaf, from)], accepts },
  });
  attempt.soFar = observe(blind("which client CAs it trusts could not be seen in time"));
  return observe(await lookAtTrust(consumer, address, first, candidates, attempt));
}

async function meet(
  consumer: TlsConsumer,
  address: Address,
  attempt: Attempt,
  maxVersion: "TLSv1.2" | "TLSv1.3" = "TLSv1.3",
): Promise<Handshake> {
  const socket = await openConnection(address, attempt);
  try {
    attempt.doing = `waiting for the ${consumer.kind} server to start TLS`;
    await PRELUDES[consumer.kind](socket);
    const serverName = consumer.serverName ?? address.host;
    return await shakeHands(socket, { serverName, maxVersion }, attempt);
  } finally {
    socket.destroy();
  }
}

async function lookAtTrust(
  consumer: TlsConsumer,
  address: Address,
  first: Handshake,
  candidates: readonly CandidateKey[],
  attempt: Attempt,
): Promise<TrustSeen> {
  let seen = first;
  if (first.acceptedNames === null && !first.asksForNone) {
    if (consumer.kind === "mysql") {
      // They never say it, and count a broken handshake against max_connect_errors: one look is enough.
      return blind("which client CAs it trusts, MySQL and MariaDB do not say");
    }
    try {
      seen = await meet(consumer, address, attempt, "TLSv1.2");
    } catch (error) {
      if (!(error instanceof ProbeEnd)) throw error;
      return blind(`which client CAs it trusts cannot be seen: asked in TLS 1.2, it ${error.message}`);
    }
  }
  if (seen.acceptedNames === null) return blind("it asks for no client certificate");
  if (seen.acceptedNames.length === 0) return blind("it does not say which client CAs it trusts");
  const judged = judgeAcceptedNames(seen.acceptedNames, candidates);
  return { ...judged, detail: describeTrust(judged.trusts, candidates) };
}

function blind(detail: string): TrustSeen {
  return { trusts: TRUST_UNKNOWN, accepts: null, detail };
}

function describeTrust(trusts: Trust, candidates: readonly CandidateKey[]): string {
  const words = { yes: "accepts", no: "does not accept", unknown: "may or may not accept" };
  const parts = (["old", "new"] as const)
    .filter((role) => candidates.some((candidate) => candidate.role === role))
    .map((role) => `${words[trusts[role]]} ${caInWords(role)}`);
  return `of clients it ${parts.join(" and ")}`;
}
