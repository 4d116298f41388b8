import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { stepsOf } from "../../src/checklist/checklist.ts";
import type { OverridePlan } from "../../src/overrides/plan.ts";
import { type RunningSandbox, startSandbox } from "../../src/sandbox/start.ts";
import { issueDatabaseClient } from "../../src/sandbox/teleport/database-client.ts";
import { Database } from "../sandbox/database.ts";
import { ExternalCa } from "../sandbox/external-ca.ts";
import { guardOf, Repository, subjectsOf } from "../world/repository.ts";

/** Many commits, each with several runs of the real executable. */
const MINUTES = 5 * 60_000;

const HOME = join("clusters", "acme.cluster");
const OVERRIDE = join(HOME, "overrides", "db_client.yaml");

let repository: Repository;
let sandbox: RunningSandbox;
let external: ExternalCa;
let database: Database;

beforeEach(async () => {
  repository = await Repository.create();
  // In this process, so that its Database Service can be watched at work.
  const dir = join(repository.folder, ".capstan", "sandbox");
  sandbox = await startSandbox({ dir, speed: 200, nodes: 1 });
  external = await ExternalCa.create();
  database = await Database.trusting(external.root, await client());
  await repository.must("init");
  await repository.commit("what is live");
});
afterEach(async () => {
  await database.close();
  await sandbox.stop();
  await repository.remove();
});

const client = () => issueDatabaseClient(sandbox.teleport.world, "alice");
const visit = async () => database.connect(await client());
const apply = () => repository.capstan("apply", "--auto-approve", "--approve-final");

async function applied(): Promise<void> {
  const ran = await apply();
  if (ran.exit !== 0) throw new Error(`apply ended with ${ran.exit}\n${ran.stdout}\n${ran.stderr}`);
}

async function overridePlan(): Promise<OverridePlan> {
  const [override] = (await repository.plan()).plan.clusters[0]?.overrides ?? [];
  if (override === undefined) throw new Error("the plan has no override");
  return override;
}

/** Asked of the sandbox itself: the real executable takes a second or two. */
function hashes() {
  const db = sandbox.teleport.status().authorities.find(({ type }) => type === "db_client");
  const bare = (keys: readonly string[] = []) => keys.map((key) => key.slice("sha256:".length));
  const [signing = ""] = bare(db?.active);
  const [other = ""] = bare(db?.trusted);
  return { signing, other, phase: db?.phase };
}

async function edit(file: string, change: (text: string) => string): Promise<void> {
  const path = join(repository.folder, file);
  await writeFile(path, change(await readFile(path, "utf8")));
}

/** Adds an item to a list in the spec of a resource, as a person would in an editor. */
async function addTo(file: string, of: (resource: Resource) => boolean, field: string, item: unknown) {
  await edit(file, (text) =>
    parseAllDocuments(text)
      .map((document) => {
        if (of(document.toJS() as Resource)) {
          if (document.hasIn(["spec", field])) document.addIn(["spec", field], item);
          else document.setIn(["spec", field], [item]);
        }
        return String(document);
      })
      .join(""),
  );
}

interface Resource {
  readonly kind: string;
  readonly sub_kind?: string;
}

const ROTATION = /rotations\/[^\s:]+\.yaml/;
async function rotationFile(): Promise<string> {
  const [found = ""] = ROTATION.exec(await repository.git("ls-files")) ?? [];
  return join(HOME, found);
}

/** The commit that starts it; all other work by hand is stated to be done, as it is not the question here. */
async function startRotation(): Promise<void> {
  await repository.rotate("start", "db_client");
  const file = await rotationFile();
  for (const { id } of stepsOf("db_client")) {
    await addTo(file, () => true, "acknowledge", { step: id, who: "ada@example.com" });
  }
  await repository.commit("what was done by hand");
}

/** The commit that puts the certificate for a key into git, staged. */
async function stage(keyHash: string): Promise<void> {
  const ran = await repository.must("override", "csr", "db_client", "--public-key", keyHash);
  const [file = ""] = /\S+-csr\.pem/.exec(ran.stdout) ?? [];
  const signed = await external.sign(await readFile(join(repository.folder, file), "utf8"));
  await writeFile(join(repository.folder, "signed.pem"), signed + external.chain.join(""));
  await repository.must("override", "add", "signed.pem");
  await repository.commit(`stage ${keyHash.slice(0, 8)}`);
}

