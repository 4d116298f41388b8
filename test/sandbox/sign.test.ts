import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { TimelessTeleport } from "./harness.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sign-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function certificatesIn(pem: string): readonly X509Certificate[] {
  return [...pem.matchAll(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g)].map(
    ([one]) => new X509Certificate(one),
  );
}

/** Gives `old` and `new` to the keys of an authority, so that a table can speak of them. */
function namer() {
  const names = new Map<string, string>();
  return {
    learn(pem: string): void {
      for (const one of certificatesIn(pem)) {
        if (!names.has(one.fingerprint256)) names.set(one.fingerprint256, names.size === 0 ? "old" : "new");
      }
    },
    in: (pem: string) => certificatesIn(pem).map((one) => names.get(one.fingerprint256)),
  };
}

/** Which of some authorities signed a certificate. */
function signer(certificate: string, authorities: string): X509Certificate | undefined {
  const [issued] = certificatesIn(certificate);
  return certificatesIn(authorities).find((one) => issued?.verify(one.publicKey));
}

describe("the certificates of a self-hosted database and of the Database Service", () => {
  const COMPLETED = [
    { phase: "init", server: "new", accepts: ["old", "new"], client: "old", trusts: ["old", "new"] },
    {
      phase: "update_clients",
      server: "new",
      accepts: ["new", "old"],
      client: "new",
      trusts: ["new", "old"],
    },
    {
      phase: "update_servers",
      server: "new",
      accepts: ["new", "old"],
      client: "new",
      trusts: ["new", "old"],
    },
    { phase: "standby", server: "new", accepts: ["new"], client: "new", trusts: ["new"] },
  ];
  const REVERTED = [
    ...COMPLETED.slice(0, 2),
    { phase: "rollback", server: "old", accepts: ["old", "new"], client: "old", trusts: ["old", "new"] },
    { phase: "standby", server: "old", accepts: ["old"], client: "old", trusts: ["old"] },
  ];

  it.each([
    ["completed", COMPLETED],
    ["reverted", REVERTED],
  ])("in every phase of a rotation that is %s", async (_name, walk) => {
    const teleport = await TimelessTeleport.start({});
    const keys = { db: namer(), db_client: namer() };
    const every = { db: "", db_client: "" };
    const learn = async () => {
      for (const type of ["db", "db_client"] as const) {
        const pem = await teleport.ok("auth", "export", `--type=${type.replace("_", "-")}`);
        keys[type].learn(pem);
        every[type] += pem;
      }
    };
    await learn();
    for (const { phase, ...expected } of walk) {
      for (const type of ["db", "db_client"]) expect((await teleport.rotate(type, phase)).exit).toBe(0);
      await teleport.pass(3);
      await learn();
      const prefix = join(folder, `${phase}-${expected.server}`);
      await teleport.ok("auth", "sign", "--format=db", "--host=localhost,127.0.0.1", `--out=${prefix}`);
      const server = readFileSync(`${prefix}.crt`, "utf8");
      const login = await teleport.platform.databaseLogin("alice");
      expect(
        {
          server: keys.db.in(signer(server, every.db)?.toString() ?? "")[0],
          accepts: keys.db_client.in(readFileSync(`${prefix}.cas`, "utf8")),
          client: keys.db_client.in(signer(login.certificate, every.db_client)?.toString() ?? "")[0],
          trusts: keys.db.in(login.authorities),
        },
        phase,
      ).toEqual(expected);
    }
  });

  it("are for whom they were asked for, as long as they were asked for, and for nobody else to read", async () => {
    const teleport = await TimelessTeleport.start({});
    const prefix = join(folder, "pg", "server");
    const said = await teleport.ok(
      ...["auth", "sign", "--format=db", "--host=pg.acme.com,10.0.0.7", "-o", prefix, "--ttl=2190h"],
    );
    expect(said.split("\n")[0]).toBe(
      `Database credentials have been written to ${prefix}.key, ${prefix}.crt, ${prefix}.cas.`,
    );
    const [server] = certificatesIn(readFileSync(`${prefix}.crt`, "utf8"));
    expect(server?.subject).toBe("CN=pg.acme.com");
    expect(server?.subjectAltName).toBe("DNS:pg.acme.com, IP Address:10.0.0.7");
    expect(Date.parse(server?.validTo ?? "") - teleport.clock.now()).toBe(2190 * 3_600_000);
    for (const extension of ["key", "crt", "cas"]) {
      expect(statSync(`${prefix}.${extension}`).mode & 0o777).toBe(0o600);
    }
    const { certificate } = await teleport.platform.databaseLogin("alice");
    expect(certificatesIn(certificate)[0]?.subject).toBe("CN=alice");
  });

  it.each([
    [["--format=db", "--out=x"], "at least one hostname must be specified"],
    [["--format=db", "--host=pg"], "identity output path is not specified"],
    [["--format=db", "--host=pg", "--out=x", "--ttl=soon"], 'time: invalid duration "soon"'],
    [["--user=alice", "--format=openssh", "--out=x"], 'not as "openssh"'],
  ])("auth sign %j fails", async (flags, message) => {
    const teleport = await TimelessTeleport.start({});
    expect((await teleport.tctl("auth", "sign", ...flags)).stderr).toContain(message);
  });

  it("replace no file unasked", async () => {
    const teleport = await TimelessTeleport.start({});
    const sign = ["auth", "sign", "--format=db", "--host=pg", `--out=${join(folder, "server")}`];
    await teleport.ok(...sign);
    const first = readFileSync(join(folder, "server.crt"), "utf8");
    expect((await teleport.tctl(...sign)).stderr).toContain("not overwriting destination files");
    expect(readFileSync(join(folder, "server.crt"), "utf8")).toBe(first);
    await teleport.ok(...sign, "--overwrite");
    expect(readFileSync(join(folder, "server.crt"), "utf8")).not.toBe(first);
  });

  it("do not exist where the CAs do not", async () => {
    const teleport = await TimelessTeleport.start({ release: "5" });
    const { stderr } = await teleport.tctl("auth", "sign", "--format=db", "--host=pg", `--out=${folder}/x`);
    expect(stderr).toBe('error: "db" authority type is not supported\n');
  });
});

