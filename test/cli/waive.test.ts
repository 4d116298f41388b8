import "../world/in-process.ts";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { guardOf, Repository } from "../world/repository.ts";

const WAIVE = ["waive", "roster", "node/node2", "--reason", "scrapped", "--expires"] as const;

/** One line of words: text is wrapped at 80 columns. */
function flat({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string {
  return (stdout + stderr).replaceAll(/\s+/g, " ");
}

describe("a machine that is gone", () => {
  let repository: Repository;
  beforeAll(async () => {
    repository = await Repository.withSandbox();
    await repository.walkTo("init");
    await repository.must("sandbox", "fault", "node2", "offline", "--expired");
    await repository.rotate("advance", "host");
  });
  afterAll(async () => repository.remove());

  const rotation = async () => (await repository.git("ls-files", "*rotations*")).trim();

  it("blocks, with the command that accepts it on a line of its own", async () => {
    const { stdout, exit } = await repository.capstan("plan");
    expect(exit).toBe(3);
    expect(stdout).toMatch(/^ +capstan waive roster node\/node2 --reason REASON --expires 14d$/m);
  });

  it.each([
    [["waive", "roster", "node/nod2", "--reason", "gone", "--expires", "3d"], "did you mean node/node2?"],
    [["waive", "roster", "node2", "--reason", "gone", "--expires", "3d"], "no finding of"],
    [["waive", "window", "authority/host", "--reason", "a", "--expires", "3d"], "nothing to accept"],
    [["waive", "exclusive", "authority/host", "--reason", "a", "--expires", "3d"], "cannot be waived"],
    [["waive", "rosters", "node/node2", "--reason", "a", "--expires", "3d"], 'did you mean "roster"?'],
    [["waive", "roster", "node/node2", "--reason", "REASON", "--expires", "14d"], "is no reason"],
    [[...WAIVE, "91d"], "more than 90 days"],
    [[...WAIVE, "2999-01-01"], "more than 90 days"],
    [[...WAIVE, "2020-01-01"], "over already"],
    [[...WAIVE, "soon"], "neither a date nor a duration"],
    [[...WAIVE, "3d", "--rotation", "host-2020"], "git has no rotation"],
  ])("%j is refused, and writes nothing", async (argv, said) => {
    const ran = await repository.capstan(...argv);
    expect(ran.exit).toBe(1);
    expect(flat(ran)).toContain(said);
    expect(await repository.git("status", "--porcelain")).toBe("");
  });

  it("is accepted by one command, in the file of the rotation, whose comments stay", async () => {
    const file = await rotation();
    const before = await readFile(join(repository.folder, file), "utf8");
    const { stdout } = await repository.must(...WAIVE, "7d");
    expect(stdout).toContain(`${file}: `);
    expect(stdout).toContain("Commit it");
    const after = await readFile(join(repository.folder, file), "utf8");
    const end = new Date(Date.now() + 7 * 24 * 3_600_000).toISOString().slice(0, 10);
    expect(after).toBe(
      `${before}  waive:\n    - guard: roster\n      subject: node/node2\n      reason: scrapped\n      expires: ${end}\n`,
    );
    await repository.commit("node2 is gone for good");
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(2);
    expect(guardOf(plan, "roster")?.waived.map(({ subject, reason }) => [subject, reason])).toEqual([
      ["node/node2", "scrapped"],
    ]);
  });

  it("lasts longer by the same command with a later end, which then counts; an earlier one is refused", async () => {
    const same = await repository.capstan(...WAIVE, "1d");
    expect(same.exit).toBe(1);
    expect(flat(same)).toMatch(/waives roster for node\/node2 until .* already: scrapped/);
    expect(await repository.git("status", "--porcelain")).toBe("");
    await repository.must("waive", "roster", "node/node2", "--reason", "still scrapped", "--expires", "20d");
    const plan = await repository.capstan("plan", "--uncommitted");
    expect(plan.exit).toBe(2);
    expect(flat(plan)).toContain("waived: still scrapped, until");
    await repository.git("checkout", ".");
  });

  it("a rotation that is named is taken at its word, from another folder too", async () => {
    const name = (await rotation()).replace(/.*\//, "").replace(".yaml", "");
    const argv = ["waive", "soak", "authority/host", "--reason", "a drill", "--expires", "36h"];
    await repository.must(...argv, "--rotation", name, "-C", ".");
    const text = await readFile(join(repository.folder, await rotation()), "utf8");
    expect(text).toMatch(
      /- guard: soak\n {6}subject: authority\/host\n {6}reason: a drill\n {6}expires: \d{4}-\d\d-\d\dT[\d:]{8}Z\n$/,
    );
    expect((await repository.capstan("validate")).exit).toBe(0);
    await repository.git("checkout", "--quiet", ".");
  });
});

const KEY = `sha256:${"c".repeat(64)}`;

/** Without a cluster behind it. */
async function offline(resources: string): Promise<Repository> {
  const repository = await Repository.create();
  await mkdir(join(repository.folder, "acme"));
  await writeFile(
    join(repository.folder, "acme", "db.yaml"),
    `kind: cluster
version: v1
metadata: { name: acme.cluster }
spec: { platform: teleport, teleport: { tctl: [no-such-tctl] } }
${resources}`,
  );
  await repository.commit("resources");
  return repository;
}

function pair(name: string, rest = ""): string {
  return `---
kind: ca_rotation # ours
version: v1
metadata: { name: ${name} }
spec:
  cluster: acme.cluster
  authorities:
    - { type: db, retire: [${KEY}] }
    - { type: db_client, retire: [${KEY.replaceAll("c", "d")}] }
  phase: init # since monday
${rest}`;
}

describe("work by hand", () => {
  let repository: Repository;
  afterEach(async () => repository.remove());
  const file = () => readFile(join(repository.folder, "acme", "db.yaml"), "utf8");
  const TRUST = "db_client/init/trust-both";

  it("is stated as the git user, several at once, without asking a cluster", async () => {
    repository = await offline(pair("db-2026-11"));
    const { stdout } = await repository.must(
      ...[
        "acknowledge",
        TRUST,
        "db/init/trust-both-clients",
        "--note",
        "all nine: done",
        "--evidence",
        "OPS-117",
      ],
    );
    expect(stdout).toContain(`test <test@localhost> states ${TRUST}`);
    const text = await file();
    expect(text).toContain("  phase: init # since monday\n  acknowledge:\n");
    for (const step of [TRUST, "db/init/trust-both-clients"]) {
      expect(text).toMatch(
        new RegExp(
          `    - step: ${step}\n      who: test <test@localhost>\n      note: "all nine: done"\n      evidence: OPS-117\n      at: \\d{4}-\\d\\d-\\d\\dT[\\d:]{8}Z\n`,
        ),
      );
    }
    expect((await repository.capstan("validate")).exit).toBe(0);
    const again = await repository.must("acknowledge", TRUST);
    expect(again.stdout).toContain("is stated already");
    expect(await file()).toBe(text);
  });

  it.each([
    [["acknowledge", "db_client/init/trust-bot"], 'did you mean "db_client/init/trust-both"?'],
    [["acknowledge", "host/init/known-hosts-both"], "which this rotation does not move"],
    [["acknowledge"], "no work is named"],
    [["acknowledge", "--all-open"], "takes a terminal"],
    [["acknowledge", TRUST, "--rotation", "db-2020"], "git has no rotation"],
  ])("%j is refused, and writes nothing", async (argv, said) => {
    repository = await offline(pair("db-2026-11"));
    const ran = await repository.capstan(...argv);
    expect([ran.exit, flat(ran)]).toEqual([1, expect.stringContaining(said)]);
    expect(await repository.git("status", "--porcelain")).toBe("");
  });

  it("where several rotations have it, each is offered as a line to paste", async () => {
    const beta =
      "---\nkind: cluster\nversion: v1\nmetadata: { name: beta.cluster }\nspec: { platform: teleport, teleport: { tctl: [no-such-tctl] } }\n";
    repository = await offline(
      pair("db-2026-11") + beta + pair("db-2026-11").replace("acme.cluster", "beta.cluster"),
    );
    const ran = await repository.capstan("acknowledge", TRUST);
    expect(ran.exit).toBe(1);
    expect(ran.stderr).toMatch(/^ {4}capstan acknowledge \S+ --rotation beta.cluster\/db-2026-11$/m);
    await repository.must("acknowledge", TRUST, "--rotation", "beta.cluster/db-2026-11");
    expect((await file()).indexOf("acknowledge")).toBeGreaterThan((await file()).indexOf("cluster: beta"));
  });

  it("a name that nobody has is refused, by validate too", async () => {
    repository = await offline(pair("db-2026-11", `  acknowledge: [{ step: ${TRUST}, who: YOU }]\n`));
    const validated = await repository.capstan("validate");
    expect(validated.exit).toBe(1);
    expect(flat(validated)).toContain('is acknowledged by "YOU", which is nobody');
    expect(flat(validated)).toContain(`capstan acknowledge ${TRUST}`);
  });

  it.each([
    ["{ guard: exclusive, subject: authority/db, reason: x y, expires: 2999-01-01 }", "cannot be waived"],
    ["{ guard: window, subject: authority/host, reason: x y, expires: 2999-01-01 }", "does not move"],
    ["{ guard: roster, subject: nodes/a, reason: x y, expires: 2999-01-01 }", "is about"],
    ["{ guard: window, subject: authority/db, reason: TODO, expires: 2999-01-01 }", "is no reason"],
  ])("validate refuses %s", async (waiver, said) => {
    repository = await offline(pair("db-2026-11", `  waive: [${waiver}]\n`));
    const validated = await repository.capstan("validate");
    expect(validated.exit).toBe(1);
    expect(validated.stdout).toContain("acme/db.yaml:15:");
    expect(flat(validated)).toContain(said);
  });

  it("what is accepted or stated of an override without a rotation stands in its CA", async () => {
    const hash = "0123456789abcdef".repeat(4);
    repository = await offline(`---
kind: certificate_authority
sub_kind: windows
version: v1
metadata: { name: acme.cluster }
spec:
  active_keys: [sha256:${hash}]
`);
    await repository.must("acknowledge", `override/windows/${hash}`, "--note", "in NTAuth");
    await repository.must(
      ...["waive", "overrides", `override/windows/${hash}`, "--reason", "retired", "--expires", "30d"],
    );
    const text = await file();
    expect(text).toContain(`  acknowledge:\n    - step: override/windows/${hash}\n`);
    expect(text).toContain(`  waive:\n    - guard: overrides\n      subject: override/windows/${hash}\n`);
    expect((await repository.capstan("validate")).exit).toBe(0);
  });
});