/** The commit that enables an entry and says that everybody trusts it. */
async function enable(keyHash: string, inRotation: boolean): Promise<void> {
  await edit(OVERRIDE, (text) =>
    text.replace(
      `public_key: ${keyHash}\n      disabled: true`,
      `public_key: ${keyHash}\n      disabled: false`,
    ),
  );
  const acknowledgement = { step: `override/db_client/${keyHash}`, who: "ada@example.com" };
  if (inRotation) await addTo(await rotationFile(), () => true, "acknowledge", acknowledgement);
  else {
    const isCa = ({ kind, sub_kind }: Resource) =>
      kind === "certificate_authority" && sub_kind === "db_client";
    await addTo(join(HOME, "authorities.yaml"), isCa, "acknowledge", acknowledgement);
  }
  await repository.commit(`enable ${keyHash.slice(0, 8)}`);
}

/** From nothing to a steady override (row S2), with a database that trusts only the external root. */
async function adopt(): Promise<string> {
  const { signing } = hashes();
  await stage(signing);
  await applied();
  expect(await visit()).not.toBeNull();
  await enable(signing, false);
  await applied();
  expect(await visit()).toBeNull();
  return signing;
}

/** Up to init, with the new key's certificate in force as soon as it signs (row I3). */
async function arm(): Promise<{ readonly old: string; readonly next: string }> {
  const old = await adopt();
  await startRotation();
  await applied();
  const [due] = (await overridePlan()).due;
  expect(due?.command).toBe(`capstan override csr db_client --public-key ${due?.key_hash}`);
  const next = due?.key_hash ?? "";
  expect(next).toBe(hashes().other);
  await stage(next);
  await applied();
  await enable(next, true);
  await applied();
  expect((await overridePlan()).row).toBe("I3");
  return { old, next };
}

/** A client that connects all the time; what went wrong is told by `stop`. */
function connectAllTheTime() {
  let running = true;
  let visits = 0;
  const failures: string[] = [];
  const loop = (async () => {
    while (running) {
      const failure = await visit();
      visits += 1;
      if (failure !== null) failures.push(failure);
      // A busy client, not one that starves the machine.
      await delay(25);
    }
  })();
  return {
    stop: async () => {
      running = false;
      await loop;
      return { visits, failures };
    },
  };
}

async function deleteByHand(keyHash: string): Promise<void> {
  const { exit, stderr } = await repository.tctl(
    "auth",
    "delete-override",
    "--type=db_client",
    `--public-key=${keyHash}`,
  );
  expect(stderr).toBe("");
  expect(exit).toBe(0);
}

describe("the safe procedure (reference 5.4)", { timeout: MINUTES }, () => {
  it("goes from standby to standby by commits, and a database client never fails", async () => {
    await adopt();
    const traffic = connectAllTheTime();
    const { signing: old } = hashes();
    await startRotation();
    await applied();
    const { other: next } = hashes();
    await stage(next);
    await applied();
    await enable(next, true);
    await applied();
    for (const _ of ["update_clients", "update_servers"]) {
      await repository.rotate("advance", "db_client");
      await applied();
    }
    expect((await overridePlan()).row).toBe("U1");
    await repository.must("rotate", "finish", "db_client");
    await repository.must("override", "retire", "db_client");
    await repository.commit("finish, and retire the old key's override");
    const { plan } = await repository.plan();
    expect(plan.clusters[0]?.overrides[0]?.actions).toMatchObject([
      { purpose: "retire", key_hash: old, moment: "after-standby" },
    ]);
    await applied();
    const { visits, failures } = await traffic.stop();
    expect(failures).toEqual([]);
    expect(visits).toBeGreaterThan(20);

    expect(hashes().signing).toBe(next);
    const live = sandbox.teleport.world.overrides.current("db_client");
    expect(live?.entries).toMatchObject([{ keyHash: next, disabled: false }]);
    const after = await repository.plan();
    expect(after.exit).toBe(0);
    expect(after.plan.clusters[0]?.drift).toEqual([]);
    const calls = await repository.calls();
    const entryCalls = calls.filter(
      ([first, second]) => first === "auth" && second?.endsWith("-override") && !second.startsWith("pub"),
    );
    expect(entryCalls.filter((argv) => !argv.includes("--help")).map(([, name]) => name)).toEqual([
      "create-override",
      "update-override",
      "create-override",
      "update-override",
      "delete-override",
    ]);
    expect(calls.flat()).not.toContain("--force");
    expect(calls.some(([first]) => first === "create" || first === "edit")).toBe(false);
  });

  it("puts staging, the revocation list, enabling and the step in this order when one commit asks for all", async () => {
    await adopt();
    await startRotation();
    await applied();
    const { other: next } = hashes();
    await stage(next);
    await enable(next, true);
    await repository.rotate("advance", "db_client");
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(2);
    expect(plan.clusters[0]?.overrides[0]?.actions.map(({ purpose }) => purpose)).toEqual([
      "stage",
      "await-crl",
      "enable",
    ]);
    const before = (await repository.calls()).length;
    await applied();
    const changes = (await repository.calls())
      .slice(before)
      .filter((argv) => argv[0] === "auth" && !argv.includes("--help"))
      .map(([, name]) => name);
    expect(changes).toEqual(["create-override", "update-override", "rotate"]);
    expect(await visit()).toBeNull();
  });
});

