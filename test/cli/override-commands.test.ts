import "../world/in-process.ts";
import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { Repository } from "../world/repository.ts";

/** The one of the machine. */
const OPENSSL = "openssl";
const SIGNER = join(import.meta.dirname, "..", "..", "fixtures", "signer", "openssl-signer.sh");
const HOME = join("clusters", "acme.cluster");
const OVERRIDE = join(HOME, "overrides", "db_client.yaml");

/** Runs tctl and prints only the first of several certificate requests, as an auth server without the key does. */
const FORGETFUL = `
import { execFileSync } from "node:child_process";
const [real, ...argv] = process.argv.slice(2);
const csr = argv.includes("create-override-csr") && !argv.includes("--help");
let out;
try {
  out = execFileSync(real, argv, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
} catch (error) {
  process.stdout.write(error.stdout ?? "");
  process.exit(error.status ?? 1);
}
const end = "-----END CERTIFICATE REQUEST-----";
process.stdout.write(csr ? out.slice(0, out.indexOf(end) + end.length) + "\\n" : out);
`;

let repository: Repository;
beforeEach(async () => {
  repository = await Repository.withSandbox("--nodes", "1");
});
afterEach(async () => repository.remove());

const path = (...parts: readonly string[]) => join(repository.folder, ...parts);

async function editCluster(change: (text: string) => string): Promise<void> {
  const file = path(HOME, "cluster.yaml");
  await writeFile(file, change(await readFile(file, "utf8")));
}

async function withSigner(): Promise<void> {
  const pki = path("pki");
  await mkdir(pki);
  const request =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3000 -keyout ca.key -out ca.pem";
  execFileSync(OPENSSL, [...request.split(" "), "-subj", "/CN=External Root"], { cwd: pki, stdio: "ignore" });
  await editCluster((text) =>
    text.replace("  policy:", `  signer:\n    command: [${SIGNER}, ${pki}]\n    timeout: 30s\n  policy:`),
  );
}

describe("capstan override", () => {
  it("csr notices that a request is missing, and says for which key", async () => {
    await repository.rotate("start", "db_client");
    await repository.must("apply", "--auto-approve");
    await writeFile(path("forgetful.mjs"), FORGETFUL);
    const tctl = path(".capstan", "sandbox", "bin", "tctl");
    await editCluster((text) =>
      text.replace(/^ {4}tctl:.*$/m, `    tctl: [${process.execPath}, ${path("forgetful.mjs")}, ${tctl}]`),
    );
    const { trusted } = await repository.keys("db_client");
    const ran = await repository.capstan("override", "csr", "db_client");
    expect(ran.exit).toBe(3);
    expect(ran.stdout).toContain("for the active key");
    expect(flat(ran.stderr)).toContain(
      `missing: no request for the key ${trusted[0]?.slice("sha256:".length)}`,
    );
  });

  it("has the signer sign, stages what comes back, renews it, and validate reads it", async () => {
    await withSigner();
    const ran = await repository.must("override", "csr", "db_client", "--sign");
    expect(ran.stdout.replaceAll(/\s+/g, " ")).toContain("one entry, staged");
    expect((await repository.must("validate")).stdout).toContain("Valid.");
    const asked = await repository.capstan("override", "csr", "db_client", "--sign");
    expect(asked.exit).toBe(1);
    expect(flat(asked.stderr)).toContain("override renew");
    expect(flat(asked.stderr)).not.toContain("asking the signer");
    const first = await readFile(path(OVERRIDE), "utf8");

    const [request = ""] = /\S+-csr\.pem/.exec(ran.stdout) ?? [];
    const again = execFileSync(SIGNER, [path("pki")], { input: await readFile(path(request)) });
    await writeFile(path("again.pem"), again);
    expect((await repository.capstan("override", "add", "again.pem")).stderr).toContain("override renew");
    await repository.must("override", "renew", "again.pem");
    const renewed = await readFile(path(OVERRIDE), "utf8");
    expect(renewed).not.toBe(first);
    expect(renewed.split("\n").slice(0, 9)).toEqual(first.split("\n").slice(0, 9));

    // A leaf in the place of the CA certificate, as a person pastes it.
    await writeFile(path(OVERRIDE), renewed.replace(/MII\S+/, "MIIBroken"));
    const invalid = await repository.capstan("validate");
    expect(invalid.exit).toBe(1);
    expect(invalid.stdout).toMatch(/db_client\.yaml:\d+:\d+: error/);
  });

  it("enable changes the staged entry, and says what has to be stated where", async () => {
    await withSigner();
    await repository.must("override", "csr", "db_client", "--sign");
    const staged = await readFile(path(OVERRIDE), "utf8");
    const ran = await repository.must("override", "enable", "db-client");
    expect(await readFile(path(OVERRIDE), "utf8")).toBe(staged.replace("disabled: true", "disabled: false"));
    const [key = ""] = (await repository.keys("db_client")).active;
    const hash = key.slice("sha256:".length);
    expect(ran.stdout).toContain(`\n  capstan acknowledge override/db_client/${hash}\n`);
    expect((await repository.must("override", "enable", "db_client")).stdout).toContain("Nothing to enable");
    const other = await repository.capstan("override", "enable", "db_client", "0".repeat(64));
    expect([other.exit, flat(other.stderr)]).toEqual([1, expect.stringContaining(`it has: ${hash}`)]);
    const host = await repository.capstan("override", "enable", "host");
    expect(flat(host.stderr)).toContain("it can override: db_client, windows");
  });

  it("refuses Teleport's own certificate, behind which no external CA stands", async () => {
    await withSigner();
    const own = await repository.tctl("auth", "export", "--type=db-client");
    await writeFile(path("own.pem"), own.stdout);
    const ran = await repository.capstan("override", "add", "own.pem");
    expect(ran.exit).toBe(1);
    expect(flat(ran.stderr)).toContain("is self-signed, so that it overrides nothing");
    expect((await repository.must("validate")).stdout).toContain("Valid.");
  });

  it("says what a signer said that does not sign", async () => {
    await editCluster((text) =>
      text.replace("  policy:", "  signer:\n    command: [sh, -c, 'echo no quorum >&2; exit 7']\n  policy:"),
    );
    const ran = await repository.capstan("override", "csr", "db_client", "--sign");
    expect(ran.exit).toBe(1);
    expect(flat(ran.stderr)).toContain("exit status 7, no quorum");
  });
});
