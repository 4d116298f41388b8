import "../world/in-process.ts";
import { chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onlyCheck, startAnew } from "../world/checked-repository.ts";
import { flat } from "../world/flat.ts";
import { Repository } from "../world/repository.ts";

/** One sandbox for all of it: a rotation of another CA each time, the last one past its point of no return. */
let repository: Repository;
let bin: string;
let identity: string;

beforeAll(async () => {
  process.env["TELEPORT_PROXY"] = "127.0.0.1:3080";
  repository = await Repository.withSandbox();
  bin = join(repository.folder, ".capstan", "sandbox", "bin");
  identity = join(repository.folder, ".capstan", "probe.pem");
  process.env["CAPSTAN_CHECK_IDENTITY_FILE"] = identity;
  // As tbot does it: whoever logs in has a certificate of now.
  const script = `#!/bin/sh\n'${bin}/tctl' auth sign --user=probe --out='${identity}' --ttl=1h --overwrite >/dev/null || exit 1\nexec '${bin}/tsh' "$@"\n`;
  await mkdir(join(repository.folder, "checks"));
  await writeFile(join(repository.folder, "checks", "tsh"), script);
  await chmod(join(repository.folder, "checks", "tsh"), 0o755);
  await repository.commit("how checks log in");
});
afterAll(async () => {
  delete process.env["TELEPORT_PROXY"];
  delete process.env["CAPSTAN_CHECK_IDENTITY_FILE"];
  await repository.remove();
});

const LOGIN = "{ name: login, kind: ssh, command: [./checks/tsh], login: probe, target: node1 }";
const ORDERS = "{ name: orders, kind: database, command: [./checks/tsh], target: orders, user: probe }";

const checks = (check: string | null) => onlyCheck(repository, check);

/** Whether a person with a certificate of now gets in: the sandbox's own view. */
async function getsIn(...words: readonly string[]): Promise<boolean> {
  const home = join(repository.folder, ".capstan", "home");
  await repository.tctl("auth", "sign", "--user=probe", `--out=${identity}`, "--ttl=1h", "--overwrite");
  const tsh = join(bin, "tsh");
  if (words[0] === "ssh") {
    const env = { TELEPORT_IDENTITY_FILE: identity };
    return (await execa(tsh, words, { reject: false, env })).exitCode === 0;
  }
  const login = { TELEPORT_IDENTITY_FILE: identity, TELEPORT_HOME: home };
  await execa(tsh, ["login"], { env: login });
  return (await execa(tsh, words, { reject: false, env: { TELEPORT_HOME: home } })).exitCode === 0;
}

const apply = () => repository.capstan("apply", "--auto-approve", "--approve-final");

/** A new rotation of a CA whose last one was rolled back, without what was stated for that. */
async function again(type: string): Promise<void> {
  await startAnew(repository, type);
  await repository.must("apply", "--auto-approve");
}

it("capstan check says who gets in, and changes nothing", async () => {
  await checks(LOGIN.replace("target: node1", "sample: 9"));
  const calls = await repository.calls();
  const ran = await repository.capstan("check");
  expect(ran.exit).toBe(0);
  expect(ran.stdout).toMatch(/login {2}passed, 4 of 4 {2}\(ssh: people who log in to nodes\)/);
  const since = (await repository.calls()).slice(calls.length).map((argv) => argv.join(" "));
  expect(since.filter((line) => /auth rotate|create|edit/.test(line))).toEqual([]);
  expect(await repository.git("status", "--porcelain")).toBe("");
});

