import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { issueDatabaseClient } from "../../src/sandbox/teleport/database-client.ts";
import { Database } from "./database.ts";
import { ExternalCa } from "./external-ca.ts";
import { TimelessTeleport } from "./harness.ts";

/** The one of the machine: a second opinion. */
const OPENSSL = "openssl";

let teleport: TimelessTeleport;
let ca: ExternalCa;
let folder: string;

beforeEach(async () => {
  teleport = await TimelessTeleport.start({ name: "mycluster", nodes: 0 });
  ca = await ExternalCa.create(() => teleport.clock.now());
  folder = mkdtempSync(join(tmpdir(), "overrides-test-"));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await teleport.platform.stop();
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const hashes = () => {
  const { active, trusted } = teleport.authority("db_client");
  const bare = (keys: readonly string[]) => keys.map((key) => key.slice("sha256:".length));
  return { active: bare(active), trusted: bare(trusted) };
};

async function signedFor(keyHash: string, how: Parameters<ExternalCa["sign"]>[1] = {}): Promise<string> {
  const csr = await teleport.ok("auth", "create-override-csr", "--type=db-client", `--public-key=${keyHash}`);
  return await ca.sign(csr, how);
}

const about = ["--type=db_client"];
const update = (keyHash: string, ...flags: readonly string[]) =>
  teleport.tctl("auth", "update-override", ...about, `--public-key=${keyHash}`, ...flags);
const remove = (keyHash: string, ...flags: readonly string[]) =>
  teleport.tctl("auth", "delete-override", ...about, `--public-key=${keyHash}`, ...flags);
const toPhase = (phase: string) => teleport.rotate("db_client", phase);

async function create(keyHash: string, how: { flags?: readonly string[]; pem?: string } = {}) {
  const [intermediate = ""] = ca.chain;
  return teleport.tctl(
    "auth",
    "create-override",
    ...about,
    ...(how.flags ?? []),
    file("cert.pem", how.pem ?? (await signedFor(keyHash))),
    file("chain.pem", intermediate),
  );
}

/** As `tctl get` shows it when the cache has caught up. */
async function stored() {
  await teleport.pass(5);
  const [resource] = JSON.parse(await teleport.ok("get", "ca_overrides", "--format=json"));
  return resource;
}

describe("requests", () => {
  it("are one for each active and additional key, readable by openssl", async () => {
    await toPhase("init");
    const text = await teleport.ok("auth", "create-override-csr", "--type=db-client");
    expect(text.match(/BEGIN CERTIFICATE REQUEST/g)).toHaveLength(2);
    const shown = execFileSync(OPENSSL, ["req", "-noout", "-subject", "-verify"], { input: text });
    expect(String(shown)).toMatch(/O ?= ?mycluster/);
    expect(String(shown)).not.toMatch(/serialNumber|2\.5\.4\.5/);
  });

  it("refuse a key that the CA does not have", async () => {
    const answer = await teleport.tctl(
      "auth",
      "create-override-csr",
      "--type=db_client",
      `--public-key=${"0".repeat(64)}`,
    );
    expect(answer.stderr).toContain("matches no CA certificates");
  });
});

describe("the life of an entry", () => {
  it("is created disabled, gets its revocation list, is enabled, and protected while its key signs", async () => {
    const [key = ""] = hashes().active;
    expect((await create(key, { flags: ["--disabled"] })).stdout).toContain(
      `certificate override ${key} created`,
    );
    const resource = await stored();
    expect(resource.spec.certificate_overrides).toMatchObject([{ public_key: key, disabled: true }]);
    expect(resource.status.public_key_hash_to_crl[key].pem).toContain("BEGIN X509 CRL");
    expect((await create(key)).stderr).toContain("found duplicate override");
    expect((await update(key, "--set-disabled=false")).exit).toBe(0);
    expect((await update(key, "--set-disabled=true")).stderr).toContain(
      "Attempt to disable enabled override",
    );
    expect((await remove(key)).stderr).toContain("Attempt to delete enabled override");
    expect((await teleport.tctl("rm", "ca_overrides/db_client")).stderr).toContain("Attempt to delete");
    expect((await update(key, "--set-disabled=true", "--force")).exit).toBe(0);
    expect((await remove(key)).exit).toBe(0);
    await teleport.pass(5);
    expect(await teleport.ok("get", "ca_overrides", "--format=json")).toBe("[]\n");
  });

  it("changes only the fields that are named: another certificate keeps the chain", async () => {
    const [key = ""] = hashes().active;
    await create(key);
    const renewed = file("renewed.pem", await signedFor(key, { days: 100 }));
    expect((await update(key, `--set-cert=${renewed}`)).exit).toBe(0);
    const [entry] = (await stored()).spec.certificate_overrides;
    expect(entry.chain).toHaveLength(1);
    expect(entry.certificate.trim()).toBe(readFileSync(renewed, "utf8").trim());
  });

  it("reads are stale right after a write", async () => {
    await create(hashes().active[0] ?? "");
    expect(await teleport.ok("get", "ca_overrides", "--format=json")).toBe("[]\n");
    expect(await stored()).toBeDefined();
  });
});

describe("what the server refuses", () => {
  it("a certificate that lives longer than the CA's own", async () => {
    const [key = ""] = hashes().active;
    const pem = await signedFor(key, { days: 4000 });
    expect((await create(key, { pem })).stderr).toContain("expires after self-signed CA certificate");
  });

  it("a certificate without SubjectKeyIdentifier, and force does not help", async () => {
    const [key = ""] = hashes().active;
    const pem = await signedFor(key, { subjectKeyId: false });
    for (const flags of [[], ["--force"]]) {
      expect((await create(key, { pem, flags })).stderr).toContain("subject key identifier");
    }
  });

  it("a key that no rotation has brought yet", async () => {
    await toPhase("init");
    const [next = ""] = hashes().trusted;
    const pem = await signedFor(next);
    await toPhase("rollback");
    await toPhase("standby");
    expect((await create(next, { pem })).stderr).toContain("targets unknown CA certificate");
    expect((await create(next, { pem, flags: ["--force"] })).stderr).toContain("cannot create CRL");
  });

  it("a chain that does not lead on from the certificate", async () => {
    const [key = ""] = hashes().active;
    const answer = await teleport.tctl(
      "auth",
      "create-override",
      ...about,
      file("cert.pem", await signedFor(key)),
      file("root.pem", ca.root),
    );
    expect(answer.stderr).toContain("chain out of order");
  });
});

describe("a rotation", () => {
  it("leaves the old entry behind as an orphan, which may stay, go, and not be enabled", async () => {
    const [old = ""] = hashes().active;
    await create(old);
    await toPhase("init");
    await create(hashes().trusted[0] ?? "");
    for (const phase of ["update_clients", "update_servers", "standby"]) await toPhase(phase);
    expect((await stored()).spec.certificate_overrides).toHaveLength(2);
    expect((await update(old, "--set-disabled=true")).exit).toBe(0);
    expect((await update(old, "--set-disabled=false")).stderr).toContain("targets unknown CA certificate");
    expect((await remove(old)).exit).toBe(0);
  });

  it("lets anybody delete the old entry while a rollback would need it", async () => {
    const [old = ""] = hashes().active;
    await create(old);
    await toPhase("init");
    await create(hashes().trusted[0] ?? "");
    expect((await remove(old)).stderr).toContain("Attempt to delete");
    await toPhase("update_clients");
    expect((await remove(old)).exit).toBe(0);
  });
});

describe("a database that trusts only the external root", () => {
  it("lets the client in exactly while an enabled override stands for the key that signs", async () => {
    const [key = ""] = hashes().active;
    const own = await issueDatabaseClient(teleport.platform.world, "database");
    const database = await Database.trusting(ca.root, own);
    const visit = async () => database.connect(await issueDatabaseClient(teleport.platform.world, "alice"));
    try {
      expect(await visit()).not.toBeNull();
      await create(key, { flags: ["--disabled"] });
      await teleport.pass(5);
      expect(await visit()).not.toBeNull();
      await update(key, "--set-disabled=false");
      await teleport.pass(5);
      expect(await visit()).toBeNull();
      await toPhase("init");
      expect(await visit()).toBeNull();
      // No entry for the new key: no warning, no error, and nobody gets in (reference 5.2).
      expect((await toPhase("update_clients")).exit).toBe(0);
      expect(await visit()).not.toBeNull();
      await toPhase("rollback");
      expect(await visit()).toBeNull();
    } finally {
      await database.close();
    }
  });
});

describe("help tells whether a command exists", () => {
  it("on 18.9, and on 5.0", async () => {
    expect(await teleport.ok("auth", "update-override", "--help")).toContain("--set-disabled");
    expect((await teleport.tctl("auth", "bogus-override", "--help")).exit).toBe(1);
    const old = await TimelessTeleport.start({ release: "5", nodes: 0 });
    expect((await old.tctl("auth", "update-override", "--help")).exit).toBe(1);
    expect((await old.tctl("get", "ca_overrides", "--format=json")).stderr).toContain("unsupported resource");
    await old.platform.stop();
  });
});
