import { describe, expect, it } from "vitest";
import { runChecks } from "../../src/checks/run/run-checks.ts";
import type { ExecutableCall, Runner } from "../../src/process/runner.ts";
import type { AccessCheck } from "../../src/resources/model/access-check.ts";
import type { ClusterResource } from "../../src/resources/model/desired.ts";
import { cluster, NOW } from "../world/host-rotation.ts";
import { ownCheck } from "../world/own-checks.ts";

/** What the executables answer, by a word of their command line; 0 and nothing where no word fits. */
type Answers = Readonly<Record<string, string | number>>;

async function ran(
  check: Partial<AccessCheck>,
  {
    env = {},
    answers = {},
    of = cluster(),
  }: { env?: Record<string, string>; answers?: Answers; of?: ClusterResource } = {},
) {
  const calls: ExecutableCall[] = [];
  const runner: Runner = {
    async run(call) {
      calls.push(call);
      const [, answer] = Object.entries(answers).find(([word]) => call.argv.includes(word)) ?? [];
      const failed = typeof answer === "number";
      const stderr = failed ? "ERROR: access denied" : "";
      return {
        argv: call.argv,
        exitCode: failed ? answer : 0,
        stdout: failed ? "" : (answer ?? ""),
        stderr,
        durationMs: 1,
      };
    },
    stream: () => expect.unreachable("a check listens to no stream"),
  };
  const { command: _, authorities: __, ...bare } = ownCheck("own");
  const means = { runner, now: () => NOW, signal: new AbortController().signal, env };
  const [result] = await runChecks(of, [{ ...bare, ...check }], means);
  return { calls, result, lines: calls.map(({ argv }) => argv.join(" ")) };
}

const THERE = {
  ...cluster(),
  connection: { tctl: ["tctl"], authServer: "acme.example.com:443", identityFile: null },
};
const IDENTITY = { TELEPORT_IDENTITY_FILE: "/run/identity" };
const NODES = JSON.stringify(
  ["web1", "web2", "web2", "web3"].map((hostname, index) => ({
    metadata: { name: `id-${index}` },
    spec: { hostname },
  })),
);

describe("ssh", () => {
  it("runs nothing but `true` on the node, and asks for no access", async () => {
    const { lines, calls, result } = await ran(
      { kind: "ssh", login: "probe", target: "node1" },
      { env: IDENTITY, of: THERE },
    );
    expect(lines).toEqual(["tsh ssh probe@node1 true"]);
    expect(calls[0]?.env).toEqual({
      TELEPORT_REQUEST_MODE: "off",
      TELEPORT_PROXY: "acme.example.com:443",
      TELEPORT_IDENTITY_FILE: "/run/identity",
    });
    expect(result).toMatchObject({ outcome: "passed", passed: 1, of: 1 });
  });

  it("takes an identity of its own, and the proxy that the environment names", async () => {
    const env = { ...IDENTITY, CAPSTAN_CHECK_IDENTITY_FILE: "/run/probe", TELEPORT_PROXY: "proxy:443" };
    const { calls } = await ran({ kind: "ssh", login: "probe", target: "node1" }, { env, of: THERE });
    expect(calls[0]?.env).toEqual({ TELEPORT_REQUEST_MODE: "off", TELEPORT_IDENTITY_FILE: "/run/probe" });
  });

  it("chooses among the nodes with the labels; two of one name by their ids", async () => {
    const check = { kind: "ssh", login: "probe", sample: 4, labels: { env: "prod", tier: "web" } };
    const { lines, result } = await ran(check, { answers: { ls: NODES } });
    expect(lines[0]).toBe("tsh ls --format=json env=prod,tier=web");
    expect(lines.slice(1).toSorted()).toEqual([
      "tsh ssh probe@id-1 true",
      "tsh ssh probe@id-2 true",
      "tsh ssh probe@web1 true",
      "tsh ssh probe@web3 true",
    ]);
    expect(result).toMatchObject({ outcome: "passed", passed: 4, of: 4 });
  });

  it("says which of them let nobody in", async () => {
    const { result } = await ran(
      { kind: "ssh", login: "probe", sample: 9 },
      { answers: { ls: NODES, "probe@web3": 1 } },
    );
    expect(result).toMatchObject({
      outcome: "failed",
      passed: 3,
      of: 4,
      detail: "web3: exit status 1, it said: ERROR: access denied",
    });
  });

  it.each([
    ["nobody has the labels", "[]", "not_run"],
    ["the listing is none", "welcome", "failed"],
    ["the listing is refused", 1, "failed"],
  ] as const)("proves nothing where %s", async (_, listing, outcome) => {
    const { result } = await ran({ kind: "ssh", login: "probe", sample: 2 }, { answers: { ls: listing } });
    expect(result?.outcome).toBe(outcome);
  });
});

