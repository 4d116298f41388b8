import { describe, expect, it } from "vitest";
import { readElements, readFields } from "../../../src/listings/json-stream.ts";
import { openPlatform } from "../../../src/platforms/open.ts";
import { readAuthority } from "../../../src/platforms/teleport/authority.ts";
import { ROW_FIELDS } from "../../../src/platforms/teleport/components.ts";
import { explain } from "../../../src/platforms/teleport/errors.ts";
import { readStatus, readVersion } from "../../../src/platforms/teleport/text.ts";
import type { ClusterObservation } from "../../../src/profile/profile.ts";
import { identify, type LiveAuthority } from "../../../src/rotation/observation.ts";
import { fakeRunner, type RecordedCall, recording, teleportCluster } from "../fake-runner.ts";

const TRANSCRIPT = recording("transcript");
const TRUSTED = recording("trusted-cluster");
const ALL = [...TRANSCRIPT, ...TRUSTED];
const FAILED = ALL.filter(({ exit }) => exit !== 0);

const isListing = ({ args, exit }: RecordedCall) => args[0] === "get" && exit === 0;
const isAuthorities = (call: RecordedCall) =>
  isListing(call) && (call.args[1] === "cert_authority" || call.args[1] === "cas");
const isStatus = ({ args, exit }: RecordedCall) => args[0] === "status" && exit === 0;
const owner = ({ cluster }: RecordedCall) => cluster ?? "acme.cluster";

function elementsOf(stdout: string): unknown[] {
  const elements: unknown[] = [];
  const reader = readElements((element) => elements.push(element));
  const bytes = Buffer.from(stdout);
  for (let at = 0; at < bytes.length; at += 777) reader.push(bytes.subarray(at, at + 777));
  reader.end();
  return elements;
}

async function authoritiesOf(call: RecordedCall): Promise<LiveAuthority[]> {
  return Promise.all(elementsOf(call.stdout).map((element) => readAuthority(element)));
}

/** Lines that differ only in when they were taken are worth one test each. */
function distinct(calls: readonly RecordedCall[]): RecordedCall[] {
  return [
    ...new Map(
      calls.map((call) => [`${owner(call)} ${call.args.join(" ")} ${call.stdout}${call.stderr}`, call]),
    ).values(),
  ];
}

it("every successful line parses", async () => {
  const kinds = new Map<string, number>();
  for (const call of ALL.filter(({ exit }) => exit === 0)) {
    const kind = call.args.slice(0, 2).join(" ");
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if (isListing(call)) {
      const parsed: unknown = JSON.parse(call.stdout);
      expect(elementsOf(call.stdout), call.step).toEqual(Array.isArray(parsed) ? parsed : [parsed]);
    }
    if (isStatus(call)) {
      const status = readStatus(call.stdout);
      expect(status).toEqual({
        cluster: owner(call),
        version: "5.0.0-dev",
        pins: [expect.stringMatching(/^sha256:/)],
      });
    }
    if (call.args[0] === "version") expect(readVersion(call.stdout)).toBe("5.0.0-dev");
  }
  expect(Object.fromEntries(kinds)).toMatchObject({
    "get cert_authority": 219,
    "get nodes": 156,
    "get proxy": 55,
    "get remote_cluster": 72,
    "get trusted_cluster": 55,
  });
});

it("every CA listing gives authorities with the owner, keys and rotation that stand in it", async () => {
  for (const call of distinct(ALL.filter(isAuthorities))) {
    for (const authority of await authoritiesOf(call)) {
      expect(["host", "user"]).toContain(authority.type);
      expect(["acme.cluster", "root.cluster", "leaf.cluster"]).toContain(authority.cluster);
      expect(authority.active.map(({ protocol }) => protocol).sort()).toEqual(["ssh", "tls"]);
      const idle = authority.rotation.state === "standby";
      expect(authority.trusted.length, `${call.step} ${authority.type}`).toBe(idle ? 0 : 2);
      expect(authority.rotation.mode === null).toBe(idle);
      expect(authority.rotation.started === null).toBe(idle);
      expect(authority.rotation.schedule === null).toBe(idle);
      for (const key of [...authority.active, ...authority.trusted]) {
        expect(key).toMatchObject({ algorithm: "RSA 2048", storage: "software" });
        expect(key.certificate === undefined).toBe(key.protocol === "ssh");
      }
    }
  }
});

