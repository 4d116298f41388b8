import "../world/in-process.ts";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Repository } from "../world/repository.ts";
import { Tmux } from "../world/tmux.ts";

/** `capstan apply` and `capstan plan -i` as a person meets them: a real terminal, the executable, the sandbox. */

const CAPSTAN = join(import.meta.dirname, "..", "..", "dist", "capstan.js");

let repository: Repository;
let terminal: Tmux | undefined;

afterEach(async () => {
  terminal?.close();
  await repository.remove();
});

function type(...args: readonly string[]): Tmux {
  terminal = new Tmux([process.execPath, CAPSTAN, ...args].join(" "), {
    columns: 100,
    rows: 30,
    cwd: repository.folder,
  });
  return terminal;
}

describe.skipIf(!Tmux.found)("on a terminal (tmux)", () => {
  it("apply goes from the review to the finished rotation, with the point of no return by name", async () => {
    repository = await Repository.withSandbox();
    const before = await repository.keys();
    await repository.rotate("start", "host", "--strategy", "walk");
    const screen = type("apply");
    expect(await screen.see("4 steps")).toContain("standby  no return");
    await screen.keys("Up", "a");
    expect(await screen.see("Approve")).toContain("is the point of no return: select that");
    await screen.keys("y");
    await screen.see("3 of 4 approved");
    await screen.keys("Down", "Down", "Down", "Down", "a");
    await screen.see("Type acme.cluster, then Enter");
    await screen.keys("acme", "Enter");
    expect(await screen.see("nothing was approved: that is not the name")).toContain("3 of 4 approved");
    await screen.keys("a");
    await screen.see("Type acme.cluster, then Enter");
    await screen.keys("acme.cluster", "Enter");
    await screen.see("4 of 4 approved");
    await screen.keys("s");
    await screen.see("Start 4 approved");
    await screen.keys("y");
    const summary = await screen.see("ended with 0");
    expect(summary).toMatch(/✔ host: update_servers → standby {2}done/);
    expect(summary).toContain("applied: everything that was planned is done");
    const after = await repository.keys();
    expect(after.trusted).toEqual([]);
    expect(after.active).toHaveLength(1);
    expect(after.active).not.toEqual(before.active);
  });

  it("r rolls back a step that a node does not follow", async () => {
    repository = await Repository.withSandbox();
    const before = await repository.keys();
    await repository.rotate("start", "host");
    await repository.must("apply", "--auto-approve");
    await repository.must("sandbox", "fault", "node2", "stuck");
    await repository.rotate("advance", "host");
    const screen = type("apply", "--events", "run.jsonl");
    await screen.see("1 step   READY");
    await screen.keys("a");
    await screen.see("Approve this step?");
    await screen.keys("y");
    await screen.see("approved; s starts");
    await screen.keys("s");
    await screen.see("Start 1 approved");
    await screen.keys("y");
    expect(await screen.see("Not following yet: 1")).toContain("node/node2");
    await screen.keys("r");
    await screen.see("Roll back?");
    await screen.keys("y");
    // The way back waits for it as well.
    await screen.see("update_clients → rollback");
    await repository.must("sandbox", "fault", "node2", "clear");
    const summary = await screen.see("ended with 4");
    expect(summary).toContain("rolled-back: a person asked for the rollback: node/node2");
    expect(await repository.keys()).toEqual(before);
    terminal?.close();
    const replay = type("replay", "run.jsonl");
    await replay.see("rolled-back");
  });

  it("apply PLAN is refused when the cluster moves while the person reads", async () => {
    repository = await Repository.withSandbox();
    await repository.rotate("start", "host");
    const file = join(repository.folder, ".capstan", "plan.json");
    expect((await repository.capstan("plan", "--out", file)).exit).toBe(2);
    const screen = type("apply", file);
    await screen.see("1 step   READY");
    await screen.keys("a");
    await screen.see("Approve this step?");
    await screen.keys("y");
    await screen.see("approved; s starts");
    await repository.tctl("auth", "rotate", "--manual", "--type=host", "--phase=init");
    await screen.keys("s");
    await screen.see("Start 1 approved");
    await screen.keys("y");
    const left = await screen.see("ended with 5");
    expect(left).toContain("acme.cluster host: the phase was standby, and is init");
    const rotations = (await repository.calls()).filter((argv) => argv[1] === "rotate");
    // The one by hand.
    expect(rotations).toHaveLength(1);
  });

  it("says how it ended where there was nothing to watch", async () => {
    repository = await Repository.withSandbox();
    await repository.rotate("start", "host");
    const screen = type("apply");
    await screen.see("1 step   READY");
    await screen.keys("q");
    expect(await screen.see("ended with 3")).toContain(
      "blocked: no step was approved and started: nothing was done",
    );
    terminal?.close();
    await repository.rotate("advance", "host");
    expect(await type("apply").see("ended with 3")).toContain("Blocked. Nothing would be applied");
  });

  it("o names file and line, c copies, l looks again", async () => {
    repository = await Repository.withSandbox();
    await repository.rotate("start", "host");
    const screen = type("apply");
    // tmux keeps what a program in it puts into the clipboard (OSC 52).
    screen.run("set-option", "-s", "set-clipboard", "on");
    await screen.see("1 step   READY");
    await screen.keys("o");
    await screen.see("clusters/acme.cluster/rotations/host-");
    expect(screen.shown()).toMatch(/rotations\/host-\S+\.yaml:\d+/);
    await screen.keys("c");
    await screen.see("copied: ");
    const [, copied] = /copied: (\S+)/.exec(screen.shown()) ?? [];
    expect(screen.run("show-buffer")).toBe(copied);
    expect(copied).toMatch(/^host-\S+\/host\/standby-init$/);
    // Somebody else takes the step meanwhile.
    await repository.tctl("auth", "rotate", "--manual", "--type=host", "--phase=init");
    await screen.keys("l");
    await screen.see("BLOCKED");
    // What moved is told first.
    await screen.keys("x", "q");
    await screen.see("ended with 3");
  });

  it("plan -i shows, and changes nothing", async () => {
    repository = await Repository.withSandbox();
    await repository.rotate("start", "host");
    const screen = type("plan", "-i");
    await screen.see("1 step   READY");
    await screen.keys("a", "?", "q", "q");
    await screen.see("ended with 2");
    const { authorities } = (await repository.status()).clusters[0] ?? { authorities: [] };
    expect(authorities.find(({ type: name }) => name === "host")).toMatchObject({ phase: "standby" });
  });
});
