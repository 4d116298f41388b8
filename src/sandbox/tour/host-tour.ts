import { activeKeys } from "./active-keys.ts";
import type { Stage, Tour } from "./stage.ts";
import { tryNext } from "./try-next.ts";

/**
 * The life of a host CA rotation, commit by commit; then one that loses a node half-way, is blocked, and is rolled
 * back. `apply` shows the plan that it takes: it is not printed by itself as well.
 */
export const HOST_TOUR: Tour = { scenes: 8, play };

async function play(stage: Stage): Promise<void> {
  stage.heading("A cluster to try it on");
  stage.tell("The sandbox is a small Teleport with real keys and certificates, forty times");
  stage.tell("faster than life. capstan sees only an executable named tctl.");
  await stage.capstan(["sandbox", "up", "--speed", "40"]);
  await stage.capstan(["init"]);
  stage.tell("\nThis machine may be busy, and nobody is in a hurry:");
  await stage.policy("phase_timeout", "30m");
  await stage.commit("What is live");
  await stage.capstan(["plan"]);
  const { host: before } = await activeKeys(stage, ["host"]);

  stage.heading("init: everybody learns the new key");
  await stage.capstan(["rotate", "start", "host"]);
  await step(stage, "Rotate the host CA: init");
  stage.heading("update_clients: the new key signs");
  await stage.capstan(["rotate", "advance", "host"]);
  await step(stage, "Rotate the host CA: update_clients");
  stage.heading("update_servers: servers show it");
  await stage.capstan(["rotate", "advance", "host"]);
  await step(stage, "Rotate the host CA: update_servers");
  stage.heading("standby: the old key goes, for good");
  await stage.capstan(["rotate", "finish", "host"]);
  await stage.commit("Rotate the host CA: drop the old key");
  stage.tell("\nThe point of no return has an approval of its own:");
  await stage.capstan(["apply", "--auto-approve", "--approve-final"]);
  const { host: after } = await activeKeys(stage, ["host"]);

  stage.heading("Another rotation, that loses a node");
  await stage.capstan(["rotate", "start", "host"]);
  await step(stage, "Rotate the host CA again: init");
  stage.tell("\nnode2 goes off, and its row has expired from the listing:");
  await stage.capstan(["sandbox", "fault", "node2", "offline", "--expired"]);
  await stage.capstan(["rotate", "advance", "host"]);
  await stage.commit("Rotate the host CA again: update_clients");
  await stage.capstan(["plan"], 3);

  stage.heading("The way back");
  stage.tell("It could be accepted: the plan ends in the command. Or back to the old key:");
  await stage.capstan(["rotate", "rollback", "host"]);
  await stage.commit("Roll the host CA back");
  await stage.capstan(["apply", "--auto-approve"]);
  const { host: last } = await activeKeys(stage, ["host"]);

  stage.heading("What happened");
  stage.tell(`  old key, ${after === before ? "still signs" : "gone"}\n    ${before}`);
  stage.tell(`  new key, ${last === after ? "signs" : "gone"}\n    ${after}`);
  stage.tell(`  CA pin\n    ${last}`);
  stage.tell(`  the second rotation was blocked by the roster guard and rolled back`);
  tryNext(stage, "sandbox up", "--tctl tctl --cluster NAME");
}

async function step(stage: Stage, message: string): Promise<void> {
  await stage.commit(message);
  await stage.capstan(["apply", "--auto-approve"]);
}
