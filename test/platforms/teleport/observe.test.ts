import { beforeAll, describe, expect, it } from "vitest";
import { Failure } from "../../../src/failure.ts";
import { openPlatform } from "../../../src/platforms/open.ts";
import type { PlatformOptions } from "../../../src/platforms/platform.ts";
import type { Runner } from "../../../src/process/runner.ts";
import { TELEPORT_KINDS } from "../../../src/teleport/component-kinds.ts";
import type { TeleportConnection } from "../../../src/teleport/resources/connection.ts";
import { type Answer, fakeRunner, filled, fixture, teleportCluster } from "../fake-runner.ts";
import { makeCertificate, makeJwtKey, makeSshKey } from "../keys.ts";

const NOW = new Date("2026-03-01T10:05:00Z");
const DENIED: Answer = { exitCode: 1, stderr: 'ERROR: access denied to perform action "list" on "node"\n' };
const UNKNOWN_KIND: Answer = {
  exitCode: 1,
  stderr: 'ERROR: unsupported resource: "x" - resources should be\n',
};

let answers: Record<string, Answer>;
beforeAll(async () => {
  const tls = async (name?: string) => (await makeCertificate(name === undefined ? {} : { name })).base64;
  answers = {
    "get cert_authority --format=json": filled("cas-v18.json", {
      "ssh-active": makeSshKey().base64,
      "ssh-trusted": makeSshKey().base64,
      "tls-active": await tls(),
      "tls-trusted": await tls(),
      "tls-second": await tls(),
      "tls-spiffe": await tls(),
      "tls-user": await tls(),
      "tls-leaf": await tls("leaf.cluster"),
      "jwt-active": makeJwtKey().base64,
    }),
    "get nodes --format=json": fixture("nodes-v18.json"),
    "get app_servers --format=json": fixture("app_servers-v18.json"),
    "get kube_servers --format=json": fixture("kube_servers-v18.json"),
    "get windows_desktop_service --format=json": fixture("windows-v18.json"),
    "get db_servers --format=json": "null\n",
    status: fixture("status-v17.txt"),
    version: "Teleport v18.7.0 git:v18.7.0 go1.24.5\n",
  };
});

function open(changes: Record<string, Answer> = {}, options: Partial<PlatformOptions> = {}, name?: string) {
  const runner = fakeRunner({ ...answers, ...changes });
  const notices: string[] = [];
  const platform = openPlatform(teleportCluster(name), {
    runner,
    now: () => NOW,
    notice: (message) => notices.push(message),
    ...options,
  });
  return { platform, runner, notices };
}

async function failure(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Failure);
  return error as Failure;
}

describe("a full look", () => {
  it("makes these calls, each once, and no other", async () => {
    const { platform, runner } = open();
    await platform.observe({ components: "all" });
    expect([...runner.calls].sort()).toEqual(
      [
        "get cert_authority --format=json",
        "get auth_servers --format=json",
        "get proxies --format=json",
        "get nodes --format=json",
        "get app_servers --format=json",
        "get db_servers --format=json",
        "get kube_servers --format=json",
        "get windows_desktop_service --format=json",
        "get remote_clusters --format=json",
        "inventory status --connected",
        "status",
        "version",
      ].sort(),
    );
  });

  it("gives authorities, copies, components and versions", async () => {
    const { platform, notices } = open();
    const seen = await platform.observe({ components: "all" });
    expect(seen).toMatchObject({
      cluster: "acme.cluster",
      profile: { name: "teleport" },
      observedAt: NOW.toISOString(),
      versions: { client: "18.7.0", server: "18.7.0" },
      credentials: { source: "ambient" },
      remoteClusters: [],
      unread: [],
    });
    // The user CA came twice: a newer tctl is given it in place of a type that the server lacks (4.2).
    expect(seen.authorities.map(({ type }) => type)).toEqual(["host", "spiffe", "user"]);
    expect(seen.copies.map(({ cluster, type }) => `${cluster}/${type}`)).toEqual(["leaf.cluster/host"]);
    expect([...seen.components].map(({ kind, name, phase }) => `${kind} ${name} ${phase}`)).toEqual([
      "node db-1 init",
      "node db-2 standby",
      "node legacy null",
      "node ec2 null",
      "app_server apps-1 init",
      "app_server apps-2 init",
      "kube_server kube-agent-0 init",
      "windows_desktop_service desktops-1 null",
    ]);
    expect(notices).toEqual([]);
  });

  it("takes alerts on standard error after a success for what they are (1.11)", async () => {
    const alert = {
      stdout: fixture("nodes-v18.json"),
      stderr: "ALERT: access denied to something else, ERROR: no\n",
    };
    const seen = await open({ "get nodes --format=json": alert }).platform.observe({ components: "all" });
    expect(seen.components.filter(({ kind }) => kind === "node")).toHaveLength(4);
    expect(seen.unread).toEqual([]);
  });
});

