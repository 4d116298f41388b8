import { activeKeys } from "./active-keys.ts";
import type { Stage, Tour } from "./stage.ts";
import { tryNext } from "./try-next.ts";

const SANDBOX = ".capstan/sandbox";
const WRITTEN_TALOSCONFIG = ".capstan/clients/talosconfig";

/** Work by hand that a rotation waits for, in the order in which it is asked for. */
const WORK = {
  talos: {
    update_clients: ["hand-out-talosconfigs"],
    update_servers: ["nobody-left-behind", "update-secrets"],
  },
  kubernetes: {
    update_clients: ["hand-out-kubeconfigs", "external-trust-both"],
    update_servers: ["refetch-kubeconfigs", "restart-workloads", "update-secrets"],
  },
} as const;

type Type = keyof typeof WORK;
const TYPES = ["talos", "kubernetes"] as const satisfies readonly Type[];

/** Both CAs of a Talos cluster, one after the other and one commit a phase; then a rotation that is rolled back. */
export const TALOS_TOUR: Tour = { scenes: 7, play };

async function play(stage: Stage): Promise<void> {
  stage.heading("A Talos cluster to try it on");
  stage.tell("The sandbox has machines that speak mutual TLS, each with its own configuration");
  stage.tell("and certificates, a hundred times faster than life. capstan sees only talosctl");
  stage.tell("and kubectl.");
  await stage.capstan(["sandbox", "up", "--talos=1.14", "--control-planes=1", "--workers=1", "--speed=100"]);
  await stage.capstan(["init"]);
  stage.tell("\nThis machine may be busy, and nobody is in a hurry:");
  await stage.policy("phase_timeout", "30m");
  await stage.commit("What is live");
  stage.tell("\nTalos makes no CA itself: capstan does, and its key lies in git, sealed with");
  stage.tell("age. Whoever applies needs the identity that opens it:");
  stage.export("SOPS_AGE_KEY_FILE", `${SANDBOX}/age-identity.txt`);
  const before = await activeKeys(stage, TYPES);

  stage.heading("The Talos API CA: init and update_clients");
  await upToUpdateClients(stage, "talos");
  stage.heading("The Talos API CA: a person looks, then the swap");
  stage.tell("No machine shows who else holds a talosconfig. Before the swap a person looks,");
  stage.tell("and says so in git:");
  await stage.capstan(["rotate", "advance", "talos"]);
  await stage.commit("Rotate the talos CA: update_servers");
  await stage.capstan(["plan"], 3);
  await fromUpdateClients(stage, "talos");
  stage.tell("\nA client of the old CA is refused everywhere now; the talosconfig that capstan");
  stage.tell("wrote at init worked all the time, and trusts the new CA alone by now:");
  await version(stage, `${SANDBOX}/talosconfig`, 1);
  await version(stage, WRITTEN_TALOSCONFIG, 0);

  stage.heading("The Kubernetes API CA: init and update_clients");
  stage.tell("The same phases. After each control plane capstan waits for its static pods and");
  stage.tell("/readyz before it touches the next, and at the end for every node.");
  await upToUpdateClients(stage, "kubernetes");
  stage.heading("The Kubernetes API CA: the swap and the end");
  await stage.capstan(["rotate", "advance", "kubernetes"]);
  await fromUpdateClients(stage, "kubernetes");
  const after = await activeKeys(stage, TYPES);

  stage.heading("A way back");
  stage.tell("Another rotation of the Talos CA, all phases in one commit. It stops where a");
  stage.tell("person has to look; this one thinks better of it:");
  await stage.capstan(["rotate", "start", "talos", "--strategy", "walk", "--name", "talos-again"]);
  await stage.commit("Rotate the talos CA again");
  await stage.capstan(["apply", "--auto-approve"], 3);
  await stage.capstan(["rotate", "rollback", "talos"]);
  await stage.commit("Roll the talos CA back");
  await stage.capstan(["apply", "--auto-approve"]);
  const last = await activeKeys(stage, TYPES);

  stage.heading("What happened");
  for (const type of TYPES) {
    const key = after[type];
    stage.tell(`  old ${type} CA, gone\n    ${before[type]}`);
    stage.tell(`  new ${type} CA, ${last[type] === key ? "signs" : "gone"}\n    ${key}`);
  }
  stage.tell("  the second rotation of the talos CA was rolled back");
  tryNext(stage, "sandbox up --talos 1.13", "--talosconfig FILE");
}

async function upToUpdateClients(stage: Stage, type: Type): Promise<void> {
  await stage.capstan(["rotate", "start", type, "--name", nameOf(type)]);
  await stage.commit(`Rotate the ${type} CA: init`);
  await stage.capstan(["apply", "--auto-approve"]);
  await stage.capstan(["rotate", "advance", type]);
  await stage.commit(`Rotate the ${type} CA: update_clients`);
  await stage.capstan(["apply", "--auto-approve"]);
}

/** With git at update_servers already. */
async function fromUpdateClients(stage: Stage, type: Type): Promise<void> {
  await state(stage, type, "update_clients");
  await stage.capstan(["apply", "--auto-approve"]);
  await stage.capstan(["rotate", "finish", type]);
  await state(stage, type, "update_servers");
  stage.tell("\nThe point of no return has an approval of its own:");
  await stage.capstan(["apply", "--auto-approve", "--approve-final"]);
}

function nameOf(type: Type): string {
  return `${type}-ca`;
}

/** What a person has done, in git. */
async function state(stage: Stage, type: Type, phase: "update_clients" | "update_servers"): Promise<void> {
  await stage.capstan(["acknowledge", ...WORK[type][phase].map((step) => `${type}/${phase}/${step}`)]);
  await stage.commit(`Rotate the ${type} CA: work of ${phase} is done`);
}

async function version(stage: Stage, talosconfig: string, expected: number): Promise<void> {
  const node = await worker(stage);
  stage.export("TALOSCONFIG", talosconfig);
  await stage.run(`${SANDBOX}/bin/talosctl`, ["-e", node, "-n", node, "version"], expected);
}

/** Its address, as the sandbox says it. */
async function worker(stage: Stage): Promise<string> {
  const { clusters } = JSON.parse(await stage.ask(["sandbox", "status"])) as SandboxStatus;
  const found = clusters[0]?.status.machines.find(({ type }) => type === "worker");
  if (found === undefined) throw new Error("the sandbox has no worker");
  return found.address;
}

interface SandboxStatus {
  readonly clusters: readonly {
    readonly status: { readonly machines: readonly { readonly type: string; readonly address: string }[] };
  }[];
}
