import "../world/in-process.ts";
import { X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { Repository } from "../world/repository.ts";

let repository: Repository;
afterEach(async () => repository.remove());

async function cluster(): Promise<string> {
  return (await repository.status()).clusters[0]?.name ?? "";
}

describe("capstan artifacts", () => {
  it("writes both CAs during a rotation, the same bytes each time, and cleans up after it", async () => {
    repository = await Repository.withSandbox();
    const out = join(repository.folder, "out", await cluster(), "host");
    const before = await repository.keys();
    await repository.must("artifacts", "--out", "out", "--type", "host");
    await repository.walkTo("init");
    const first = await repository.must("artifacts", "--out", "out", "--type", "host");
    expect(first.stdout.replaceAll(/\s+/g, " ")).toContain(
      `removed ${await cluster()}/host/tls/current.pem: its key is in old.pem now`,
    );
    const trusted = (await repository.keys()).trusted;
    const pins = (await readFile(join(out, "ca-pins.txt"), "utf8")).trim().split("\n");
    expect(pins).toEqual([...before.active, ...trusted]);
    const bundle = await readFile(join(out, "tls", "bundle.pem"), "utf8");
    const certificates = bundle.match(/-----BEGIN[\s\S]*?-----END CERTIFICATE-----\n/g) ?? [];
    expect(certificates).toHaveLength(2);
    for (const pem of certificates) expect(new X509Certificate(pem).ca).toBe(true);
    expect(await readFile(join(out, "ssh", "bundle.known_hosts"), "utf8")).toMatch(
      /^@cert-authority .*\n@cert-authority .*\n$/,
    );
    const again = await repository.must("artifacts", "--out", "out", "--type", "host");
    expect(again.stdout).toMatch(/^0 files written, \d+ unchanged/);

    // The rest of the walk, then a file that is ours no more.
    for (const action of ["advance", "advance", "finish"]) {
      await repository.rotate(action, "host");
      await repository.must("apply", "--auto-approve", "--approve-final");
    }
    const after = await repository.must("artifacts", "--out", "out", "--type", "host");
    const said = after.stdout.replaceAll(/\s+/g, " ");
    expect(said).toContain(`removed ${await cluster()}/host/tls/old.pem: the CA has its key no more`);
    expect(said).toContain(`removed ${await cluster()}/host/tls/new.pem: its key is in current.pem now`);
    expect((await readFile(join(out, "ca-pins.txt"), "utf8")).trim()).toBe(trusted[0]);
  });

  it("overwrites nothing that it did not write", async () => {
    repository = await Repository.withSandbox();
    await repository.must("artifacts", "--out", "out", "--type", "db-client");
    const file = join(repository.folder, "out", await cluster(), "db_client", "tls", "bundle.pem");
    await writeFile(file, "somebody's own\n");
    const refused = await repository.capstan("artifacts", "--out", "out");
    expect(refused.exit).toBe(1);
    expect(flat(refused.stderr)).toContain("did not write");
    expect(flat(refused.stderr)).toContain("tls/bundle.pem");
    expect(await readFile(file, "utf8")).toBe("somebody's own\n");
    const unknown = await repository.capstan("artifacts", "--out", "out", "--type", "hots");
    expect(unknown.exit).toBe(1);
    expect(flat(unknown.stderr)).toContain('did you mean "host"?');
  });
});