describe("a look at the kinds that still lag", () => {
  it("asks for the authorities and those kinds only, and takes over the rest", async () => {
    const { platform, runner } = open({
      "get proxies --format=json": DENIED,
      "get remote_clusters --format=json": DENIED,
    });
    const base = await platform.observe({ components: "all" });
    runner.calls.length = 0;
    const seen = await platform.observe({ components: ["node", "node"], base });
    expect([...runner.calls].sort()).toEqual([
      "get cert_authority --format=json",
      "get nodes --format=json",
      "inventory status --connected",
    ]);
    expect([...seen.components].sort(byId)).toEqual([...base.components].sort(byId));
    expect(seen).toMatchObject({ versions: base.versions, remoteClusters: base.remoteClusters });
    expect(seen.unread).toEqual(base.unread);
  });

  it("replaces what it looked at again, vanished rows and unread listings too", async () => {
    const base = await open({ "get nodes --format=json": DENIED }).platform.observe({ components: "all" });
    expect(base.unread.map(({ what }) => what)).toEqual(["nodes"]);
    const later = await open().platform.observe({ components: ["node"], base });
    expect(later.unread).toEqual([]);
    expect(later.components.filter(({ kind }) => kind === "node")).toHaveLength(4);
    const gone = await open({ "get nodes --format=json": "[]" }).platform.observe({
      components: ["node"],
      base: later,
    });
    expect(gone.components.filter(({ kind }) => kind === "node")).toHaveLength(0);
    expect(gone.components).toHaveLength(4);
  });

  const byId = (a: { id: string }, b: { id: string }) => a.id.localeCompare(b.id);
});

