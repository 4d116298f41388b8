import "../world/in-process.ts";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { Repository } from "../world/repository.ts";

let repository: Repository;
afterEach(async () => repository.remove());

const KEY = `sha256:${"c".repeat(64)}`;

/** A repository with a rotation of the db pair and one statement in it, without a cluster behind it. */
async function withStatement(statement: string): Promise<void> {
  repository = await Repository.create();
  await mkdir(join(repository.folder, "acme"));
  await writeFile(
    join(repository.folder, "acme", "db.yaml"),
    `kind: cluster
version: v1
metadata: { name: acme.cluster }
spec: { platform: teleport, teleport: { tctl: [no-such-tctl] } }
---
kind: ca_rotation
version: v1
metadata: { name: db-2026-11 }
spec:
  cluster: acme.cluster
  authorities:
    - { type: db, retire: [${KEY}] }
    - { type: db_client, retire: [${KEY.replaceAll("c", "d")}] }
  phase: init
  acknowledge:
    - ${statement}
`,
  );
  await repository.commit("a statement");
}

describe("a wrong acknowledgement", () => {
  it.each([
    ["{ step: db/init/reissue-server-certs, who: ada }", "no step", 'did you mean "db/init/'],
    ["{ step: host/init/known-hosts-both, who: ada }", "which this rotation does not move", null],
    ["{ step: db_client/init/trust-both, who: ada, at: 2199-01-01 }", "in the future", null],
  ])("%s is an error with file and line, before any cluster is asked", async (statement, said, near) => {
    await withStatement(statement);
    const validated = await repository.capstan("validate");
    expect(validated.exit).toBe(1);
    expect(validated.stdout).toContain("acme/db.yaml:16:7: error:");
    expect(validated.stdout.replaceAll(/\s+/g, " ")).toContain(said);
    if (near !== null) expect(validated.stdout).toContain(near);
    for (const command of ["plan", "apply"]) {
      const ran = await repository.capstan(command);
      expect(ran.exit).toBe(1);
      expect(flat(ran.stderr)).toContain("acme/db.yaml:16:7: error:");
      expect(ran.stdout).toBe("");
    }
  });

  const HASH = "0123456789abcdef".repeat(4);

  it.each([
    [`{ step: overide/db_client/${HASH}, who: ada }`, "states nothing", "here stands override/db_client/"],
    [`{ step: "override/db_client/${HASH.replace("0", "f")}", who: ada }`, "git has no", `/${HASH}"?`],
    [
      `{ guard: overrides, subject: override/db-client/${HASH}, reason: why not, expires: 2099-01-01 }`,
      "has no subject",
      `did you mean "override/db_client/${HASH}"?`,
    ],
  ])("outside a rotation: %s", async (statement, said, suggested) => {
    repository = await Repository.create();
    const field = statement.includes("guard") ? "waive" : "acknowledge";
    await writeFile(
      join(repository.folder, "db.yaml"),
      `kind: cluster
version: v1
metadata: { name: acme.cluster }
spec: { platform: teleport, teleport: { tctl: [no-such-tctl] } }
---
kind: cert_authority_override
sub_kind: db_client
version: v1
metadata: { name: acme.cluster }
spec: { certificate_overrides: [{ public_key: ${HASH}, disabled: true }] }
---
kind: certificate_authority
sub_kind: db_client
version: v1
metadata: { name: acme.cluster }
spec:
  active_keys: [sha256:${HASH}]
  ${field}:
    - ${statement}
`,
    );
    await repository.commit("a statement");
    for (const command of ["validate", "plan"]) {
      const ran = await repository.capstan(command);
      expect(ran.exit).toBe(1);
      const text = (ran.stdout + ran.stderr).replaceAll(/\s+/g, " ");
      expect(text).toContain("db.yaml:19:7: error:");
      expect(text).toContain(said);
      expect(text).toContain(suggested);
    }
  });

  it("a right one is none", async () => {
    await withStatement("{ step: db_client/init/trust-both, who: ada, note: all nine, at: 2026-01-02 }");
    expect((await repository.capstan("validate")).exit).toBe(0);
  });

  it("of the attempt before is taken out when a rotation starts again", async () => {
    await withStatement("{ step: db_client/init/trust-both, who: ada }");
    const { stdout } = await repository.must("rotate", "start", "db,db_client", "--reason", "db-2 is back");
    expect(stdout).toContain("1 acknowledgement of the attempt before taken out");
    const text = await readFile(join(repository.folder, "acme", "db.yaml"), "utf8");
    expect(text).not.toContain("acknowledge");
    expect(text).toContain('resume: { reason: "db-2 is back" }');
    expect((await repository.capstan("validate")).exit).toBe(0);
  });
});
