import { X509Certificate } from "node:crypto";
import { isIP, type Socket } from "node:net";
import { connect, type DetailedPeerCertificate, type TLSSocket } from "node:tls";
import { type Attempt, TappedSocket } from "./connection.ts";
import { describeError, excerpt, ProbeEnd } from "./result.ts";
import { ServerMessages } from "./tls-messages.ts";

/** What a TLS server showed in one handshake. */
export interface Handshake {
  /** `TLSv1.3`; `null` when the handshake did not finish. */
  readonly protocol: string | null;
  /** Its certificate first, then whatever it sent along. */
  readonly chain: readonly [X509Certificate, ...X509Certificate[]];
  /** DER of the names of accepted client CAs; `null` where they could not be seen or it asks for none. */
  readonly acceptedNames: readonly Buffer[] | null;
  /** It was seen to ask for no client certificate. */
  readonly asksForNone: boolean;
}

/**
 * Shakes hands over a connection, without a client certificate, and hangs up. Nothing is verified here: which
 * CA the server uses is what the probe wants to know. A server that insists on a client certificate breaks the
 * handshake off after it showed its own, which is enough.
 */
export async function shakeHands(
  socket: Socket,
  { serverName, maxVersion }: { readonly serverName: string; readonly maxVersion: "TLSv1.2" | "TLSv1.3" },
  attempt: Attempt,
): Promise<Handshake> {
  attempt.doing = "shaking hands in TLS";
  const messages = new ServerMessages();
  const tls = connect({
    socket: new TappedSocket(socket, (chunk) => messages.push(chunk)),
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    maxVersion,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  try {
    const failure = await new Promise<Error | null>((resolve) => {
      tls.once("secureConnect", () => resolve(null));
      tls.on("error", resolve);
      tls.once("close", () => resolve(new Error("connection closed")));
    });
    const [leaf, ...rest] = readChain(failure === null ? peerChain(tls) : [], messages.certificates ?? []);
    if (leaf === undefined) throw describeFailure(failure, messages);
    return {
      protocol: failure === null ? tls.getProtocol() : null,
      chain: [leaf, ...rest],
      acceptedNames: messages.acceptedNames,
      asksForNone: messages.complete && messages.acceptedNames === null,
    };
  } finally {
    await hangUp(tls);
    tls.destroy();
    socket.destroy();
  }
}

/** With the last word of the handshake and a goodbye: servers log a connection that just breaks off. */
async function hangUp(tls: TLSSocket): Promise<void> {
  if (tls.destroyed || tls.getProtocol() === null) return;
  await new Promise<void>((resolve) => {
    tls.once("close", resolve).end(resolve);
  });
}

/** Node gives the chain as linked objects, ended by a self-signed one that links to itself. */
function peerChain(tls: TLSSocket): readonly Buffer[] {
  const chain: Buffer[] = [];
  let certificate: DetailedPeerCertificate | undefined = tls.getPeerCertificate(true);
  // An anonymous server has an empty object.
  while (certificate?.raw !== undefined && !chain.some((raw) => raw.equals(certificate?.raw as Buffer))) {
    chain.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

/** All certificates of both, each once; what cannot be read is left out. */
function readChain(...chains: readonly (readonly Buffer[])[]): readonly X509Certificate[] {
  const all = new Map(chains.flat().map((raw) => [raw.toString("base64"), raw]));
  return [...all.values()].flatMap((raw) => {
    try {
      return [new X509Certificate(raw)];
    } catch {
      return [];
    }
  });
}

function describeFailure(failure: Error | null, { alert, foreign }: ServerMessages): ProbeEnd {
  if (foreign !== null)
    return new ProbeEnd("unknown", `answered something else than TLS: ${excerpt(foreign)}`);
  if (alert !== null) return new ProbeEnd("unknown", `refused the TLS handshake: ${alert}`);
  if (failure === null) return new ProbeEnd("unknown", "showed no certificate that can be read");
  return new ProbeEnd("unknown", `the TLS handshake failed: ${describeError(failure)}`);
}