describe("listings that cannot be read", () => {
  it.each(TELEPORT_KINDS)(
    "access denied on %s: unread, which blocks whatever depends on it",
    async (kind) => {
      const { runner } = open();
      const probe: Runner = {
        ...runner,
        stream: (command, consume) =>
          command.argv.join(" ").includes(resource(kind))
            ? fakeRunner({ [command.argv.slice(1).join(" ")]: DENIED }).stream(command, consume)
            : runner.stream(command, consume),
      };
      const seen = await open({}, { runner: probe }).platform.observe({ components: "all" });
      expect(seen.unread).toEqual([
        { what: resource(kind), problem: expect.stringContaining("access denied") },
      ]);
      expect(seen.components.filter((component) => component.kind === kind)).toEqual([]);
    },
  );

  function resource(kind: string): string {
    return { proxy: "proxies", windows_desktop_service: "windows_desktop_service" }[kind] ?? `${kind}s`;
  }

  it("access denied on status and remote clusters: unread, the server's version unknown", async () => {
    const { platform } = open({ status: DENIED, "get remote_clusters --format=json": DENIED });
    const seen = await platform.observe({ components: "all" });
    expect(seen.unread.map(({ what }) => what).sort()).toEqual(["remote_clusters", "status"]);
    expect(seen.versions).toEqual({ client: "18.7.0", server: null });
  });

  it("a kind that this tctl calls otherwise is asked for by its other names, and by `apps ls`", async () => {
    const { platform, notices, runner } = open({
      "get app_servers --format=json": UNKNOWN_KIND,
      "get app_server --format=json": UNKNOWN_KIND,
      "apps ls --format=json": fixture("app_servers-v18.json"),
      "get db_servers --format=json": UNKNOWN_KIND,
      "get kube_servers --format=json": UNKNOWN_KIND,
      "get kube_server --format=json": UNKNOWN_KIND,
      "get kube_services --format=json": fixture("kube_servers-v18.json"),
    });
    const seen = await platform.observe({ components: "all" });
    expect(notices).toEqual([]);
    expect(seen.unlisted).toBeUndefined();
    expect(runner.calls).toContain("get db_server --format=json");
    expect([...seen.components].map(({ kind }) => kind)).toContain("app_server");
    expect([...seen.components].map(({ kind }) => kind)).toContain("kube_server");
    expect(seen.unread).toEqual([]);
  });

  it("a kind that no name of is known is unlisted where the server can have it", async () => {
    const unknown = {
      "get app_servers --format=json": UNKNOWN_KIND,
      "get app_server --format=json": UNKNOWN_KIND,
      "apps ls --format=json": { exitCode: 1, stderr: 'tctl: error: expected command but got "apps"\n' },
    };
    const seen = await open(unknown).platform.observe({ components: "all" });
    expect(seen.unlisted).toEqual([
      { kind: "app_server", problem: expect.stringContaining("(tried 3 names)") },
    ]);
    expect(seen.unread).toEqual([]);
    const nodes = await open(unknown).platform.observe({ components: ["node"], base: seen });
    expect(nodes.unlisted).toEqual(seen.unlisted);
    const apps = await open().platform.observe({ components: ["app_server"], base: seen });
    expect(apps.unlisted).toBeUndefined();
  });

  it("who is connected is told by a tctl that can; one that fails to is no failure", async () => {
    const table = `ServerID                             Services        Version
------------------------------------ --------------- -------
af84e85e-9d6e-4402-bae7-e598e7c3e84b Auth,Node,Proxy 11.1.2
`;
    const told = await open({ "inventory status --connected": table }).platform.observe({
      components: "all",
    });
    expect(told.connected).toEqual([
      { id: "af84e85e-9d6e-4402-bae7-e598e7c3e84b", kinds: ["auth_server", "node", "proxy"] },
    ]);
    for (const answer of ["hello\n", DENIED, { exitCode: 1, stderr: "ERROR: boom\n" }]) {
      const seen = await open({ "inventory status --connected": answer }).platform.observe({
        components: "all",
      });
      expect(seen.connected).toBeUndefined();
    }
  });

  it("a kind that every tctl knows is not believed to be empty", async () => {
    const seen = await open({
      "get nodes --format=json": UNKNOWN_KIND,
      "get node --format=json": UNKNOWN_KIND,
    }).platform.observe({ components: "all" });
    expect(seen.unread).toEqual([
      { what: "nodes", problem: expect.stringContaining("unsupported resource") },
    ]);
  });

  it("a copy of another cluster's CA that cannot be understood: unread; an own one: a failure", async () => {
    const broken = (name: string) => {
      const all = JSON.parse(answers["get cert_authority --format=json"] as string) as unknown[];
      const ca = { metadata: { name }, spec: { type: "db", active_keys: { tls: [{ cert: "AAAA" }] } } };
      return open({ "get cert_authority --format=json": JSON.stringify([...all, ca]) }).platform;
    };
    const seen = await broken("leaf.cluster").observe({ components: "all" });
    expect(seen.unread).toEqual([{ what: "authority copy leaf.cluster/db", problem: expect.any(String) }]);
    expect((await failure(broken("acme.cluster").observe({ components: "all" }))).message).toMatch(
      /^The db CA of acme\.cluster cannot be understood: its active tls key cannot be read: /,
    );
  });

  it.each([
    ["access denied on CAs", "get cert_authority --format=json", DENIED, "denied", "access denied"],
    [
      "expired credentials",
      "get nodes --format=json",
      { exitCode: 1, stderr: "\u001b[31mERROR: \u001b[0myour credentials have expired" },
      "denied",
      "have expired",
    ],
    [
      "no connection",
      "status",
      { exitCode: 1, stderr: "ERROR: Cannot connect to the auth server." },
      "executable",
      "Cannot connect",
    ],
    [
      "half a listing",
      "get nodes --format=json",
      fixture("nodes-v18.json").slice(0, 700),
      "executable",
      "not a complete JSON listing: it ends in the middle, after 0 complete",
    ],
    [
      "no output at all",
      "get proxies --format=json",
      "",
      "executable",
      "not a complete JSON listing: it is empty",
    ],
    [
      "something that is not tctl",
      "version",
      "hello\n",
      "executable",
      "tctl version does not say its version: hello.",
    ],
    [
      "a version that fails",
      "version",
      { exitCode: 2, stderr: "no" },
      "executable",
      "tctl version failed: no",
    ],
  ] as const)("%s: a failure", async (_what, call, answer, code, message) => {
    const found = await failure(open({ [call]: answer }).platform.observe({ components: "all" }));
    expect(found.code).toBe(code);
    expect(found.message).toContain(message);
    expect(found.hint).not.toBe("");
  });

  it("a cluster of another name: a failure that names those that are there", async () => {
    const found = await failure(open({}, {}, "typo.cluster").platform.observe({ components: "all" }));
    expect(found.code).toBe("resources");
    expect(found.message).toBe(
      'No CA of a cluster named "typo.cluster" is listed; tctl lists those of: acme.cluster, leaf.cluster.',
    );
    const none = await failure(
      open({ "get cert_authority --format=json": "[]" }).platform.observe({ components: "all" }),
    );
    expect(none.message).toContain("lists those of: none at all.");
  });

  it("one failure is reported, the first in order, and the other calls are ended", async () => {
    const ended: string[] = [];
    const runner: Runner = {
      run: (command) => hang(command.argv.join(" "), command.signal),
      stream: async (command) => {
        const line = command.argv.join(" ");
        if (line.includes("cert_authority")) throw new Failure("executable", "the first");
        return hang(line, command.signal);
      },
    };
    const hang = (line: string, signal: AbortSignal | undefined) =>
      new Promise<never>((_, reject) =>
        signal?.addEventListener("abort", () => {
          ended.push(line);
          reject(new Failure("interrupted", "stopped"));
        }),
      );
    expect((await failure(open({}, { runner }).platform.observe({ components: "all" }))).message).toBe(
      "the first",
    );
    expect(ended).toHaveLength(11);
  });
});

