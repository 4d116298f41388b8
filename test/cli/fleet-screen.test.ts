import "../world/in-process.ts";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FleetSandbox } from "../world/fleet-sandbox.ts";
import { Tmux } from "../world/tmux.ts";

/** Several clusters as a person meets them: a real terminal, the executable, one of them goes back and no other. */

const CAPSTAN = join(import.meta.dirname, "..", "..", "dist", "capstan.js");
const NAMES = ["east", "idle", "west"];

let fleet: FleetSandbox;
let screen: Tmux | undefined;

describe.skipIf(!Tmux.found)("several clusters on a terminal (tmux)", () => {
  beforeAll(async () => {
    fleet = await FleetSandbox.start(NAMES);
    const both = ["--cluster", "east", "--cluster", "west"];
    await fleet.repository.rotate("start", "host", ...both);
    await fleet.repository.must("apply", "--auto-approve");
    await fleet.repository.rotate("advance", "host", ...both);
    await fleet.fault("west", { target: "proxy1", fault: "stuck" });
  });

  afterAll(async () => {
    screen?.close();
    await fleet.stop();
  });

  it("are a list; each is approved by itself, and r rolls back the one that is selected", async () => {
    screen = new Tmux([process.execPath, CAPSTAN, "apply"].join(" "), {
      columns: 100,
      rows: 30,
      cwd: fleet.repository.folder,
    });
    expect(await screen.see("3 clusters, 2 ready, 1 idle")).toMatch(/› ○ east +host → update_clients +ready/);
    await screen.keys("a");
    await screen.see("Approve this step?");
    await screen.keys("y");
    expect(await screen.see("approved; s starts")).toMatch(/› ✔ east .* approved/);
    await screen.keys("j", "Enter");
    expect(await screen.see("Esc list")).toContain("west › ");
    await screen.keys("a");
    await screen.see("Approve this step?");
    await screen.keys("y");
    await screen.see("2 of 2 approved");
    await screen.keys("Escape");
    await screen.see("3 clusters, 2 approved, 1 idle");
    await screen.keys("s");
    await screen.see("Start 2 approved steps?");
    await screen.keys("y");
    expect(await screen.see("3 clusters, 1 running, 1 done, 1 idle")).toMatch(/✔ east/);
    await screen.keys("j");
    await screen.see("› ~ west");
    await screen.keys("r");
    expect(await screen.see("Roll back?")).toContain("west, host");
    await screen.keys("y");
    // The way back waits for it as well.
    await screen.see("1 going back");
    await fleet.fault("west", { target: "proxy1", fault: "clear" });
    const summary = await screen.see("ended with 4");
    expect(summary).toContain("west rolled-back");
    expect(NAMES.map((name) => fleet.phase(name))).toEqual(["update_clients", "standby", "standby"]);
  });
});
