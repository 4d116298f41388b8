import "../world/in-process.ts";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRunner } from "../../src/process/runner.ts";
import { ExternalCa } from "../sandbox/external-ca.ts";
import { onlyCheck, startAnew } from "../world/checked-repository.ts";
import { type Ran, Repository } from "../world/repository.ts";

/** What is outside the cluster, and told by hand; one sandbox for all of it, a CA after the other. */
let repository: Repository;
let bin: string;

beforeAll(async () => {
  process.env["TELEPORT_PROXY"] = "127.0.0.1:3080";
  repository = await Repository.withSandbox("--nodes", "1", "--agentless", "127.0.0.1:2201");
  bin = join(repository.folder, ".capstan", "sandbox", "bin");
  const identity = join(repository.folder, ".capstan", "probe.pem");
  process.env["CAPSTAN_CHECK_IDENTITY_FILE"] = identity;
  await called("tctl", "auth", "sign", "--user=probe", `--out=${identity}`, "--ttl=8h");
});
afterAll(async () => {
  delete process.env["TELEPORT_PROXY"];
  delete process.env["CAPSTAN_CHECK_IDENTITY_FILE"];
  await repository.remove();
});

/** One of the executables of the sandbox, as a person calls it. */
async function called(tool: string, ...words: readonly string[]): Promise<Ran> {
  const env = { TELEPORT_IDENTITY_FILE: process.env["CAPSTAN_CHECK_IDENTITY_FILE"] };
  const argv = [join(bin, tool), ...words];
  const { exitCode, stdout, stderr } = await createRunner({ cwd: repository.folder }).run({ argv, env });
  return { exit: exitCode, stdout, stderr };
}

const apply = () => repository.capstan("apply", "--auto-approve", "--approve-final");
/** What the plan says, on one line, for whoever reads that a test failed. */
const why = async () => (await repository.capstan("plan")).stdout.replaceAll(/\s+/g, " ");
const oneLine = ({ stderr }: Ran) => stderr.replaceAll(/\s+/g, " ");

const LEGACY =
  "{ name: legacy, kind: ssh, command: [.capstan/sandbox/bin/tsh], login: probe, target: legacy1 }";
const ORDERS =
  "{ name: orders, kind: database, command: [.capstan/sandbox/bin/tsh], target: orders, user: probe }";
const DESKTOP =
  "{ name: desktop, kind: command, command: [.capstan/sandbox/bin/desktop-session, win1], authorities: [windows] }";

describe("an OpenSSH server that was not told of the new openssh CA, although somebody states it", () => {
  const getsIn = async () => (await called("tsh", "ssh", "probe@legacy1", "true")).exit === 0;

  it("is found in update_clients, while all else passes, and the rotation goes back", async () => {
    await onlyCheck(repository, LEGACY);
    await startAnew(repository, "openssh");
    await repository.must("apply", "--auto-approve");
    await repository.state(["openssh/init/trust-both"]);
    await repository.rotate("advance", "openssh");
    expect((await repository.plan()).exit).toBe(2);
    const ran = await apply();
    expect(oneLine(ran)).toMatch(/check legacy failed, 0 of 1: .*unable to authenticate/);
    expect(oneLine(ran)).toMatch(/after update_clients a check failed \(.*\): check\/legacy/);
    expect([3, 4]).toContain(ran.exit);
    expect(await getsIn()).toBe(true);
  });

  it("shuts people out where no check is there to find it", async () => {
    await repository.state(["openssh/rollback/remove-new"]);
    await apply();
    await onlyCheck(repository, null);
    await startAnew(repository, "openssh");
    await repository.must("apply", "--auto-approve");
    await repository.state(["openssh/init/trust-both"]);
    await repository.rotate("advance", "openssh");
    expect((await apply()).exit).toBe(0);
    expect(await getsIn()).toBe(false);
    // Told at last.
    await called("tctl", "auth", "export", "--type=openssh");
    expect(await getsIn()).toBe(true);
    await repository.rotate("rollback", "openssh");
    await apply();
    await repository.state(["openssh/rollback/remove-new"]);
    await apply();
  });
});

describe("a database that was given no certificate of the new db CA, although somebody states it", () => {
  /** Phase by phase, each with its work stated; how the last step ended. */
  async function walk(): Promise<Ran> {
    await startAnew(repository, "db");
    await repository.must("apply", "--auto-approve");
    for (const done of ["db/init/reissue-server-certificates", "db/update_clients/test-connection"]) {
      await repository.state([done]);
      await repository.rotate("advance", "db");
      await repository.must("apply", "--auto-approve");
    }
    await repository.rotate("finish", "db");
    return await apply();
  }

  it("is found in standby, where its fault begins, and the run does not end well", async () => {
    await onlyCheck(repository, ORDERS);
    const ran = await walk();
    expect(ran.exit).toBe(3);
    expect(oneLine(ran)).toMatch(
      /db is in standby, but after standby a check failed \(.*certificate signed by unknown authority\): check\/orders/,
    );
    const out = `--out=${join(repository.folder, ".capstan", "orders")}`;
    expect((await called("tctl", "auth", "sign", "--format=db", "--host=orders", "--ttl=1h", out)).exit).toBe(
      0,
    );
    expect((await repository.capstan("check")).exit).toBe(0);
    // Repaired: the rotation is over when the check has passed.
    const again = await apply();
    expect(again.exit, oneLine(again)).toBe(0);
    expect((await repository.plan()).exit).toBe(0);
  });

  it("shuts people out where no check is there to find it, and nobody hears of it", async () => {
    await onlyCheck(repository, null);
    expect((await walk()).exit).toBe(0);
    await onlyCheck(repository, ORDERS);
    expect((await repository.capstan("check")).exit).toBe(3);
  });
});

