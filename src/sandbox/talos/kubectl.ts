import { readFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { homedir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { branch, decodeBase64, isTree, type Tree, text } from "../values.ts";
import type { CliWorld } from "./cli.ts";
import { type CobraFlags, type FlagTable, parseFlags, UsageError } from "./cli-flags.ts";
import { certificatePool } from "./go-pem.ts";
import { verifyCertificate } from "./go-verify.ts";
import { route } from "./network.ts";
import { columns, outputMode, sortedJson } from "./resource-output.ts";
import { clientContext } from "./rpc-client.ts";
import { parseClientFile } from "./talosconfig.ts";
import { absolute, reason } from "./talosctl-client.ts";

/** The emulated kubectl: reading nodes, pods, the config map of the root CA, and raw paths (TA 3.8). */

const FLAGS: FlagTable = {
  kubeconfig: { kind: "text" },
  context: { kind: "text" },
  server: { kind: "text", short: "s" },
  namespace: { kind: "text", short: "n" },
  output: { kind: "text", short: "o" },
  raw: { kind: "text" },
  "request-timeout": { kind: "text" },
  "all-namespaces": { kind: "switch", short: "A" },
  client: { kind: "switch" },
};

/** Gives the exit code. */
export async function kubectl(world: CliWorld): Promise<number> {
  try {
    await run(world, parseFlags(world.argv, FLAGS));
    return 0;
  } catch (error) {
    world.err(
      `${error instanceof UsageError ? "error: " : ""}${error instanceof Error ? error.message : error}\n`,
    );
    return 1;
  }
}

async function run(world: CliWorld, flags: CobraFlags): Promise<void> {
  const [command = "", kind = "", name] = flags.words;
  if (command === "version") {
    const version = flags.on("client")
      ? {}
      : { serverVersion: JSON.parse(await fetchPath(world, flags, "/version")) };
    world.out(`${sortedJson({ clientVersion: { gitVersion: "v1.36.1" }, ...version }, 2)}\n`);
    return;
  }
  if (command !== "get") throw new UsageError(`unknown command ${JSON.stringify(command)} for "kubectl"`);
  const raw = flags.text("raw");
  if (raw !== undefined) {
    world.out(await fetchPath(world, flags, raw));
    return;
  }
  const found: unknown = JSON.parse(await fetchPath(world, flags, pathOf(kind, name, flags)));
  world.out(show(found, name, flags));
}

function pathOf(kind: string, name: string | undefined, flags: CobraFlags): string {
  const namespace = flags.text("namespace") ?? "default";
  if (["nodes", "node", "no"].includes(kind)) return "/api/v1/nodes";
  if (["pods", "pod", "po"].includes(kind)) return `/api/v1/namespaces/${namespace}/pods`;
  if (["configmaps", "configmap", "cm"].includes(kind)) {
    return `/api/v1/namespaces/${namespace}/configmaps/${name ?? ""}`;
  }
  throw new UsageError(`the server doesn't have a resource type ${JSON.stringify(kind)}`);
}

function show(found: unknown, name: string | undefined, flags: CobraFlags): string {
  const answer = branch(found);
  const items = Array.isArray(answer["items"]) ? answer["items"].filter(isTree) : null;
  const named = items?.find((item) => branch(item["metadata"])["name"] === name);
  if (items !== null && name !== undefined && named === undefined) {
    throw new Error(`Error from server (NotFound): "${name}" not found`);
  }
  const value: Tree = named ?? (items === null ? answer : { ...answer, kind: "List", items });
  const output = flags.text("output");
  if (output !== undefined && output !== "wide") {
    if (outputMode(output) === "json") return `${sortedJson(value)}\n`;
  }
  const rows = (named === undefined ? (items ?? [answer]) : [named]).map((item) => [
    text(branch(item["metadata"])["name"]),
    statusOf(item),
  ]);
  return columns([["NAME", "STATUS"], ...rows]);
}

function statusOf(item: Tree): string {
  const { conditions, phase } = branch(item["status"]);
  if (typeof phase === "string") return phase;
  const ready = Array.isArray(conditions)
    ? conditions.filter(isTree).find(({ type }) => type === "Ready")
    : undefined;
  return ready?.["status"] === "True" ? "Ready" : "NotReady";
}

async function fetchPath(world: CliWorld, flags: CobraFlags, path: string): Promise<string> {
  const target = await readKubeconfig(world, flags);
  const { hostname: host, port } = new URL(target.server);
  const address = `${host}:${port}`;
  const socket = await secureSocket(world, target, host, Number(port)).catch(
    (error: NodeJS.ErrnoException) => {
      throw new Error(connectionProblem(error, address));
    },
  );
  const { status, body } = await get(socket, address, path).catch(() => {
    throw new Error("Unable to connect to the server: EOF");
  });
  if (status < 300) return body;
  if (status === 401) throw new Error("error: You must be logged in to the server (Unauthorized)");
  const { reason: why, message } = parseStatus(body);
  throw new Error(`Error from server (${why}): ${message}`);
}

interface KubernetesTarget {
  readonly server: string;
  readonly ca: string;
  readonly crt: string;
  readonly key: string;
}

async function readKubeconfig(world: CliWorld, flags: CobraFlags): Promise<KubernetesTarget> {
  const home = world.env["HOME"] ?? homedir();
  const path = flags.text("kubeconfig") ?? world.env["KUBECONFIG"] ?? join(home, ".kube", "config");
  const source = await readFile(absolute(world, path), "utf8").catch((error: unknown) => {
    throw new Error(`error: stat ${path}: ${reason(error)}`);
  });
  const file = branch(parseClientFile(source));
  const named = (section: string, name: string, part: string): Tree => {
    const entries = Array.isArray(file[section]) ? file[section].filter(isTree) : [];
    return branch(entries.find((entry) => entry["name"] === name)?.[part]);
  };
  const contextName = flags.text("context") ?? text(file["current-context"]);
  const context = named("contexts", contextName, "context");
  const cluster = named("clusters", text(context["cluster"]), "cluster");
  const user = named("users", text(context["user"]), "user");
  return {
    server: flags.text("server") ?? text(cluster["server"]),
    ca: decodeBase64(text(cluster["certificate-authority-data"])),
    crt: decodeBase64(text(user["client-certificate-data"])),
    key: decodeBase64(text(user["client-key-data"])),
  };
}

/** Verified before anything is sent. */
function secureSocket(
  world: CliWorld,
  target: KubernetesTarget,
  host: string,
  port: number,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...route(world.sandbox.routes, host, port),
      secureContext: clientContext(target.crt === "" ? {} : { cert: target.crt, key: target.key }),
      rejectUnauthorized: false,
      checkServerIdentity: () => undefined,
    });
    world.signal?.addEventListener("abort", () => socket.destroy(new Error("EOF")));
    socket.once("error", reject);
    socket.once("end", () => reject(new Error("EOF")));
    socket.once("secureConnect", () => {
      const certificate = socket.getPeerX509Certificate();
      const roots = certificatePool(target.ca);
      const problem =
        certificate === undefined
          ? { text: "no certificate" }
          : verifyCertificate(certificate, { roots, now: Date.now(), usage: "serverAuth", address: host });
      if (problem === null) resolve(socket);
      else {
        socket.destroy();
        reject(new Error(`tls: failed to verify certificate: ${problem.text}`));
      }
    });
  });
}

function connectionProblem(error: NodeJS.ErrnoException, address: string): string {
  if (error.code === "ECONNREFUSED") {
    return `The connection to the server ${address} was refused - did you specify the right host or port?`;
  }
  return `Unable to connect to the server: ${error.code === "ECONNRESET" ? "EOF" : error.message}`;
}

function get(socket: TLSSocket, host: string, path: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ createConnection: () => socket, path, headers: { host } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        socket.destroy();
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") });
      });
    });
    request.on("error", reject);
    request.end();
  });
}

function parseStatus(body: string): { reason: string; message: string } {
  try {
    const status = branch(JSON.parse(body));
    return { reason: text(status["reason"]), message: text(status["message"]) };
  } catch {
    return { reason: "InternalError", message: body };
  }
}