describe("a database that nobody told of the new db_client CA, although somebody states it", () => {
  it("is found in update_clients, while all else passes, and the rotation goes back", async () => {
    await checks(ORDERS);
    await repository.rotate("start", "db_client");
    await repository.must("apply", "--auto-approve");
    await repository.state(["db_client/init/trust-both"]);
    await repository.rotate("advance", "db_client");
    expect((await repository.plan()).exit).toBe(2);
    const ran = await apply();
    const said = flat(ran.stderr);
    expect(said).toMatch(/check orders failed, 0 of 1: .*unknown certificate authority/);
    // It goes back by itself, and its end waits for the work by hand of a rollback.
    expect(ran.exit).toBe(3);
    expect(said).toMatch(/it was turned back as after update_clients a check failed \(.*\): check\/orders/);
    expect(await getsIn("db", "connect", "--db-user=probe", "orders")).toBe(true);
  });

  it("shuts people out where no check is there to find it", async () => {
    await repository.state(["db_client/rollback/remove-new"]);
    await repository.capstan("apply", "--auto-approve", "--approve-final");
    await checks(null);
    await again("db_client");
    await repository.state(["db_client/init/trust-both"]);
    await repository.rotate("advance", "db_client");
    expect((await apply()).exit).toBe(0);
    expect(await getsIn("db", "connect", "--db-user=probe", "orders")).toBe(false);
    // The check finds it before any later step, too.
    await checks(ORDERS);
    await repository.rotate("advance", "db_client");
    expect((await apply()).exit).toBe(3);
    await repository.rotate("rollback", "db_client");
    await apply();
    await repository.state(["db_client/rollback/remove-new"]);
    await apply();
    expect(await getsIn("db", "connect", "--db-user=probe", "orders")).toBe(true);
  });
});

describe("a node that does not learn of the new user CA", () => {
  it("is found in update_clients, and the rotation goes back", async () => {
    await checks(LOGIN);
    await repository.must("sandbox", "fault", "node1", "stuck");
    await rm(join(repository.folder, "clusters/acme.cluster/rotations"), { recursive: true });
    await repository.rotate("start", "user");
    await repository.must("apply", "--auto-approve");
    await repository.state(["user/init/direct-trust-both"]);
    await repository.rotate("advance", "user");
    expect((await repository.plan()).exit).toBe(2);
    const ran = await apply();
    const said = flat(ran.stderr);
    expect(said).toMatch(/check login failed, 0 of 1: exit status 1, it said: ERROR: access denied to probe/);
    expect(said).toMatch(/it was turned back as after update_clients a check failed \(.*\): check\/login/);
    expect(await getsIn("ssh", "probe@node1", "true")).toBe(true);
  });

  it("shuts people out where no check is there to find it", async () => {
    await repository.state(["user/rollback/direct-trust-remove-new"]);
    await apply();
    await checks(null);
    await again("user");
    await repository.state(["user/init/direct-trust-both"]);
    await repository.rotate("advance", "user");
    expect((await apply()).exit).toBe(0);
    expect(await getsIn("ssh", "probe@node1", "true")).toBe(false);
    expect(await getsIn("ssh", "probe@node2", "true")).toBe(true);
    await repository.rotate("rollback", "user");
    await apply();
    await repository.state(["user/rollback/direct-trust-remove-new"]);
    await apply();
    await repository.must("sandbox", "fault", "node1", "clear");
  });
});

describe("a person who logged in before the rotation of the host CA, and never since", () => {
  const ROBOT =
    "{ name: robot, kind: ssh, command: [.capstan/sandbox/bin/tsh], login: probe, target: node2 }";
  let old: string;

  beforeAll(async () => {
    old = join(repository.folder, ".capstan", "old.pem");
    await repository.tctl("auth", "sign", "--user=probe", `--out=${old}`, "--ttl=8h");
    process.env["CAPSTAN_CHECK_IDENTITY_FILE"] = old;
    await rm(join(repository.folder, "clusters/acme.cluster/rotations"), { recursive: true, force: true });
  });

  it("is found in update_servers, and the rotation is rolled back with the reason", async () => {
    await checks(ROBOT);
    await repository.rotate("start", "host", "--strategy", "walk");
    const ran = await apply();
    expect(ran.exit).toBe(4);
    expect(flat(ran.stderr)).toContain(
      "rolled-back: after update_servers a check failed (exit status 1, it said: ERROR: x509: certificate signed by unknown authority): check/robot",
    );
  });

  it("is shut out where no check is there to find it", async () => {
    await checks(null);
    await rm(join(repository.folder, "clusters/acme.cluster/rotations"), { recursive: true });
    await repository.rotate("start", "host", "--strategy", "walk", "--reason", "once more");
    expect((await apply()).exit).toBe(0);
    const env = { TELEPORT_IDENTITY_FILE: old };
    const ran = await execa(join(bin, "tsh"), ["ssh", "probe@node2", "true"], { reject: false, env });
    expect(flat(ran.stderr)).toContain("certificate signed by unknown authority");
    expect(await getsIn("ssh", "probe@node2", "true")).toBe(true);
  });
});
