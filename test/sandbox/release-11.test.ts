import { describe, expect, it } from "vitest";
import { TimelessTeleport } from "./harness.ts";

/** What the replay of the recording leaves to chance: that it comes, and what it looks like then. */
interface Row {
  readonly metadata: { readonly name: string; readonly id?: number; readonly expires: string };
  readonly spec: {
    readonly host_id: string;
    readonly hostname: string;
    readonly rotation: { readonly phase?: string; readonly current_id: string };
  };
}

async function rows(teleport: TimelessTeleport, ...words: readonly string[]): Promise<readonly Row[] | null> {
  const answer = await teleport.tctl(...words, "--format=json");
  if (answer.exit !== 0) {
    expect(answer.stderr).toMatch(/^\[CLIENT\] {7}Cannot connect to the auth server: .*EOF/);
    return null;
  }
  return JSON.parse(answer.stdout) ?? [];
}

const PHASES = ["init", "update_clients", "update_servers", "standby"] as const;

/** Polls every two seconds through a walk of 120 s a phase, as the recording did; gives what was seen. */
async function walk(seed: number): Promise<ReadonlySet<string>> {
  const seen = new Set<string>();
  const teleport = await TimelessTeleport.start({ release: "11", seed });
  const agent = teleport.component("agent1").host_id;
  for (const phase of PHASES) {
    await teleport.ok("auth", "rotate", "--manual", "--type=host", `--phase=${phase}`);
    let followed = false;
    for (let second = 0; second < 120; second += 2) {
      await teleport.pass(2);
      const databases = await rows(teleport, "get", "db_server");
      const clusters = await rows(teleport, "get", "kube_server");
      const apps = await rows(teleport, "apps", "ls");
      const nodes = await rows(teleport, "get", "nodes");
      const inventory = (await teleport.tctl("inventory", "status", "--connected")).stdout;
      if ([databases, clusters, apps, nodes].includes(null)) seen.add("a call that found nobody");
      followed ||= databases?.some(({ spec }) => spec.rotation.phase === phase) === true;
      if (databases?.length === 0) {
        seen.add(followed ? `followed, then gone in ${phase}` : `gone in ${phase}`);
        // Both kinds of one agent go and come together, and the inventory knows better.
        if (apps !== null) expect(apps).toEqual([]);
        if (inventory.includes(agent)) seen.add("gone, though connected");
      }
      if (!inventory.includes(agent)) seen.add("not connected");
      for (const { metadata, spec } of clusters ?? []) {
        expect(spec.host_id).toBe(agent);
        if (metadata.id === undefined) expect(spec.rotation).toMatchObject({ current_id: "" });
      }
      if (clusters !== null) expect(clusters).toHaveLength(2);
      if (clusters?.every(({ metadata }) => metadata.id === undefined)) seen.add("two rows without an id");
      if (nodes?.some(({ spec }) => spec.rotation.phase === undefined))
        seen.add(`an empty rotation in ${phase}`);
      if (
        phase === "update_servers" &&
        databases?.some(({ spec }) => spec.rotation.phase === "update_clients")
      ) {
        if (second > 60) seen.add("72 s behind");
      }
    }
  }
  expect(teleport.component("agent1")).toMatchObject({ phase: "standby", problem: null });
  await teleport.platform.stop();
  return seen;
}

describe("a walk of release 11", () => {
  it("shows everything that was recorded, each in one walk or another", async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 8; seed += 1) for (const one of await walk(seed)) seen.add(one);
    for (const wanted of [
      "a call that found nobody",
      "followed, then gone in update_clients",
      "gone in standby",
      "gone, though connected",
      "not connected",
      "two rows without an id",
      "an empty rotation in update_clients",
      "72 s behind",
    ]) {
      expect([...seen]).toContain(wanted);
    }
    // Nobody reloads at init.
    expect([...seen]).not.toContain("followed, then gone in init");
  });

  it("is the same for one seed", async () => {
    expect(await walk(3)).toEqual(await walk(3));
  });
});

describe("rows", () => {
  it.each([
    [120_000, 60_000],
    [900_000, 450_000],
  ])("live as long as told (%i ms), and move on when they are renewed", async (lifeMs, announceMs) => {
    const rowLife = { lifeMs, announceMs, exact: true };
    const teleport = await TimelessTeleport.start({ release: "18", rowLife });
    const expires = async () => Date.parse((await teleport.node("node1"))?.metadata.expires ?? "");
    const seen = new Set<number>();
    for (let step = 0; step < 20; step += 1) {
      const left = (await expires()) - teleport.clock.now();
      expect(left).toBeGreaterThan(lifeMs - announceMs - 1);
      expect(left).toBeLessThanOrEqual(lifeMs);
      seen.add(await expires());
      await teleport.pass(announceMs / 10_000);
    }
    // 1 of now, and one every ten looks.
    expect(seen.size).toBe(3);
    await teleport.platform.fault({ target: "node1", fault: "offline" });
    const last = await expires();
    await teleport.pass((last - teleport.clock.now()) / 1000 - 1);
    expect(await expires()).toBe(last);
    await teleport.pass(2);
    expect(await teleport.node("node1")).toBeUndefined();
    await teleport.platform.stop();
  });

  it("are of the cluster's clock, whatever that of this machine says", async () => {
    const teleport = await TimelessTeleport.start({ release: "18", clockAheadMs: -420_000 });
    const node = await teleport.node("node1");
    const left = Date.parse(node?.metadata.expires ?? "") - teleport.clock.now();
    expect(left).toBeLessThanOrEqual(180_000);
    await teleport.step("init");
    const [authority] = JSON.parse(await teleport.ok("get", "cas", "--format=json"));
    const started = Date.parse(authority.spec.rotation.started);
    expect(teleport.clock.now() - started).toBe(440_000);
    await teleport.platform.stop();
  });

  it("of an AWS OIDC integration are of a proxy, and nobody's", async () => {
    const teleport = await TimelessTeleport.start({ release: "18", awsOidc: true });
    const apps = JSON.parse(await teleport.ok("get", "app_servers", "--format=json"));
    expect(apps.at(-1)).toMatchObject({
      metadata: { name: "aws-prod" },
      spec: { hostname: "", host_id: teleport.component("proxy1").host_id, app: { spec: { cloud: "AWS" } } },
    });
    expect(apps.at(-1).metadata).not.toHaveProperty("expires");
    await teleport.platform.stop();
  });
});

describe("an agent without storage", () => {
  it("comes back under another id, beside its old row", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    await teleport.step("init");
    const before = teleport.component("kube1");
    await teleport.platform.fault({ target: "kube1", fault: "reborn" });
    const after = teleport.component("kube1");
    expect(after.host_id).not.toBe(before.host_id);
    expect(after).toMatchObject({ phase: "init", current_id: before.current_id });
    const ids = async () =>
      (await rows(teleport, "get", "kube_servers"))?.map(({ spec }) => spec.host_id).sort();
    expect(await ids()).toEqual([before.host_id, after.host_id].sort());
    // Nothing brings the old one back.
    await teleport.platform.fault({ target: "kube1", fault: "clear" });
    await teleport.pass(600);
    expect(await ids()).toEqual([after.host_id]);
    await teleport.step("update_clients");
    expect(teleport.component("kube1")).toMatchObject({ phase: "update_clients" });
    await teleport.platform.stop();
  });
});
