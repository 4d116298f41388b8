import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ToolResult } from "../emulated-platform.ts";
import type { Agent } from "./agent.ts";
import { pinsOf } from "./authority-store.ts";
import type { TeleportCluster } from "./cluster.ts";
import { CommandLineError, type CommandSpec, type Invocation, parseCommandLine } from "./command-line.ts";
import type { ComponentRole } from "./component-role.ts";
import { failedCall } from "./failed-call.ts";
import { userOf } from "./identity-certificate.ts";
import { identityProblem } from "./identity-file.ts";

/*
 * `tsh` as far as a person needs it to see whether she gets in: nodes, databases, Kubernetes. Whom the proxy, a node
 * and a database let in follows from the certificates that each of them has at that moment, and from nothing else.
 */

const TEXT = { name: "text", required: true };
const SPECS: readonly CommandSpec[] = [
  { path: ["login"], flags: {}, arguments: [] },
  {
    path: ["ls"],
    flags: { format: { short: "f", default: "text" } },
    arguments: [{ name: "labels", required: false }],
  },
  { path: ["ssh"], flags: {}, arguments: [TEXT, { name: "command", required: false }] },
  {
    path: ["db", "connect"],
    flags: { "db-user": { short: "u" }, "db-name": { short: "n" } },
    arguments: [TEXT],
  },
  { path: ["kube", "login"], flags: {}, arguments: [TEXT] },
  { path: ["kubectl", "get"], flags: { raw: {} }, arguments: [] },
];
const GLOBALS = { identity: { short: "i" }, proxy: {}, home: {} };

/** Where `tsh login` keeps what it got, in its own folder. */
const PROFILE = "profile.pem";
const SELECTED = "kube-cluster";

/** One run of `tsh`. */
export async function tsh(
  cluster: TeleportCluster,
  argv: readonly string[],
  cwd: string,
): Promise<ToolResult> {
  const { dialect } = cluster.options;
  let invocation: Invocation;
  try {
    invocation = parseCommandLine(argv, SPECS, GLOBALS);
  } catch (error) {
    if (!(error instanceof CommandLineError)) throw error;
    return failedCall(dialect, error.message);
  }
  const { identity, proxy, home } = invocation.flags;
  if (identity !== undefined && proxy === undefined)
    return failedCall(dialect, "tsh --identity also requires --proxy");
  const file = identity === undefined ? join(home ?? "", PROFILE) : resolve(cwd, identity);
  if (!existsSync(file)) {
    return failedCall(dialect, identity === undefined ? "Not logged in." : `open ${identity}: no such file`);
  }
  const person = readFileSync(file, "utf8");
  const problem = identityProblem(cluster, person, proxyRole(cluster));
  if (problem !== null) return failedCall(dialect, problem);
  const refused = await run(cluster, invocation, person, home ?? null);
  return typeof refused === "string"
    ? { exit: 0, stdout: refused, stderr: "" }
    : failedCall(dialect, refused.refused);
}

interface Refused {
  readonly refused: string;
}

async function run(
  cluster: TeleportCluster,
  { command, flags, arguments: [first = "", second = ""] }: Invocation,
  person: string,
  home: string | null,
): Promise<string | Refused> {
  switch (command.path.join(" ")) {
    case "login":
      mkdirSync(home ?? ".", { recursive: true });
      writeFileSync(join(home ?? ".", PROFILE), person, { mode: 0o600 });
      return `> Profile URL:        https://127.0.0.1:3080\n  Logged in as:       ${userOf(person)}\n`;
    case "ls":
      return first === "" ? `${JSON.stringify(nodesOf(cluster), null, 2)}\n` : "[]\n";
    case "ssh":
      return sshTo(cluster, first.slice(first.indexOf("@") + 1), person, second);
    case "db connect":
      return openDatabase(cluster, first, flags["db-user"] ?? "");
    case "kube login": {
      const refused = reach(cluster, "kube_server", first, person);
      if (refused !== null) return refused;
      writeFileSync(join(home ?? ".", SELECTED), first);
      return `Logged into Kubernetes cluster "${first}".\n`;
    }
    default: {
      const name = readFileSync(join(home ?? ".", SELECTED), "utf8");
      return reach(cluster, "kube_server", name, person) ?? "ok";
    }
  }
}

