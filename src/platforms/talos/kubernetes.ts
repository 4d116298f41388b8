import { stringify } from "yaml";
import { Failure } from "../../failure.ts";
import { type Fields, fieldOf, fieldsOf, isFields, listOf, valueAt } from "../../foreign-value.ts";
import { foreignYaml } from "../../foreign-yaml.ts";
import { BeyondBounds, objectOf } from "../../listings/json-stream.ts";
import type { KubernetesFacts } from "../../talos/facts.ts";
import { type CaCertificate, readCaCertificates } from "../../x509/ca-certificate.ts";
import type { Session } from "./session.ts";

/** kubectl with a kubeconfig that lies in a file of its owner only. */
export interface Kubectl {
  readonly path: string;
  readonly text: string;
}

/** Fetched anew from a control plane, as its content depends on that one's state (reference talos-rotation 3.7). */
export async function fetchKubeconfig(session: Session, controlPlane: string): Promise<string> {
  const reply = await session.ask(controlPlane, ["kubeconfig", "-", "--merge=false"]);
  if (!reply.ok) throw reply.error.failure;
  return reply.stdout;
}

/** Writes a kubeconfig to where only its owner may read it, for as long as the session lasts. */
export async function openKubectl(session: Session, text: string): Promise<Kubectl> {
  return { path: await session.folder.write("kubeconfig", text), text };
}

/** What is another one in a kubeconfig. */
export interface KubeChange {
  readonly trust?: string;
  readonly client?: { readonly crt: string; readonly key: string };
}

/** The same kubeconfig with another trust or another user, to prove who is believed and who is not. */
export function withKubeChange(text: string, { trust, client }: KubeChange): string {
  const file = fieldsOf(foreignYaml(text));
  // kubectl would take an empty one, and dial whoever listens on this machine.
  if (!isFields(valueAt(file, ["clusters", 0, "cluster"]))) {
    throw new Failure("executable", "the kubeconfig of the cluster cannot be read: it names no cluster", {
      hint: "`talosctl kubeconfig -` shows what was printed",
    });
  }
  const trusting = trust === undefined ? {} : { "certificate-authority-data": encode(trust) };
  const calling =
    client === undefined
      ? {}
      : { "client-certificate-data": encode(client.crt), "client-key-data": encode(client.key) };
  const changed = {
    ...file,
    ...eachWith(file, "clusters", "cluster", trusting),
    ...eachWith(file, "users", "user", calling),
  };
  return stringify(changed, { lineWidth: 0 });
}

/** A list of a kubeconfig in which whatever is named has some fields more; absent where it is absent. */
function eachWith(file: Fields, list: string, named: string, more: Fields): Fields {
  if (!Array.isArray(file[list])) return {};
  const entries = listOf(file[list]).map((entry) =>
    isFields(entry) && isFields(entry[named]) ? { ...entry, [named]: { ...entry[named], ...more } } : entry,
  );
  return { [list]: entries };
}

function encode(text: string): string {
  return Buffer.from(text).toString("base64");
}

/** Reads nodes and control-plane pods. */
export async function kubernetesFacts(session: Session, kubeconfig: string): Promise<KubernetesFacts> {
  const [nodes, pods] = await Promise.all([
    list(session, kubeconfig, ["get", "nodes"]),
    list(session, kubeconfig, ["get", "pods", "--namespace", "kube-system"]),
  ]);
  if (typeof nodes === "string") return { state: "unread", problem: nodes };
  if (typeof pods === "string") return { state: "unread", problem: pods };
  const staticPods = pods.filter(({ name }) => CONTROL_PLANE_POD.test(name));
  return {
    state: "read",
    nodes: nodes.map(({ name }) => name),
    notReady: [
      ...nodes.filter(({ ready }) => !ready).map(({ name }) => `node/${name}`),
      ...staticPods.filter(({ ready }) => !ready).map(({ name }) => `pod/${name}`),
    ],
  };
}

const CONTROL_PLANE_POD = /^kube-(apiserver|controller-manager|scheduler)-/;

interface Item {
  readonly name: string;
  readonly ready: boolean;
  readonly secretsVersion: string | null;
}

/** A string says what went wrong. */
async function list(
  session: Session,
  kubeconfig: string,
  words: readonly string[],
): Promise<readonly Item[] | string> {
  const { exit, stdout, stderr } = await session.kubectl(kubeconfig, [...words, "-o", "json"]);
  if (exit !== 0) return said(words, stderr);
  let value: unknown;
  try {
    value = objectOf(stdout);
  } catch (error) {
    if (error instanceof BeyondBounds)
      return `kubectl ${words.join(" ")} printed what no cluster holds: ${error.message}`;
    return `kubectl ${words.join(" ")} printed what is not JSON`;
  }
  const items = fieldOf(value, "items");
  return Array.isArray(items) ? items.map(itemOf) : `kubectl ${words.join(" ")} printed no list`;
}

