import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { TrustConsumer } from "../../src/resources/model/trust-consumer.ts";
import { makeAuthority, makeJwtKey, type TestAuthority } from "../servers/certificates.ts";
import { probeOne } from "./support.ts";

const [old, fresh, foreign] = [makeJwtKey(), makeJwtKey(), makeJwtKey()];
const candidates = { old: [old.key], new: [fresh.key] };

let web: TestAuthority;
let https: Server;
let port: number;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let requests: (string | undefined)[];

beforeAll(async () => {
  web = await makeAuthority("web");
  const { certificate: cert, key } = await web.issue();
  https = createServer({ cert, key }, (request, response) => {
    requests.push(request.url);
    answer(request, response);
  });
  await new Promise<void>((resolve) => https.listen(0, "127.0.0.1", resolve));
  const address = https.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  port = address.port;
});

beforeEach(() => {
  requests = [];
});

afterAll(async () => {
  https.closeAllConnections();
  await new Promise((resolve) => https.close(resolve));
});

function keySet(...keys: readonly unknown[]): typeof answer {
  return (_, response) => response.end(JSON.stringify({ keys }));
}

function probe(changes: Partial<Extract<TrustConsumer, { kind: "https-jwks" }>> = {}) {
  return probeOne(
    {
      kind: "https-jwks",
      name: "apps",
      url: `https://127.0.0.1:${port}/.well-known/jwks.json`,
      caFile: "web-ca.pem",
      deadlineMs: 2_000,
      ...changes,
    },
    { candidates, readFile: async () => Buffer.from(web.certificate) },
  );
}

describe("a key set over HTTPS", () => {
  it.each([
    ["the old key", [old.jwk], "old", { old: "yes", new: "no" }],
    ["both keys", [old.jwk, fresh.jwk], "both", { old: "yes", new: "yes" }],
    ["the new key", [fresh.jwk], "new", { old: "no", new: "yes" }],
    ["a key of somebody else", [foreign.jwk], "neither", { old: "no", new: "no" }],
    ["no key at all", [], "neither", { old: "no", new: "no" }],
    [
      "the new key among what nobody can read",
      [{ kty: "quantum" }, null, fresh.jwk],
      "new",
      { old: "no", new: "yes" },
    ],
  ])("with %s", async (_, keys, uses, trusts) => {
    answer = keySet(...keys);
    expect(await probe()).toMatchObject({ uses, trusts });
  });

  it("is followed within its host", async () => {
    answer = (request, response) => {
      if (request.url === "/keys") keySet(fresh.jwk)(request, response);
      else response.writeHead(302, { location: "/keys" }).end();
    };
    expect(await probe()).toMatchObject({ uses: "new" });
    expect(requests).toEqual(["/.well-known/jwks.json", "/keys"]);
  });

  it.each([
    [
      "to another host",
      "https://elsewhere.example/keys",
      /^redirects to another place: "https:\/\/elsewhere/,
    ],
    ["to another port", "https://127.0.0.1:1/keys", /^redirects to another place/],
    ["out of TLS", "http://127.0.0.1/keys", /^redirects to another place/],
    ["nowhere", "https://", /^redirects to another place/],
    ["in a circle", "/.well-known/jwks.json", /^redirects in a circle/],
  ])("is not followed %s", async (_, location, detail) => {
    answer = (_request, response) => response.writeHead(307, { location }).end();
    expect(await probe()).toMatchObject({ uses: "unknown", detail: expect.stringMatching(detail) });
  });

  it.each([
    ["a page", "<html>log in</html>", 200, 'answered "<html>log in</html>", which is not a JWKS.'],
    ["JSON of another kind", '{"keys":{}}', 200, 'answered "{\\"keys\\":{}}", which is not a JWKS.'],
    ["null", "null", 200, 'answered "null", which is not a JWKS.'],
    ["an error", "no", 503, "answered with HTTP status 503."],
  ])("is unknown when the answer is %s", async (_, body, status, detail) => {
    answer = (_request, response) => response.writeHead(status).end(body);
    expect(await probe()).toMatchObject({ uses: "unknown", detail });
  });

  it("is not read to the end when it is too large", async () => {
    answer = (_request, response) => {
      response.on("error", () => {});
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536, 32)));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    };
    expect(await probe()).toMatchObject({
      uses: "unknown",
      detail: "the answer is larger than 1048576 bytes.",
    });
  });

  it("that breaks off is unknown", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("{");
      setTimeout(() => response.destroy(), 20);
    };
    expect(await probe()).toMatchObject({
      uses: "unknown",
      detail: expect.stringMatching(/^the answer broke off/),
    });
  });

  it("of a server that nobody vouches for is not believed", async () => {
    answer = keySet(fresh.jwk);
    const other = await makeAuthority("other");
    const result = await probeOne(
      {
        kind: "https-jwks",
        name: "apps",
        url: `https://127.0.0.1:${port}/`,
        caFile: "other.pem",
        deadlineMs: null,
      },
      { candidates, readFile: async () => Buffer.from(other.certificate) },
    );
    expect(result).toMatchObject({
      uses: "unknown",
      trusts: { old: "unknown", new: "unknown" },
      detail: expect.stringMatching(/^no HTTPS answer that can be trusted: /),
    });
    expect(requests).toEqual([]);
  });

  it("is unreachable when nobody listens, or nobody answers in time", async () => {
    expect(await probe({ url: "https://127.0.0.1:1/" })).toMatchObject({ uses: "unreachable" });
    answer = () => {};
    const late = await probe({ deadlineMs: 150 });
    expect(late).toMatchObject({ uses: "unreachable" });
    expect(late.detail).toBe(`no answer within 0.15 s, while waiting for 127.0.0.1:${port}.`);
  });

  it.each(["http://127.0.0.1/", "https://user:secret@127.0.0.1/", "file:///etc/passwd", "keys"])(
    "is not fetched from %s",
    async (url) => {
      const result = await probe({ url });
      expect(result.detail).toBe("the URL must be https:// without a user name or password.");
      expect(result.uses).toBe("unknown");
    },
  );
});
