import "../world/in-process.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { flat } from "../world/flat.ts";
import { eventually, guardOf, Repository, subjectsOf } from "../world/repository.ts";

interface Sandbox {
  readonly clusters: readonly {
    readonly status: {
      readonly authorities: readonly { readonly type: string; readonly phase: string }[];
      readonly components: readonly {
        readonly name: string;
        readonly phase: string;
        readonly problem: string | null;
      }[];
    };
  }[];
}

/** The shipped executable and the sandbox's own view of who is alive; the other ways are in apply/alive.test.ts. */
describe("absence is no evidence: nobody who lives by the key that goes is cut off", () => {
  let repository: Repository;
  beforeEach(async () => {
    repository = await Repository.withSandbox();
    await repository.walkTo("init");
  });
  afterEach(async () => repository.remove());

  async function sandbox() {
    const { stdout } = await repository.must("sandbox", "status", "--format", "json");
    const status = (JSON.parse(stdout) as Sandbox).clusters[0]?.status;
    if (status === undefined) throw new Error("the sandbox has no cluster");
    return {
      phase: status.authorities.find(({ type }) => type === "host")?.phase,
      behind: status.components.filter(({ phase }) => phase !== "update_clients").map(({ name }) => name),
      cutOff: status.components.flatMap(({ name, problem }) => (problem === null ? [] : [name])),
    };
  }

  /** Everybody lives by the new key; then node2 hangs with it, and git wants the rotation undone. */
  async function nodeHangsAndTheMindIsChanged(): Promise<void> {
    await eventually(sandbox, ({ behind }) => behind.length === 0);
    await repository.must("sandbox", "fault", "node2", "stuck");
    await repository.rotate("rollback", "host");
  }

  async function expectNobodyCutOff(): Promise<void> {
    const applied = await repository.capstan("apply", "--auto-approve");
    expect(applied.exit).toBe(3);
    expect(flat(applied.stderr)).toContain("node/node2");
    const { exit, plan } = await repository.plan();
    expect(exit).toBe(3);
    expect(subjectsOf(guardOf(plan, "roster")?.findings)).toEqual(["node/node2"]);
    expect(await sandbox()).toMatchObject({ phase: "rollback", cutOff: [] });
    await repository.must("sandbox", "fault", "node2", "clear");
    await eventually(
      () => repository.plan(),
      (seen) => seen.exit === 2,
    );
    expect((await repository.capstan("apply", "--auto-approve")).exit).toBe(0);
    expect(await sandbox()).toMatchObject({ phase: "standby", cutOff: [] });
  }

  it("a hand took update_clients", async () => {
    await repository.tctl("auth", "rotate", "--manual", "--type=host", "--phase=update_clients");
    await nodeHangsAndTheMindIsChanged();
    await expectNobodyCutOff();
  });

  it("SIGKILL while update_clients is read back", async () => {
    await repository.rotate("advance", "host");
    const running = repository.start(["apply", "--auto-approve"]);
    await eventually(
      () => repository.calls(),
      (calls) => calls.some((argv) => argv.includes("--phase=update_clients")),
    );
    running.kill("SIGKILL");
    await running;
    await nodeHangsAndTheMindIsChanged();
    await expectNobodyCutOff();
  });
});