function itemOf(item: unknown): Item {
  const metadata = fieldOf(item, "metadata");
  const conditions = fieldOf(fieldOf(item, "status"), "conditions");
  const ready = Array.isArray(conditions) ? conditions.filter((one) => fieldOf(one, "type") === "Ready") : [];
  const version = fieldOf(fieldOf(metadata, "annotations"), "talos.dev/secrets-version");
  return {
    name: String(fieldOf(metadata, "name") ?? ""),
    ready: ready.length > 0 && ready.every((one) => fieldOf(one, "status") === "True"),
    secretsVersion: typeof version === "string" ? version : null,
  };
}

function said(words: readonly string[], stderr: string): string {
  return `kubectl ${words.join(" ")}: ${stderr.trim().split("\n").at(-1)?.slice(0, 300) ?? "failed"}`;
}

/** Static pods of one control plane that are not yet Ready with the secrets of this version. */
export async function podsBehind(
  session: Session,
  kubeconfig: string,
  node: string,
  version: string | null,
): Promise<string | null> {
  const pods = await list(session, kubeconfig, ["get", "pods", "--namespace", "kube-system"]);
  if (typeof pods === "string") return pods;
  const own = pods.filter(({ name }) => CONTROL_PLANE_POD.test(name) && name.endsWith(`-${node}`));
  if (own.length === 0) return `no control-plane pod of ${node} is listed`;
  const behind = own.filter(
    ({ ready, secretsVersion }) =>
      !ready || (version !== null && secretsVersion !== null && secretsVersion !== version),
  );
  return behind.length === 0
    ? null
    : `${behind.map(({ name }) => name).join(", ")} not ready with the new CAs`;
}

/** Asks one API server itself, not whoever the load balancer takes. */
export async function readyz(
  session: Session,
  kubeconfig: string,
  server: ApiServer,
): Promise<string | null> {
  const words = ["--server", serverUrl(server), "get", "--raw", "/readyz"];
  const { exit, stderr } = await session.kubectl(kubeconfig, words);
  return exit === 0 ? null : said(["get", "--raw", "/readyz", "of", serverUrl(server)], stderr);
}

/** The API server of one control plane. */
export interface ApiServer {
  readonly address: string;
  readonly port: number;
}

/** `true` when the API server refuses this user, `false` when it does not, a sentence when it cannot be told. */
export async function refuses(
  session: Session,
  kubeconfig: string,
  server: ApiServer,
): Promise<boolean | string> {
  const words = ["--server", serverUrl(server), "get", "nodes", "-o", "json"];
  const { exit, stderr } = await session.kubectl(kubeconfig, words);
  if (exit === 0) return false;
  return /Unauthorized|must be logged in|provide credentials/.test(stderr) ? true : said(words, stderr);
}

/** Where an API server is asked: `https://10.0.0.2:6443`. */
export function serverUrl({ address, port }: ApiServer): string {
  return `https://${address.includes(":") ? `[${address}]` : address}:${port}`;
}

/** What workloads in the cluster trust (reference 5.3). */
export async function rootAuthority(
  session: Session,
  kubeconfig: string,
): Promise<readonly CaCertificate[] | string> {
  const words = ["get", "configmap", "kube-root-ca.crt", "--namespace", "default", "-o", "json"];
  const { exit, stdout, stderr } = await session.kubectl(kubeconfig, words);
  if (exit !== 0) return said(words, stderr);
  try {
    return readCaCertificates(String(fieldOf(fieldOf(objectOf(stdout), "data"), "ca.crt") ?? ""));
  } catch {
    return "kube-root-ca.crt cannot be read";
  }
}

/** The server of a kubeconfig that a person named, with the user of a fetched one: credentials change, addresses do not. */
export function withServerOf(named: string, fetched: string): string {
  const server = valueAt(foreignYaml(named), ["clusters", 0, "cluster", "server"]);
  const file = fieldsOf(foreignYaml(fetched));
  const [first, ...others] = listOf(file["clusters"]);
  const cluster = fieldOf(first, "cluster");
  if (!isFields(cluster) || typeof server !== "string") {
    throw new Failure("resources", "the file that spec.talos.kubeconfig names has no server", {
      hint: "write `server` into its first cluster, or take the field out",
    });
  }
  const clusters = [{ ...fieldsOf(first), cluster: { ...cluster, server } }, ...others];
  return stringify({ ...file, clusters }, { lineWidth: 0 });
}
