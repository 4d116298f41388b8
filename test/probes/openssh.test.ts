import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { RunExecutable } from "../../src/probes/executable.ts";
import type { KeysByRole } from "../../src/rotation/key-sets.ts";
import { describeWith } from "../servers/executables.ts";
import { eventually } from "../servers/server-process.ts";
import { makeSshKey, type SshAuthority } from "../servers/ssh-keys.ts";
import { SSHD_EXECUTABLES, type SshdServer, startSshd } from "../servers/sshd.ts";
import { probeOne, run, sshServer } from "./support.ts";

describeWith(SSHD_EXECUTABLES, "an OpenSSH server", () => {
  let folder: string;
  let [old, fresh, foreign]: SshAuthority[] = [];
  let candidates: KeysByRole;
  let sshd: SshdServer;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "capstan-ssh-authorities-"));
    old = makeSshKey(folder, "old");
    fresh = makeSshKey(folder, "new", "ecdsa");
    foreign = makeSshKey(folder, "foreign");
    candidates = { old: [old.key], new: [fresh.key] };
    sshd = await startSshd({ ed25519: old });
  });

  afterAll(async () => {
    await sshd?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const probe = () => probeOne(sshServer(sshd.port), { candidates });

  it("uses the old CA before anybody touched it, and does not say whom it trusts", async () => {
    const result = await probe();
    expect(result).toMatchObject({
      uses: "old",
      trusts: { old: "unknown", new: "unknown" },
      evidence: { shown: [{ subject: "db-1.acme.cluster", from: [old?.key.fingerprint] }] },
    });
    expect(result.evidence.protocol).toMatch(/^SSH-2\.0-OpenSSH/);
    expect(result.detail).toMatch(/shows a host certificate of the old CA, valid until \d+ \w+ \d{4}; /);
  });

  it.each([
    ["both while one host key is behind", () => ({ ed25519: fresh ?? null, rsa: old ?? null }), "both"],
    ["the new CA once it was reconfigured", () => ({ ed25519: fresh ?? null, rsa: fresh ?? null }), "new"],
    ["neither with a certificate of somebody else", () => ({ ed25519: foreign ?? null }), "neither"],
  ] as const)("uses %s", async (_, authorities, uses) => {
    sshd.reconfigure(authorities());
    expect(await eventually(probe, (result) => result.uses === uses)).toMatchObject({ uses });
  });

  it("uses neither with plain host keys", async () => {
    sshd.reconfigure({ ed25519: null });
    const result = await eventually(probe, ({ detail }) => detail.includes("plain host keys"));
    expect(result).toMatchObject({ uses: "neither" });
    expect(result.detail).toContain("shows no host certificate, only plain host keys");
  });

  it("is unknown while it answers only some of the connections", async () => {
    const half: RunExecutable = async (command) => {
      const { stdout, stderr } = await run(command);
      return { stdout, stderr: stderr.split("\n").slice(1).join("\n") };
    };
    const result = await probeOne(sshServer(sshd.port), { candidates, run: half });
    expect(result).toMatchObject({
      uses: "unknown",
      detail: "answered 2 of 3 connections of ssh-keyscan: is it restarting?",
    });
  });

  it("was never asked to log anybody in", () => {
    expect(sshd.log()).toContain("SSH2_MSG_KEXINIT sent");
    expect(sshd.log()).not.toMatch(/userauth-request|Accepted|Failed|invalid user/i);
  });

  it("is unknown where ssh-keyscan is missing", async () => {
    const result = await probeOne(sshServer(sshd.port), { candidates, sshKeyscan: "/nowhere/ssh-keyscan" });
    expect(result).toMatchObject({
      uses: "unknown",
      detail: "cannot run /nowhere/ssh-keyscan: no such file.",
    });
  });

  it("is unreachable when it is stopped", async () => {
    await sshd.stop();
    expect(await probe()).toMatchObject({
      uses: "unreachable",
      detail: `127.0.0.1:${sshd.port}: connection refused.`,
    });
  });
});