function nodesOf(cluster: TeleportCluster) {
  const agents = [...cluster.present("node")].map(({ spec: { hostId, hostname } }) => ({
    ...{ sub_kind: undefined, id: hostId, hostname, addr: "127.0.0.1:3022" },
  }));
  const agentless = cluster.agentlessNodes.map(({ id, hostname, address }) => ({
    ...{ sub_kind: "openssh", id, hostname, addr: address },
  }));
  return [...agents, ...agentless].map(({ sub_kind, id, hostname, addr }) => ({
    kind: "node",
    ...(sub_kind === undefined ? {} : { sub_kind }),
    version: "v2",
    metadata: { name: id, labels: {} },
    spec: { addr, hostname },
  }));
}

function sshTo(cluster: TeleportCluster, name: string, person: string, command: string): string | Refused {
  const node = cluster
    .find(name)
    .find(({ spec }) => spec.roles.includes("node") && [spec.hostname, spec.hostId].includes(name));
  const agentless = cluster.agentlessNodes.find(({ hostname, id }) => [hostname, id].includes(name));
  if (agentless !== undefined) {
    // The proxy shows a certificate of the openssh CA, whose key that server has from people.
    if (cluster.inPlace.trustsSigner("openssh")) return command === "true" ? "" : `${command}\n`;
    return { refused: "ssh: handshake failed: ssh: unable to authenticate, attempted methods [publickey]" };
  }
  if (node === undefined)
    return { refused: `direct dialing to nodes not found in inventory is not supported` };
  return letIn(cluster, node, person) ?? (command === "true" ? "" : `${command}\n`);
}

/** Who serves a name of a kind, and lets the person in. */
function reach(cluster: TeleportCluster, role: ComponentRole, name: string, person: string): Refused | null {
  const agents = cluster.agents.filter(
    ({ spec, retired }) => !retired && spec.serves[role]?.includes(name) === true,
  );
  if (agents.length === 0) return { refused: `${name} not found` };
  const answers = agents.map((agent) => letIn(cluster, agent, person));
  return answers.includes(null) ? null : (answers[0] ?? null);
}

function letIn(cluster: TeleportCluster, agent: Agent, person: string): Refused | null {
  const { hostname } = agent.spec;
  if (!agent.alive) return { refused: `failed to dial target host\n\t${hostname} is offline` };
  // The client looks first, at the key that signed what the other end shows.
  const problem = identityProblem(cluster, person, agent);
  if (problem !== null) return { refused: `ssh: handshake failed: ${problem}` };
  if (!cluster.letsIn(agent, person)) {
    return {
      refused: `access denied to ${userOf(person)} connecting to ${hostname}: unable to authenticate`,
    };
  }
  return null;
}

function openDatabase(cluster: TeleportCluster, name: string, user: string): string | Refused {
  const served = cluster.agents.some(
    ({ spec, alive }) => alive && spec.serves.db_server?.includes(name) === true,
  );
  if (!served)
    return { refused: `database "${name}" not found, use 'tsh db ls' to see registered databases` };
  const [signer] = pinsOf(cluster.authorities.current("db_client")?.active ?? []);
  const hash = signer?.slice("sha256:".length) ?? "";
  const override = cluster.overrides.inForce("db_client", hash);
  const problem = cluster.databases.problem(name, override !== null);
  cluster.audit({
    ei: 0,
    event: "db.session.start",
    code: problem === null ? "TDB00I" : "TDB00W",
    time: new Date(cluster.options.clock.now()).toISOString(),
    cluster_name: cluster.options.name,
    sid: randomUUID(),
    db_service: name,
    db_user: user,
    success: problem === null,
    ...(override === null ? {} : { ca_override: { active: true, public_key_hash: hash } }),
  });
  if (problem !== null) return { refused: `failed to connect to the database: ${problem}` };
  return " ?column? \n----------\n        1\n(1 row)\n\n";
}

/** In releases where nobody is a proxy alone, the auth server's host is one. */
function proxyRole(cluster: TeleportCluster): ComponentRole {
  return cluster.agents.some(({ spec }) => spec.roles.includes("proxy")) ? "proxy" : "auth_server";
}
