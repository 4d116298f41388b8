import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TimelessTeleport } from "./harness.ts";
import { shapeOf } from "./transcript.ts";

type Pair = Awaited<ReturnType<typeof TimelessTeleport.startPair>>;

interface Call {
  readonly line: number;
  readonly step: string;
  readonly cluster: "root.cluster" | "leaf.cluster";
  readonly args: readonly string[];
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

const FILE = join(import.meta.dirname, "../../fixtures/recordings/teleport-5.0/trusted-cluster.jsonl");
const calls: readonly Call[] = readFileSync(FILE, "utf8")
  .trim()
  .split("\n")
  .map((line, index) => ({ ...JSON.parse(line), line: index + 1 }));

interface Listed {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly type: string;
    readonly hostname?: string;
    readonly rotation?: { readonly phase?: string };
    readonly tls_key_pairs?: readonly { readonly cert: string }[];
  };
  readonly status?: { readonly connection: string; readonly last_heartbeat: string };
}

function listed(stdout: string): readonly Listed[] {
  const value = JSON.parse(stdout);
  return Array.isArray(value) ? value : [value];
}

/** Every CA with its phase and its keys, named in the order in which a session shows them. */
function authorityReader(): (stdout: string) => readonly string[] {
  const names = new Map<string, number>();
  return (stdout) =>
    listed(stdout).map(({ metadata, spec }) => {
      const keys = (spec.tls_key_pairs ?? []).map(({ cert }) => {
        if (!names.has(cert)) names.set(cert, names.size + 1);
        return names.get(cert);
      });
      const owner = metadata.name.startsWith("leaf.") ? "leaf" : "root";
      return `${owner} ${spec.type} ${spec.rotation?.phase ?? ""} ${keys.join("+")}`;
    });
}

/** Everything in a status that differs from session to session made equal, and all its padding. */
function statusText(stdout: string): string {
  return stdout
    .replace(/[0-9a-f]{64}/, "9".repeat(64))
    .replace(/\d/g, "9")
    .replace(/ +$/gm, "");
}

/** The day of the recorded session: times are compared by their shape, and months differ in length. */
const RECORDED_AT = Date.UTC(2026, 10, 21, 8, 4, 0);

