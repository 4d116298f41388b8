import "../world/in-process.ts";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { Clients, type Database, startMariadbDatabase, startPostgresDatabase } from "../sandbox/databases.ts";
import { describeWith } from "../servers/executables.ts";
import { MARIADB_EXECUTABLES } from "../servers/mariadb.ts";
import { POSTGRES_EXECUTABLES } from "../servers/postgres.ts";
import { guardOf, Repository, subjectsOf } from "../world/repository.ts";

const PAIR = "db,db_client";
const APPLY = ["apply", "--auto-approve", "--approve-final"] as const;
const CONNECTIONS_A_PHASE = 2;

describeWith(
  [...POSTGRES_EXECUTABLES, ...MARIADB_EXECUTABLES],
  "real databases behind db and db_client",
  () => {
    let repository: Repository;
    let databases: readonly Database[] = [];
    let clients: Clients | null = null;

    beforeAll(async () => {
      repository = await Repository.withSandbox();
      await repository.takesItsTime();
      const sandbox = join(repository.folder, ".capstan", "sandbox");
      databases = await Promise.all([startPostgresDatabase(sandbox), startMariadbDatabase(sandbox)]);
      const kinds: Readonly<Record<string, string>> = { postgres: "postgres", mariadb: "mysql" };
      const consumers = databases.map(
        ({ name, port }) => `    - { kind: ${kinds[name]}, name: ${name}, address: "127.0.0.1:${port}" }\n`,
      );
      await repository.edit("*authorities.yaml", (text) =>
        text
          .split(/^---\n/m)
          .map((document) =>
            /sub_kind: db(_client)?\n/.test(document)
              ? `${document.trimEnd()}\n  trust_consumers:\n${consumers.join("")}`
              : document,
          )
          .join("---\n"),
      );
      await repository.commit("which databases there are");
    });

    afterEach(async () => {
      await clients?.stop();
      clients = null;
    });

    afterAll(async () => {
      await Promise.all(databases.map((one) => one.stop()));
      await repository.remove();
    });

    /** A new server certificate, and as CAs of clients what capstan wrote in the phase of this moment. */
    async function reconfigure(names: readonly string[], artifact = "bundle.pem"): Promise<void> {
      await repository.must("artifacts", "--out", "trust", "--type", "db-client");
      const file = join(repository.folder, "trust", "acme.cluster", "db_client", "tls", artifact);
      const authorities = await readFile(file, "utf8");
      for (const one of databases.filter(({ name }) => names.includes(name)))
        await one.reconfigure(authorities);
    }

    /** `capstan apply` of what git says, with clients connecting at any moment of it. */
    async function enter(phase: string): Promise<void> {
      if (clients === null) throw new Error("nobody connects");
      clients.phase = phase;
      await repository.must(...APPLY);
      await clients.keepConnecting(CONNECTIONS_A_PHASE);
    }

    async function heldBy(): Promise<readonly string[]> {
      const { exit, plan } = await repository.plan();
      expect(exit).toBe(3);
      const findings = guardOf(plan, "trust-consumers")?.findings;
      expect((await repository.capstan(...APPLY)).exit).toBe(3);
      return subjectsOf(findings);
    }

    it("a complete rotation loses no connection", async () => {
      const earlier = await Promise.all(databases.map((one) => one.login()));
      clients = new Clients(databases);
      await clients.keepConnecting(CONNECTIONS_A_PHASE);
      await repository.rotate("start", PAIR, "--name", "complete");
      await enter("init");

      await repository.rotate("advance", PAIR);
      expect(await heldBy()).toEqual(["consumer/postgres", "consumer/mariadb"]);
      await reconfigure(["postgres", "mariadb"]);
      // Whom MariaDB trusts cannot be seen from outside: that takes a person's word, and PostgreSQL none.
      const { plan } = await repository.plan();
      const [db, client] = plan.clusters[0]?.rotations[0]?.steps.slice(0, 2) ?? [];
      expect(db?.checklist.map(({ id, state, by }) => [id, state, by])).toEqual([
        ["db/init/reissue-server-certificates", "done", "probe"],
      ]);
      const open = client?.guards.find(({ id }) => id === "trust-consumers")?.findings;
      expect(subjectsOf(open)).toEqual(["consumer/mariadb"]);
      await repository.state(["db_client/init/trust-both"], "complete");
      await enter("update_clients");

      await repository.rotate("advance", PAIR);
      await repository.state(["db_client/update_clients/test-connection"], "complete");
      await enter("update_servers");
      await repository.rotate("finish", PAIR);
      await enter("standby");
      await reconfigure(["postgres", "mariadb"]);
      clients.phase = "after";
      await clients.keepConnecting(CONNECTIONS_A_PHASE);
      await clients.stop();

      expect(clients.failed).toEqual([]);
      for (const { name } of databases) {
        for (const phase of ["before", "init", "update_clients", "update_servers", "standby", "after"]) {
          const connected = clients.attempts.filter((one) => one.database === name && one.phase === phase);
          expect(connected.length, `${name} in ${phase}`).toBeGreaterThanOrEqual(CONNECTIONS_A_PHASE);
        }
      }
      // What was good before is good for nothing now: the databases do look at certificates.
      for (const [index, one] of databases.entries()) {
        const [now, old] = [await one.login(), earlier[index] ?? expect.unreachable()];
        await expect(one.connect({ ...now, certificate: old.certificate, key: old.key })).rejects.toThrow();
        await expect(one.connect({ ...now, authorities: old.authorities })).rejects.toThrow();
      }
    });

    it("a forgotten one blocks by name; waived, exactly its connection is lost, until the rollback", {
      timeout: 300_000,
    }, async () => {
      const name = "forgetful";
      clients = new Clients(databases);
      await clients.keepConnecting(CONNECTIONS_A_PHASE);
      await repository.rotate("start", PAIR, "--name", name);
      await enter("init");
      await reconfigure(["postgres"]);
      await repository.state(["db_client/init/trust-both"], name);
      await repository.rotate("advance", PAIR);
      expect(await heldBy()).toEqual(["consumer/mariadb"]);

      await repository.edit(`*/${name}.yaml`, (text) => {
        const waiver =
          "{ guard: trust-consumers, subject: consumer/mariadb, reason: off, expires: 2099-01-01 }";
        return `${text.trimEnd()}\n  waive:\n    - ${waiver}\n`;
      });
      await repository.commit("force it");
      await enter("update_clients");
      await repository.rotate("rollback", PAIR);
      clients.phase = "rollback";
      // It gives the old CA back at once, and waits there for who shows or trusts what is dropped at its end.
      expect((await repository.capstan(...APPLY)).exit).toBe(3);
      await clients.keepConnecting(CONNECTIONS_A_PHASE);
      clients.phase = "back";
      await clients.keepConnecting(CONNECTIONS_A_PHASE);
      await reconfigure(["postgres"], "old.pem");
      await repository.state(["db_client/rollback/remove-new"], name);
      await enter("standby");
      await clients.stop();

      expect(new Set(clients.failed.map(({ database }) => database))).toEqual(new Set(["mariadb"]));
      const failed = new Set(clients.failed.map(({ phase }) => phase));
      expect(failed).toContain("update_clients");
      for (const phase of ["before", "init", "back", "standby"]) expect(failed).not.toContain(phase);
      const worked = clients.attempts.filter(
        ({ database, problem, phase }) => database === "mariadb" && problem === null && phase === "back",
      );
      expect(worked.length).toBeGreaterThanOrEqual(CONNECTIONS_A_PHASE);
    });
  },
);
