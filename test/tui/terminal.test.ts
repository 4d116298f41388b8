import { execFileSync, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { build } from "esbuild";
import { afterEach, beforeAll, describe, expect, it } from "vitest";

/** The screen in a real terminal: tmux is one, and can be asked what it shows. */

const FOUND = spawnSync("tmux", ["-V"]).status === 0;
const ROOT = join(import.meta.dirname, "..", "..");
const DRIVER = join(ROOT, "dist", "tui-driver.js");
/** A server of its own for every test: the last one may still be on its way out. */
let socket = "";

const tmux = (...args: readonly string[]) =>
  execFileSync("tmux", ["-L", socket, ...args], { encoding: "utf8" });

function start(args: string, { columns = 80, rows = 24 } = {}): void {
  socket = `capstan-test-${randomUUID().slice(0, 8)}`;
  const command = `env -u CI -u NO_COLOR TERM=screen-256color ${process.execPath} ${DRIVER} ${args}; cat`;
  tmux("-f", "/dev/null", "new-session", "-d", "-x", String(columns), "-y", String(rows), command);
}

const shown = () => tmux("capture-pane", "-p");

async function see(text: string): Promise<string> {
  const until = Date.now() + 15_000;
  while (Date.now() < until) {
    const screen = shown();
    if (screen.includes(text)) return screen;
    await delay(50);
  }
  throw new Error(`the terminal never showed ${JSON.stringify(text)}, but\n${shown()}`);
}

async function keys(...all: readonly string[]): Promise<void> {
  for (const one of all) {
    // As long as a person takes to read.
    await delay(800);
    tmux("send-keys", "--", one);
  }
}

describe.skipIf(!FOUND)("in a real terminal (tmux)", () => {
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

  afterEach(() => {
    spawnSync("tmux", ["-L", socket, "kill-server"]);
  });

  it("goes from the review to the end of the run, and leaves a summary", async () => {
    start("whole ready --speed 200");
    await see("READY");
    await keys("a");
    await see("Approve this step?");
    await keys("y");
    await see("approved; s starts");
    await keys("s");
    await see("Start 1 approved step?");
    await keys("y");
    await see("step 1 of 1");
    const end = await see("next  capstan rotate advance host sets the next phase, for a commit");
    expect(end).toContain('approved: {"approved":["host-2026-11/host/init-update_clients"],"final":false}');
    expect(end).toContain("applied: everything that was planned is done");
  });

  it("rolls back with r", async () => {
    start("watch ready --speed 20");
    await see("Not following yet:");
    await keys("r");
    await see("Roll back?");
    await keys("y");
    await see("rolled-back: asked for on the screen");
  });

  it("shows what moved, and forgets the approval", async () => {
    start("approve ready --moved");
    await see("READY");
    await keys("a", "y");
    await see("approved; s starts");
    await keys("s", "y");
    await see("The clusters moved while this was being read");
    await keys("x");
    expect(await see("POINT OF NO RETURN")).toContain("1 step   READY");
    await keys("q");
    await see("approved: null");
  });

  it("follows the size of the window", async () => {
    start("approve busy", { columns: 120, rows: 40 });
    expect(await see("BLOCKED")).toContain("b blocked");
    tmux("resize-window", "-x", "60", "-y", "20");
    await see("4 components");
    expect(shown().split("\n")[4]).toBe("─".repeat(60));
    tmux("resize-window", "-x", "50", "-y", "20");
    await see("this is 50 × 20");
    tmux("resize-window", "-x", "80", "-y", "24");
    await see("db_client → update_…");
  });

  it("approves nothing when somebody leans on the keyboard", async () => {
    start("approve ready");
    await see("READY");
    for (let times = 0; times < 25; times += 1)
      tmux(
        "send-keys",
        ...Array.from("yaay sEay ywa", (one) => (one === "E" ? "Enter" : one === " " ? "Space" : one)),
      );
    await delay(1_000);
    expect(shown()).not.toContain("approved");
    await keys("q");
    await keys("q");
    await see("approved: null");
  });
});