describe("windows, overridden by hand", () => {
  const STATED = ["windows/init/desktop-services-aware", "windows/init/trust-both"];
  let external: ExternalCa;

  /** Asked of the sandbox itself. */
  async function keys(): Promise<{ readonly active: string; readonly next: string }> {
    const { active, trusted } = await repository.keys("windows");
    const bare = (key = "") => key.slice("sha256:".length);
    return { active: bare(active[0]), next: bare(trusted[0]) };
  }

  async function override(key: string): Promise<void> {
    const csr = await called("tctl", "auth", "create-override-csr", "--type=windows", `--public-key=${key}`);
    const [certificate, chain] = ["cert.pem", "chain.pem"].map((name) =>
      join(repository.folder, ".capstan", name),
    );
    await writeFile(certificate ?? "", await external.sign(csr.stdout));
    await writeFile(chain ?? "", external.chain.join(""));
    const made = await called(
      "tctl",
      ...["auth", "create-override", "--type=windows", certificate ?? "", chain ?? ""],
    );
    expect(made.stderr).toBe("");
  }

  beforeAll(async () => {
    external = await ExternalCa.create();
    await override((await keys()).active);
  });

  async function toInit(): Promise<string> {
    await startAnew(repository, "windows");
    await repository.must("apply", "--auto-approve");
    return (await keys()).next;
  }

  async function leaveOut(key: string): Promise<void> {
    await repository.edit("*/rotations/*.yaml", (text) => {
      const waiver = `{ guard: overrides, subject: override/windows/${key}, reason: forgotten, expires: 2099-01-01 }`;
      return `${text.trimEnd()}\n  waive:\n    - ${waiver}\n`;
    });
    await repository.state(STATED);
    await repository.rotate("advance", "windows");
  }

  it("the new key's override left out is found in update_clients, and the rotation goes back", async () => {
    await onlyCheck(repository, DESKTOP);
    await leaveOut(await toInit());
    expect((await repository.plan()).exit).toBe(2);
    const ran = await apply();
    expect(oneLine(ran)).toMatch(/check desktop failed, 0 of 1: .*missing in NTAuth/);
    expect(oneLine(ran)).toMatch(/after update_clients a check failed \(.*\): check\/desktop/);
    expect([3, 4]).toContain(ran.exit);
    expect((await called("desktop-session", "win1")).exit).toBe(0);
    await repository.state(["windows/rollback/remove-new"]);
    await apply();
  });

  it("shuts people out where no check is there to find it", async () => {
    await onlyCheck(repository, null);
    await leaveOut(await toInit());
    expect((await apply()).exit).toBe(0);
    expect((await called("desktop-session", "win1")).exit).toBe(1);
    await repository.rotate("rollback", "windows");
    await apply();
    await repository.state(["windows/rollback/remove-new"]);
    await apply();
    expect((await called("desktop-session", "win1")).exit).toBe(0);
  });

  it("a session that proves nothing holds the last step, each with its sentence; a real one ends it", async () => {
    const event = join(repository.folder, ".capstan", "event.json");
    await writeFile(event, "{}");
    await onlyCheck(
      repository,
      "{ name: desktop, kind: command, command: [cat, .capstan/event.json], authorities: [windows] }",
    );
    const before = new Date().toISOString();
    const key = await toInit();
    await override(key);
    const work = [[...STATED, `override/windows/${key}`], ["windows/update_clients/desktop-session"]];
    for (const done of work) {
      await repository.state(done);
      await repository.rotate("advance", "windows");
      expect((await apply()).exit, await why()).toBe(0);
    }
    await repository.rotate("finish", "windows");
    // What the audit log holds of a person who opens a desktop now.
    expect((await called("desktop-session", "win1")).exit).toBe(0);
    const log = await readFile(join(repository.folder, ".capstan", "sandbox", "events.log"), "utf8");
    const start = JSON.parse(log.trim().split("\n").at(-1) ?? "");
    expect(start).toMatchObject({
      event: "windows.desktop.session.start",
      ca_override: { active: true, public_key_hash: key },
    });
    const { active: signing } = await keys();
    expect(signing).toBe(key);
    const wrong = [
      [{ time: before }, /began on .* UTC, before the override was in force/],
      [
        { ca_override: { active: true, public_key_hash: "0".repeat(64) } },
        /was opened by the override of another key/,
      ],
      [{ cluster_name: "leaf.cluster" }, /was in the cluster leaf.cluster, not in acme.cluster/],
      [{ ca_override: undefined }, /went without an override/],
    ] as const;
    for (const [index, [change, sentence]] of wrong.entries()) {
      await writeFile(
        event,
        JSON.stringify({ ...start, sid: `wrong-${index}`, time: new Date(), ...change }),
      );
      const ran = await apply();
      expect(ran.exit, oneLine(ran)).toBe(3);
      const said = await why();
      expect(said).toContain(`no session has shown that it is used (session wrong-${index} `);
      expect(said).toMatch(sentence);
    }

    const script = `#!/bin/sh\n'${bin}/desktop-session' win1 && tail -n 1 .capstan/sandbox/events.log\n`;
    await mkdir(join(repository.folder, "checks"), { recursive: true });
    await writeFile(join(repository.folder, "checks", "desktop"), script);
    await chmod(join(repository.folder, "checks", "desktop"), 0o755);
    await onlyCheck(
      repository,
      "{ name: desktop, kind: command, command: [./checks/desktop], authorities: [windows] }",
    );
    const ran = await apply();
    expect(ran.exit, oneLine(ran)).toBe(0);
  });
});
