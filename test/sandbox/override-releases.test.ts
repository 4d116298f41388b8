import "reflect-metadata";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cryptoKeys } from "../../src/sandbox/teleport/override-keys.ts";
import { ExternalCa } from "./external-ca.ts";
import { TimelessTeleport } from "./harness.ts";

/** What differs with the release, and with keys that only one auth server can use (teleport-overrides 2.6, 3.2, 4). */
let teleport: TimelessTeleport;
let ca: ExternalCa;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "overrides-test-"));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await teleport.platform.stop();
});

async function start(options: Parameters<typeof TimelessTeleport.start>[0]): Promise<void> {
  teleport = await TimelessTeleport.start({ nodes: 0, ...options });
  ca = await ExternalCa.create(() => teleport.clock.now());
}

/** Longer than the longest tick of an auth server. */
const TICK_S = 21;

const CSR = ["auth", "create-override-csr", "--type=db_client"];
const requestsIn = (text: string) => text.match(/BEGIN CERTIFICATE REQUEST/g)?.length ?? 0;

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** The keys of the auth servers, in their order. */
function keys(): readonly string[] {
  return teleport.authority("db_client").active.map((key) => key.slice("sha256:".length));
}

async function signedFor(key: string): Promise<string> {
  return await ca.sign(await teleport.ok(...CSR, `--public-key=${key}`));
}

async function resource() {
  const [stored] = JSON.parse(await teleport.ok("get", "ca_overrides", "--format=json"));
  return stored;
}

function overrideOf(certificate: string): string {
  const entry = { certificate, chain: ca.chain, disabled: true };
  return file(
    "override.json",
    JSON.stringify({
      kind: "cert_authority_override",
      sub_kind: "db_client",
      version: "v1",
      metadata: { name: "acme.cluster" },
      spec: { certificate_overrides: [entry] },
    }),
  );
}

/** What the shim does around an editor: the text of the first call, changed, goes into the second. */
async function edit(change: (text: string) => string) {
  const call = (stdin: string) =>
    teleport.platform.run({
      tool: "tctl",
      argv: ["edit", "ca_overrides/db_client"],
      cwd: folder,
      stdin,
      signal: new AbortController().signal,
    });
  return await call(change(String((await call("")).stdout)));
}

describe("auth servers with an HSM each", () => {
  const hsm = { hsm: true, authServers: 2 } as const;

  it("sign requests for each other, and say whose did not come", async () => {
    await start(hsm);
    expect(requestsIn(await teleport.ok(...CSR))).toBe(2);
    const local = await teleport.tctl(...CSR, "--local-only");
    const [, second] = keys();
    expect([local.exit, requestsIn(local.stdout)]).toEqual([0, 1]);
    expect(local.stderr).toBe(
      `public key "${second}": private key inaccessible for this Auth server instance\n`,
    );
    await teleport.platform.fault({ target: "auth2", fault: "stuck" });
    const waiting = teleport.tctl(...CSR);
    await teleport.pass(5 * 60);
    const partial = await waiting;
    expect([partial.exit, requestsIn(partial.stdout)]).toEqual([0, 1]);
    expect(partial.stderr).toContain(`public key "${second}": remote signing request not fulfilled`);
  });

  it("take an enabled entry only for a key at hand, and sign the lists of staged ones in the background", async () => {
    await start(hsm);
    const [first = "", second = ""] = keys();
    const [chain = ""] = ca.chain;
    const create = async (key: string, ...flags: readonly string[]) =>
      teleport.tctl(
        "auth",
        "create-override",
        "--type=db_client",
        ...flags,
        file(`${key}.pem`, await signedFor(key)),
        file("chain.pem", chain),
      );
    expect((await create(first)).exit).toBe(0);
    const refused = await create(second);
    expect(refused.stderr).toContain(`cannot sign CRL for enabled override "${second}"`);
    expect((await create(second, "--disabled")).exit).toBe(0);
    await teleport.pass(3);
    const staged = await resource();
    expect(Object.keys(staged.status.public_key_hash_to_crl)).toEqual([first]);
    await teleport.pass(TICK_S + 3);
    const signed = await resource();
    expect(Object.keys(signed.status.public_key_hash_to_crl).sort()).toEqual([first, second].sort());
    expect(signed.metadata.revision).not.toBe(staged.metadata.revision);
    const enable = ["--type=db_client", `--public-key=${second}`, "--set-disabled=false"];
    expect((await teleport.tctl("auth", "update-override", ...enable)).exit).toBe(0);
  });

  it("of 18.9.0 pass over keys that are not at hand, and take no entry for them", async () => {
    await start({ ...hsm, release: "18.9.0" });
    const [first = "", second = ""] = keys();
    const all = await teleport.tctl(...CSR);
    expect([all.exit, requestsIn(all.stdout), all.stderr]).toEqual([0, 1, ""]);
    expect((await teleport.tctl(...CSR, `--public-key=${second}`)).stderr).toContain("create signer");
    expect((await teleport.tctl("create", overrideOf(await signedFor(first)))).exit).toBe(0);
    const other = teleport.platform.world.authorities.current("db_client")?.active[1]?.tls;
    if (other === undefined || other === null) throw new Error("the second auth server has no key");
    const own = await Pkcs10CertificateRequestGenerator.create({
      name: "O=acme.cluster",
      keys: cryptoKeys(other),
      signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    });
    const elsewhere = await teleport.tctl("create", "-f", overrideOf(await ca.sign(own.toString())));
    expect(elsewhere.stderr).toContain(`cannot sign for certificate "${second}"`);
  });
});

describe("18.9.0", () => {
  it("has whole resources, and no command for an entry", async () => {
    await start({ release: "18.9.0" });
    const has = async (...command: readonly string[]) => (await teleport.tctl(...command, "--help")).exit;
    for (const entry of ["create-override", "update-override", "delete-override"]) {
      expect(await has("auth", entry)).toBe(1);
    }
    expect(await has("auth", "create-override-csr")).toBe(0);
    expect((await teleport.tctl(...CSR, "--local-only")).stderr).toContain("unknown long flag");
  });

  it("edits by the revision that was read, without force", async () => {
    await start({ release: "18.9.0" });
    const [key = ""] = keys();
    expect((await teleport.tctl("create", overrideOf(await signedFor(key)))).exit).toBe(0);
    await teleport.pass(3);
    expect((await edit((text) => text)).stdout).toContain("no changes made");
    const enabled = (text: string) => text.replace("disabled: true", "disabled: false");
    expect((await edit(enabled)).stdout).toBe("cert_authority_override db_client/acme.cluster updated\n");
    // Read from a cache that has not caught up.
    const stale = await edit(enabled);
    expect([stale.exit, stale.stderr]).toEqual([1, expect.stringContaining("revision does not match")]);
    await teleport.pass(3);
    const refused = await edit((text) =>
      text.replace("- certificate", "- disabled: true\n      certificate"),
    );
    expect(refused.stderr).toContain("Attempt to disable enabled override");
  });
});

it("17 knows no overrides at all", async () => {
  await start({ release: "17" });
  expect((await teleport.tctl("get", "ca_overrides", "--format=json")).stderr).toContain(
    'unsupported resource: "ca_overrides"',
  );
  expect((await teleport.tctl(...CSR, "--help")).exit).toBe(1);
});
