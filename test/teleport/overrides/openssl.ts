import "reflect-metadata";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KeyUsageFlags } from "@peculiar/x509";
import { certify, DAY, type Issuer, NOW, newKeys } from "./pki.ts";

/** The one of the machine: a second opinion that shares no code with the one under test. */
const OPENSSL = "openssl";

export const HAS_OPENSSL = spawnSync(OPENSSL, ["version"]).status === 0;

interface Session {
  /** Standard output and standard error of one call, apart, whatever its exit code. */
  readonly run: (line: string, input?: string | Buffer) => { readonly out: Buffer; readonly err: string };
  readonly read: (file: string) => string;
}

/** Runs openssl in a folder of its own, which is gone afterwards. */
export function withOpenssl<T>(files: Readonly<Record<string, string>>, use: (session: Session) => T): T {
  const cwd = mkdtempSync(join(tmpdir(), "capstan-openssl-"));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content);
    return use({
      run: (line, input) => {
        const { stdout, stderr } = spawnSync(OPENSSL, line.split(" "), { cwd, input: input ?? "" });
        return { out: stdout, err: String(stderr) };
      },
      read: (file) => readFileSync(join(cwd, file), "utf8"),
    });
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

export function opensslText(pem: string): string {
  return withOpenssl({}, ({ run }) => String(run("x509 -noout -text", pem).out));
}

/**
 * What a database says that trusts only the root: a client certificate below the override, with the chain that
 * Teleport sends along. The security level is the one of Debian's OpenSSL.
 */
export async function verifyDownstream(
  override: Issuer,
  chain: readonly string[],
  roots: readonly string[],
): Promise<string> {
  const client = await certify(await newKeys(), override, {
    subject: "CN=alice",
    basic: { ca: false },
    usage: { flags: KeyUsageFlags.digitalSignature },
    extendedUsage: ["1.3.6.1.5.5.7.3.2"],
    notAfter: NOW + DAY,
    notBefore: NOW - DAY,
  });
  const files = {
    "root.pem": roots.join(""),
    "chain.pem": [override.pem, ...chain].join(""),
    "client.pem": client.pem,
  };
  return withOpenssl(files, ({ run }) => {
    const trust = "-no-CApath -no-CAstore -CAfile root.pem -untrusted chain.pem";
    const { out, err } = run(
      `verify -auth_level 2 -purpose sslclient -attime ${NOW / 1000} ${trust} client.pem`,
    );
    return `${out}${err}`;
  });
}

/** An override below a root of X.509 version 1, which has no extensions at all: only openssl still makes one. */
export function chainOfVersion1(): { readonly certificate: string; readonly chain: readonly string[] } {
  const newKey = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
  const extensions = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n";
  return withOpenssl({ "ca.ext": extensions }, ({ run, read }) => {
    run(`req -new ${newKey} -keyout root.key -out root.csr -subj /CN=Version1`);
    run("x509 -req -in root.csr -key root.key -days 3650 -out root.pem");
    run(`req -new ${newKey} -keyout sub.key -out sub.csr -subj /O=mycluster`);
    run(
      "x509 -req -in sub.csr -CA root.pem -CAkey root.key -CAcreateserial -days 3000 -extfile ca.ext -out sub.pem",
    );
    return { certificate: read("sub.pem"), chain: [read("root.pem")] };
  });
}
