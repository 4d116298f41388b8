import { beforeEach, describe, expect, it } from "vitest";
import { discoverTalos } from "../../../src/platforms/talos/discover.ts";
import { kubernetesFacts, rootAuthority } from "../../../src/platforms/talos/kubernetes.ts";
import { Session } from "../../../src/platforms/talos/session.ts";
import type { Runner } from "../../../src/process/runner.ts";
import type { TalosConnection } from "../../../src/talos/resources/connection.ts";
import { cluster } from "../../sandbox/talos/harness.ts";

/** Deep enough for the stack of whoever follows it by calling itself. */
const LEVELS = 200_000;
const DEEP = {
  "lists in lists": `{"items":${"[".repeat(LEVELS)}${"]".repeat(LEVELS)}}`,
  "objects in objects": `${'{"spec":'.repeat(LEVELS)}0${"}".repeat(LEVELS)}`,
};
const ROWS = "{}\n".repeat(2_000_001);

function printing(stdout: string): Runner {
  return {
    run: async ({ argv }) => ({ argv, exitCode: 0, stdout, stderr: "", durationMs: 0 }),
    stream: () => Promise.reject(new Error("nothing is streamed")),
  };
}

let talosconfig: string;
beforeEach(async () => {
  const { running } = await cluster({ controlPlanes: 1, workers: 1 });
  ({ talosconfig } = running.info);
});

async function withSession<Result>(
  stdout: string,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const connection: TalosConnection = {
    talosctl: ["talosctl"],
    kubectl: ["kubectl"],
    talosconfig,
    context: null,
    endpoints: ["10.0.0.2"],
    controlPlanes: ["10.0.0.2"],
    workers: [],
    kubeconfig: null,
    clients: { talosconfig: null, kubeconfig: null },
    recipients: [],
    secrets: null,
  };
  const around = {
    rotations: [],
    record: {
      load: () => Promise.reject(new Error("unused")),
      save: () => Promise.reject(new Error("unused")),
    },
    identities: () => Promise.reject(new Error("unused")),
    roots: [],
    now: () => new Date(0),
  };
  const session = await Session.open(
    connection,
    { runner: printing(stdout), now: () => new Date(0) },
    around,
  );
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

describe("hostile input: what talosctl and kubectl print has the bounds of what tctl prints", () => {
  it.each(Object.entries(DEEP))("%s are not read", async (_what, printed) => {
    const options = { talosctl: ["talosctl"], talosconfig, context: null, runner: printing(printed) };
    await expect(discoverTalos(options)).rejects.toMatchObject({
      code: "executable",
      message: expect.stringContaining("nested deeper than 100 levels"),
    });
    expect(await withSession(printed, (session) => kubernetesFacts(session, "kubeconfig"))).toEqual({
      state: "unread",
      problem: expect.stringContaining("nested deeper than 100 levels"),
    });
    expect(await withSession(printed, (session) => rootAuthority(session, "kubeconfig"))).toBe(
      "kube-root-ca.crt cannot be read",
    );
  });

  it("nor are rows without an end", async () => {
    const options = { talosctl: ["talosctl"], talosconfig, context: null, runner: printing(ROWS) };
    await expect(discoverTalos(options)).rejects.toThrow("more than 2000000 elements");
  });

  it("of many machines that do not answer the first are named", async () => {
    const runner = printing('{"spec":{}}\n'.repeat(5_000));
    const found = discoverTalos({ talosctl: ["talosctl"], talosconfig, context: null, runner });
    await expect(found).rejects.toThrow(/and 4990 more do not answer/);
  });
});
