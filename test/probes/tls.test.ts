import { connect } from "node:net";
import { createServer, type Server, type TlsOptions } from "node:tls";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { probeAll } from "../../src/probes/probe.ts";
import type { ProbeResult } from "../../src/probes/result.ts";
import { makeAuthority, makeKeys, type TestAuthority } from "../servers/certificates.ts";
import { type FakeServer, startFake } from "../servers/fake.ts";
import { makeSshLine } from "../servers/ssh-keys.ts";
import { makeAuthorities, probeOne, run, server, type TestAuthorities } from "./support.ts";

let authorities: TestAuthorities;
const sshKey = makeSshLine("old");
const running: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  authorities = await makeAuthorities();
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
});

async function startTls(options: TlsOptions): Promise<number> {
  const tls: Server = createServer(options, (socket) => socket.on("error", () => {}).resume());
  tls.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
  const sockets = new Set<{ destroy(): void }>();
  tls.on("connection", (socket) => sockets.add(socket));
  running.push({
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => tls.close(resolve));
    },
  });
  const address = tls.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function probe(options: TlsOptions, candidates = authorities.candidates): Promise<ProbeResult> {
  return probeOne(server("tls", await startTls(options)), { candidates });
}

async function leafOf(authority: TestAuthority): Promise<{ cert: string; key: string }> {
  const { certificate, key } = await authority.issue();
  return { cert: certificate, key };
}

describe("a TLS server", () => {
  it.each(["TLSv1.2", "TLSv1.3"] as const)(
    "in %s uses the CA whose key verifies its certificate",
    async (version) => {
      const versions = { minVersion: version, maxVersion: version };
      for (const name of ["old", "new"] as const) {
        const result = await probe({ ...(await leafOf(authorities[name])), ...versions });
        expect(result).toMatchObject({ uses: name, evidence: { protocol: version } });
      }
      expect(await probe({ ...(await leafOf(authorities.foreign)), ...versions })).toMatchObject({
        uses: "neither",
      });
    },
  );

  it("asks for no client certificate: whom it trusts is unknown", async () => {
    const result = await probe(await leafOf(authorities.old));
    expect(result).toMatchObject({ uses: "old", trusts: { old: "unknown", new: "unknown" } });
    expect(result.detail).toMatch(/it asks for no client certificate\.$/);
  });

  it.each(["TLSv1.2", "TLSv1.3"] as const)(
    "that insists on a client certificate (%s) is read all the same",
    async (version) => {
      const result = await probe({
        ...(await leafOf(authorities.new)),
        requestCert: true,
        rejectUnauthorized: true,
        maxVersion: version,
        ca: [authorities.old.certificate, authorities.new.certificate],
      });
      expect(result).toMatchObject({ uses: "new", trusts: { old: "yes", new: "yes" } });
    },
  );

  it("is judged through an intermediate that it sends along", async () => {
    const intermediate = await authorities.new.intermediate("issuing");
    const { cert, key } = await leafOf(intermediate);
    expect(await probe({ cert: cert + intermediate.certificate, key })).toMatchObject({ uses: "new" });
    expect(await probe({ cert, key })).toMatchObject({ uses: "neither" });
  });

  it("is not believed by name: a CA with the same name and another key is neither", async () => {
    const subject = "O=acme.cluster, CN=acme.cluster";
    const [real, impostor] = await Promise.all([
      makeAuthority("real", { subject }),
      makeAuthority("fake", { subject }),
    ]);
    const candidates = { old: [authorities.old.key], new: [real.key] };
    expect(await probe(await leafOf(impostor), candidates)).toMatchObject({ uses: "neither" });
    expect(await probe(await leafOf(real), candidates)).toMatchObject({ uses: "new" });
  });

  it("is not believed by a certificate that it sends along but that signed nothing", async () => {
    const { cert, key } = await leafOf(authorities.foreign);
    const decorated = cert + authorities.new.certificate + authorities.foreign.certificate;
    // In TLS 1.2 all of them are read, in TLS 1.3 those that Node links to each other.
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      expect(await probe({ cert: decorated, key, maxVersion })).toMatchObject({ uses: "neither" });
    }
  });

  it("uses both where both CAs have the same key: a CA that was renewed, not rotated", async () => {
    const keys = await makeKeys();
    const [before, after] = await Promise.all([makeAuthority("a", { keys }), makeAuthority("b", { keys })]);
    const candidates = { old: [before.key], new: [after.key] };
    expect(await probe(await leafOf(before), candidates)).toMatchObject({ uses: "both" });
  });

  it("names a CA that two candidates share a name with: which of them it trusts is unknown", async () => {
    const subject = "O=acme.cluster, CN=acme.cluster";
    const [one, two] = await Promise.all([
      makeAuthority("one", { subject }),
      makeAuthority("two", { subject }),
    ]);
    const result = await probe(
      { ...(await leafOf(one)), requestCert: true, rejectUnauthorized: false, ca: [one.certificate] },
      { old: [one.key], new: [two.key] },
    );
    expect(result).toMatchObject({ uses: "old", trusts: { old: "unknown", new: "unknown" } });
  });

  it("must trust every key of an HSM cluster, and may use any", async () => {
    const second = await makeAuthority("second");
    const candidates = { old: [authorities.old.key], new: [authorities.new.key, second.key] };
    const asking = { requestCert: true, rejectUnauthorized: false };
    const some = { ...(await leafOf(second)), ...asking, ca: [authorities.new.certificate] };
    expect(await probe(some, candidates)).toMatchObject({ uses: "new", trusts: { new: "no" } });
    const all = { ...some, ca: [authorities.new.certificate, second.certificate] };
    expect(await probe(all, candidates)).toMatchObject({ uses: "new", trusts: { new: "yes" } });
  });

  it("uses the old CA before there is a new one", async () => {
    const result = await probe(
      {
        ...(await leafOf(authorities.old)),
        requestCert: true,
        rejectUnauthorized: false,
        ca: [authorities.old.certificate],
      },
      { old: [authorities.old.key], new: [] },
    );
    expect(result).toMatchObject({ uses: "old", trusts: { old: "yes", new: "unknown" } });
    expect(result.detail).toMatch(/of clients it accepts the old CA\.$/);
  });

  it("shows an expired certificate as what it is", async () => {
    const { certificate, key } = await authorities.new.issue({ days: -1 });
    const result = await probe({ cert: certificate, key });
    const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
    expect(result).toMatchObject({ uses: "new" });
    expect(result.evidence.shown[0]?.notAfter?.slice(0, 10)).toBe(yesterday);
  });

  it("is asked for by the server name that the consumer has", async () => {
    const { cert, key } = await leafOf(authorities.new);
    const names: string[] = [];
    const port = await startTls({
      cert,
      key,
      SNICallback: (name, done) => {
        names.push(name);
        done(null);
      },
    });
    await probeOne(server("tls", port, { serverName: "db-1.acme.example" }), authorities);
    await probeOne(server("tls", port), authorities);
    expect(new Set(names)).toEqual(new Set(["db-1.acme.example"]));
  });

  it("cannot be judged by keys that are not for TLS", async () => {
    expect(await probeOne(server("tls", 1), { candidates: { old: [sshKey], new: [] } })).toMatchObject({
      uses: "unknown",
      detail: "the CA has no tls keys that this consumer could use or trust.",
    });
  });
});