describe("a transition", () => {
  const ROTATE = "auth rotate --manual --type=host --phase=init";

  it("that is accepted", async () => {
    const message = "Updated rotation phase to \"init\". To check status use 'tctl status'";
    const { platform, runner } = open({ [ROTATE]: `${message}\n` });
    expect(await platform.transition({ authority: "host", to: "init" })).toEqual({ accepted: true, message });
    expect(runner.calls).toEqual([ROTATE]);
  });

  it("that succeeds with alerts on standard error is accepted (1.11)", async () => {
    const { platform } = open({ [ROTATE]: { stdout: "Updated", stderr: "ERROR: high severity alert\n" } });
    expect(await platform.transition({ authority: "host", to: "init" })).toMatchObject({ accepted: true });
  });

  it("that is refused says why, and leaves the judgement to a new look (1.8)", async () => {
    const { platform } = open({
      [ROTATE]: { exitCode: 1, stderr: "error: can not initate rotation while another is in progress\n" },
    });
    const reply = await platform.transition({ authority: "host", to: "init" });
    expect(reply).toMatchObject({
      accepted: false,
      message:
        "tctl auth rotate --manual --type=host --phase=init failed: can not initate rotation while another is in progress",
      failure: { code: "refused" },
    });
  });

  it("whose tctl did not run to its end is not accepted either: it may have arrived", async () => {
    const late = new Failure("executable", "tctl did not finish within 120 s.");
    const { platform } = open({ [ROTATE]: { error: late } });
    expect(await platform.transition({ authority: "host", to: "init" })).toEqual({
      accepted: false,
      message: late.message,
      failure: late,
    });
    const bug = new TypeError("a bug");
    await expect(
      open({ [ROTATE]: { error: bug } }).platform.transition({ authority: "host", to: "init" }),
    ).rejects.toBe(bug);
  });

  it("is not begun once the run is being stopped", async () => {
    const { platform, runner } = open({}, { signal: AbortSignal.abort() });
    expect((await failure(platform.transition({ authority: "host", to: "init" }))).code).toBe("interrupted");
    expect(runner.calls).toEqual([]);
  });
});

describe("the platform of a cluster resource", () => {
  const options = () => ({ runner: fakeRunner({}), now: () => NOW });

  it("needs the connection of its platform", () => {
    const cluster = teleportCluster();
    expect(() => openPlatform({ ...cluster, platform: "talos", connection: null }, options())).toThrow(
      "has no spec.talos",
    );
    expect(() => openPlatform({ ...cluster, connection: null }, options())).toThrow("has no spec.teleport");
  });

  it("gives every call the connection, and the run's own time limit", async () => {
    const seen: { line: string; timeoutMs: number | undefined }[] = [];
    const connection: TeleportConnection = {
      tctl: ["sudo", "tctl"],
      authServer: "a:443",
      identityFile: "/nothing",
    };
    const fake = fakeRunner({});
    const runner: Runner = {
      run: (command) => {
        seen.push({ line: command.argv.join(" "), timeoutMs: command.timeoutMs });
        return fake.run(command);
      },
      stream: (command, consume) => {
        seen.push({ line: command.argv.join(" "), timeoutMs: command.timeoutMs });
        return fake.stream(command, consume);
      },
    };
    const platform = openPlatform(teleportCluster("acme.cluster", connection), {
      ...options(),
      runner,
      timeoutMs: 5_000,
    });
    await platform.observe({ components: "all" }).catch(() => undefined);
    await platform.transition({ authority: "host", to: "init" });
    expect(seen).toHaveLength(13);
    for (const { line, timeoutMs } of seen) {
      expect(timeoutMs).toBe(5_000);
      expect(line).toMatch(
        line.endsWith(" version") ? /^sudo tctl version$/ : /^sudo tctl -i \/nothing --auth-server a:443 /,
      );
    }
  });
});