it("the CA pin of every status is the fingerprint of the active host key", async () => {
  let compared = 0;
  for (const [index, status] of ALL.entries()) {
    if (!isStatus(status)) continue;
    const isPair = (call: RecordedCall) =>
      isAuthorities(call) && owner(call) === owner(status) && call.step === status.step;
    const listing =
      ALL.slice(index, index + 8).find(isPair) ?? ALL.slice(Math.max(0, index - 8), index).find(isPair);
    if (listing === undefined) throw new Error(`no CA listing beside the status of ${status.step}`);
    const host = (await authoritiesOf(listing)).find(
      ({ type, cluster }) => type === "host" && cluster === owner(status),
    );
    expect(readStatus(status.stdout).pins, status.step).toEqual(identify(host?.active ?? []));
    compared += 1;
  }
  expect(compared).toBe(219);
});

it("three rollbacks: in v5 one from init keeps the new key, and only the fingerprints tell (recordings)", async () => {
  // The last CA listing before each of the three walks, in each init, and after each.
  const walk = TRANSCRIPT.slice(TRANSCRIPT.findIndex(({ step }) => step === "misc"));
  const seen: { phase: string; active: string; trusted: string; lastRotated: string | null }[] = [];
  for (const call of walk.filter(isAuthorities)) {
    const host = (await authoritiesOf(call)).find(({ type }) => type === "host");
    if (host === undefined || !/^(misc|rollback-walk)/.test(call.step)) continue;
    const state = {
      phase: host.rotation.phase,
      active: identify(host.active).join(),
      trusted: identify(host.trusted).join(),
      lastRotated: host.rotation.lastRotated,
    };
    if (JSON.stringify(state) !== JSON.stringify(seen.at(-1))) seen.push(state);
  }
  const rests = seen.filter(({ phase }) => phase === "standby");
  const inits = seen.filter(({ phase }) => phase === "init");
  expect([rests.length, inits.length]).toEqual([4, 3]);
  expect(new Set(rests.map(({ lastRotated }) => lastRotated)).size).toBe(4);
  expect(rests[1]?.active).toBe(inits[0]?.trusted);
  expect(rests[2]?.active).toBe(inits[1]?.active);
  expect(rests[3]?.active).toBe(inits[2]?.active);
});

describe("every failed line is explained", () => {
  const EXPECTED: Readonly<Record<string, string>> = {
    "'tls-host' authority type is not supported": "unsupported-type",
    'unsupported certificate authority type: "bogus"': "unsupported-type",
    'unsupported phase: "bogus"': "unsupported-phase",
    "can not initate rotation while another is in progress": "already-rotating",
    "mixed resource types only support YAML formatting": "unsupported-flag",
    "unknown long flag '--format'": "unsupported-flag",
    "unsupported resource: \"bogus\" - resources should be expressed as 'type/name', for example 'connector/github'":
      "unsupported-resource",
  };

  it.each(distinct(FAILED).map((call) => [call.args.join(" "), call.stderr.trim(), call] as const))(
    "tctl %s: %s",
    (line, stderr, call) => {
      const message = stderr.replace("error: ", "");
      const { kind, failure } = explain({
        argv: ["tctl", ...call.args],
        exitCode: call.exit,
        stdout: call.stdout,
        stderr: call.stderr,
        durationMs: 1,
      });
      expect(kind).toBe(EXPECTED[message] ?? "illegal-transition");
      expect(failure.message).toBe(`tctl ${line} failed: ${message}`);
      expect(failure.hint).not.toBeNull();
    },
  );

  it("as refused, where it is about a transition", () => {
    for (const call of FAILED.filter(({ args }) => args[0] === "auth" && args[1] === "rotate")) {
      const { failure } = explain({
        argv: call.args,
        exitCode: call.exit,
        stderr: call.stderr,
        durationMs: 1,
      });
      expect(failure.code, call.stderr).toBe("refused");
    }
  });
});

