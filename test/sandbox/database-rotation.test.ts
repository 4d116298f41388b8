import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { sandboxDown, sandboxUp } from "../../src/sandbox/sandbox.ts";
import { describeWith } from "../servers/executables.ts";
import { MARIADB_EXECUTABLES } from "../servers/mariadb.ts";
import { POSTGRES_EXECUTABLES } from "../servers/postgres.ts";
import { eventually } from "../servers/server-process.ts";
import { Clients, type Database, startMariadbDatabase, startPostgresDatabase, tctl } from "./databases.ts";

/** Moves db and db_client to a phase, and comes back when the cluster shows it. */
type Move = (phase: string) => Promise<void>;

const CONNECTIONS_A_PHASE = 3;

/**
 * A complete rotation of the pair, with what people do by hand: a new server certificate and both client CAs
 * in init, only the new client CA after standby.
 */
async function rotate(move: Move, clients: Clients, reconfigured: readonly Database[]): Promise<void> {
  const enter = async (phase: string) => {
    clients.phase = phase;
    await move(phase);
    await clients.keepConnecting(CONNECTIONS_A_PHASE);
  };
  await clients.keepConnecting(CONNECTIONS_A_PHASE);
  await enter("init");
  for (const one of reconfigured) await one.reconfigure();
  await enter("update_clients");
  await enter("update_servers");
  await enter("standby");
  for (const one of reconfigured) await one.reconfigure();
  clients.phase = "after";
  await clients.keepConnecting(CONNECTIONS_A_PHASE);
  await clients.stop();
}

describeWith([...POSTGRES_EXECUTABLES, ...MARIADB_EXECUTABLES], "a rotation of db and db_client", () => {
  let home = "";
  let sandbox = "";
  let databases: readonly Database[] = [];
  let clients: Clients | null = null;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "databases-"));
    sandbox = join(home, "sandbox");
    await sandboxUp({ dir: sandbox, speed: 50 });
    databases = await Promise.all([startPostgresDatabase(sandbox), startMariadbDatabase(sandbox)]);
  }, 120_000);

  afterEach(async () => {
    await clients?.stop();
    clients = null;
  });

  afterAll(async () => {
    await Promise.all(databases.map((one) => one.stop()));
    await sandboxDown(sandbox);
    await rm(home, { recursive: true, force: true });
  });

  const byTctl: Move = async (phase) => {
    for (const type of ["db", "db_client"]) {
      await tctl(sandbox, "auth", "rotate", "--manual", `--type=${type}`, `--phase=${phase}`);
    }
    // Reads are stale for a while; what is signed comes out of the same cache.
    const shown = await eventually(
      async () => {
        const authorities = JSON.parse(await tctl(sandbox, "get", "cas", "--format=json"));
        return authorities
          .filter(({ sub_kind }: { sub_kind: string }) => sub_kind === "db" || sub_kind === "db_client")
          .map(({ spec }: { spec: { rotation?: { phase: string } } }) => spec.rotation?.phase);
      },
      (phases) => phases.every((one: string) => one === phase),
    );
    expect(shown).toEqual([phase, phase]);
  };

  it("loses no connection to databases that are reconfigured", { timeout: 120_000 }, async () => {
    const earlier = await Promise.all(databases.map((one) => one.login()));
    clients = new Clients(databases);
    await rotate(byTctl, clients, databases);
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

  it.each(["mariadb", "postgres"])(
    "loses exactly the connection to %s where that was forgotten, from update_clients on",
    { timeout: 120_000 },
    async (forgotten) => {
      clients = new Clients(databases);
      await rotate(
        byTctl,
        clients,
        databases.filter(({ name }) => name !== forgotten),
      );
      expect(new Set(clients.failed.map(({ database }) => database))).toEqual(new Set([forgotten]));
      const phases = (failed: boolean) =>
        new Set(
          clients?.attempts
            .filter(({ database, problem }) => database === forgotten && (problem !== null) === failed)
            .map(({ phase }) => phase),
        );
      for (const phase of ["before", "init"]) expect(phases(true)).not.toContain(phase);
      for (const phase of ["update_servers", "standby", "after"]) expect(phases(false)).not.toContain(phase);
      expect(phases(true)).toContain("update_clients");
      // The cure, so that the next one starts from databases in order.
      const database = databases.find(({ name }) => name === forgotten);
      await database?.reconfigure();
      await database?.connect();
    },
  );
});