describe("what goes through a profile", () => {
  it("database: the database's own client asks it something", async () => {
    const { lines, calls } = await ran(
      { kind: "database", target: "orders", user: "probe" },
      { env: IDENTITY, of: THERE },
    );
    expect(lines).toEqual(["tsh login", "tsh db connect --db-user=probe orders"]);
    const [login, connect] = calls;
    expect(login?.env).toMatchObject({ TELEPORT_IDENTITY_FILE: "/run/identity" });
    expect(connect).toMatchObject({ stdin: "select 1;\n", env: { TELEPORT_IDENTITY_FILE: undefined } });
    // A profile of this attempt alone, in a private folder.
    expect(connect?.env?.["TELEPORT_HOME"]).toBe(login?.env?.["TELEPORT_HOME"]);
    expect(connect?.env?.["TELEPORT_HOME"]).toMatch(/capstan-secrets-/);
  });

  it("kubernetes: the API server has to be ready", async () => {
    const { lines, result } = await ran(
      { kind: "kubernetes", target: "staging" },
      { answers: { kubectl: "ok" } },
    );
    expect(lines).toEqual(["tsh kube login staging", "tsh kubectl get --raw=/readyz"]);
    expect(result?.outcome).toBe("passed");
    const other = await ran(
      { kind: "kubernetes", target: "staging" },
      { answers: { kubectl: "[-]etcd failed" } },
    );
    expect(other.result).toMatchObject({
      outcome: "failed",
      detail: "the API server does not say that it is ready",
    });
  });

  it("app: is asked with the certificate that the login brought", async () => {
    const config = JSON.stringify({
      uri: "https://wiki.acme.example.com:443",
      cert: "/h/wiki.crt",
      key: "/h/wiki.key",
    });
    const { lines } = await ran({ kind: "app", target: "wiki" }, { answers: { config } });
    expect(lines).toEqual([
      "tsh apps login wiki",
      "tsh apps config --format=json wiki",
      "curl --silent --show-error --fail --output /dev/null --cert /h/wiki.crt --key /h/wiki.key -- https://wiki.acme.example.com:443",
    ]);
    const { result } = await ran({ kind: "app", target: "wiki" }, { answers: { config: "not logged in" } });
    expect(result).toMatchObject({ outcome: "failed", detail: "what it printed cannot be read" });
  });
});

describe("a Talos cluster, by a user's client files", () => {
  const talos = { ...cluster(), platform: "talos", connection: { controlPlanes: ["10.0.0.2", "10.0.0.3"] } };

  it("talosctl: every control plane, or the machine that is named", async () => {
    const all = await ran({ kind: "talosctl" }, { of: talos });
    expect(all.lines.toSorted()).toEqual([
      "talosctl --endpoints 10.0.0.2 --nodes 10.0.0.2 version",
      "talosctl --endpoints 10.0.0.3 --nodes 10.0.0.3 version",
    ]);
    const one = await ran(
      { kind: "talosctl", target: "10.0.0.9", command: ["talosctl", "--talosconfig=/u"] },
      { of: talos },
    );
    expect(one.lines).toEqual(["talosctl --talosconfig=/u --endpoints 10.0.0.9 --nodes 10.0.0.9 version"]);
  });

  it("kubernetes: kubectl", async () => {
    const { lines, result } = await ran({ kind: "kubernetes" }, { of: talos, answers: { get: "ok" } });
    expect(lines).toEqual(["kubectl get --raw=/readyz"]);
    expect(result?.outcome).toBe("passed");
  });
});
