import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { discoverTalos } from "../../../src/platforms/talos/discover.ts";
import { explainError } from "../../../src/platforms/talos/errors.ts";
import { openTalos } from "../../../src/platforms/talos/open-talos.ts";
import type { ExecutableCall, Runner } from "../../../src/process/runner.ts";
import { DEFAULT_POLICY } from "../../../src/resources/read/build.ts";
import { seededRandom } from "../../../src/sandbox/clock.ts";
import { issue, mintAuthority } from "../../../src/sandbox/talos/certificates.ts";
import { makeTalosconfig } from "../../../src/sandbox/talos/talosconfig.ts";
import { tryEdits } from "../../../src/talos/edit-trial.ts";
import { talosFacts } from "../../../src/talos/facts.ts";
import { readMachineConfig } from "../../../src/talos/machine-config.ts";
import { sharedAddresses } from "../../../src/talos/shared-addresses.ts";
import { readCaCertificate } from "../../../src/x509/ca-certificate.ts";
import { cluster, type Run, type TestCluster } from "../../sandbox/talos/harness.ts";

/** What the real executables printed, towards the real API of one control plane and one worker. */
interface Line {
  readonly argv: readonly string[];
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

const FOLDER = join(import.meta.dirname, "../../../fixtures/recordings/talos");
const CONTROL_PLANE = "127.40.0.2";
const WORKER = "127.40.0.3";
const RELEASES = [
  { talosctl: "1.13.9", talos: "1.13", layout: "legacy", at: "2026-11-29T17:08:32.250Z" },
  { talosctl: "1.14.0-rc.1", talos: "1.14", layout: "document", at: "2026-11-29T17:12:43.950Z" },
] as const;

function lines(file: string): readonly Line[] {
  return readFileSync(join(FOLDER, `${file}.jsonl`), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);
}

/** Words and the machine that is meant; files and whom it goes through are not part of what was asked. */
function asked({ argv }: Pick<Line, "argv">): { readonly node: string | null; readonly words: string } {
  const words: string[] = [];
  let node: string | null = null;
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? "";
    if (word === "--nodes") node = argv[index + 1] ?? null;
    if (TAKES_A_VALUE.includes(word)) index += 1;
    else words.push(word);
  }
  return { node, words: words.join(" ") };
}

const TAKES_A_VALUE = ["--talosconfig", "--endpoints", "--nodes", "--kubeconfig", "--server"];

/** The first answer to the same question that succeeded. */
function replay(all: readonly Line[]): Runner {
  const run = async (command: ExecutableCall) => {
    const wanted = asked({ argv: command.argv.slice(1) });
    const found = all.find((line) => {
      const { node, words } = asked(line);
      return line.exit === 0 && node === wanted.node && words === wanted.words;
    });
    if (found === undefined) throw new Error(`nobody recorded ${wanted.words} of ${wanted.node}`);
    const { stdout, stderr } = found;
    return { argv: command.argv, exitCode: 0, stdout, stderr, durationMs: 1 };
  };
  return { run, stream: () => Promise.reject(new Error("nothing is streamed")) };
}

async function talosconfig(endpoint: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "capstan-recorded-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const authority = await mintAuthority("talos", { now: Date.now() });
  const client = await issue(authority, {
    organizations: ["os:admin"],
    usage: "clientAuth",
    now: Date.now(),
    hours: 1,
  });
  const path = join(folder, "talosconfig");
  writeFileSync(
    path,
    makeTalosconfig({ context: "lab", endpoints: [endpoint], ca: authority.crt, ...client }),
  );
  return path;
}

/** Configurations that were printed, by machine. */
function configurations(all: readonly Line[]): readonly string[] {
  return all.flatMap((line) => {
    const { words } = asked(line);
    if (line.exit !== 0 || words !== "get machineconfig -o yaml") return [];
    return parseAllDocuments(line.stdout).map((document) => String(document.get("spec")));
  });
}

