import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import {
  issue,
  type LeafProfile,
  mintAuthority,
  type PemPair,
} from "../../../src/sandbox/talos/certificates.ts";
import {
  startTalosCluster,
  type TalosCluster,
  type TalosClusterOptions,
} from "../../../src/sandbox/talos/cluster.ts";
import { kubectl } from "../../../src/sandbox/talos/kubectl.ts";
import { SANDBOX_FILE, type SandboxFile } from "../../../src/sandbox/talos/sandbox-file.ts";
import { makeTalosconfig } from "../../../src/sandbox/talos/talosconfig.ts";
import { talosctl } from "../../../src/sandbox/talos/talosctl.ts";
import { encodeBase64 } from "../../../src/sandbox/values.ts";

/** Of before a test changed it. */
const TEMPORARY = tmpdir();

/** A hundred times real: a kubelet is back after 65 ms, an API server after 120 ms. */
const SPEED = 100;

export interface Run {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A cluster for one test, gone with it. */
export async function cluster(options: Partial<TalosClusterOptions> = {}): Promise<TestCluster> {
  const directory = await mkdtemp(join(TEMPORARY, "talos "));
  const running = await startTalosCluster({ directory, speed: SPEED, dialTimeoutMs: 1000, ...options });
  onTestFinished(async () => {
    await running.close();
    await rm(directory, { recursive: true, force: true });
  });
  return new TestCluster(running);
}

export class TestCluster {
  readonly running: TalosCluster;
  readonly directory: string;
  #files = 0;
  #sandbox: Promise<SandboxFile> | null = null;

  constructor(running: TalosCluster) {
    this.running = running;
    this.directory = running.info.directory;
  }

  get controlPlanes(): readonly string[] {
    return this.running.info.controlPlanes.map(({ address }) => address);
  }

  get workers(): readonly string[] {
    return this.running.info.workers.map(({ address }) => address);
  }

  /** Control planes first. */
  get nodes(): readonly string[] {
    return [...this.controlPlanes, ...this.workers];
  }

  get endpoint(): string {
    return this.controlPlanes[0] ?? "";
  }

  /** Written once, when the cluster starts; a process reads it each time. */
  async sandbox(): Promise<SandboxFile> {
    this.#sandbox ??= readFile(join(this.directory, SANDBOX_FILE), "utf8").then((text) => JSON.parse(text));
    return await this.#sandbox;
  }

  async file(text: string): Promise<string> {
    const path = join(this.directory, `test-${++this.#files}.yaml`);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  }

  async talosctl(...argv: readonly string[]): Promise<Run> {
    return await this.#run(talosctl, argv);
  }

  /** As the administrator, through the first control plane. */
  async ask(node: string, ...argv: readonly string[]): Promise<Run> {
    return await this.as(this.running.info.talosconfig, node, ...argv);
  }

  async as(talosconfig: string, node: string, ...argv: readonly string[]): Promise<Run> {
    return await this.talosctl("--talosconfig", talosconfig, "-e", this.endpoint, "-n", node, ...argv);
  }

  /** The node itself is the endpoint. */
  async directly(talosconfig: string, node: string, ...argv: readonly string[]): Promise<Run> {
    return await this.talosctl("--talosconfig", talosconfig, "-e", node, "-n", node, ...argv);
  }

  async kubectl(...argv: readonly string[]): Promise<Run> {
    return await this.#run(kubectl, argv);
  }

  /** A fresh one, as the given control plane makes it. */
  async kubeconfig(talosconfig = this.running.info.talosconfig, node = this.endpoint): Promise<string> {
    const path = join(this.directory, `kubeconfig-${++this.#files}`);
    const run = await this.directly(talosconfig, node, "kubeconfig", path, "--merge=false");
    if (run.exit !== 0) throw new Error(run.stderr);
    return path;
  }

  /** A client certificate signed by an authority, which trusts the given ones. */
  async talosconfig(
    signer: PemPair,
    trusted: readonly PemPair[],
    profile: Partial<LeafProfile> = {},
  ): Promise<string> {
    const client = await issue(signer, {
      organizations: ["os:admin"],
      usage: "clientAuth",
      now: Date.now(),
      hours: 1,
      ...profile,
    });
    const ca = trusted.map(({ crt }) => crt).join("");
    return await this.file(makeTalosconfig({ context: "test", endpoints: [this.endpoint], ca, ...client }));
  }

  async machineConfig(talosconfig: string, node: string): Promise<string> {
    const run = await this.directly(talosconfig, node, "get", "mc", "v1alpha1", "-o", "yaml");
    if (run.exit !== 0) throw new Error(run.stderr);
    return (parse(run.stdout) as { spec: string }).spec;
  }

