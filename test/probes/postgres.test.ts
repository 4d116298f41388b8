import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWith } from "../servers/executables.ts";
import { POSTGRES_EXECUTABLES, type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { eventually } from "../servers/server-process.ts";
import { makeAuthorities, probeOne, server, type TestAuthorities } from "./support.ts";

describeWith(POSTGRES_EXECUTABLES, "a PostgreSQL server", () => {
  let authorities: TestAuthorities;
  let postgres: PostgresServer;

  beforeAll(async () => {
    authorities = await makeAuthorities();
    postgres = await startPostgres({
      server: await authorities.old.issue(),
      clientAuthorities: [authorities.old.certificate],
    });
  });

  afterAll(() => postgres?.stop());

  const probe = () => probeOne(server("postgres", postgres.port), authorities);

  it("uses the old CA and trusts it alone, before anybody touched it", async () => {
    const result = await probe();
    expect(result).toMatchObject({ uses: "old", trusts: { old: "yes", new: "no" } });
    expect(result.detail).toMatch(
      /^127\.0\.0\.1:\d+ shows a certificate of the old CA, valid until \d+ \w+ \d{4}; of clients it accepts the old CA and does not accept the new CA\.$/,
    );
    expect(result.evidence).toMatchObject({
      protocol: "TLSv1.3",
      shown: [{ subject: "CN=localhost", from: [authorities.old.key.fingerprint] }],
      accepts: { candidates: [authorities.old.key.fingerprint], others: 0 },
    });
  });

  it("trusts both once it was reconfigured in init, as a real client finds too", async () => {
    const client = await authorities.new.issue({ name: "postgres" });
    const servers = [authorities.old.certificate, authorities.new.certificate];
    await expect(postgres.query(client, servers)).rejects.toThrow(/unknown ca|certificate/i);
    postgres.reconfigure({
      server: await authorities.old.issue(),
      clientAuthorities: [authorities.old.certificate, authorities.new.certificate],
    });
    const result = await eventually(probe, ({ trusts }) => trusts.new === "yes");
    expect(result).toMatchObject({ uses: "old", trusts: { old: "yes", new: "yes" } });
    expect(await postgres.query(client, servers)).toBe("hello");
  });

  it("uses the new CA once it shows a certificate of it", async () => {
    postgres.reconfigure({
      server: await authorities.new.issue(),
      clientAuthorities: [authorities.new.certificate],
    });
    const result = await eventually(probe, ({ uses, trusts }) => uses === "new" && trusts.old === "no");
    expect(result).toMatchObject({ uses: "new", trusts: { old: "no", new: "yes" } });
  });

  it("uses neither with a certificate of somebody else", async () => {
    postgres.reconfigure({
      server: await authorities.foreign.issue(),
      clientAuthorities: [authorities.foreign.certificate],
    });
    const result = await eventually(probe, ({ uses }) => uses === "neither");
    expect(result).toMatchObject({
      uses: "neither",
      trusts: { old: "no", new: "no" },
      evidence: { accepts: { candidates: [], others: 1 } },
    });
  });

  it("is unreachable when it is stopped", async () => {
    await postgres.stop();
    const result = await probe();
    expect(result).toMatchObject({ uses: "unreachable", trusts: { old: "unknown", new: "unknown" } });
    expect(result.detail).toBe(`127.0.0.1:${postgres.port}: connection refused.`);
  });
});

describeWith(POSTGRES_EXECUTABLES, "a PostgreSQL server with other settings", () => {
  it.each([
    [
      "uses neither with TLS switched off",
      { tls: false },
      { uses: "neither", detail: "the PostgreSQL server has TLS switched off." },
    ],
    [
      "shows its certificate, but hides whom it trusts, where it speaks TLS 1.3 only",
      { settings: ["ssl_min_protocol_version=TLSv1.3"] },
      {
        uses: "old",
        trusts: { old: "unknown", new: "unknown" },
        detail: expect.stringMatching(
          /cannot be seen: asked in TLS 1\.2, it refused the TLS handshake: protocol_version\.$/,
        ),
      },
    ],
    [
      "shows both in one handshake where it speaks TLS 1.2 only",
      { settings: ["ssl_max_protocol_version=TLSv1.2"] },
      { uses: "old", trusts: { old: "yes", new: "no" }, evidence: { protocol: "TLSv1.2" } },
    ],
  ])("%s", async (_, options, expected) => {
    const authorities = await makeAuthorities();
    const postgres = await startPostgres(
      { server: await authorities.old.issue(), clientAuthorities: [authorities.old.certificate] },
      options,
    );
    try {
      expect(await probeOne(server("postgres", postgres.port), authorities)).toMatchObject(expected);
    } finally {
      await postgres.stop();
    }
  });
});
