import { X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { TELEPORT_FAULTS } from "../../src/sandbox/faults.ts";
import { formatGoDuration, parseGoDuration } from "../../src/sandbox/go-duration.ts";
import { CA_TYPES } from "../../src/sandbox/teleport/ca-types.ts";
import { goJson, printTime } from "../../src/sandbox/teleport/go-print.ts";
import { TimelessTeleport } from "./harness.ts";

const RED = "\u001b[31mERROR: \u001b[0m";

describe("v18", () => {
  let teleport: TimelessTeleport;
  beforeAll(async () => {
    teleport = await TimelessTeleport.start({ release: "18" });
  });

  it("lists every CA type with real keys (reference 4.3)", async () => {
    const authorities = JSON.parse(await teleport.ok("get", "cas", "--format=json"));
    expect(authorities.map((one: { sub_kind: string }) => one.sub_kind)).toEqual(
      CA_TYPES.map((type) => type.name),
    );
    for (const [index, { keys }] of CA_TYPES.entries()) {
      expect(Object.keys(authorities[index].spec.active_keys).sort()).toEqual([...keys].sort());
    }
    const [host] = authorities;
    expect(host).toEqual({
      kind: "cert_authority",
      sub_kind: "host",
      version: "v2",
      metadata: { name: "acme.cluster", revision: expect.any(String) },
      spec: {
        type: "host",
        cluster_name: "acme.cluster",
        active_keys: { ssh: [{ public_key: expect.any(String) }], tls: [{ cert: expect.any(String) }] },
        additional_trusted_keys: {},
      },
    });
    const decode = (text: string) => Buffer.from(text, "base64").toString();
    expect(decode(host.spec.active_keys.ssh[0].public_key)).toMatch(/^ssh-ed25519 [\w+/=]+\n$/);
    const certificate = new X509Certificate(decode(host.spec.active_keys.tls[0].cert));
    expect(certificate.ca).toBe(true);
    expect(certificate.subject).toMatch(/^O=acme\.cluster\nCN=acme\.cluster\nserialNumber=\d+$/);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
  });

  it("keeps private keys to itself unless asked", async () => {
    expect(await teleport.ok("get", "cas")).not.toContain("private_key");
    expect(await teleport.ok("get", "cas", "--with-secrets")).toContain("private_key");
  });

  it("prints arrays in JSON, documents in YAML, [] for nothing", async () => {
    expect(JSON.parse(await teleport.ok("get", "proxy", "--format=json"))).toHaveLength(1);
    expect(await teleport.ok("get", "rc", "--format=json")).toBe("[]\n");
    expect(await teleport.ok("get", "rc")).toBe("[]");
    const documents = parseAllDocuments(await teleport.ok("get", "cas,nodes"));
    expect(documents).toHaveLength(14 + 4);
    expect(Object.keys(documents.at(-1)?.toJS())).toEqual(["kind", "metadata", "spec", "version"]);
    expect(await teleport.ok("get", "node/node1")).toMatch(/expires: "20\d\d-/);
  });

  it.each(["node", "nodes", "proxies", "auth", "app_server", "kube_servers", "rcs", "remote_clusters", "tc"])(
    "knows %s",
    async (alias) => {
      expect((await teleport.tctl("get", alias, "--format=json")).exit).toBe(0);
    },
  );

  it.each([
    [["get", "all", "--format=json"], "mixed resource types only support YAML formatting"],
    [["get", "cas,nodes", "--format=json"], "mixed resource types only support YAML formatting"],
    [
      ["get", "bogus"],
      "unsupported resource: \"bogus\" - resources should be expressed as 'type/name', for example 'connector/github'",
    ],
    [["get", "cert_authority/bogus"], '"bogus" authority type is not supported'],
    [["get", "node/nobody"], 'node "nobody" not found'],
    [["status", "--format=json"], "unknown long flag '--format'"],
    [["auth", "rotate", "--type"], "expected argument for flag '--type'"],
    [["auth", "rotate", "--type=host", "--grace-period=soon"], 'time: invalid duration "soon"'],
    [
      ["auth", "rotate"],
      "required flag --type not provided, not starting interactive mode because stdin does not appear to be a terminal",
    ],
    [["get"], "required argument 'resources' not provided"],
    [["frobnicate"], 'expected command but got "frobnicate"'],
    [["-i", "/nowhere", "status"], "tctl --identity also requires --auth-server"],
    [["-i", "/nowhere", "--auth-server=a:1", "status"], "open /nowhere: no such file or directory"],
    [["create", "ca.yaml"], 'the sandbox creates nothing from "ca.yaml"'],
  ])("%j fails", async (argv, message) => {
    const { exit, stdout, stderr } = await teleport.tctl(...argv);
    expect({ exit, stdout }).toEqual({ exit: 1, stdout: "" });
    expect(stderr.endsWith(`${RED}${message}\n`)).toBe(true);
  });

  it("prints the status table of 17 and later, with both pins while two are trusted", async () => {
    const other = await TimelessTeleport.start({ release: "18" });
    await other.step("init");
    const status = await other.ok("status");
    const { active, trusted } = other.authority("host");
    expect(status).toMatch(
      new RegExp(
        `^Cluster: acme.cluster\nVersion: 18.10.1\nCA pins: ${active}\n {9}${trusted}\n\nauthority `,
      ),
    );
    expect(status).toMatch(
      /^host +in progress \(mode: manual, phase: init\) SSH +active +Ed25519 +software $/m,
    );
    expect(status).toMatch(/^ +TLS +trusted ECDSA P-256 software $/m);
  });

  it("exports what downstream systems trust, both keys during a rotation", async () => {
    const other = await TimelessTeleport.start({ release: "18" });
    await other.rotate("db_client", "init");
    await other.pass(3);
    expect((await other.ok("auth", "export", "--type=db-client")).match(/BEGIN CERTIFICATE/g)).toHaveLength(
      2,
    );
    expect(await other.ok("auth", "export", "--type=host")).toMatch(
      /^@cert-authority acme\.cluster,\*\.acme\.cluster ssh-ed25519 \S+ type=host\n$/,
    );
    expect((await other.tctl("auth", "export", "--type=jwt")).stderr).toContain("enum value must be one of");
  });
});

describe("what few clusters have", () => {
  it("an OpenSSH server without an agent: a node that reports nothing, whatever happens", async () => {
    const teleport = await TimelessTeleport.start({ agentless: ["10.0.0.9:22"] });
    for (const phase of ["init", "update_clients"]) await teleport.step(phase);
    await teleport.pass(3600);
    const zero = "0001-01-01T00:00:00Z";
    const schedule = { update_clients: zero, update_servers: zero, standby: zero };
    expect(await teleport.node("legacy1")).toEqual({
      kind: "node",
      sub_kind: "openssh",
      version: "v2",
      metadata: { name: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      spec: {
        addr: "10.0.0.9:22",
        hostname: "legacy1",
        rotation: { started: zero, last_rotated: zero, schedule },
      },
    });
    expect(await teleport.nodes()).toHaveLength(5);
  });

  it.each([
    ["18", "null\n"],
    ["5", "null"],
  ] as const)("null for a listing of nothing, Teleport %s (reference 4.1)", async (release, text) => {
    const teleport = await TimelessTeleport.start({ release, emptyListing: "null" });
    expect(await teleport.ok("get", "rc", "--format=json")).toBe(text);
    expect(await teleport.ok("get", "rc")).toBe("[]");
    expect(JSON.parse(await teleport.ok("get", "nodes", "--format=json"))).toHaveLength(4);
  });
});

describe("v5", () => {
  it("prints a single result bare and without a final newline (recordings)", async () => {
    const teleport = await TimelessTeleport.start({ release: "5", nodes: 1 });
    const nodes = await teleport.ok("get", "nodes", "--format=json");
    expect(nodes).toMatch(/^\{[\s\S]*\}$/);
    expect(JSON.parse(nodes).spec.hostname).toBe("turing");
    expect((await teleport.tctl("get", "db_servers")).stderr).toContain('unsupported resource: "db_servers"');
  });
});

describe("a fault of a call", () => {
  const init = ["auth", "rotate", "--manual", "--type=user", "--phase=init"];

  async function withFault(fault: string, ...argv: readonly string[]) {
    const teleport = await TimelessTeleport.start({ release: "18" });
    await teleport.platform.fault({ target: "tctl", fault });
    return { ...(await teleport.tctl(...argv)), phase: teleport.authority("user").phase, teleport };
  }

  it.each([
    ["error-after-success", "can not initiate rotation while another is in progress", "init"],
    ["denied", 'access denied to perform action "update" on "cert_authority"', "standby"],
    ["expired-credentials", "your credentials have expired, please login using `tsh login`", "standby"],
    ["unreachable", "Cannot connect to the auth server.", "standby"],
  ])("%s", async (fault, text, phase) => {
    const failed = await withFault(fault, ...init);
    expect(failed).toMatchObject({ exit: 1, stdout: "", phase });
    expect(failed.stderr).toContain(text);
    expect((await failed.teleport.tctl("status")).exit).toBe(0);
  });

  it("truncated", async () => {
    const { exit, stdout, teleport } = await withFault("truncated", "get", "nodes", "--format=json");
    expect(exit).toBe(0);
    expect(() => JSON.parse(stdout)).toThrow();
    expect(JSON.parse(await teleport.ok("get", "nodes", "--format=json"))).toHaveLength(4);
  });

  it("alert", async () => {
    const { exit, stdout, stderr } = await withFault("alert", "get", "nodes", "--format=json");
    expect(exit).toBe(0);
    expect(stderr).not.toBe("");
    expect(JSON.parse(stdout)).toHaveLength(4);
  });

  it.each([
    ["timeout", "standby"],
    ["timeout-after-success", "init"],
  ])("%s", async (fault, phase) => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    await teleport.platform.fault({ target: "tctl", fault });
    const caller = new AbortController();
    const call = { tool: "tctl", argv: init, cwd: "/", stdin: "", signal: caller.signal };
    const hanging = expect(teleport.platform.run(call)).rejects.toThrow("the caller is gone");
    await new Promise((resolve) => setTimeout(resolve, 30));
    caller.abort();
    await hanging;
    expect(teleport.authority("user").phase).toBe(phase);
  });

  it("hits as many calls as it was told to, and only those that match", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    await teleport.platform.fault({ target: "tctl", fault: "denied", times: 2, match: "nodes" });
    expect((await teleport.tctl("get", "proxies")).exit).toBe(0);
    expect((await teleport.tctl("get", "nodes")).exit).toBe(1);
    expect((await teleport.tctl("get", "nodes")).exit).toBe(1);
    expect((await teleport.tctl("get", "nodes")).exit).toBe(0);
    await teleport.platform.fault({ target: "tctl", fault: "denied", forMs: 1000 });
    await teleport.platform.fault({ target: "tctl", fault: "clear" });
    expect((await teleport.tctl("get", "nodes")).exit).toBe(0);
  });

  it("spares the version, which needs no server", async () => {
    expect(await withFault("denied", "version")).toMatchObject({ exit: 0 });
  });

  it("is refused when there is no such thing", async () => {
    const teleport = await TimelessTeleport.start({ release: "18" });
    await expect(teleport.platform.fault({ target: "node1", fault: "melting" })).rejects.toThrow("no fault");
    await expect(teleport.platform.fault({ target: "node1", fault: "denied" })).rejects.toThrow(
      "fault of a call",
    );
  });

  it("has a line of help that fits", () => {
    for (const { name, description } of TELEPORT_FAULTS) {
      expect(`${name} ${description}`.length).toBeLessThan(120);
    }
  });
});

describe("Go's way of printing", () => {
  it.each([
    ["30h", 108_000_000, "30h0m0s"],
    ["60s", 60_000, "1m0s"],
    ["1h30m", 5_400_000, "1h30m0s"],
    ["1.5s", 1500, "1.5s"],
    ["0", 0, "0s"],
    ["-5s", -5000, "-5s"],
    ["100ms", 100, "100ms"],
  ])("duration %s", (text, ms, shown) => {
    expect(parseGoDuration(text)).toBe(ms);
    expect(formatGoDuration(ms)).toBe(shown);
  });

  it.each(["", "5", "soon", "1h ", "h"])("no duration: %j", (text) => {
    expect(parseGoDuration(text)).toBeNull();
  });

  it("JSON with HTML escapes, numbers of any size, empty lists and objects", () => {
    expect(goJson({ a: "<&>", b: 1795248230664707733n, c: [], d: {}, e: undefined, f: [1, "x"] })).toBe(
      `{
    "a": "\\u003c\\u0026\\u003e",
    "b": 1795248230664707733,
    "c": [],
    "d": {},
    "f": [
        1,
        "x"
    ]
}`,
    );
  });

  it("times to the nanosecond, and the zero time", () => {
    expect(printTime(null)).toBe("0001-01-01T00:00:00Z");
    const shown = printTime(Date.UTC(2026, 10, 21, 8, 4, 33, 19));
    expect(shown).toMatch(/^2026-11-21T08:04:33\.019\d{1,6}Z$/);
    expect(printTime(Date.UTC(2026, 10, 21, 8, 4, 33, 19))).toBe(shown);
  });
});
