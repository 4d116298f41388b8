import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RELEASES } from "../../src/sandbox/teleport/release.ts";
import { needExecutable } from "../servers/executables.ts";
import { type Printed, TimelessTeleport } from "./harness.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "identity-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function signed(teleport: TimelessTeleport, name: string, ttl = "1h"): Promise<string> {
  const file = join(folder, name);
  await teleport.ok("auth", "sign", "--user=capstan", `--out=${file}`, `--ttl=${ttl}`);
  return file;
}

function as(teleport: TimelessTeleport, file: string): Promise<Printed> {
  return teleport.tctl("--identity", file, "--auth-server=127.0.0.1:3025", "status");
}

describe.each(RELEASES)("auth sign --user (%s)", (release) => {
  it("writes a key, both certificates of the user CA, and the host CAs to trust", async () => {
    const teleport = await TimelessTeleport.start({ release });
    const file = join(folder, "identity");
    expect(await teleport.ok("auth", "sign", "--user=capstan", `--out=${file}`)).toBe(
      `\nThe credentials have been written to ${file}\n`,
    );
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const text = readFileSync(file, "utf8");
    const [client, ...hosts] = [...text.matchAll(/-----BEGIN CERT[^-]+-----[^-]+-----END[^-]+-----/g)].map(
      ([pem]) => new X509Certificate(pem),
    );
    expect(text.match(/^@cert-authority .*type=host$|^@cert-authority \*/gm)).toHaveLength(1);
    expect(client?.subject).toContain("CN=capstan");
    expect(hosts).toHaveLength(1);
    const user = await teleport.ok("get", "cas", "--format=json");
    expect(user).toContain('"type": "user"');
    // What OpenSSH makes of the other certificate.
    const ssh = join(folder, "identity-cert.pub");
    writeFileSync(ssh, text.split("\n").find((line) => line.includes("-cert-v01@openssh.com")) ?? "");
    const shown = execFileSync(needExecutable("ssh-keygen", "openssh-client"), ["-L", "-f", ssh], {
      encoding: "utf8",
    });
    expect(shown).toContain('Key ID: "capstan"');
    expect(shown).toMatch(/Type: (ssh-rsa|ecdsa-sha2-nistp256)-cert-v01@openssh\.com user certificate/);
    expect((await as(teleport, file)).exit).toBe(0);
    expect((await teleport.tctl("auth", "sign", "--user=capstan", `--out=${file}`)).stderr).toContain(
      "not overwriting",
    );
    await teleport.platform.stop();
  });
});

describe("an identity", () => {
  it("expires", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    const file = await signed(teleport, "short", "2m");
    await teleport.pass(110);
    expect((await as(teleport, file)).exit).toBe(0);
    await teleport.pass(20);
    expect(await as(teleport, file)).toMatchObject({
      exit: 1,
      stderr: expect.stringContaining("remote error: tls: expired certificate"),
    });
    await teleport.platform.stop();
  });

  it("of before a host rotation is cut off when the auth server serves with the new key", async () => {
    const teleport = await TimelessTeleport.start({ release: "11" });
    const before = await signed(teleport, "before", "10h");
    await teleport.step("init", 90);
    const during = await signed(teleport, "during", "10h");
    await teleport.step("update_clients", 90);
    expect((await as(teleport, before)).exit).toBe(0);
    await teleport.step("update_servers", 90);
    expect(await as(teleport, before)).toMatchObject({
      exit: 1,
      stderr: expect.stringMatching(/^\[CLIENT\].*x509: certificate signed by unknown authority/),
    });
    expect((await as(teleport, during)).exit).toBe(0);
    await teleport.step("standby", 90);
    expect((await as(teleport, during)).exit).toBe(0);
    await teleport.platform.stop();
  });

  it("is let in as long as the user CA that signed it is trusted", async () => {
    const teleport = await TimelessTeleport.start({ release: "17" });
    const file = await signed(teleport, "old", "10h");
    for (const phase of ["init", "update_clients", "update_servers"]) {
      await teleport.rotate("user", phase);
      await teleport.pass(20);
      expect((await as(teleport, file)).exit).toBe(0);
    }
    await teleport.rotate("user", "standby");
    expect((await as(teleport, file)).stderr).toContain("tls: unknown certificate authority");
    expect((await as(teleport, await signed(teleport, "new"))).exit).toBe(0);
    await teleport.platform.stop();
  });

  it("is of a user, in a file, or refused", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    const refused = async (...words: string[]) => (await teleport.tctl("auth", "sign", ...words)).stderr;
    expect(await refused("--user=capstan")).toContain("identity output path is not specified");
    expect(await refused(`--out=${join(folder, "x")}`)).toContain("of users only");
    expect(await refused("--user=capstan", "--format=kubernetes", "--out=x")).toContain("not as");
    await teleport.platform.stop();
  });
});
