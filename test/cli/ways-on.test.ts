import "../world/in-process.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Repository } from "../world/repository.ts";

/** One line of words: text is wrapped at 80 columns. */
function flat({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string {
  return (stdout + stderr).replaceAll(/\s+/g, " ");
}

describe("every text names the command that goes on, and that one is not refused", () => {
  let repository: Repository;
  beforeAll(async () => {
    repository = await Repository.withSandbox();
  });
  afterAll(async () => repository.remove());

  it("where nobody can be asked, both approvals are told in one round", async () => {
    await repository.rotate("start", "host", "--strategy", "walk", "--name=host-2026-11");
    const ran = await repository.capstan("apply");
    expect(ran.exit).toBe(3);
    expect(flat(ran)).toContain(
      "needs approval: --auto-approve, and --approve-final=acme.cluster/host-2026-11 for the point of no return",
    );
  });

  it("a walk ends in the edit that git lacks", async () => {
    const ran = await repository.must(
      ...["apply", "--auto-approve", "--approve-final=acme.cluster/host-2026-11"],
    );
    expect(flat(ran)).toContain("One edit is due in git: `capstan rotate finish host`");
    expect(ran.stderr).toMatch(/^next {2}capstan rotate finish host writes the key that signs now into git/m);
    const plan = await repository.capstan("plan");
    expect([plan.exit, flat(plan)]).toEqual([0, expect.stringContaining("capstan rotate finish host")]);
  });

  it("keys that git names and that are gone start nothing, while the cluster cannot be asked", async () => {
    const tctl = "tctl: [no-such-tctl]";
    await repository.edit("clusters/*/cluster.yaml", (text) => text.replace(/tctl: .*(\n {6}- .*)*/, tctl));
    const ran = await repository.capstan("rotate", "start", "host");
    expect([ran.exit, flat(ran)]).toEqual([1, expect.stringContaining("host-2026-11 has retired that")]);
    expect(await repository.git("status", "--porcelain", "--", "*rotations*")).toBe("");
    await repository.git("checkout", "--quiet", ".");
  });

  it("and after it git is finished, and another one starts", async () => {
    await repository.must("rotate", "finish", "host");
    await repository.commit("finished");
    await repository.rotate("start", "host");
    await repository.must("apply", "--auto-approve");
    const under = await repository.capstan("rotate", "start", "host");
    expect([under.exit, flat(under)]).toEqual([1, expect.stringContaining("`capstan rotate advance host`")]);
    for (const action of ["advance", "advance"]) {
      await repository.rotate(action, "host");
      await repository.must("apply", "--auto-approve");
    }
    const last = await repository.capstan("rotate", "start", "host");
    expect([last.exit, flat(last)]).toEqual([1, expect.stringContaining("`capstan rotate finish host`")]);
  });

  it("artifacts of several types at once; an unknown one names those that are there", async () => {
    const { stdout } = await repository.must("artifacts", "--out", "trust", "--type", "db,db_client");
    expect(stdout).toContain("trust");
    expect(stdout).toMatch(/db_client\//);
    expect(stdout).not.toMatch(/\/host\//);
    const ran = await repository.capstan("artifacts", "--out", "trust", "--type", "db,dbclient");
    expect([ran.exit, flat(ran)]).toEqual([1, expect.stringContaining('did you mean "db_client"?')]);
  });

  it("init says that a resource says already what a flag would", async () => {
    const ran = await repository.capstan("init", "--tctl", "tctl -c f");
    expect([ran.exit, flat(ran)]).toEqual([1, expect.stringContaining("git says already how acme.cluster")]);
  });
});