describe.each(RELEASES)("what talosctl $talosctl printed", ({ talosctl, talos, layout, at }) => {
  const all = lines(`talosctl-${talosctl}`);

  it("shows both machines, their clocks, their members and a Kubernetes that is well", async () => {
    const platform = openTalos(
      {
        name: "lab",
        source: { file: "lab.yaml", line: 1 },
        platform: "talos",
        connection: {
          talosctl: ["talosctl"],
          kubectl: ["kubectl"],
          talosconfig: await talosconfig(CONTROL_PLANE),
          context: null,
          endpoints: [CONTROL_PLANE],
          controlPlanes: [CONTROL_PLANE],
          workers: [WORKER],
          kubeconfig: null,
          clients: { talosconfig: null, kubeconfig: null },
          recipients: [],
          secrets: null,
        },
        peers: [],
        policy: DEFAULT_POLICY,
      },
      { runner: replay([...all, ...lines("kubectl-1.32.4")]), now: () => new Date(at) },
    );
    const observation = await platform.observe({ components: "all" });
    expect(observation.versions).toEqual({ client: `v${talosctl}`, server: `v${talosctl}` });
    expect(observation.authorities.map(({ type, active }) => [type, active.length])).toEqual([
      ["talos", 1],
      ["kubernetes", 1],
    ]);
    for (const { found } of talosFacts(observation)?.machines ?? []) {
      expect(found).toMatchObject({
        pending: "none",
        timeSynced: true,
        version: `v${talosctl}`,
        states: { talos: "S0", kubernetes: "S0" },
      });
      expect(Math.abs(found?.clockAheadMs ?? Number.NaN)).toBeLessThan(1000);
    }
    expect(talosFacts(observation)?.machines.map(({ found }) => found?.nodeId)).toEqual(["id-cp1", "id-w1"]);
    expect(talosFacts(observation)?.members?.map(({ hostname }) => hostname)).toEqual(["cp1", "w1"]);
    expect(talosFacts(observation)?.kubernetes).toMatchObject({
      state: "read",
      notReady: [],
      nodes: ["cp1", "w1"],
    });
  });

  it("is the inventory of that cluster, whose endpoint is its one control plane", async () => {
    const found = discoverTalos({
      talosctl: ["talosctl"],
      talosconfig: await talosconfig(CONTROL_PLANE),
      context: null,
      runner: replay(all),
    });
    expect(await found).toEqual({
      context: "lab",
      endpoints: [CONTROL_PLANE],
      controlPlanes: [CONTROL_PLANE],
      workers: [WORKER],
    });
  });

  it("is a configuration that every edit can be made in", async () => {
    const texts = configurations(all);
    expect(texts).toHaveLength(4);
    for (const type of ["talos", "kubernetes"] as const) {
      const next = readCaCertificate((await mintAuthority(type, { now: Date.now() })).crt);
      for (const text of texts) {
        const { issuing, accepted } = readMachineConfig(text).authorities[type];
        const old = issuing ?? accepted[0];
        if (old === undefined) throw new Error("it names no CA");
        expect(tryEdits(text, type, { old, next })).toBeNull();
      }
    }
  });

  it("names the endpoint of Kubernetes", () => {
    for (const text of configurations(all)) {
      expect(sharedAddresses(text)).toEqual({ virtual: [], endpoint: CONTROL_PLANE });
    }
  });

  it("is a refusal in each of its texts", () => {
    const kinds = all
      .filter((line) => line.exit !== 0 && asked(line).words === "version --json")
      .map((line) => explainError("version", CONTROL_PLANE, line.stderr).kind);
    expect(new Set(kinds)).toEqual(new Set(["client-rejected", "cut-off"]));
  });

  it("is what the sandbox prints, but for what is meant to differ", async () => {
    const test = await cluster({ talos, layout, clusterName: "lab", controlPlanes: 1, workers: 1 });
    const compared: string[] = [];
    for (const line of all) {
      const { node, words } = asked(line);
      const kind = KINDS.find(({ fits }) => words.startsWith(fits));
      if (line.exit !== 0 || kind === undefined) continue;
      const own = await again(test, node, words);
      expect(own.exit, words).toBe(0);
      const real = kind.shape(line);
      const emulated = kind.shape(own);
      const differs = [
        ...real.filter((one) => !emulated.includes(one)).map((one) => `only real: ${one}`),
        ...emulated.filter((one) => !real.includes(one)).map((one) => `only here: ${one}`),
      ];
      expect(
        differs.filter((one) => !MEANT.some(([pattern]) => pattern.test(one))),
        words,
      ).toEqual([]);
      compared.push(kind.fits);
    }
    expect(new Set(compared).size).toBe(KINDS.length);
  });

  it("is how the sandbox refuses a client, in every text that was recorded", async () => {
    const test = await cluster({ talos, layout, controlPlanes: 1, workers: 1, random: seededRandom(7) });
    const stranger = await mintAuthority("talos", { now: Date.now() });
    const config = await test.talosconfig(stranger, [test.running.secrets.talos]);
    const real = new Set(all.flatMap(({ exit, stderr }) => (exit === 0 ? [] : [plain(stderr)])));
    real.delete("no context is set\n");
    const seen = new Set<string>();
    for (let call = 0; call < 60; call += 1) {
      seen.add(plain((await test.directly(config, test.endpoint, "version", "--json")).stderr));
    }
    for (const text of real) expect(seen).toContain(text);
    // Of a network with a delay, and rare: told of in the page about the recordings.
    const more = [...seen].filter((text) => !real.has(text));
    expect(more.every((text) => /preface: EOF|connection reset by peer/.test(text))).toBe(true);
  });
});

