import { activeKey } from "./active-keys.ts";
import type { Stage } from "./stage.ts";
import { tryNext } from "./try-next.ts";

/**
 * The life of a host CA rotation, commit by commit; then one that loses a node half-way, is blocked, and is rolled
 * back.
 */
export async function hostTour(stage: Stage): Promise<void> {
  stage.heading("A cluster to try it on");
  stage.tell("The sandbox is a small Teleport with real keys and certificates, forty times");
  stage.tell("faster than life. capstan sees only an executable named tctl.");
  await stage.capstan(["sandbox", "up", "--speed", "40"]);
  await stage.capstan(["init"]);
  stage.tell("\nThis machine may be busy, and nobody is in a hurry:");
  await stage.policy("phase_timeout", "30m");
  await stage.commit("What is live");
  await stage.capstan(["plan"]);
  const before = await activeKey(stage, "host");

  stage.heading("A rotation, one commit a phase");
  await stage.capstan(["rotate", "start", "host"]);
  await step(stage, "Rotate the host CA: init");
  await stage.capstan(["rotate", "advance", "host"]);
  await step(stage, "Rotate the host CA: update_clients");
  await stage.capstan(["rotate", "advance", "host"]);
  await step(stage, "Rotate the host CA: update_servers");
  await stage.capstan(["rotate", "finish", "host"]);
  await stage.commit("Rotate the host CA: drop the old key");
  await stage.capstan(["plan"], 2);
  stage.tell("\nThe point of no return has an approval of its own:");
  await stage.capstan(["apply", "--auto-approve"], 3);
  await stage.capstan(["apply", "--auto-approve", "--approve-final"]);
  await stage.capstan(["status"]);
  const after = await activeKey(stage, "host");

  stage.heading("A rotation that loses a node");
  await stage.capstan(["rotate", "start", "host"]);
  await step(stage, "Rotate the host CA again: init");
  stage.tell("\nnode2 goes off, and its row has expired from the listing:");
  await stage.capstan(["sandbox", "fault", "node2", "offline", "--expired"]);
  await stage.capstan(["rotate", "advance", "host"]);
  await stage.commit("Rotate the host CA again: update_clients");
  await stage.capstan(["plan"], 3);
  await stage.capstan(["apply", "--auto-approve"], 3);
  stage.tell("\nIt is gone for longer than we want to wait. Back to the old key:");
  await stage.capstan(["rotate", "rollback", "host"]);
  await stage.commit("Roll the host CA back");
  await stage.capstan(["plan"], 2);
  await stage.capstan(["apply", "--auto-approve"]);
  await stage.capstan(["plan"]);
  const last = await activeKey(stage, "host");

  stage.heading("What happened");
  stage.tell(`  old key, ${after === before ? "still signs" : "gone"}\n    ${before}`);
  stage.tell(`  new key, ${last === after ? "signs" : "gone"}\n    ${after}`);
  stage.tell(`  CA pin\n    ${last}`);
  stage.tell(`  the second rotation was blocked by the roster guard and rolled back`);
  tryNext(stage, "sandbox up", "--tctl tctl --cluster NAME");
}

async function step(stage: Stage, message: string): Promise<void> {
  await stage.commit(message);
  await stage.capstan(["plan"], 2);
  await stage.capstan(["apply", "--auto-approve"]);
}