describe("auth export", () => {
  const TLS = ["tls-host", "tls-user", "tls-spiffe", "db", "db-client", "saml-idp"];

  it.each([
    ["17", 1],
    ["18", 2],
  ] as const)("of a TLS type in init, Teleport %s: %i certificates (#63058)", async (release, count) => {
    const teleport = await TimelessTeleport.start({ release });
    for (const type of ["host", "user", "spiffe", "db", "db_client", "saml_idp"]) {
      await teleport.rotate(type, "init");
    }
    await teleport.pass(20);
    for (const type of TLS) {
      const exported = await teleport.ok("auth", "export", `--type=${type}`);
      expect(certificatesIn(exported), type).toHaveLength(count);
    }
    for (const type of ["host", "user"]) {
      expect((await teleport.ok("auth", "export", `--type=${type}`)).trim().split("\n"), type).toHaveLength(
        2,
      );
    }
  });

  it("knows the types of its release", async () => {
    const teleport = await TimelessTeleport.start({ release: "17" });
    const types = JSON.parse(await teleport.ok("get", "cas", "--format=json")).map(
      (one: { sub_kind: string }) => one.sub_kind,
    );
    expect(types).toEqual("host user db db_client openssh jwt saml_idp oidc_idp spiffe okta".split(" "));
    expect(await teleport.ok("version")).toMatch(/^Teleport Enterprise v17\./);
    expect((await teleport.tctl("auth", "export", "--type=windows")).stderr).toContain(
      "enum value must be one of user,host,tls-host,tls-user,tls-user-der,tls-spiffe,db,",
    );
  });
});
