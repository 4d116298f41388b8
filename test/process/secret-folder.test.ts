import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSecretFolder } from "../../src/process/secret-folder.ts";

const OUTSIDE = tmpdir();
let temporary: string;

beforeEach(async () => {
  temporary = await mkdtemp(join(OUTSIDE, "capstan-test-"));
  process.env["TMPDIR"] = temporary;
});

afterEach(async () => {
  process.env["TMPDIR"] = OUTSIDE;
  await rm(temporary, { recursive: true, force: true });
});

describe("a folder for secrets", () => {
  it("is readable for its owner only, and gone when it is closed", async () => {
    const folder = await openSecretFolder();
    const path = await folder.write("talosconfig", "a secret");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(path, ".."))).mode & 0o777).toBe(0o700);
    await folder.remove(path);
    await expect(stat(path)).rejects.toThrow();
    await folder.close();
    expect(await readdir(temporary)).toEqual([]);
  });

  it("goes although something that was not waited for still writes into it", async () => {
    for (let round = 0; round < 20; round += 1) {
      const folder = await openSecretFolder();
      const writing = Array.from({ length: 8 }, async () => {
        for (let count = 0; count < 20; count += 1) await folder.write("key", "a secret");
      });
      const written = Promise.allSettled(writing);
      await folder.write("talosconfig", "a secret");
      await folder.close();
      await written;
      expect(await readdir(temporary)).toEqual([]);
    }
  });

  it("takes away what a killed process left, and nothing of one that runs", async () => {
    const gone = (await execa(process.execPath, ["-e", "console.log(process.pid)"])).stdout;
    for (const pid of [gone, String(process.ppid)]) {
      await mkdir(join(temporary, `capstan-secrets-${pid}-abcdef`));
      await writeFile(join(temporary, `capstan-secrets-${pid}-abcdef`, "key"), "a secret");
    }
    const folder = await openSecretFolder();
    await folder.close();
    expect(await readdir(temporary)).toEqual([`capstan-secrets-${process.ppid}-abcdef`]);
  });
});
