import { describe, expect, it } from "vitest";
import { takeBaseline } from "../../../src/platforms/talos/baseline.ts";

const KUBELET =
  "metadata:\n  id: kubelet\n  version: 4\n  created: 2026-11-21T12:00:00Z\nspec:\n  running: true\n";
const SECRETS =
  'metadata:\n  id: static-pods\n  version: 2\n  created: 2026-11-21T12:00:00Z\nspec:\n  version: "7"\n';
const ADDRESS = "10.0.0.2";

/** A machine whose answers are given, one look long. */
function machine(answers: Readonly<Record<string, string>>, machineType: "controlplane" | "worker") {
  const session = {
    ask: async (_address: string, [, what = ""]: readonly string[]) => {
      const stdout = answers[what];
      return stdout === undefined ? { ok: false, error: {} } : { ok: true, stdout };
    },
    until: async (check: () => Promise<string | null>) => await check(),
  };
  const look = { machines: [{ address: ADDRESS, machineType, texts: null, problem: null }] };
  const work = { session, type: "kubernetes", look, cluster: { policy: { phaseTimeoutMs: 1 } } };
  return (unchanged = false) => takeBaseline(work as never, { address: ADDRESS } as never, unchanged);
}

describe("absence is no evidence: what a restart is told by", () => {
  it("is what was there before the change", async () => {
    const baseline = await machine({ service: KUBELET, secretstatus: SECRETS }, "controlplane")();
    expect(baseline).toMatchObject({ kubelet: "2026-11-21T12:00:00Z 4", secrets: "7" });
  });

  it.each([
    ["the kubelet's service does not answer", { secretstatus: SECRETS }],
    ["the kubelet's service is not in the listing", { service: "", secretstatus: SECRETS }],
    [
      "nobody says when it was made",
      { service: KUBELET.replace(/ {2}created.*\n/, ""), secretstatus: SECRETS },
    ],
    ["half a document", { service: "metadata: {id: kubelet", secretstatus: SECRETS }],
    ["the secrets' version does not answer", { service: KUBELET }],
    ["the secrets have no version", { service: KUBELET, secretstatus: "metadata: {id: a}\nspec: {}\n" }],
  ])("is unknown, and the machine is left as it is: %s", async (_, answers) => {
    await expect(machine(answers as Readonly<Record<string, string>>, "controlplane")()).rejects.toThrow(
      `${ADDRESS} is not changed`,
    );
  });

  it("a worker has no secrets of a control plane, and where nothing changes nothing is compared", async () => {
    await expect(machine({ service: KUBELET }, "worker")()).resolves.toMatchObject({ secrets: null });
    await expect(machine({}, "controlplane")(true)).resolves.toMatchObject({ kubelet: null, secrets: null });
  });
});