describe("a whole observation of the recorded cluster", () => {
  async function observe(cluster: string, calls: readonly RecordedCall[]): Promise<ClusterObservation> {
    const find = (...words: readonly string[]) => {
      const call = calls.find((candidate) => words.every((word, index) => candidate.args[index] === word));
      return call?.stdout ?? "[]\n";
    };
    const runner = fakeRunner({
      "get cert_authority --format=json": find("get", "cert_authority"),
      "get nodes --format=json": find("get", "nodes"),
      "get proxies --format=json": find("get", "proxy"),
      "get remote_clusters --format=json": find("get", "remote_cluster"),
      "get app_servers --format=json": UNSUPPORTED,
      "get db_servers --format=json": UNSUPPORTED,
      "get kube_servers --format=json": UNSUPPORTED,
      "get kube_services --format=json": UNSUPPORTED,
      "get windows_desktop_service --format=json": UNSUPPORTED,
      status: find("status"),
      version: "Teleport v5.0.0-dev git: go1.19.8\n",
    });
    return openPlatform(teleportCluster(cluster), { runner, now: () => new Date(0) }).observe({
      components: "all",
    });
  }

  const UNSUPPORTED = {
    exitCode: 1,
    stderr:
      "error: unsupported resource: \"x\" - resources should be expressed as 'type/name', for example 'connector/github'\n",
  };

  it("fresh: never rotated, four nodes at standby", async () => {
    const seen = await observe(
      "acme.cluster",
      TRANSCRIPT.filter(({ step }) => step === "fresh"),
    );
    expect(seen).toMatchObject({
      cluster: "acme.cluster",
      profile: { name: "teleport" },
      observedAt: "1970-01-01T00:00:00.000Z",
      versions: { client: "5.0.0-dev", server: "5.0.0-dev" },
      copies: [],
      remoteClusters: [],
      credentials: { source: "ambient" },
      unread: [],
    });
    expect(seen.authorities.map(({ type, rotation }) => [type, rotation.phase, rotation.currentId])).toEqual([
      ["user", "standby", null],
      ["host", "standby", null],
    ]);
    expect(
      [...seen.components].map(({ kind, name, phase, currentId }) => [kind, name, phase, currentId]),
    ).toEqual(["node3", "node2", "node1", "turing"].map((name) => ["node", name, "standby", null]));
  });

  it("a mix of phases while components lag", async () => {
    const step = "host update_clients +3s";
    const seen = await observe(
      "acme.cluster",
      TRANSCRIPT.filter((call) => call.step === step),
    );
    const host = seen.authorities.find(({ type }) => type === "host");
    expect(host?.rotation).toMatchObject({ state: "in_progress", phase: "update_clients", mode: "manual" });
    const rows = elementsOf(
      TRANSCRIPT.find((call) => call.step === step && call.args[1] === "nodes")?.stdout ?? "",
    );
    expect(new Set([...seen.components].map(({ phase }) => phase)).size).toBeGreaterThan(1);
    expect(seen.components).toHaveLength(rows.length);
    expect(new Set([...seen.components].map(({ currentId }) => currentId))).toEqual(
      new Set([host?.rotation.currentId]),
    );
  });

  it("a leaf: its copy is not its own CA, and its online is not proof", async () => {
    const seen = await observe(
      "root.cluster",
      TRUSTED.filter(({ cluster }) => cluster === "root.cluster"),
    );
    expect(seen.authorities.map(({ type }) => type).sort()).toEqual(["host", "user"]);
    expect(seen.copies.map(({ type, cluster }) => `${cluster}/${type}`)).toEqual(["leaf.cluster/host"]);
    expect(seen.remoteClusters).toEqual([
      { name: "leaf.cluster", connection: "online", lastHeartbeat: expect.stringMatching(/^2026-11-21T/) },
    ]);
    expect([...seen.components].map(({ kind, name }) => [kind, name]).sort()).toEqual([
      ["node", "rootsrv"],
      ["proxy", "rootsrv"],
    ]);
  });
});

it("the fields of rows are those of the parsed rows, on every line", () => {
  for (const call of ALL.filter(
    (line) => isListing(line) && (line.args[1] === "nodes" || line.args[1] === "proxy"),
  )) {
    const rows: unknown[][] = [];
    const reader = readFields(ROW_FIELDS, (values) => rows.push([...values]));
    reader.push(Buffer.from(call.stdout));
    reader.end();
    expect(rows).toEqual(
      elementsOf(call.stdout).map((row) =>
        ROW_FIELDS.map((path) =>
          path
            .split(".")
            .reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], row),
        ),
      ),
    );
  }
});
