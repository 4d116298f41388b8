import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Tmux } from "../../world/tmux.ts";

/** The screen alone, with a run that is played to it. */
const ROOT = join(import.meta.dirname, "..", "..", "..");
/** Where it finds its packages, and apart from what is delivered, which other tests weigh and compare meanwhile. */
const FOLDER = join(ROOT, "node_modules", ".cache", "tui-driver");
const DRIVER = join(FOLDER, "driver.mjs");

let terminal: Tmux;

function start(args: string, { columns = 80, rows = 24 } = {}): void {
  terminal = new Tmux(`${process.execPath} ${DRIVER} ${args}`, { columns, rows });
}

describe.skipIf(!Tmux.found)("in a real terminal (tmux)", () => {
  beforeAll(async () => {
    await build({
      entryPoints: [join(import.meta.dirname, "driver.ts")],
      outfile: DRIVER,
      bundle: true,
      format: "esm",
      platform: "node",
      packages: "external",
      logLevel: "warning",
    });
  });

  afterAll(async () => rm(FOLDER, { recursive: true }));

  afterEach(() => {
    terminal.close();
  });

  it("goes from the review to the end of the run, and leaves a summary", async () => {
    start("whole ready --speed 200");
    await terminal.see("READY");
    await terminal.keys("a");
    await terminal.see("Approve this step?");
    await terminal.keys("y");
    await terminal.see("approved; s starts");
    await terminal.keys("s");
    await terminal.see("Start 1 approved step?");
    await terminal.keys("y");
    await terminal.see("step 1 of 1");
    const end = await terminal.see("next  capstan rotate advance host sets the next phase, for a commit");
    expect(end).toContain('approved: ["acme.cluster/host-2026-11/host/init-update_clients"]');
    expect(end).toContain("applied: everything that was planned is done");
  });

  it("rolls back with r", async () => {
    start("watch ready --speed 20");
    await terminal.see("Not following yet:");
    await terminal.keys("r");
    await terminal.see("Roll back?");
    await terminal.keys("y");
    await terminal.see("rolled-back: asked for on the screen");
  });

  it("shows what moved, and forgets the approval", async () => {
    start("approve ready --moved");
    await terminal.see("READY");
    await terminal.keys("a");
    await terminal.see("Approve this step?");
    await terminal.keys("y");
    await terminal.see("approved; s starts");
    await terminal.keys("s");
    await terminal.see("Start 1 approved step?");
    await terminal.keys("y");
    await terminal.see("The clusters moved while this was being read");
    await terminal.keys("x");
    expect(await terminal.see("POINT OF NO RETURN")).toContain("1 step   READY");
    await terminal.keys("q");
    await terminal.see("approved: null");
  });

  it("follows the size of the window", async () => {
    start("approve busy", { columns: 120, rows: 40 });
    await terminal.see("3 clusters");
    await terminal.keys("Enter");
    expect(await terminal.see("blocks")).toContain("b blocked");
    terminal.run("resize-window", "-x", "60", "-y", "20");
    await terminal.see("4 components");
    expect(terminal.shown().split("\n")[4]).toBe("─".repeat(60));
    terminal.run("resize-window", "-x", "50", "-y", "20");
    await terminal.see("this is 50 × 20");
    terminal.run("resize-window", "-x", "80", "-y", "24");
    await terminal.see("db_client → update_…");
  });

  it("approves nothing when somebody leans on the keyboard", async () => {
    start("approve ready");
    await terminal.see("READY");
    for (let times = 0; times < 25; times += 1)
      terminal.run(
        "send-keys",
        ...Array.from("yaay sEay ywa", (one) => (one === "E" ? "Enter" : one === " " ? "Space" : one)),
      );
    await delay(1_000);
    expect(terminal.shown()).not.toContain("approved");
    await terminal.keys("q");
    await terminal.keys("q");
    await terminal.see("approved: null");
  });
});
