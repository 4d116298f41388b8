import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TalosWorld } from "./world.ts";

/** A person's client file of before the rotation, which nobody replaced, though somebody states that all were handed out. */
async function withOldFile(type: "talos" | "kubernetes", checked: boolean) {
  const world = await TalosWorld.start(type, { controlPlanes: 1, workers: 0 });
  const { test } = world;
  const [kind, argv] = await (async () => {
    if (type === "kubernetes")
      return ["kubernetes", ["kubectl", `--kubeconfig=${await test.kubeconfig()}`]] as const;
    const file = join(test.directory, "theirs");
    await copyFile(world.talos.talosconfig, file);
    return ["talosctl", ["talosctl", `--talosconfig=${file}`]] as const;
  })();
  const check = { name: "mine", kind, command: argv, timeoutMs: 60_000, attempts: 1, required: false };
  if (checked) world.resource = { ...world.resource, checks: [check] };
  /** Whether the person gets in now: the emulated machine decides. */
  const getsIn = async () => {
    const [, ...flags] = argv;
    const { exit } = await (type === "talos"
      ? test.talosctl(...flags, "-e", test.endpoint, "-n", test.endpoint, "version")
      : test.kubectl(...flags, "get", "--raw=/readyz"));
    return exit === 0;
  };
  return { world, getsIn };
}

describe.each(["talos", "kubernetes"] as const)(
  "a client file of the %s CA that was not handed out",
  (type) => {
    it("is found in update_servers, where it begins to fail, and the rotation is rolled back", async () => {
      const { world, getsIn } = await withOldFile(type, true);
      await world.walk("update_clients");
      expect(await getsIn()).toBe(true);
      const desired = world.desired("update_servers");
      expect((await world.plan(desired)).outcome).toBe("ready");
      const { outcome, events } = await world.apply(desired);
      expect(outcome).toBe("rolled-back");
      expect(events.at(-1)).toMatchObject({
        type: "finished",
        message: expect.stringMatching(
          /^after update_servers a check failed \(exit status 1, it said: .*certificate signed by unknown authority.*\): check\/mine$/,
        ),
      });
      expect(await getsIn()).toBe(true);
      expect(new Set(world.states())).toEqual(new Set(["O"]));
    });

    it("shuts its owner out for good where no check is there to find it", async () => {
      const { world, getsIn } = await withOldFile(type, false);
      await world.walk("standby");
      expect(await getsIn()).toBe(false);
    });
  },
);
