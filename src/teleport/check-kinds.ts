import { fieldOf, listOf, textOf } from "../foreign-value.ts";
import type { CheckCall, CheckKind, CheckPlace } from "../profile/check-kind.ts";
import type { AccessCheck } from "../resources/model/access-check.ts";
import type { ClusterResource } from "../resources/model/desired.ts";
import type { TeleportConnection } from "./resources/connection.ts";

/*
 * Through Teleport as people go, by `tsh` (its flags: tool/tsh/common/tsh.go of Teleport 15 to 18). An identity file
 * needs a proxy beside it, and `tsh login` with one makes a profile out of it, which `tsh apps` and `tsh kube` need
 * (#38592, #39024; Teleport 14 and later).
 */

/** The kinds of checks of a Teleport cluster. */
export const CHECK_KINDS: readonly CheckKind[] = [
  {
    name: "ssh",
    speaksFor: "people who log in to nodes",
    exercises: ["host", "user", "openssh"],
    needs: [["login"], ["target", "sample"]],
    takes: ["command", "labels"],
    procedure: (check, cluster) => ({
      subjects: check.target === undefined ? [] : [check.target],
      ...(check.sample === undefined
        ? {}
        : {
            list: {
              call: (place) => ({
                argv: [...tsh(check), "ls", "--format=json", ...labelsOf(check)],
                env: access(cluster, place),
              }),
              found: nodesIn,
            },
          }),
      calls: (node, place) => [
        { argv: [...tsh(check), "ssh", `${check.login}@${node}`, "true"], env: access(cluster, place) },
      ],
    }),
  },
  {
    name: "database",
    speaksFor: "people and programs that open a database",
    exercises: ["host", "user", "db", "db_client"],
    needs: [["target"], ["user"]],
    takes: ["command"],
    procedure: (check, cluster) => ({
      subjects: [check.target ?? ""],
      // The database's own client speaks its protocol; it takes the query from standard input, and ends.
      calls: (database, place) => [
        ...login(check, cluster, place),
        {
          argv: [...tsh(check), "db", "connect", `--db-user=${check.user}`, database],
          env: loggedIn(cluster, place),
          stdin: "select 1;\n",
        },
      ],
    }),
  },
  {
    name: "app",
    speaksFor: "people who open an application",
    exercises: ["host", "user", "jwt", "app_client"],
    needs: [["target"]],
    takes: ["command"],
    procedure: (check, cluster) => ({
      subjects: [check.target ?? ""],
      calls: (app, place) => [
        ...login(check, cluster, place),
        { argv: [...tsh(check), "apps", "login", app], env: loggedIn(cluster, place) },
        { argv: [...tsh(check), "apps", "config", "--format=json", app], env: loggedIn(cluster, place) },
        openApp,
      ],
    }),
  },
  {
    name: "kubernetes",
    speaksFor: "people who use kubectl",
    exercises: ["host", "user"],
    needs: [["target"]],
    takes: ["command"],
    procedure: (check, cluster) => ({
      subjects: [check.target ?? ""],
      calls: (name, place) => {
        const env = { ...loggedIn(cluster, place), KUBECONFIG: `${place.folder}/kubeconfig` };
        return [
          ...login(check, cluster, place),
          { argv: [...tsh(check), "kube", "login", name], env },
          { argv: [...tsh(check), "kubectl", "get", "--raw=/readyz"], env, wrong: notReady },
        ];
      },
    }),
  },
];

function tsh({ command = ["tsh"] }: AccessCheck): readonly string[] {
  return command;
}

/** Whose identity is used in place of capstan's own, which often may log in nowhere. */
const OWN_IDENTITY = "CAPSTAN_CHECK_IDENTITY_FILE";

type Environment = NonNullable<CheckCall["env"]>;

/** With an identity file where the environment has one, else with whatever profile there is. No access is asked for. */
function access(cluster: Pick<ClusterResource, "connection">, { env }: CheckPlace): Environment {
  const identity = identityIn(env);
  return {
    TELEPORT_REQUEST_MODE: "off",
    ...proxyOf(cluster, env),
    ...(identity === null ? {} : { TELEPORT_IDENTITY_FILE: identity }),
  };
}

function identityIn(env: CheckPlace["env"]): string | null {
  return env[OWN_IDENTITY] ?? env["TELEPORT_IDENTITY_FILE"] ?? null;
}

/** The address of the cluster is mostly that of a proxy; where it is not, the environment names one. */
function proxyOf({ connection }: Pick<ClusterResource, "connection">, env: CheckPlace["env"]) {
  const { authServer } = connection as TeleportConnection;
  return env["TELEPORT_PROXY"] === undefined && authServer !== null ? { TELEPORT_PROXY: authServer } : {};
}

/** An identity file becomes a profile in the folder of this attempt. */
function login(
  check: AccessCheck,
  cluster: Pick<ClusterResource, "connection">,
  place: CheckPlace,
): readonly CheckCall[] {
  if (identityIn(place.env) === null) return [];
  const env = { ...access(cluster, place), TELEPORT_HOME: place.folder };
  return [{ argv: [...tsh(check), "login"], env }];
}

function loggedIn(cluster: Pick<ClusterResource, "connection">, place: CheckPlace): Environment {
  if (identityIn(place.env) === null) return access(cluster, place);
  return {
    TELEPORT_REQUEST_MODE: "off",
    ...proxyOf(cluster, place.env),
    TELEPORT_HOME: place.folder,
    TELEPORT_IDENTITY_FILE: undefined,
  };
}

function labelsOf({ labels = {} }: AccessCheck): readonly string[] {
  const all = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  return all.length === 0 ? [] : [all.join(",")];
}

/** Host names where they say who is meant, else ids: `tsh ssh` takes both. */
function nodesIn(stdout: string): readonly string[] | null {
  const listed = parsed(stdout);
  if (!Array.isArray(listed)) return null;
  const nodes = listed.map((row) => ({
    id: textOf(fieldOf(fieldOf(row, "metadata"), "name")),
    name: textOf(fieldOf(fieldOf(row, "spec"), "hostname")),
  }));
  return nodes
    .map(({ id, name }) => (nodes.filter((other) => other.name === name).length === 1 ? name : id))
    .filter((node) => /^[^\s-]\S*$/.test(node));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** By the certificate that `tsh apps login` brought. */
function openApp(stdout: string): CheckCall | null {
  const config = listOf(parsed(stdout)).at(0) ?? parsed(stdout);
  const [uri, certificate, key] = ["uri", "cert", "key"].map((field) => textOf(fieldOf(config, field)));
  if (uri === undefined || !/^https:\/\/[^\s-]\S*$/.test(uri) || !certificate || !key) return null;
  const quiet = ["--silent", "--show-error", "--fail", "--output", "/dev/null"];
  return { argv: ["curl", ...quiet, "--cert", certificate, "--key", key, "--", uri] };
}

function notReady(stdout: string): string | null {
  return stdout.trim() === "ok" ? null : "the API server does not say that it is ready";
}
