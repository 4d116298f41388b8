import "../world/in-process.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { FleetSandbox } from "../world/fleet-sandbox.ts";
import { eventually, type Repository } from "../world/repository.ts";

/** A loop that has one cluster which cannot be read, by the executable: it is not tried in every round. */
let fleet: FleetSandbox;
let running: ReturnType<Repository["start"]>;
const said = { out: "", err: "" };

beforeAll(async () => {
  fleet = await FleetSandbox.start(["dead", "well"]);
  await fleet.replaceTool("dead", 'echo "ERROR: connection refused" >&2; exit 1');
  running = fleet.repository.start(
    ["reconcile", "--interval", "1s", "--listen", "127.0.0.1:0", "--format", "json"],
    {},
  );
  for (const name of ["out", "err"] as const)
    running[`std${name}`]?.on("data", (chunk) => {
      said[name] += String(chunk);
    });
});
afterAll(async () => {
  running?.kill("SIGKILL");
  await fleet.stop();
});

const roundsWithout = () =>
  said.out.split("\n").filter((line) => line.includes('"type":"round"') && line.includes('["dead"]')).length;

it("tells Prometheus of a cluster that is left alone what was seen of it last", async () => {
  await eventually(
    async () => roundsWithout(),
    (count) => count > 0,
  );
  const url = /listening on (\S+)/.exec(said.err)?.[1] ?? "";
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toContain('\ncapstan_cluster_up{cluster="well",platform="teleport"} 1\n');
  expect(text).toContain('\ncapstan_cluster_up{cluster="dead",platform="teleport"} 0\n');
  expect(text.match(/^capstan_cluster_up\{cluster="dead"/gm)).toHaveLength(1);
});

it("says no more of one that was taken out of git", async () => {
  await fleet.repository.git("rm", "-r", "--quiet", "clusters/dead");
  await fleet.push("dead is gone");
  const text = await eventually(
    async () => {
      const url = /listening on (\S+)/.exec(said.err)?.[1] ?? "";
      return await (await fetch(`${url}/metrics`)).text();
    },
    (all) => !all.includes('cluster="dead"'),
  );
  expect(text).toContain('\ncapstan_cluster_up{cluster="well",platform="teleport"} 1\n');
});
