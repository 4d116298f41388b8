import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseAllDocuments } from "yaml";
import { workOfType } from "../../src/checklist/checklist.ts";
import { createRunner } from "../../src/process/runner.ts";
import type { OverridePlan } from "../../src/rotation/override-plan.ts";
import { type RunningSandbox, type SandboxOptions, startSandbox } from "../../src/sandbox/start-teleport.ts";
import { issueDatabaseClient } from "../../src/sandbox/teleport/database-client.ts";
import { TELEPORT } from "../../src/teleport/profile.ts";
import { Database } from "../sandbox/database.ts";
import { ExternalCa } from "../sandbox/external-ca.ts";
import { onlyCheck } from "./checked-repository.ts";
import "./in-process.ts";
import { type Ran, Repository } from "./repository.ts";

const HOME = join("clusters", "acme.cluster");
export const OVERRIDE = join(HOME, "overrides", "db_client.yaml");

interface Resource {
  readonly kind: string;
  readonly sub_kind?: string;
}

/**
 * A repository, a cluster whose db_client CA is overridden by commits, the external CA that signs for it, and a
 * database that trusts nothing else.
 */
export class OverrideStory {
  readonly repository: Repository;
  readonly sandbox: RunningSandbox;
  readonly external: ExternalCa;
  readonly database: Database;
  readonly #stated = new Set<string>();

  private constructor(
    repository: Repository,
    sandbox: RunningSandbox,
    external: ExternalCa,
    database: Database,
  ) {
    this.repository = repository;
    this.sandbox = sandbox;
    this.external = external;
    this.database = database;
  }

  /** The cluster runs in this process too, so that its Database Service can be watched at work. */
  static async begin(options: Omit<SandboxOptions, "dir"> = {}): Promise<OverrideStory> {
    const repository = await Repository.create();
    const dir = join(repository.folder, ".capstan", "sandbox");
    const sandbox = await startSandbox({ dir, speed: 200, nodes: 1, ...options });
    const external = await ExternalCa.create();
    const first = await issueDatabaseClient(sandbox.teleport.world, "alice");
    const story = new OverrideStory(
      repository,
      sandbox,
      external,
      await Database.trusting(external.root, first),
    );
    await repository.must("init");
    await repository.commit("what is live");
    return story;
  }

  async end(): Promise<void> {
    await this.database.close();
    await this.sandbox.stop();
    await this.repository.remove();
  }

  /** What the database says to a client: `null` when it lets it in. */
  async visit(): Promise<string | null> {
    return await this.database.connect(await issueDatabaseClient(this.sandbox.teleport.world, "alice"));
  }

  /** Somebody opens the database through Teleport, and a check hands over the audit log: the override was seen in use. */
  async exercise(): Promise<void> {
    const identity = join(this.repository.folder, ".capstan", "probe.pem");
    const bin = join(this.repository.folder, ".capstan", "sandbox", "bin");
    const runner = createRunner();
    const sign = ["auth", "sign", "--user=probe", `--out=${identity}`, "--ttl=1h"];
    const open = [
      `--identity=${identity}`,
      "--proxy=127.0.0.1:3080",
      "db",
      "connect",
      "--db-user=probe",
      "orders",
    ];
    for (const argv of [
      [join(bin, "tctl"), ...sign],
      [join(bin, "tsh"), ...open],
    ]) {
      const { exitCode, stderr } = await runner.run({ argv });
      if (exitCode !== 0) throw new Error(stderr);
    }
    await onlyCheck(
      this.repository,
      "{ name: session, kind: command, command: [cat, .capstan/sandbox/events.log], authorities: [db_client] }",
    );
  }

  async apply(): Promise<Ran> {
    await this.stateWork();
    return await this.repository.capstan("apply", "--auto-approve", "--approve-final");
  }

  async applied(): Promise<void> {
    const ran = await this.apply();
    if (ran.exit !== 0) throw new Error(`apply ended with ${ran.exit}\n${ran.stdout}\n${ran.stderr}`);
  }

  async overridePlan(): Promise<OverridePlan> {
    const [override] = (await this.repository.plan()).plan.clusters[0]?.overrides ?? [];
    if (override === undefined) throw new Error("the plan has no override");
    return override;
  }