describe("what is no such server", () => {
  async function fake(answer: string | Buffer | null, atOnce: boolean): Promise<FakeServer> {
    const started = await startFake((socket) => {
      if (answer === null) return;
      if (atOnce) socket.end(answer);
      else socket.once("data", () => socket.end(answer));
    });
    running.push(started);
    return started;
  }

  const http = "HTTP/1.1 400 Bad Request\r\n\r\n";

  it.each([
    [
      "postgres",
      http,
      'answered the SSLRequest of PostgreSQL with "HTTP/1.1 400 Bad Request\\r\\n\\r\\n" instead of S or N.',
    ],
    ["mysql", http, 'greeted with "HTTP/1.1 400 Bad Request\\r\\n\\r\\n", which is not MySQL.'],
    ["tls", http, 'answered something else than TLS: "HTTP/1.1 400 Bad Request\\r\\n\\r\\n".'],
    ["tls", "SSH-2.0-OpenSSH_9.2p1\r\n", 'answered something else than TLS: "SSH-2.0-OpenSSH_9.2p1\\r\\n".'],
  ] as const)("%s: plain text is unknown, and quoted", async (kind, text, detail) => {
    const { port } = await fake(text, kind === "mysql");
    expect(await probeOne(server(kind, port), authorities)).toMatchObject({ uses: "unknown", detail });
  });

  it("openssh: plain text is unknown, and quoted", async () => {
    const { port } = await fake(http, true);
    const consumer = { kind: "openssh", name: "x", address: `127.0.0.1:${port}`, deadlineMs: null } as const;
    const candidates = { old: [sshKey], new: [] };
    expect(await probeOne(consumer, { candidates })).toMatchObject({
      uses: "unknown",
      detail: 'greeted with "HTTP/1.1 400 Bad Request\\r\\n\\r\\n", which is not SSH.',
    });
  });

  it("escapes what could move a terminal's cursor, and is short", async () => {
    const { port } = await fake(`\x1b[2J\x1b[H\u202e${"A".repeat(500)}`, false);
    const { detail } = await probeOne(server("postgres", port), authorities);
    expect(detail).toMatch(/^[\x20-\x7e]+$/);
    expect(detail).toContain("\\u001b[2J");
    expect(detail.length).toBeLessThan(200);
  });

  it.each([
    [
      "S and a word too many, pushed in before TLS",
      "postgres",
      Buffer.from("Sevil"),
      "unknown",
      '"Sevil" instead of S or N',
    ],
    [
      "an error instead of an answer",
      "postgres",
      Buffer.from("E\0\0\0\x0bgo away\0"),
      "unknown",
      "instead of S or N",
    ],
    [
      "nothing, and hangs up",
      "postgres",
      Buffer.alloc(0),
      "unreachable",
      "closed the connection without an answer",
    ],
    ["S, and hangs up", "postgres", Buffer.from("S"), "unknown", "the TLS handshake failed"],
    [
      "half a greeting, and hangs up",
      "mysql",
      Buffer.from([70, 0, 0, 0, 10, 49]),
      "unknown",
      "closed the connection after",
    ],
    [
      "a greeting larger than any",
      "mysql",
      Buffer.from([255, 255, 255, 0, 10]),
      "unknown",
      "which is not MySQL",
    ],
    [
      "half a TLS record, and hangs up",
      "tls",
      Buffer.from([22, 3, 3, 255]),
      "unknown",
      "the TLS handshake failed",
    ],
  ] as const)("answers with %s", async (_, kind, answer, uses, detail) => {
    const { port } = await fake(answer, kind === "mysql");
    const result = await probeOne(server(kind, port), authorities);
    expect(result).toMatchObject({ uses, trusts: { old: "unknown", new: "unknown" } });
    expect(result.detail).toContain(detail);
  });

  it("explains a MySQL server that has had enough of probes", async () => {
    const message = "Host '10.0.0.9' is blocked because of many connection errors";
    const payload = Buffer.concat([Buffer.from([0xff, 0x69, 0x04]), Buffer.from(message)]);
    const { port } = await fake(Buffer.concat([Buffer.from([payload.length, 0, 0, 0]), payload]), true);
    const { detail } = await probeOne(server("mysql", port), authorities);
    expect(detail).toContain(`error 1129: "${message}"`);
    expect(detail).toContain("FLUSH HOSTS");
  });

  it.each(["postgres", "mysql", "tls", "openssh"] as const)(
    "%s: a port that never answers is unreachable when the deadline is over",
    async (kind) => {
      const { port } = await fake(null, true);
      const consumer =
        kind === "openssh"
          ? ({ kind, name: "x", address: `127.0.0.1:${port}`, deadlineMs: 150 } as const)
          : server(kind, port, { deadlineMs: 150 });
      const candidates = kind === "openssh" ? { old: [sshKey], new: [] } : authorities.candidates;
      const result = await probeOne(consumer, { candidates });
      expect(result).toMatchObject({ uses: "unreachable", trusts: { old: "unknown", new: "unknown" } });
      expect(result.detail).toMatch(/^no answer within 0\.15 s, while (waiting|shaking)/);
    },
  );

  it("keeps what it saw when only the second look is late", async () => {
    const { certificate, key } = await authorities.new.issue();
    const real = await startTls({ cert: certificate, key });
    let connections = 0;
    const gate = await startFake((socket) => {
      connections += 1;
      if (connections > 1) return;
      const onward = connect(real, "127.0.0.1");
      onward.on("error", () => {});
      socket.pipe(onward).pipe(socket);
    });
    running.push(gate);
    const result = await probeOne(server("tls", gate.port, { deadlineMs: 500 }), authorities);
    expect(result).toMatchObject({ uses: "new", trusts: { old: "unknown", new: "unknown" } });
    expect(result.detail).toMatch(/which client CAs it trusts could not be seen in time\.$/);
  });
});