  /** Puts a node into a state, with the whole configuration sent as it then is. */
  async bring(talosconfig: string, node: string, state: NodeState, mode = "no-reboot"): Promise<Run> {
    const before = await this.machineConfig(talosconfig, node);
    const isControlPlane = this.controlPlanes.includes(node);
    const file = await this.file(withState(before, state, isControlPlane));
    return await this.directly(talosconfig, node, "apply-config", "-f", file, "--mode", mode);
  }

  async #run(
    command: (world: Parameters<typeof talosctl>[0]) => Promise<number>,
    argv: readonly string[],
  ): Promise<Run> {
    let stdout = "";
    let stderr = "";
    const exit = await command({
      argv,
      env: {},
      cwd: this.directory,
      out: (text) => {
        stdout += text;
      },
      err: (text) => {
        stderr += text;
      },
      sandbox: await this.sandbox(),
    });
    return { exit, stdout, stderr };
  }
}

/** What a node's configuration says of one kind of CA (TA 2.1). */
export interface NodeState {
  readonly kind: "talos" | "kubernetes";
  readonly issuing: PemPair;
  readonly accepted: readonly string[];
}

export type StateName = "S0" | "S1" | "S2" | "S3";

export function stateOf(kind: NodeState["kind"], name: StateName, old: PemPair, next: PemPair): NodeState {
  const issuing = name === "S0" || name === "S1" ? old : next;
  const accepted = { S0: [], S1: [next.crt], S2: [old.crt], S3: [] }[name];
  return { kind, issuing, accepted };
}

/** Edits the CA fields of either layout. */
export function withState(config: string, state: NodeState, isControlPlane: boolean): string {
  const documents = parseAllDocuments(config);
  const { issuing, accepted } = state;
  const authority = documents.find((document) => document.get("kind") === "KubeAPIServerCAConfig");
  if (state.kind === "kubernetes" && authority !== undefined) {
    if (isControlPlane) authority.set("issuingCA", { cert: issuing.crt, key: issuing.key });
    authority.set("acceptedCAs", isControlPlane ? accepted : [issuing.crt, ...accepted]);
  } else {
    const main = documents.find((document) => document.get("kind") === undefined);
    const section = state.kind === "talos" ? "machine" : "cluster";
    const key = isControlPlane ? encodeBase64(issuing.key) : "";
    main?.setIn([section, "ca"], { crt: encodeBase64(issuing.crt), key });
    main?.setIn(
      [section, "acceptedCAs"],
      accepted.map((crt) => ({ crt: encodeBase64(crt) })),
    );
  }
  return documents.map(String).join("---\n");
}

export async function nextAuthority(kind: NodeState["kind"]): Promise<PemPair> {
  return await mintAuthority(kind, { now: Date.now() });
}

/** Waits until it is so. */
export async function until(
  what: string,
  check: () => boolean | Promise<boolean>,
  ms = 600_000,
): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await check())) {
    if (Date.now() > deadline) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Long enough, at this speed, for whatever was going to happen to have happened: 30 s of cluster time. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 300));
}

/** What a call says of the two sides' trust (TA 3.6). */
export type Outcome = "ok" | "client rejected" | "server untrusted" | "no forwarding" | "refused" | "other";

/** A refused client reads the alert, or only finds its connection closed. */
const REFUSED =
  /remote error: tls: (unknown certificate authority|bad certificate)|write: broken pipe|write: connection reset by peer|error reading server preface: EOF/;

export function outcomeOf({ exit, stderr }: Run): Outcome {
  if (exit === 0) return "ok";
  if (REFUSED.test(stderr)) return "client rejected";
  if (stderr.includes("x509: certificate signed by unknown authority")) return "server untrusted";
  if (stderr.includes("no request forwarding")) return "no forwarding";
  return stderr.includes("connection refused") ? "refused" : "other";
}

export async function probe(test: TestCluster, talosconfig: string, node: string): Promise<Outcome> {
  return outcomeOf(await test.directly(talosconfig, node, "version", "--json"));
}

interface Printed {
  readonly metadata: { readonly id: string; readonly version: number; readonly name?: string };
  readonly spec: Record<string, unknown>;
}

/** What `get … -o json` printed: one object after the other, as the real one prints several. */
export function printed({ stdout }: Run): readonly Printed[] {
  return stdout === "" ? [] : JSON.parse(`[${stdout.replaceAll("\n}\n{", "\n},{")}]`);
}