describe("a new key without an override", { timeout: MINUTES }, () => {
  it("is blocked before it signs; with the guard waived, the client fails", async () => {
    await adopt();
    await startRotation();
    await applied();
    const { other: next } = hashes();
    await repository.rotate("advance", "db_client");
    const blocked = await repository.plan();
    expect(blocked.exit).toBe(3);
    const subject = `override/db_client/${next}`;
    expect(subjectsOf(guardOf(blocked.plan, "overrides")?.findings)).toEqual([subject]);
    expect((await apply()).exit).toBe(3);
    expect(await visit()).toBeNull();

    const waiver = { guard: "overrides", subject, reason: "to see it fail", expires: "2099-01-01" };
    await addTo(await rotationFile(), () => true, "waive", waiver);
    await repository.commit("waive the guard");
    const waived = await repository.plan();
    expect(waived.exit).toBe(2);
    expect(subjectsOf(guardOf(waived.plan, "overrides")?.waived)).toEqual([subject]);
    await applied();
    expect(await visit()).not.toBeNull();
    expect((await overridePlan()).row).toBe("U2");
  });
});

describe("rollback from update_clients", { timeout: MINUTES }, () => {
  it("with the old entry intact gives its issuer back at once, and the new entry is purged", async () => {
    const { old, next } = await arm();
    await repository.rotate("advance", "db_client");
    await applied();
    const traffic = connectAllTheTime();
    await repository.rotate("rollback", "db_client");
    await applied();
    const { failures } = await traffic.stop();
    expect(failures).toEqual([]);
    expect(hashes().signing).toBe(old);
    expect((await overridePlan()).row).toBe("P2");
    await repository.must("override", "retire", "db_client");
    await repository.commit("remove the entry of the key that was dropped");
    await applied();
    const live = sandbox.teleport.world.overrides.current("db_client");
    expect(live?.entries.map(({ keyHash }) => keyHash)).toEqual([old]);
    expect(live?.entries.some(({ keyHash }) => keyHash === next)).toBe(false);
    expect(await visit()).toBeNull();
  });

  it("with the old entry deleted is refused until it is back", async () => {
    const { old } = await arm();
    await repository.rotate("advance", "db_client");
    await applied();
    // The server lets anybody do this (reference 2.5), and git follows.
    await deleteByHand(old);
    await repository.must("override", "retire", "db_client", old);
    await repository.commit("a mistake");
    await repository.rotate("rollback", "db_client");
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(3);
    expect(plan.clusters[0]?.overrides[0]?.row).toBe("U3");
    expect(subjectsOf(guardOf(plan, "overrides")?.findings)).toEqual([`override/db_client/${old}`]);
    expect((await apply()).exit).toBe(3);
    expect(hashes().phase).toBe("update_clients");

    await repository.git("checkout", "HEAD~2", "--", OVERRIDE);
    await repository.commit("put the old entry back");
    const traffic = connectAllTheTime();
    await applied();
    expect((await traffic.stop()).failures).toEqual([]);
    expect(hashes().signing).toBe(old);
  });
});

describe("a repository without overrides", () => {
  it("asks about them once when db_client rotates, and never otherwise", async () => {
    const asked = async () =>
      (await repository.calls()).filter((argv) => argv.join(" ").includes("override"));
    await repository.rotate("start", "host");
    await repository.plan();
    expect(await asked()).toEqual([]);
    await repository.git("reset", "--quiet", "--hard", "HEAD~1");
    await repository.rotate("start", "db_client");
    const { exit } = await repository.plan();
    expect(exit).toBe(2);
    expect(await asked()).toEqual([["get", "ca_overrides", "--format=json"]]);
  });
});