describe("many probes", () => {
  const options = () => ({
    candidates: authorities.candidates,
    deadlineMs: 3_000,
    run,
    readFile: async () => new Uint8Array(),
  });

  it("run at the same time, each with its deadline, and keep their order", async () => {
    let connected = 0;
    let most = 0;
    const silent = await startFake((socket) => {
      most = Math.max(most, ++connected);
      socket.once("close", () => {
        connected -= 1;
      });
    });
    running.push(silent);
    const open = await startTls(await leafOf(authorities.new));
    const consumers = [
      ...Array.from({ length: 20 }, () => server("postgres", silent.port)),
      server("tls", open),
    ].map((consumer, index) => ({ ...consumer, name: `consumer-${index}` }));
    const results = await probeAll(consumers, options());
    expect(most).toBeGreaterThan(1);
    expect(results.map(({ consumer }) => consumer)).toEqual(consumers.map(({ name }) => name));
    expect(results.map(({ uses }) => uses)).toEqual([...Array(20).fill("unreachable"), "new"]);
  });

  it("give every consumer its whole deadline, also those that have to queue", async () => {
    const silent = await startFake(() => {});
    running.push(silent);
    const open = await startTls(await leafOf(authorities.new));
    const consumers = [
      ...Array.from({ length: 32 }, () => server("postgres", silent.port)),
      server("tls", open),
    ];
    expect((await probeAll(consumers, options())).at(-1)).toMatchObject({ uses: "new" });
  });

  it("end at once when the caller gives up", async () => {
    const silent = await startFake(() => {});
    running.push(silent);
    const abort = new AbortController();
    const probes = probeAll([server("postgres", silent.port)], {
      ...options(),
      deadlineMs: 60_000,
      signal: abort.signal,
    });
    setTimeout(() => abort.abort(new Error("interrupted")), 20);
    await expect(probes).rejects.toThrow("interrupted");
  });

  it("of nobody are no results", async () => {
    expect(await probeAll([], options())).toEqual([]);
  });
});