describe("what talosctl 1.13.9 prints about another context than the current one", () => {
  it("is what the sandbox prints", async () => {
    const test = await cluster({ clusterName: "lab", controlPlanes: 1, workers: 0 });
    const text = readFileSync(test.running.info.talosconfig, "utf8");
    const staging = text.slice(text.indexOf("    lab:")).replace("    lab:", "    staging:");
    const recorded = lines("talosctl-1.13.9").filter(({ argv }) => argv.includes("staging"));
    expect(recorded).toHaveLength(2);
    const files = [text + staging, text.replace(/^context: .*\n/, "") + staging];
    for (const [index, line] of recorded.entries()) {
      const file = await test.file(files[index] ?? "");
      const own = await test.talosctl(
        "--talosconfig",
        file,
        "--context",
        "staging",
        "config",
        "info",
        "-o",
        "json",
      );
      expect({ ...own, stdout: plain(own.stdout) }).toEqual({
        exit: line.exit,
        stdout: plain(line.stdout),
        stderr: line.stderr,
      });
    }
  });
});

/** The same question to the sandbox. */
async function again(test: TestCluster, node: string | null, words: string): Promise<Run> {
  const [own = "", worker = ""] = test.nodes;
  const target = node === WORKER ? worker : own;
  const config = test.running.info.talosconfig;
  const argv = words.split(" ");
  if (node === null) return await test.talosctl("--talosconfig", config, ...argv);
  if (argv[0] !== "apply-config") return await test.directly(config, target, ...argv);
  const text = test.running.machine(target).store.active;
  const file = await test.file(text);
  return await test.directly(config, target, "apply-config", "--file", file, "--mode=no-reboot");
}

interface Kind {
  readonly fits: string;
  readonly shape: (run: Pick<Run, "stdout" | "stderr">) => readonly string[];
}

const text: Kind["shape"] = ({ stdout, stderr }) => plain(stdout + stderr).split("\n");
const json: Kind["shape"] = ({ stdout }) =>
  stdout
    .trim()
    .split(/(?<=^\})\n/m)
    .flatMap((one) => paths(JSON.parse(one)));
const yaml: Kind["shape"] = ({ stdout }) => parseAllDocuments(stdout).flatMap((one) => paths(one.toJS()));

const KINDS: readonly Kind[] = [
  { fits: "config info", shape: text },
  { fits: "get members -o json", shape: json },
  { fits: "get machineconfig v1alpha1 -o json", shape: json },
  { fits: "get identity local -o json", shape: json },
  { fits: "get members -o yaml", shape: yaml },
  { fits: "get machineconfig -o yaml", shape: configuration },
  { fits: "get identity local -o yaml", shape: yaml },
  { fits: "get timestatus -o yaml", shape: yaml },
  { fits: "version --json", shape: json },
  { fits: "version --client --short", shape: text },
  { fits: "time", shape: text },
  { fits: "kubeconfig - --merge=false", shape: ({ stdout }) => paths(parse(stdout)) },
  { fits: "apply-config", shape: text },
];

/** Envelope and documents, with the fields of those that hold a CA. */
function configuration({ stdout }: Pick<Run, "stdout">): readonly string[] {
  return parseAllDocuments(stdout).flatMap((one) => {
    const { spec, ...envelope } = one.toJS() as { readonly spec: string };
    const inner = parseAllDocuments(spec).map((document) => document.toJS() as Record<string, unknown>);
    return [
      ...paths(envelope),
      ...inner.map(({ kind = "v1alpha1" }) => `document ${String(kind)}`),
      ...inner
        .filter(({ kind }) => kind === "KubeAPIServerCAConfig" || kind === "KubeClusterConfig")
        .flatMap((document) => paths(document)),
    ];
  });
}

/** Keys and kinds of values, without the values. */
function paths(value: unknown, at = ""): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((one) => paths(one, `${at}[]`));
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([key, inner]) => paths(inner, `${at}.${key}`));
  }
  return [`${at}: ${value === null ? "null" : typeof value}`];
}

/** Without what is another one in every cluster. */
function plain(printed: string): string {
  return printed
    .replace(/\d+\.\d+\.\d+\.\d+(:\d+)?/g, "ADDRESS")
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?/g, "TIME")
    .replace(/\d{4}-\d\d-\d\d/g, "DATE")
    .replace(/v1\.\d+\.\d+(-rc\.\d+)?/g, "VERSION")
    .replace(/ {2,}/g, "  ");
}

/** Where the sandbox is another one on purpose, and why. */
const MEANT: readonly (readonly [RegExp, string])[] = [
  [/\.metadata\.owner: /, "the machines behind the recorded API are emulated, and own nothing"],
  [/\.spec\.controlPlane\.port/, "the recorded members were emulated without it; Talos has it"],
  [/\.talos\.dev\/yaml-spec: /, "the recorded server gave the annotation as a number; Talos has a text"],
  [
    /document (TrustedRootsConfig|TimeSyncConfig)$/,
    "here, so that documents in odd spellings have to survive",
  ],
  [
    /document HostnameConfig|\.built: /,
    "every machine of the sandbox has a name, and an empty date of its build",
  ],
  [/\.metadata\.hostname: /, "a worker that is its own endpoint leaves it out, of 1.13"],
];
