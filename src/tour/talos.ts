import type { Status } from "../render/status.ts";
import type { Plan } from "../rotation/plan.ts";
import type { Stage } from "./stage.ts";

const SANDBOX = ".capstan/sandbox";

/**
 * Both CAs of a Talos cluster, one after the other and one commit a phase; then a rotation that is rolled back when
 * every machine had been swapped already.
 */
export async function talosTour(stage: Stage): Promise<void> {
  stage.heading("A Talos cluster to try it on");
  stage.tell("The sandbox has machines that speak mutual TLS, each with its own configuration");
  stage.tell("and certificates, a hundred times faster than life. capstan sees only talosctl");
  stage.tell("and kubectl.");
  await stage.capstan(["sandbox", "up", "--talos=1.14", "--control-planes=1", "--workers=1", "--speed=100"]);
  await stage.capstan(["init"]);
  await stage.commit("What is live");
  stage.tell("\nTalos makes no CA itself: capstan does, and its key lies in git, sealed with");
  stage.tell("age. Whoever applies needs the identity that opens it:");
  stage.export("SOPS_AGE_KEY_FILE", `${SANDBOX}/age-identity.txt`);
  const before = await keys(stage);

  stage.heading("The Talos API CA, one commit a phase");
  await rotate(stage, "talos");
  stage.tell("\nA client of the old CA is refused everywhere now; the talosconfig that capstan");
  stage.tell("wrote at init worked all the time, and trusts the new CA alone by now:");
  await version(stage, `${SANDBOX}/talosconfig`, 1);
  await version(stage, `${SANDBOX}/clients/talosconfig`, 0);

  stage.heading("The Kubernetes API CA");
  stage.tell("The same phases. After each control plane capstan waits for its static pods and");
  stage.tell("/readyz before it touches the next, and at the end for every node.");
  await rotate(stage, "kubernetes");
  const after = await keys(stage);

  stage.heading("The way back, from the last phase before the end");
  await stage.capstan(["rotate", "start", "talos", "--strategy", "walk", "--name", "talos-again"]);
  await stage.commit("Rotate the Talos CA again, as far as it goes");
  await walk(stage, "talos-again");
  stage.tell("\nIt stops before the point of no return: every machine has the new CA, and still");
  stage.tell("trusts the old one, whose key is sealed in the record. There is a way back:");
  await stage.capstan(["rotate", "rollback", "talos"]);
  await stage.commit("Roll the Talos CA back");
  await stage.capstan(["apply", "--auto-approve"]);
  const last = await keys(stage);

  stage.heading("What happened");
  for (const type of ["talos", "kubernetes"] as const) {
    const key = after[type];
    stage.tell(`  old ${type} CA, gone\n    ${before[type]}`);
    stage.tell(`  new ${type} CA, ${last[type] === key ? "signs" : "gone"}\n    ${key}`);
  }
  stage.tell("  the second rotation of the talos CA was rolled back");
  stage.tell("\nTry next:");
  stage.tell("  npx capstan sandbox up --talos 1.13             with three control planes");
  stage.tell("  npx capstan sandbox fault --help                what can be broken in it");
  stage.tell("  npx capstan init --talosconfig FILE my-cas      a real Talos");
}

const PHASES = ["init", "update_clients", "update_servers"] as const;

async function rotate(stage: Stage, type: "talos" | "kubernetes"): Promise<void> {
  const name = `${type}-ca`;
  for (const phase of PHASES) {
    const how = phase === "init" ? ["start", type, "--name", name] : ["advance", type];
    await stage.capstan(["rotate", ...how]);
    await stage.commit(`Rotate the ${type} CA: ${phase}`);
    await stateWork(stage, name);
    await stage.capstan(["apply", "--auto-approve"]);
  }
  await stage.capstan(["rotate", "finish", type]);
  await stage.commit(`Rotate the ${type} CA: drop the old one`);
  await stateWork(stage, name);
  stage.tell("\nThe point of no return has an approval of its own:");
  await stage.capstan(["apply", "--auto-approve", "--approve-final"]);
}

/** A walk stops where a person has to look, and goes on from there. */
async function walk(stage: Stage, name: string): Promise<void> {
  await stage.capstan(["apply", "--auto-approve"], 3);
  await stateWork(stage, name);
  await stage.capstan(["apply", "--auto-approve"], 3);
}

/** Rotations that have a list of acknowledgements. */
const known = new Set<string>();

/** What a plan says that a person has to do before the phase is left, is done here and stated in git. */
async function stateWork(stage: Stage, name: string): Promise<void> {
  const plan = JSON.parse(await stage.ask(["plan", "--format", "json"])) as Plan;
  const rotation = plan.clusters[0]?.rotations.find((one) => one.name === name);
  const findings = (rotation?.steps ?? [])
    .flatMap(({ guards }) => guards)
    .flatMap(({ id, findings }) => (id === "trust-consumers" ? findings : []));
  const steps = findings.flatMap(({ subject }) => /^step\/(.+)$/.exec(subject)?.[1] ?? []);
  if (steps.length === 0) return;
  await stage.capstan(["plan"], 3);
  stage.tell("\nNo machine shows who else holds a client configuration. A person looks, and says so:");
  const file = `clusters/acme-talos/rotations/${name}.yaml`;
  const heading = known.has(name) ? "" : "  acknowledge:\n";
  known.add(name);
  const lines = steps.map((step) => `    - { step: ${step}, who: you@example.com }\n`);
  await stage.append(file, heading + lines.join(""));
  await stage.commit("State what was done by hand");
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

interface Keys {
  readonly talos: string;
  readonly kubernetes: string;
}

/** The fingerprints of the CAs that sign. */
async function keys(stage: Stage): Promise<Keys> {
  const status = JSON.parse(await stage.ask(["status", "--format", "json"])) as Status;
  const signing = (wanted: string) => {
    const authority = status.clusters[0]?.authorities.find(({ type }) => type === wanted);
    const [key] = authority?.active_keys ?? [];
    if (key === undefined) throw new Error(`the sandbox has no ${wanted} CA`);
    return key.fingerprint;
  };
  return { talos: signing("talos"), kubernetes: signing("kubernetes") };
}