describe("the recorded session of a root that lost its leaf", () => {
  it("gives the same copies, remote clusters, texts and phases against the sandbox", async () => {
    const { root, leaf } = await TimelessTeleport.startPair(
      { release: "5", nodes: 1 },
      { root: "root.cluster", leaf: "leaf.cluster" },
      RECORDED_AT,
    );
    const clusters = { "root.cluster": root, "leaf.cluster": leaf };
    const recordedAuthorities = authorityReader();
    const sandboxAuthorities = authorityReader();
    /** In which steps a new heartbeat was seen. */
    const beats = { recorded: new Map<string, string>(), sandbox: new Map<string, string>() };
    // The heartbeat before the session was 34 s old when the first transition was asked for.
    await root.pass(34);
    let transition = root.clock.now();

    for (const call of calls) {
      const where = `line ${call.line}: ${call.step}: ${call.cluster} tctl ${call.args.join(" ")}`;
      const [, group = call.step, seconds] = /^(.*) \+(\d+)s$/.exec(call.step) ?? [];
      if (call.args[1] === "rotate") {
        // The last poll was 5 s ago.
        if (call.line > 9) await root.pass(5);
        if (call.step.endsWith("leaf stopped")) {
          await leaf.platform.fault({ target: "leaf", fault: "offline" });
        }
        transition = root.clock.now();
      }
      if (call.step === "leaf continued, root host init +0s" && call.line === 401) {
        await leaf.platform.fault({ target: "leaf", fault: "clear" });
        transition = root.clock.now();
      }
      if (seconds !== undefined) {
        await root.pass(Math.max(0, (transition + Number(seconds) * 1000 - root.clock.now()) / 1000));
      }
      let answer = await clusters[call.cluster].tctl(...call.args);
      expect({ exit: answer.exit, stderr: answer.stderr }, where).toEqual({
        exit: call.exit,
        stderr: call.stderr,
      });
      if (call.args[1] === "rotate") {
        expect(answer.stdout, where).toBe(call.stdout);
        continue;
      }
      // Right after a transition each side may be the one whose reads are stale.
      const isFresh = seconds === "0";
      switch (call.args[1]) {
        case undefined:
          if (!isFresh) expect(statusText(answer.stdout), where).toBe(statusText(call.stdout));
          continue;
        case "cert_authority": {
          const expected = recordedAuthorities(call.stdout);
          if (!isFresh) expect(sandboxAuthorities(answer.stdout), where).toEqual(expected);
          break;
        }
        case "remote_cluster": {
          const [recorded] = listed(call.stdout);
          const [sandbox] = listed(answer.stdout);
          expect(sandbox?.status?.connection, where).toBe(recorded?.status?.connection);
          const note = (steps: Map<string, string>, heartbeat = "") => {
            if (!steps.has(heartbeat)) steps.set(heartbeat, group);
          };
          note(beats.recorded, recorded?.status?.last_heartbeat);
          note(beats.sandbox, sandbox?.status?.last_heartbeat);
          break;
        }
        case "nodes": {
          const phase = (stdout: string) => listed(stdout)[0]?.spec.rotation?.phase;
          const isLast = Number(seconds) === 21 || Number(seconds) === 8;
          for (let waited = 0; isLast && waited < 15; waited += 1) {
            if (phase(answer.stdout) === phase(call.stdout)) break;
            await root.pass(1);
            answer = await root.tctl(...call.args);
          }
          if (isLast) expect(phase(answer.stdout), where).toBe(phase(call.stdout));
          break;
        }
      }
      // The proxy's row lags the node's of the same process by a whole phase there; here they agree.
      if (!isFresh && !(call.args[1] === "nodes" || call.args[1] === "proxy")) {
        expect(listed(answer.stdout).map(shapeOf), where).toEqual(listed(call.stdout).map(shapeOf));
      }
    }
    expect([...beats.sandbox.values()]).toEqual([...beats.recorded.values()]);
    expect([...beats.sandbox.values()]).toEqual(["trusted: before", "root host update_clients"]);
  });
});

const WALK = ["init", "update_clients", "update_servers", "standby"] as const;

async function copies(pair: Pair) {
  const read = async (teleport: TimelessTeleport, owner: string) =>
    Object.fromEntries(
      JSON.parse(await teleport.ok("get", "cas", "--format=json"))
        .filter((one: Listed) => one.metadata.name === owner)
        .map((one: Listed & { spec: { active_keys: unknown; additional_trusted_keys: unknown } }) => [
          one.spec.type,
          [one.spec.rotation, one.spec.active_keys, one.spec.additional_trusted_keys],
        ]),
    );
  return {
    ofRoot: { original: await read(pair.root, "acme.cluster"), copy: await read(pair.leaf, "acme.cluster") },
    ofLeaf: {
      original: await read(pair.leaf, "leaf.acme.cluster"),
      copy: await read(pair.root, "leaf.acme.cluster"),
    },
  };
}

async function heartbeatAgeS({ root }: Pair): Promise<number> {
  const [remote] = JSON.parse(await root.ok("get", "rc", "--format=json"));
  expect(remote.status.connection).toBe("online");
  return (root.clock.now() - Date.parse(remote.status.last_heartbeat)) / 1000;
}

