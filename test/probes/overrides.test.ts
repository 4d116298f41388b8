import type { webcrypto } from "node:crypto";
import { createServer } from "node:tls";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { OverrideChains } from "../../src/probes/candidates.ts";
import type { ProbeResult } from "../../src/probes/result.ts";
import { makeAuthority, makeKeys, type TestAuthority } from "../servers/certificates.ts";
import { probeOne, server } from "./support.ts";

/**
 * Both keys of a rotation overridden by an external CA: root, issuer, override. A consumer that trusts the root only
 * accepts what either key signs, though it holds none of Teleport's own certificates.
 */
let root: TestAuthority;
let issuer: TestAuthority;
let old: TestAuthority;
let fresh: TestAuthority;
let foreign: TestAuthority;
const overrides: { readonly old: string[]; readonly new: string[] } = { old: [], new: [] };

beforeAll(async () => {
  const [oldKeys, newKeys]: readonly webcrypto.CryptoKeyPair[] = [await makeKeys(), await makeKeys()];
  if (oldKeys === undefined || newKeys === undefined) throw new Error("no keys");
  root = await makeAuthority("root", { subject: "CN=External Root" });
  issuer = await root.intermediate("External Issuer");
  old = await makeAuthority("old", { keys: oldKeys, subject: "CN=acme.cluster" });
  fresh = await makeAuthority("new", { keys: newKeys, subject: "CN=acme.cluster" });
  foreign = await makeAuthority("foreign", { subject: "CN=Foreign" });
  overrides.old.push((await issuer.intermediate("acme.cluster", oldKeys)).certificate, issuer.certificate);
  overrides.new.push((await issuer.intermediate("acme.cluster", newKeys)).certificate, issuer.certificate);
});

function chains(...names: readonly ("old" | "new")[]): OverrideChains {
  const keys = { old: old.key, new: fresh.key };
  return new Map(names.map((name) => [keys[name].fingerprint, overrides[name]]));
}

const candidates = () => ({ old: [old.key], new: [fresh.key] });

async function inFile(content: string, overridden: OverrideChains): Promise<ProbeResult> {
  return await probeOne(
    { kind: "file", name: "pg", path: "pg/root.crt", deadlineMs: null },
    { candidates: candidates(), overrides: overridden, readFile: async () => Buffer.from(content) },
  );
}

/** A server that names these CAs as those whose clients it accepts. */
async function onServer(accepts: readonly string[], overridden: OverrideChains): Promise<ProbeResult> {
  const { certificate, key } = await foreign.issue();
  const tls = createServer({
    cert: certificate,
    key,
    ca: [...accepts],
    requestCert: true,
    rejectUnauthorized: false,
  });
  tls.on("tlsClientError", () => {});
  tls.on("secureConnection", (socket) => socket.on("error", () => {}).resume());
  await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void tls.close());
  const address = tls.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return await probeOne(server("tls", address.port), {
    candidates: candidates(),
    overrides: overridden,
  });
}

describe("a file", () => {
  it.each([
    ["the root, which is not in the chain", () => root, { old: "yes", new: "yes" }],
    ["an issuer in between", () => issuer, { old: "yes", new: "yes" }],
    ["a foreign CA", () => foreign, { old: "no", new: "no" }],
  ] as const)("with %s", async (_, holder, trusts) => {
    expect((await inFile(holder().certificate, chains("old", "new"))).trusts).toEqual(trusts);
  });

  it("with the root does not trust a key that nobody overrides yet", async () => {
    const result = await inFile(root.certificate, chains("old"));
    expect(result.trusts).toEqual({ old: "yes", new: "no" });
    expect(result.detail).toBe("pg/root.crt holds the old CA, by the external CA that overrides it.");
  });
});

describe("a server", () => {
  it.each([
    ["an issuer that the chain names", () => issuer, ["old", "new"], { old: "yes", new: "yes" }],
    ["the root, which the issuer names", () => root, ["new"], { old: "no", new: "yes" }],
    ["a foreign CA", () => foreign, ["old", "new"], { old: "no", new: "no" }],
  ] as const)("that accepts clients of %s", async (_, holder, overridden, trusts) => {
    expect((await onServer([holder().certificate], chains(...overridden))).trusts).toEqual(trusts);
  });

  it("that names only Teleport's own CA says nothing of the override, which has the same name", async () => {
    const { trusts } = await onServer([old.certificate], chains("new"));
    expect(trusts).toEqual({ old: "unknown", new: "unknown" });
  });
});
