import "../world/in-process.ts";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateIdentity, identityToRecipient } from "age-encryption";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unseal } from "../../src/sealing/seal.ts";
import { flat } from "../world/flat.ts";
import { type Ran, Repository } from "../world/repository.ts";

/** Keeps nothing, but notes what it was told, and says more than it should. */
const KEEP = `
import { readFileSync, writeFileSync } from "node:fs";
writeFileSync(process.argv[2], readFileSync(0));
console.log("kept as password=hunter2hunter2");
console.error("the vault is sealed, token=hunter2hunter2");
process.exit(Number(process.argv[3]));
`;

/** One cluster: refused twice, then a rotation begins with a sealed backup, and another with that of a command. */
describe("a backup with the private keys", () => {
  let repository: Repository;
  /** A folder that is not the repository's. */
  let outside: string;
  let identity: string;
  let before: readonly string[];
  const printed: Ran[] = [];

  async function capstan(...args: readonly string[]): Promise<Ran> {
    const ran = await repository.capstan(...args, "--verbose");
    printed.push(ran);
    return ran;
  }

  /** Every private half, as base64 of PEM, and what of it would stand in PEM. */
  async function privateKeys(): Promise<readonly string[]> {
    const { stdout } = await repository.tctl("get", "cert_authority", "--with-secrets", "--format=json");
    const keys = [...stdout.matchAll(/"(?:private_key|key)": "([^"]+)"/g)].map(([, key]) => key ?? "");
    return keys.flatMap((key) => [key, ...lineOfPem(key)]);
  }

  function lineOfPem(key: string): readonly string[] {
    const line = Buffer.from(key, "base64").toString().split("\n")[1];
    return line === undefined || line === "" ? [] : [line];
  }

  async function backup(yaml: string): Promise<void> {
    await repository.edit(
      "*/cluster.yaml",
      (text) => `${text.replace(/\n {2}backup:.*\n/, "\n").trimEnd()}\n  backup: ${yaml}\n`,
    );
    await repository.commit("backup");
  }

  function keepBy(exit: number): string {
    const command = [process.execPath, join(outside, "keep.mjs"), join(outside, "heard.json"), String(exit)];
    return `{ command: ${JSON.stringify(command)} }`;
  }

  async function phase(): Promise<string | undefined> {
    const { authorities = [] } = (await repository.status()).clusters[0] ?? {};
    return authorities.find(({ type }) => type === "host")?.phase;
  }

  /** Of what capstan keeps and what git has; the sandbox itself has to have its keys somewhere. */
  async function everyFile(): Promise<readonly string[]> {
    const files = await readdir(repository.folder, { recursive: true, withFileTypes: true });
    const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
    return paths.filter((path) => !path.includes("/.capstan/sandbox/"));
  }

  beforeAll(async () => {
    repository = await Repository.withSandbox();
    outside = await mkdtemp(join(tmpdir(), "capstan-keep-"));
    await writeFile(join(outside, "keep.mjs"), KEEP);
    identity = await generateIdentity();
    before = await privateKeys();
    await backup(`{ recipients: [${await identityToRecipient(identity)}] }`);
    await repository.rotate("start", "host");
  });
  afterAll(async () => {
    await rm(outside, { recursive: true });
    await repository.remove();
  });

  it("is refused by the cluster: nothing is changed, and the verb that is missing is named", async () => {
    expect(before.length).toBeGreaterThan(4);
    await repository.must("sandbox", "fault", "tctl", "denied", "--match=--with-secrets");
    const { exit, stderr } = await capstan("apply", "--auto-approve");
    expect(exit).toBe(1);
    expect(flat(stderr)).toContain("the CAs of acme.cluster cannot be backed up");
    expect(flat(stderr)).toContain("the verb read on cert_authority");
    expect(await phase()).toBe("standby");
  });

  it("is the work of a command that fails: nothing is changed", async () => {
    await backup(keepBy(7));
    const failed = await capstan("apply", "--auto-approve");
    expect(failed.exit).toBe(1);
    expect(flat(failed.stderr)).toContain("ended with exit status 7, the vault is sealed, token=[redacted]");
    expect(await phase()).toBe("standby");
  });

  it("is sealed, and opens with the identity", async () => {
    await backup(`{ recipients: [${await identityToRecipient(identity)}] }`);
    const ran = await capstan("apply", "--auto-approve", "--events", join(repository.folder, "events.jsonl"));
    expect(ran.exit).toBe(0);
    expect(flat(ran.stderr)).toContain("the CAs of acme.cluster are backed up with their keys, sealed: ");
    const files = await everyFile();
    const [sealed, ...others] = files.filter((file) => file.endsWith(".age"));
    expect(others).toEqual([]);
    const text = await readFile(sealed ?? "", "utf8");
    expect(text).toMatch(/^-----BEGIN AGE ENCRYPTED FILE-----\n/);
    const opened = await unseal({ keys: [identity], from: "ada" }, text, "the backup");
    // A line of PEM is in there too, within the base64 of its key.
    for (const key of before.filter((key) => key.startsWith("LS0t"))) expect(opened).toContain(key);
    expect(files.some((file) => file.endsWith("journal.jsonl"))).toBe(true);
  });

  it("is the work of a command, which is told what it is about", async () => {
    await repository.rotate("rollback", "host");
    await repository.must("apply", "--auto-approve");
    await backup(keepBy(0));
    await repository.rotate("start", "host", "--reason", "once more");
    const { exit, stderr } = await capstan("apply", "--auto-approve");
    expect(exit).toBe(0);
    expect(flat(stderr)).toContain("the CAs of acme.cluster are backed up with their keys, by ");
    expect(await phase()).toBe("init");
    expect(JSON.parse(await readFile(join(outside, "heard.json"), "utf8"))).toEqual({
      format_version: "1.0",
      at: expect.stringMatching(/Z$/),
      cluster: "acme.cluster",
      platform: "teleport",
      rotation: expect.stringMatching(/^host-/),
      authority: "host",
      phase: "standby",
      to: "init",
      commit: (await repository.git("rev-parse", "HEAD")).trim(),
    });
  });

  it("left no private key in any file, nor in what was printed", async () => {
    const secrets = [...before, ...(await privateKeys()), "hunter2"];
    const files = await everyFile();
    const texts = await Promise.all(
      files.map(async (file) => [file, await readFile(file, "latin1")] as const),
    );
    for (const [where, text] of [
      ...texts,
      ...printed.map((ran) => ["printed", JSON.stringify(ran)] as const),
    ])
      expect(
        secrets.filter((secret) => text.includes(secret)),
        where,
      ).toEqual([]);
    const git = await repository.git("log", "--all", "-p", "--format=%B");
    expect(secrets.filter((secret) => git.includes(secret))).toEqual([]);
  });
});