describe("a root and its leaf", () => {
  it("have copies of each other's CAs, without private keys, and know each other by name", async () => {
    const pair = await TimelessTeleport.startPair({ release: "18" });
    const { ofRoot, ofLeaf } = await copies(pair);
    expect(Object.keys(ofRoot.copy)).toEqual(["host", "user", "db", "openssh"]);
    expect(Object.keys(ofLeaf.copy)).toEqual(["host"]);
    for (const [type, copy] of Object.entries(ofRoot.copy)) expect(copy).toEqual(ofRoot.original[type]);
    expect(ofLeaf.copy["host"]).toEqual(ofLeaf.original["host"]);
    const secrets = await pair.leaf.ok("get", "cert_authority/host/acme.cluster", "--with-secrets");
    expect(secrets).not.toContain("private_key");
    expect(await pair.leaf.ok("get", "tc/acme.cluster")).toContain("kind: trusted_cluster");
    expect(await pair.root.ok("get", "rc/leaf.acme.cluster")).toContain("kind: remote_cluster");
    expect(await pair.root.ok("get", "tc", "--format=json")).toBe("[]\n");
    expect((await pair.root.tctl("get", "rc/other")).stderr).toContain('remote_cluster "other" is not found');
  });

  it("stay together in a rotation that waits for the copies", async () => {
    const pair = await TimelessTeleport.startPair({ release: "18" });
    for (const cluster of [pair.root, pair.leaf]) {
      for (const phase of WALK) {
        await cluster.step(phase, 120);
        const { ofRoot, ofLeaf } = await copies(pair);
        expect(ofRoot.copy["host"]).toEqual(ofRoot.original["host"]);
        expect(ofLeaf.copy["host"]).toEqual(ofLeaf.original["host"]);
        expect(await heartbeatAgeS(pair), phase).toBeLessThanOrEqual(60);
      }
    }
  });

  it("are cut off by a leaf that was away from init to update_clients, until a rollback", async () => {
    const pair = await TimelessTeleport.startPair({ release: "18" });
    await pair.leaf.platform.fault({ target: "leaf", fault: "offline" });
    await pair.root.step("init", 120);
    const away = await pair.leaf.tctl("get", "cas");
    expect(away.stderr).toContain("Cannot connect to the auth server.");
    await pair.root.step("update_clients", 120);
    await pair.root.ok("auth", "rotate", "--manual", "--type=host", "--phase=update_servers");
    await pair.root.pass(20);
    await pair.leaf.platform.fault({ target: "leaf", fault: "clear" });
    await pair.root.pass(600);
    expect(pair.link.isUp).toBe(false);
    expect(await heartbeatAgeS(pair)).toBeGreaterThan(600);
    expect((await copies(pair)).ofRoot.copy["host"][0]).toBeUndefined();
    await pair.root.step("rollback", 120);
    expect(pair.link.isUp).toBe(true);
    expect(await heartbeatAgeS(pair)).toBeLessThanOrEqual(60);
    const { copy, original } = (await copies(pair)).ofRoot;
    expect(copy["host"]).toEqual(original["host"]);
  });

  it("part for good where the old key is dropped while the leaf is away", async () => {
    const pair = await TimelessTeleport.startPair({ release: "18" });
    await pair.leaf.platform.fault({ target: "leaf", fault: "offline" });
    for (const phase of WALK) await pair.root.step(phase, 120);
    await pair.leaf.platform.fault({ target: "leaf", fault: "clear" });
    await pair.root.pass(3600);
    expect(pair.link.isUp).toBe(false);
    expect(await heartbeatAgeS(pair)).toBeGreaterThan(3600);
  });

  it("notice a leaf that is away, but only by the age of its heartbeat", async () => {
    const pair = await TimelessTeleport.startPair({ release: "18" });
    await pair.leaf.platform.fault({ target: "leaf", fault: "offline" });
    await pair.root.pass(300);
    expect(await heartbeatAgeS(pair)).toBeGreaterThan(240);
    await pair.leaf.platform.fault({ target: "leaf", fault: "clear" });
    await pair.root.pass(90);
    expect(await heartbeatAgeS(pair)).toBeLessThanOrEqual(60);
  });
});
