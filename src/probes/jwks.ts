import { createPublicKey } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import type { JwksConsumer } from "../resources/model/trust-consumer.ts";
import { fingerprintOf, spkiOf } from "../x509/spki.ts";
import { type CandidateKey, caInWords, needCandidates, trustOf, usesFrom } from "./candidates.ts";
import type { Attempt } from "./connection.ts";
import { describeError, excerpt, ProbeEnd, type UnnamedResult } from "./result.ts";

const MAX_BYTES = 1_048_576;
const MAX_REDIRECTS = 3;

/** Reads a key set over HTTPS and looks for the candidates in it: a key that is listed is trusted. */
export async function probeJwks(
  consumer: JwksConsumer,
  all: readonly CandidateKey[],
  attempt: Attempt,
  ca: Uint8Array | null,
): Promise<UnnamedResult> {
  const candidates = needCandidates(all, "jwt");
  const url = URL.canParse(consumer.url) ? new URL(consumer.url) : null;
  if (url?.protocol !== "https:" || url.username !== "" || url.password !== "") {
    throw new ProbeEnd("unknown", "the URL must be https:// without a user name or password");
  }
  const body = await get(url, ca, attempt);
  const { keys, unreadable } = readKeySet(body);
  const listed = candidates.filter((candidate) => keys.some((spki) => spki.equals(candidate.spki)));
  return {
    uses: usesFrom(listed),
    trusts: trustOf(candidates, (candidate) => (listed.includes(candidate) ? "yes" : "no")),
    detail:
      `${url.host} lists ${keys.length} keys, among them of ${caInWords(usesFrom(listed))}` +
      `${unreadable === 0 ? "" : `; ${unreadable} more cannot be read`}.`,
    evidence: {
      protocol: null,
      shown: keys.map((spki) => ({
        fingerprint: fingerprintOf(spki),
        subject: null,
        notAfter: null,
        from: [
          ...new Set(
            candidates
              .filter((candidate) => candidate.spki.equals(spki))
              .map(({ fingerprint }) => fingerprint),
          ),
        ],
      })),
      accepts: null,
    },
  };
}

/** GET, with redirects within the host only: another host is another consumer. */
async function get(url: URL, ca: Uint8Array | null, attempt: Attempt, redirects = 0): Promise<Buffer> {
  attempt.doing = `waiting for ${url.host}`;
  const response = await send(url, ca, attempt);
  const status = response.statusCode ?? 0;
  const location = response.headers.location;
  if (status >= 300 && status < 400 && location !== undefined) {
    response.destroy();
    const next = URL.canParse(location, url.href) ? new URL(location, url) : null;
    if (next === null || next.origin !== url.origin) {
      throw new ProbeEnd("unknown", `redirects to another place: ${excerpt(Buffer.from(location), 200)}`);
    }
    if (redirects === MAX_REDIRECTS) throw new ProbeEnd("unknown", "redirects in a circle");
    return get(next, ca, attempt, redirects + 1);
  }
  if (status !== 200) {
    response.destroy();
    throw new ProbeEnd("unknown", `answered with HTTP status ${status}`);
  }
  attempt.doing = `reading the key set of ${url.host}`;
  return readBody(response);
}

async function send(url: URL, ca: Uint8Array | null, { signal }: Attempt): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(
      url,
      {
        headers: { accept: "application/json" },
        agent: false,
        signal,
        ...(ca === null ? {} : { ca: Buffer.from(ca) }),
      },
      resolve,
    )
      .on("error", (error) => reject(describeRequestError(error)))
      .end();
  });
}

/** A server that cannot be trusted did answer; one that is not there did not. */
function describeRequestError(error: NodeJS.ErrnoException): ProbeEnd {
  const isGone = /^(ECONN|EHOST|ENET|ENOTFOUND|EAI_|ETIMEDOUT)/.test(error.code ?? "");
  return isGone
    ? new ProbeEnd("unreachable", describeError(error))
    : new ProbeEnd("unknown", `no HTTPS answer that can be trusted: ${describeError(error)}`);
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BYTES) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new ProbeEnd("unknown", `the answer broke off: ${describeError(error)}`);
  }
  if (size > MAX_BYTES) throw new ProbeEnd("unknown", `the answer is larger than ${MAX_BYTES} bytes`);
  return Buffer.concat(chunks);
}

/** The public keys of a JWKS (RFC 7517) as DER; kinds of keys that Node cannot read are counted. */
function readKeySet(body: Buffer): { readonly keys: readonly Buffer[]; readonly unreadable: number } {
  const set = parseJson(body);
  const listed = typeof set === "object" && set !== null && "keys" in set ? set.keys : null;
  if (!Array.isArray(listed)) throw new ProbeEnd("unknown", `answered ${excerpt(body)}, which is not a JWKS`);
  const keys = listed.flatMap((key) => {
    try {
      return [spkiOf(createPublicKey({ key, format: "jwk" }))];
    } catch {
      return [];
    }
  });
  return { keys, unreadable: listed.length - keys.length };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return null;
  }
}
