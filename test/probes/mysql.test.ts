import { afterAll, beforeAll, expect, it } from "vitest";
import { describeWith } from "../servers/executables.ts";
import { MARIADB_EXECUTABLES, type MariadbServer, startMariadb } from "../servers/mariadb.ts";
import { makeAuthorities, probeOne, server, type TestAuthorities } from "./support.ts";

describeWith(MARIADB_EXECUTABLES, "a MariaDB server", () => {
  let authorities: TestAuthorities;
  let mariadb: MariadbServer;

  beforeAll(async () => {
    authorities = await makeAuthorities();
    mariadb = await startMariadb({
      server: await authorities.old.issue(),
      clientAuthorities: [authorities.old.certificate],
    });
  });

  afterAll(() => mariadb?.stop());

  const probe = () => probeOne(server("mysql", mariadb.port), authorities);

  it("uses the old CA before anybody touched it, and does not say whom it trusts", async () => {
    const result = await probe();
    expect(result).toMatchObject({
      uses: "old",
      trusts: { old: "unknown", new: "unknown" },
      evidence: { protocol: "TLSv1.3", accepts: null },
    });
    expect(result.detail).toMatch(/which client CAs it trusts, MySQL and MariaDB do not say\.$/);
  });

  it("uses the new CA once it was reconfigured", async () => {
    await mariadb.reconfigure({
      server: await authorities.new.issue(),
      clientAuthorities: [authorities.old.certificate, authorities.new.certificate],
    });
    expect(await probe()).toMatchObject({ uses: "new" });
  });

  it("uses neither with a certificate of somebody else", async () => {
    await mariadb.reconfigure({
      server: await authorities.foreign.issue(),
      clientAuthorities: [authorities.foreign.certificate],
    });
    expect(await probe()).toMatchObject({ uses: "neither" });
  });

  it("is met once a probe, as each counts as a broken connection there", async () => {
    const count = async () =>
      Number((await mariadb.administer("show global status like 'Connections'")).split("\t")[1]);
    const before = await count();
    await probe();
    // One is the probe, one is the question itself.
    expect((await count()) - before).toBe(2);
  });

  it("is unreachable when it is stopped", async () => {
    await mariadb.stop();
    expect(await probe()).toMatchObject({
      uses: "unreachable",
      detail: `127.0.0.1:${mariadb.port}: connection refused.`,
    });
  });
});

describeWith(MARIADB_EXECUTABLES, "a MariaDB server without TLS", () => {
  it("uses neither", async () => {
    const authorities = await makeAuthorities();
    const mariadb = await startMariadb(
      { server: await authorities.old.issue(), clientAuthorities: [] },
      { tls: false },
    );
    try {
      expect(await probeOne(server("mysql", mariadb.port), authorities)).toMatchObject({
        uses: "neither",
        detail: "the MySQL server has TLS switched off.",
      });
    } finally {
      await mariadb.stop();
    }
  });
});
