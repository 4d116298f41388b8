import { createServer as createHttps } from "node:https";
import { connect, type Socket } from "node:net";
import { createServer } from "node:tls";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { makeJwtKey } from "../servers/certificates.ts";
import { startFake } from "../servers/fake.ts";
import { makeAuthorities, probeOne, server, type TestAuthorities } from "./support.ts";

let authorities: TestAuthorities;
const running: { stop(): Promise<unknown> }[] = [];

beforeAll(async () => {
  authorities = await makeAuthorities();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

/** A TLS server that asks for a client certificate, and what it was given under the encryption. */
async function startCapturing() {
  const seen = { handshakes: 0, plaintext: 0, clientCertificates: 0 };
  const { certificate: cert, key } = await authorities.old.issue();
  const tls = createServer(
    { cert, key, requestCert: true, rejectUnauthorized: false, ca: [authorities.old.certificate] },
    (socket) => {
      seen.handshakes += 1;
      if (Object.keys(socket.getPeerCertificate()).length > 0) seen.clientCertificates += 1;
      socket
        .on("data", (chunk) => {
          seen.plaintext += chunk.length;
        })
        .on("error", () => {});
    },
  ).on("tlsClientError", () => {});
  await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
  const address = tls.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const sockets = new Set<Socket>();
  const onward = (socket: Socket, first: Buffer = Buffer.alloc(0)): void => {
    const next = connect(address.port, "127.0.0.1").on("error", () => {});
    sockets.add(next);
    next.write(first);
    next.pipe(socket);
    socket.pipe(next);
  };
  running.push({
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => tls.close(resolve));
    },
  });
  return { seen, onward };
}

/** Handshake, alert or change of cipher: a TLS client that says nothing. */
function expectOnlyTls(bytes: Buffer): void {
  const types: number[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) {
    expect(bytes[at + 1]).toBe(3);
    types.push(bytes[at] ?? -1);
  }
  expect(types[0]).toBe(22);
  // 23 carries the rest of the handshake in TLS 1.3; the server counts what it decrypts to.
  expect(types.every((type) => [20, 21, 22, 23].includes(type))).toBe(true);
}

describe("a probe sends no credential", () => {
  it("postgres: the SSLRequest and a TLS handshake, byte by byte", async () => {
    const { seen, onward } = await startCapturing();
    const fake = await startFake((socket) => {
      socket.once("data", (chunk) => {
        if (chunk.length !== 8) throw new Error(`${chunk.length} bytes`);
        socket.write("S");
        onward(socket);
      });
    });
    running.push(fake);
    expect(await probeOne(server("postgres", fake.port), authorities)).toMatchObject({
      uses: "old",
      trusts: { old: "yes", new: "no" },
    });
    expect(fake.received).toHaveLength(2);
    for (const bytes of fake.received) {
      expect(bytes.subarray(0, 8).toString("hex")).toBe("0000000804d2162f");
      expectOnlyTls(bytes.subarray(8));
    }
    await expect.poll(() => seen).toEqual({ handshakes: 2, plaintext: 0, clientCertificates: 0 });
  });

  it("mysql: the SSLRequest, which ends before the user name, and a TLS handshake", async () => {
    const { seen, onward } = await startCapturing();
    const body = Buffer.concat([
      Buffer.from([10]),
      Buffer.from("10.11.0-fake\0"),
      Buffer.alloc(4),
      Buffer.from("saltsalt\0"),
      Buffer.from([0xff, 0xff, 45, 2, 0, 0xff, 0xff, 21]),
      Buffer.alloc(10),
      Buffer.from("saltsaltsalt\0mysql_native_password\0"),
    ]);
    const fake = await startFake((socket) => {
      socket.write(Buffer.concat([Buffer.from([body.length, 0, 0, 0]), body]));
      // The request and the beginning of the handshake may come in one piece.
      socket.once("data", (chunk: Buffer) => onward(socket, chunk.subarray(36)));
    });
    running.push(fake);
    expect(await probeOne(server("mysql", fake.port), authorities)).toMatchObject({ uses: "old" });
    expect(fake.received).toHaveLength(1);
    const [bytes = Buffer.alloc(0)] = fake.received;
    const request = bytes.subarray(0, 36);
    expect(request.subarray(0, 4).toString("hex")).toBe("20000001");
    expect(request.readUInt32LE(4)).toBe(0x8a00);
    expect(request.subarray(13)).toEqual(Buffer.alloc(23));
    expectOnlyTls(bytes.subarray(36));
    await expect.poll(() => seen).toEqual({ handshakes: 1, plaintext: 0, clientCertificates: 0 });
  });

  it("tls: a TLS handshake and nothing before it", async () => {
    const { seen, onward } = await startCapturing();
    const fake = await startFake((socket) => onward(socket));
    running.push(fake);
    await probeOne(server("tls", fake.port), authorities);
    for (const bytes of fake.received) expectOnlyTls(bytes);
    await expect.poll(() => seen).toEqual({ handshakes: 2, plaintext: 0, clientCertificates: 0 });
  });

  it.each([
    ["postgres", "N"],
    ["postgres", "HTTP/1.1 400\r\n"],
  ] as const)("%s: nothing more to a server that answers %j", async (kind, answer) => {
    const fake = await startFake((socket) => socket.once("data", () => socket.end(answer)));
    running.push(fake);
    await probeOne(server(kind, fake.port), authorities);
    expect(fake.received.map((bytes) => bytes.toString("hex"))).toEqual(["0000000804d2162f"]);
  });

  it("mysql: not a byte to a server that is none", async () => {
    const fake = await startFake((socket) => socket.write("220 smtp.example ESMTP\r\n"));
    running.push(fake);
    await probeOne(server("mysql", fake.port), authorities);
    expect(fake.received.map((bytes) => bytes.length)).toEqual([0]);
  });

  it("https-jwks: a GET without a header that says who asks", async () => {
    const jwt = makeJwtKey();
    const { certificate: cert, key } = await authorities.foreign.issue();
    const requests: unknown[] = [];
    const https = createHttps(
      { cert, key, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        const socket = request.socket as unknown as { getPeerCertificate(): object };
        requests.push([request.method, request.url, request.rawHeaders, socket.getPeerCertificate()]);
        response.end(JSON.stringify({ keys: [jwt.jwk] }));
      },
    );
    await new Promise<void>((resolve) => https.listen(0, "127.0.0.1", resolve));
    running.push({ stop: () => new Promise((resolve) => https.close(resolve)) });
    const address = https.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const url = `https://127.0.0.1:${address.port}/.well-known/jwks.json`;
    await probeOne(
      { kind: "https-jwks", name: "x", url, caFile: "ca.pem", deadlineMs: null },
      {
        candidates: { old: [jwt.key], new: [] },
        readFile: async () => Buffer.from(authorities.foreign.certificate),
      },
    );
    expect(requests).toEqual([
      [
        "GET",
        "/.well-known/jwks.json",
        ["accept", "application/json", "Host", `127.0.0.1:${address.port}`, "Connection", "close"],
        {},
      ],
    ]);
  });
});
