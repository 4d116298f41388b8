import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateIdentity } from "age-encryption";
import { beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { folderStore } from "../../src/record/folder-store.ts";
import { loadResources } from "../../src/resources/read/load.ts";
import { emptyRecord, type RotationRecord } from "../../src/rotation/record.ts";
import { readIdentities } from "../../src/sealing/identities.ts";
import { recipientOf, unseal } from "../../src/sealing/seal.ts";
import { underLock } from "../record/under-lock.ts";
import { described, fingerprint, folderWith, NOW } from "../resources/folder.ts";
import { runHere } from "../world/command-line.ts";
import { flat } from "../world/flat.ts";
import { memory } from "../world/host-rotation.ts";

let identity: string;
let recipient: string;
let folder: string;
beforeEach(async () => {
  identity = await generateIdentity();
  recipient = await recipientOf(identity);
  folder = repositoryWith(
    "    clients: { talosconfig: .capstan/talosconfig, kubeconfig: .capstan/kubeconfig }\n",
  );
});

/** A secrets bundle as SOPS leaves it. */
function bundleFor(reader: string): string {
  const lines = ["certs:", "  os:", "    crt: ENC[a]", "    key: ENC[b]", "sops:", "  age:"];
  return `${[...lines, `    - recipient: ${reader}`, "      enc: x"].join("\n")}\n`;
}

/** A cluster that nothing is asked of: there is no such talosctl. */
function repositoryWith(fields: string): string {
  const authority = (type: string, digit: string) =>
    `---\nkind: certificate_authority\nsub_kind: ${type}\nversion: v1\nmetadata: { name: prod }\nspec:\n  active_keys: [${fingerprint(digit)}] # kept\n`;
  return folderWith({
    "cluster.yaml": `kind: cluster
version: v1
metadata: { name: prod }
spec:
  platform: talos
  talos:
    talosctl: [/nowhere/talosctl]
    talosconfig: talosconfig
    control_planes: [10.0.0.2]
    recipients: [${recipient}]
${fields}${authority("talos", "a")}${authority("kubernetes", "b")}`,
  });
}

const run = (argv: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  runHere(argv, { cwd: folder, env, now: () => NOW.getTime() });

async function loaded() {
  const { state, diagnostics } = await loadResources(folder, {}, NOW);
  expect(described(diagnostics)).toBe("");
  return state;
}

it("a rotation by hand is not adopted: whoever began it has the key to come", async () => {
  const ran = await run(["rotate", "adopt", "talos"], { SOPS_AGE_KEY: identity });
  expect(ran).toMatchObject({ exit: 1, stdout: "" });
  expect(flat(ran.stderr)).toContain("the rotation of talos cannot be adopted");
  expect((await loaded()).rotations).toEqual([]);
});

it("a key in wrong hands is said when the rotation starts, and cannot be said over one that is there", async () => {
  const ran = await run(["rotate", "start", "talos", "--compromise"], { SOPS_AGE_KEY: identity });
  expect(ran).toMatchObject({ exit: 0, stderr: "" });
  expect((await loaded()).rotations).toMatchObject([{ reason: "compromise", phase: "init" }]);
  const again = await run(["rotate", "start", "talos", "--compromise"], { SOPS_AGE_KEY: identity });
  expect(again).toMatchObject({ exit: 1 });
  expect(flat(again.stderr)).toContain("write `reason: compromise` below its `spec`");
});

describe("capstan rotate start", () => {
  it.each(["talos", "kubernetes"])("%s writes a CA to come whose key is sealed, and loads", async (type) => {
    const ran = await run(["rotate", "start", type], { SOPS_AGE_KEY: identity });
    expect(ran).toMatchObject({ exit: 0, stderr: "" });
    const [rotation] = (await loaded()).rotations;
    expect(rotation).toMatchObject({ name: `${type}-2026-11`, phase: "init" });
    const next = rotation?.authorities[0]?.next;
    const key = await unseal(await readIdentities({ SOPS_AGE_KEY: identity }), next?.key ?? "", "the key");
    expect(key).toContain("PRIVATE KEY");
    const secret = key.split("\n")[1] ?? "";
    const everywhere = [ran.stdout, readFileSync(join(folder, "rotations", `${type}-2026-11.yaml`), "utf8")];
    for (const text of everywhere) expect(text).not.toContain(secret);
    expect(ran.stdout).toContain("its key is sealed for 1 recipient; nobody else has it");
  });

  it("says who will need an identity when there is none", async () => {
    expect((await run(["rotate", "start", "talos"])).stdout).toContain("SOPS_AGE_KEY_FILE or SOPS_AGE_KEY");
  });

  it.each([
    ["an identity that could not open it", ["talos"], { SOPS_AGE_KEY: "other" }, "is no age identity"],
    ["both at once", ["talos,kubernetes"], {}, "talos and kubernetes are not rotated at once"],
    ["a CA of Teleport", ["host"], {}, "a Talos cluster has no host CA"],
  ])("refuses %s, and writes nothing", async (_, types, env, words) => {
    const before = readdirSync(folder);
    const ran = await run(["rotate", "start", ...types], env);
    expect(ran.exit).toBe(1);
    expect(flat(ran.stderr)).toContain(words);
    expect(readdirSync(folder)).toEqual(before);
  });

  it("refuses the second CA while the first is under way", async () => {
    await run(["rotate", "start", "talos"]);
    const ran = await run(["rotate", "start", "kubernetes"]);
    expect(ran).toMatchObject({ exit: 1, stdout: "" });
    expect(flat(ran.stderr)).toContain("talos-2026-11 (rotations/talos-2026-11.yaml:1) is in init");
  });

  it("takes a reason to start again what was rolled back, with the same CA", async () => {
    await run(["rotate", "start", "talos"]);
    const [before] = (await loaded()).rotations;
    await run(["rotate", "rollback", "talos"]);
    const ran = await run(["rotate", "start", "talos", "--reason", "the disk was full"]);
    expect(ran.exit).toBe(0);
    const [after] = (await loaded()).rotations;
    expect(after?.resume).toBe("the disk was full");
    expect(after?.authorities).toEqual(before?.authorities);
  });

  it.each([
    ["", "spec.talos.clients.kubeconfig"],
    ["    clients: { talosconfig: .capstan/x }\n", "spec.talos.clients.kubeconfig"],
  ])("says what the cluster resource lacks (%#)", async (fields, words) => {
    folder = repositoryWith(fields);
    const ran = await run(["rotate", "start", "kubernetes"]);
    expect(ran.exit).toBe(1);
    expect(flat(ran.stderr)).toContain(words);
    expect(existsSync(join(folder, "rotations"))).toBe(false);
  });
});

describe("through the phases", () => {
  it("advance, finish: the key of the next CA becomes the active one, and nobody is asked", async () => {
    await run(["rotate", "start", "talos"]);
    for (const phase of ["update_clients", "update_servers"]) {
      expect((await run(["rotate", "advance", "talos"])).stdout).toContain(`→ ${phase}`);
    }
    const ran = await run(["rotate", "finish", "talos"]);
    expect(ran).toMatchObject({ exit: 0, stderr: "" });
    const state = await loaded();
    const [talos, kubernetes] = state.authorities;
    expect(ran.stdout).toContain(`active_keys of talos is now\n  ${talos?.activeKeys.join()}`);
    expect(talos?.activeKeys).not.toEqual([fingerprint("a")]);
    expect(kubernetes?.activeKeys).toEqual([fingerprint("b")]);
    expect(readFileSync(join(folder, "cluster.yaml"), "utf8").match(/# kept/g)).toHaveLength(2);
    expect((await run(["rotate", "start", "kubernetes"])).exit).toBe(0);
  });
});

/** To the phase from which a rotation finishes, in git. */
async function startAndAdvance(): Promise<void> {
  await run(["rotate", "start", "talos"]);
  await run(["rotate", "advance", "talos"]);
  await run(["rotate", "advance", "talos"]);
}

it("a warning of validate stands in no move's way", async () => {
  await run(["rotate", "start", "talos"]);
  const file = join(folder, "rotations", "talos-2026-11.yaml");
  const waiver = "{ guard: trust-consumers, subject: consumer/x, reason: off, expires: 2999-01-01 }";
  writeFileSync(file, `${readFileSync(file, "utf8")}  waive:\n    - ${waiver}\n`);
  const validated = await run(["validate"]);
  expect(validated.exit).toBe(0);
  expect(validated.stdout.replaceAll(/\s+/g, " ")).toContain(
    'warning: talos has no trust consumer "consumer/x"',
  );
  expect((await run(["rotate", "advance", "talos"])).exit).toBe(0);
});

describe("a move that no plan could take", () => {
  it.each([
    ["finish", "init", "finishes from update_servers only"],
    ["finish", "update_clients", "finishes from update_servers only"],
    ["finish", "rollback", "finishes from update_servers only"],
    ["advance", "rollback", "no phase to advance to"],
    ["advance", "standby", "no phase to advance to"],
  ])("%s from %s is refused, and changes nothing", async (action, phase, words) => {
    await run(["rotate", "start", "talos"]);
    const file = join(folder, "rotations", "talos-2026-11.yaml");
    const text = readFileSync(file, "utf8").replace("phase: init", `phase: ${phase}`);
    writeFileSync(file, text);
    const before = readFileSync(join(folder, "cluster.yaml"), "utf8");
    const ran = await run(["rotate", action, "talos"]);
    expect(ran).toMatchObject({ exit: 1, stdout: "" });
    expect(flat(ran.stderr)).toContain(words);
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(readFileSync(join(folder, "cluster.yaml"), "utf8")).toBe(before);
  });

  it.each([
    [
      { state: "rolled_back", ended_at: "2026-11-21T11:00:00Z" },
      "was rolled back on 21 November 2026, 11:00 UTC",
    ],
    [{ state: "rolling_back", ended_at: null }, "is being rolled back"],
  ])("is one of what was turned back: %j", async (ended, words) => {
    await startAndAdvance();
    const [rotation] = (await loaded()).rotations;
    const attempt = { ...memory("update_servers"), name: "talos-2026-11", authority: "talos" };
    const contents = [rotation?.contentHash ?? ""];
    const record = {
      ...emptyRecord(rotation?.cluster ?? ""),
      rotations: [{ ...attempt, ...ended, contents, reason: "node/w1 did not follow" } as RotationRecord],
    };
    const store = folderStore(join(folder, ".capstan"), () => NOW.getTime());
    await underLock(store, record.cluster, () => store.save(record));
    for (const action of ["advance", "finish"]) {
      const ran = await run(["rotate", action, "talos"]);
      expect(ran).toMatchObject({ exit: 1, stdout: "" });
      expect(flat(ran.stderr)).toContain(`${words} (node/w1 did not follow)`);
      expect(flat(ran.stderr)).toContain("capstan rotate start talos --reason TEXT");
    }
  });
});

describe("of several rotations of one CA", () => {
  it("the one that walks is meant while its key is to sign, and after its end until the next begins", async () => {
    await startAndAdvance();
    await run(["rotate", "finish", "talos"]);
    // Its file comes before that of the first, by name.
    await run(["rotate", "start", "talos", "--strategy", "walk"]);
    expect((await run(["rotate", "rollback", "talos"])).stdout).toContain(
      "talos-2026-11-2 standby → rollback",
    );
    await run(["rotate", "finish", "talos"]);
    expect((await run(["rotate", "rollback", "talos"])).stdout).toContain(
      "talos-2026-11-2 standby → rollback",
    );
  });
});

describe("a secrets bundle that is named", () => {
  async function upToTheEnd(): Promise<void> {
    folder = repositoryWith(
      "    clients: { talosconfig: .capstan/x, kubeconfig: .capstan/y }\n    secrets: talos/secrets.sops.yaml\n",
    );
    await startAndAdvance();
  }

  it("gets a sealed file beside it that says what it has to become, for its own readers", async () => {
    await upToTheEnd();
    const reader = await generateIdentity();
    folder = withFile("talos/secrets.sops.yaml", bundleFor(await recipientOf(reader)));
    const ran = await run(["rotate", "finish", "talos"], { SOPS_AGE_KEY: identity });
    expect(ran).toMatchObject({ exit: 0, stderr: "" });
    expect(ran.stdout).toContain("wrote talos/secrets.sops.talos-2026-11.yaml.age");
    const sealed = readFileSync(join(folder, "talos/secrets.sops.talos-2026-11.yaml.age"), "utf8");
    const opened = parse(await unseal(await readIdentities({ SOPS_AGE_KEY: reader }), sealed, "it"));
    const [rotation] = (await loaded()).rotations;
    const { crt, key } = (opened as { certs: { os: Record<string, string> } }).certs.os;
    expect(Buffer.from(crt ?? "", "base64").toString()).toBe(rotation?.authorities[0]?.next?.certificate);
    expect(Buffer.from(key ?? "", "base64").toString()).toContain("ED25519 PRIVATE KEY");
    expect(ran.stdout).not.toContain(key);
  });

  it("without an identity: says how to get that file, also when it is asked again", async () => {
    await upToTheEnd();
    folder = withFile("talos/secrets.sops.yaml", bundleFor(recipient));
    const ran = await run(["rotate", "finish", "talos"]);
    expect(ran.stdout).toContain("talos/secrets.sops.yaml: certs.os has to become the new CA");
    const again = await run(["rotate", "finish", "talos"], { SOPS_AGE_KEY: identity });
    expect(again.stdout).toContain("wrote talos/secrets.sops.talos-2026-11.yaml.age");
  });

  it.each([
    ["is not there", null, "cannot read talos/secrets.sops.yaml"],
    ["is in the clear", "certs: {}\n", "is not encrypted by SOPS with age"],
  ])("that %s changes nothing", async (_, content, words) => {
    await upToTheEnd();
    if (content !== null) folder = withFile("talos/secrets.sops.yaml", content);
    const before = readFileSync(join(folder, "rotations/talos-2026-11.yaml"), "utf8");
    const ran = await run(["rotate", "finish", "talos"], { SOPS_AGE_KEY: identity });
    expect(ran.exit).toBe(1);
    expect(flat(ran.stderr)).toContain(words);
    expect(readFileSync(join(folder, "rotations/talos-2026-11.yaml"), "utf8")).toBe(before);
  });

  /** The same repository with one more file. */
  function withFile(path: string, text: string): string {
    const files = ["cluster.yaml", "rotations/talos-2026-11.yaml"];
    const all = files.map((file) => [file, readFileSync(join(folder, file), "utf8")] as const);
    const copy = folderWith(Object.fromEntries([...all, [path, text] as const]));
    writeFileSync(join(copy, "talosconfig"), "");
    return copy;
  }
});
