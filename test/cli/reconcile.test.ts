import "../world/in-process.ts";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pauseAfter } from "../../src/cli/reconcile/back-off.ts";
import { flat } from "../world/flat.ts";
import { eventually, type Repository } from "../world/repository.ts";
import { Team } from "../world/team.ts";

describe("pauses", () => {
  const minute = 60_000;
  it.each([
    ["the interval", 0, minute, 0.5, minute],
    ["a tenth less", 0, minute, 0, 0.9 * minute],
    ["a tenth more", 0, minute, 1, 1.1 * minute],
    ["twice as long after a failure", 1, minute, 0.5, 2 * minute],
    ["eight times after three", 3, minute, 0.5, 8 * minute],
    ["a quarter of an hour at most", 40, minute, 0.5, 15 * minute],
    ["an interval that is longer than that", 9, 60 * minute, 0.5, 60 * minute],
  ])("%s", (_title, failures, interval, chance, expected) => {
    expect(pauseAfter(failures, interval, chance)).toBeCloseTo(expected);
  });
});

const FREEZE = "    freezes: [{ from: 2020-01-01, to: 2120-01-01, reason: sale }]\n";

describe("capstan reconcile", () => {
  let team: Team;
  let machine: Repository;
  let running: ReturnType<Repository["start"]> | undefined;

  beforeAll(async () => {
    team = await Team.create();
    machine = await team.machine();
  });
  afterAll(async () => {
    running?.kill("SIGKILL");
    await team.remove();
  });

  const once = async (...flags: readonly string[]) => await machine.capstan("reconcile", "--once", ...flags);
  const head = async (repository: Repository) => (await repository.git("rev-parse", "HEAD")).slice(0, 12);

  /** A change of the cluster resource, pushed. */
  async function push(change: (text: string) => string): Promise<void> {
    await team.home.edit("clusters/*/cluster.yaml", change);
    await team.home.commit("change the cluster resource");
    await team.home.git("push", "--quiet", "origin", "HEAD:main");
  }

  async function phase(): Promise<string | undefined> {
    const { clusters } = await machine.status();
    return clusters[0]?.authorities.find(({ type }) => type === "host")?.phase;
  }

  it("says nothing where nothing is to be done", async () => {
    expect(await once()).toEqual({ exit: 0, stdout: "", stderr: "" });
  });

  it("holds where it stands in a file, also where one round is all: of cron nobody else tells", async () => {
    const file = join(team.folder, "made", "health.json");
    const health = async () => JSON.parse(await readFile(file, "utf8"));
    expect((await once("--health-file", file)).exit).toBe(0);
    expect(await health()).toMatchObject({ ready: true, failures: 0, message: "live equals desired" });
    await machine.edit("clusters/*/cluster.yaml", (text) => `${text}# edited\n`);
    expect((await once("--health-file", file)).exit).toBe(1);
    expect(await health()).toMatchObject({
      ready: false,
      failures: 1,
      message: expect.stringContaining("cluster.yaml"),
    });
    await machine.git("checkout", "--quiet", ".");
  });

  it("leaves work of a person alone: an edit, a commit, another branch", async () => {
    const before = await head(machine);
    await push((text) => `${text}${FREEZE}`);
    await machine.edit("clusters/*/cluster.yaml", (text) => `${text}# edited\n`);
    const edited = await once();
    expect(edited.exit).toBe(1);
    expect(flat(edited.stderr)).toContain("cluster.yaml");
    await machine.commit("not pushed");
    const apart = await once();
    expect(apart.exit).toBe(1);
    expect(flat(apart.stderr)).toContain("is not on main of origin");
    await machine.git("reset", "--quiet", "--hard", "HEAD^");
    await machine.git("switch", "--quiet", "--create", "topic");
    const elsewhere = await once();
    expect(elsewhere.exit).toBe(1);
    expect(flat(elsewhere.stderr)).toContain("topic is checked out, and not main");
    await machine.git("switch", "--quiet", "main");
    expect(await head(machine)).toBe(before);
  });

  it("goes round until it is told to stop: windows, mistakes and all", async () => {
    running = machine.start(["reconcile", "--interval", "200ms"]);
    let said = "";
    running.stderr?.on("data", (chunk) => {
      said += String(chunk);
    });
    const heard = async (text: string) =>
      await eventually(
        async () => said,
        (all) => all.includes(text),
        // A machine that is ten times slower.
        600_000,
      );
    await team.home.rotate("start", "host", "--strategy", "walk");
    await team.home.git("push", "--quiet", "origin", "HEAD:main");
    await heard("host standby → init is blocked by window: authority/host held by a freeze (sale)");
    expect(await phase()).toBe("standby");

    await push((text) => text.replace(FREEZE, "    soack: 1s\n"));
    await heard('unknown field "soack"');
    await push((text) => text.replace("    soack: 1s\n", ""));
    await heard("needs its own approval: --approve-final");
    expect(await phase()).toBe("update_servers");

    running.kill("SIGTERM");
    const { exitCode, stdout } = await running;
    expect(exitCode).toBe(130);
    expect(stdout).toBe("");
    const lines = said.split("\n").filter((line) => line !== "");
    expect(lines.filter((line) => line.includes("blocked by window"))).toHaveLength(1);
    expect(lines.filter((line) => line.includes("soack") && line.includes("error"))).toHaveLength(1);
    expect(lines.filter((line) => line.includes("needs its own approval"))).toEqual([
      expect.stringContaining(
        `${await head(machine)} applied: acme.cluster host standby → init, acme.cluster host init → update_clients, acme.cluster host update_clients → update_servers; blocked: host update_servers → standby`,
      ),
    ]);
    expect(lines).toContain("stopping at the next safe point …");
  });

  it("takes the point of no return where that is allowed, and says so in one line", async () => {
    expect(await once("--approve-final")).toEqual({
      exit: 0,
      stdout: "",
      stderr: [
        "--approve-final: every point of no return of every rotation in git is taken without asking",
        `${await head(machine)} applied: acme.cluster host update_servers → standby`,
      ].join("\n"),
    });
    expect(await phase()).toBe("standby");
  });
});