  /** Asked of the sandbox itself, without a cache in between. */
  keys(): {
    readonly active: readonly string[];
    readonly trusted: readonly string[];
    readonly phase: string;
  } {
    const db = this.sandbox.teleport.status().authorities.find(({ type }) => type === "db_client");
    if (db === undefined) throw new Error("the cluster has no db_client CA");
    const bare = (keys: readonly string[]) => keys.map((key) => key.slice("sha256:".length));
    return { active: bare(db.active), trusted: bare(db.trusted), phase: db.phase };
  }

  /** The key that signs, and the one beside it, where each auth server can use all keys. */
  hashes(): { readonly signing: string; readonly other: string } {
    const { active, trusted } = this.keys();
    return { signing: active[0] ?? "", other: trusted[0] ?? "" };
  }

  async edit(file: string, change: (text: string) => string): Promise<void> {
    const path = join(this.repository.folder, file);
    await writeFile(path, change(await readFile(path, "utf8")));
  }

  /** Adds an item to a list in the spec of a resource, as a person would in an editor. */
  async addTo(
    file: string,
    of: (resource: Resource) => boolean,
    field: string,
    item: unknown,
  ): Promise<void> {
    await this.edit(file, (text) =>
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

  async addToRotation(field: string, item: unknown): Promise<void> {
    const [found = ""] = /rotations\/[^\s:]+\.yaml/.exec(await this.repository.git("ls-files")) ?? [];
    await this.addTo(join(HOME, found), () => true, field, item);
  }

  async addToAuthority(field: string, item: unknown): Promise<void> {
    const isCa = ({ kind, sub_kind }: Resource) =>
      kind === "certificate_authority" && sub_kind === "db_client";
    await this.addTo(join(HOME, "authorities.yaml"), isCa, field, item);
  }

  /** The commit that starts it. */
  async startRotation(): Promise<void> {
    await this.repository.rotate("start", "db_client");
  }

  /** All other work by hand of the phase at hand is stated in the last commit, as it is not the question here. */
  async stateWork(): Promise<void> {
    const { phase } = this.keys();
    if (phase === "standby") return;
    const [file = ""] = (await this.repository.git("ls-files", "*/rotations/*")).split("\n");
    const text = await readFile(join(this.repository.folder, file), "utf8");
    const goesBack = /^ {2}phase: rollback/m.test(text);
    const open = workOfType(TELEPORT, "db_client").filter(
      (step) =>
        (step.phase === phase || (goesBack && step.phase === "rollback")) && !this.#stated.has(step.id),
    );
    if (open.length === 0) return;
    for (const { id } of open) {
      await this.addToRotation("acknowledge", { step: id, who: "ada@example.com" });
      this.#stated.add(id);
    }
    await this.repository.git("commit", "--quiet", "--amend", "--no-edit", "--", "*/rotations/*");
  }

  /** The commit that puts the certificate for a key into git, staged. */
  async stage(keyHash: string): Promise<void> {
    const ran = await this.repository.must("override", "csr", "db_client", "--public-key", keyHash);
    const [file = ""] = /\S+-csr\.pem/.exec(ran.stdout) ?? [];
    const signed = await this.external.sign(await readFile(join(this.repository.folder, file), "utf8"));
    const bundle = join(this.repository.folder, "signed.pem");
    await writeFile(bundle, signed + this.external.chain.join(""));
    await this.repository.must("override", "add", "signed.pem");
    await this.repository.commit(`stage ${keyHash.slice(0, 8)}`);
  }

  /** The commit that enables an entry and says that everybody trusts it. */
  async enable(keyHash: string, where: "rotation" | "authority"): Promise<void> {
    await this.repository.must("override", "enable", "db_client", keyHash);
    const acknowledgement = { step: `override/db_client/${keyHash}`, who: "ada@example.com" };
    if (where === "rotation") await this.addToRotation("acknowledge", acknowledgement);
    else await this.addToAuthority("acknowledge", acknowledgement);
    await this.repository.commit(`enable ${keyHash.slice(0, 8)}`);
  }

  /** From nothing to a steady override (row S2). */
  async adopt(): Promise<string> {
    const { signing } = this.hashes();
    await this.stage(signing);
    await this.applied();
    await this.enable(signing, "authority");
    await this.applied();
    return signing;
  }

  /** A client that connects all the time; what went wrong is told by `stop`. */
  connectAllTheTime() {
    let running = true;
    let visits = 0;
    const failures: string[] = [];
    const loop = (async () => {
      while (running) {
        const failure = await this.visit();
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
}
