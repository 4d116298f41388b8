import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, expect, it } from "vitest";
import { eventually, type Repository } from "../world/repository.ts";
import { Team } from "../world/team.ts";

/** As a unit of systemd would run it, scraped by Prometheus, called by a forge: the real executable. */
const SECRET = "a secret that the forge knows";
const FREEZE = "    freezes: [{ from: 2020-01-01, to: 2120-01-01, reason: sale }]\n";

let team: Team;
let machine: Repository;
let running: ReturnType<Repository["start"]>;
let stopSystemd = () => {};
const said = { out: "", err: "", systemd: "" };
let url = "";

const heard = async (which: keyof typeof said, text: string | RegExp) =>
  await eventually(
    async () => said[which],
    (all) => all.search(text) >= 0,
  );
const get = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(`${url}${path}`, init);
  return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
};
const post = async (body: string, signature: string | null) =>
  (
    await get("/hook", {
      method: "POST",
      body,
      headers: signature === null ? {} : { "x-hub-signature-256": signature },
    })
  ).status;
const signed = (body: string) => `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`;
const lines = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const rounds = () =>
  lines(said.out.slice(0, said.out.lastIndexOf("\n") + 1)).filter(({ type }) => type === "round");

beforeAll(async () => {
  team = await Team.create();
  const told = join(team.folder, "told.jsonl");
  await team.declare(
    `{ record: refs, branch: main, notify: { command: [tee, -a, ${told}], events: [blocked, failed] } }`,
  );
  await team.home.commit("tell the team");
  await team.home.git("push", "--quiet", "origin", "HEAD:main");
  machine = await team.machine();
  const socket = join(team.folder, "notify.sock");
  const systemd = execa("socat", ["-u", `UNIX-RECV:${socket}`, "-"], { reject: false, buffer: false });
  stopSystemd = () => systemd.kill("SIGKILL");
  systemd.stdout?.on("data", (chunk) => {
    said.systemd += String(chunk);
  });
  await eventually(
    async () => (await execa("test", ["-S", socket], { reject: false })).exitCode,
    (exit) => exit === 0,
  );
  const flags = [
    "--listen",
    "127.0.0.1:0",
    "--health-file",
    join(team.folder, "health.json"),
    "--format",
    "json",
  ];
  running = machine.start(["reconcile", "--interval", "24h", ...flags], {
    CAPSTAN_HOOK_SECRET: SECRET,
    NOTIFY_SOCKET: socket,
    WATCHDOG_USEC: "1000000",
  });
  running.stdout?.on("data", (chunk) => {
    said.out += String(chunk);
  });
  running.stderr?.on("data", (chunk) => {
    said.err += String(chunk);
  });
  await heard("err", /listening on http\S+\n/);
  url = /listening on (\S+)/.exec(said.err)?.[1] ?? "";
});

afterAll(async () => {
  running?.kill("SIGKILL");
  stopSystemd();
  await team.remove();
});

it("is ready after its first round, and alive before", async () => {
  expect(await get("/healthz")).toMatchObject({ status: 200, text: "alive\n" });
  await heard("systemd", "READY=1");
  await eventually(
    async () => (await get("/readyz")).status,
    (status) => status === 200,
  );
  expect(rounds()).toMatchObject([{ outcome: "nothing-to-do", done: [], left_alone: [] }]);
  const health = await eventually(
    async () => await readFile(join(team.folder, "health.json"), "utf8").catch(() => ""),
    (text) => text !== "",
  );
  expect(JSON.parse(health)).toMatchObject({
    format_version: "1.0",
    ready: true,
    failures: 0,
    message: "live equals desired",
  });
});

it("tells Prometheus", async () => {
  const { status, type, text } = await get("/metrics");
  expect([status, type]).toEqual([200, "application/openmetrics-text; version=1.0.0; charset=utf-8"]);
  expect(text).toContain('\ncapstan_cluster_up{cluster="acme.cluster",platform="teleport"} 1\n');
  expect(text).toContain("\ncapstan_reconcile_failures 0\n");
  expect(text.endsWith("\n# EOF\n")).toBe(true);
});

it("refuses what is not asked as it should be", async () => {
  expect((await get("/")).status).toBe(404);
  expect((await get("/metrics", { method: "POST" })).status).toBe(405);
  expect((await get("/hook")).status).toBe(405);
  expect(await post("{}", null)).toBe(401);
  expect(await post("{}", signed("{ }"))).toBe(401);
  const large = "x".repeat(1024 * 1024 + 1);
  expect(await post(large, signed(large)).catch(() => 413)).toBe(413);
  expect(rounds()).toHaveLength(1);
});

it("begins a round when the forge calls, whatever it says", async () => {
  await team.rotate("start", "host");
  const body = "not even JSON";
  expect(await post(body, signed(body))).toBe(202);
  await eventually(
    async () => rounds().length,
    (count) => count === 2,
  );
  expect(rounds()[1]).toMatchObject({ outcome: "applied", done: ["acme.cluster host standby → init"] });
  const types = lines(said.out).map(({ type }) => type);
  expect(types).toEqual(
    expect.arrayContaining(["plan", "step-started", "step-verified", "finished", "round"]),
  );
});

it("begins a round at SIGHUP, and tells the team once what holds it", async () => {
  await team.home.git("pull", "--quiet", "origin", "main");
  await team.home.edit("clusters/*/cluster.yaml", (text) => `${text}${FREEZE}`);
  await team.home.rotate("advance", "host");
  await team.home.git("push", "--quiet", "origin", "HEAD:main");
  for (const count of [3, 4]) {
    running.kill("SIGHUP");
    await eventually(
      async () => rounds().length,
      (all) => all === count,
      120_000,
    );
  }
  expect(rounds()[3]).toMatchObject({
    outcome: "blocked",
    message: expect.stringContaining("held by a freeze (sale)"),
  });
  expect(lines(await readFile(join(team.folder, "told.jsonl"), "utf8"))).toMatchObject([
    {
      format_version: "1.0",
      event: "blocked",
      cluster: "acme.cluster",
      rotation: expect.stringMatching(/^host-/),
      message: expect.stringMatching(
        /^host: init → update_clients is blocked by window: authority\/host held by a freeze/,
      ),
    },
  ]);
});

it("stops at a safe point, and has told systemd all along", async () => {
  await heard("systemd", "WATCHDOG=1");
  running.kill("SIGTERM");
  expect((await running).exitCode).toBe(130);
  await heard("systemd", "STOPPING=1");
  expect(said.out + said.err).not.toContain(SECRET);
});
