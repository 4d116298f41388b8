import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { Repository } from "../world/repository.ts";

let repository: Repository;
afterEach(async () => repository.remove());

const APPLY = ["apply", "--auto-approve", "--approve-final"] as const;

/** A rotation of the host CA that git wants the platform to walk by itself. */
async function automatic(gracePeriod: string, policy: string | null = null): Promise<void> {
  repository = await Repository.withSandbox();
  await repository.must("rotate", "start", "host");
  await edit("*/rotations/*.yaml", (text) =>
    text.replace(/phase: init.*/, `phase: standby\n  mode: auto\n  grace_period: ${gracePeriod}`),
  );
  if (policy !== null) {
    await edit("*cluster.yaml", (text) => text.replace(/on_failure: rollback/, `on_failure: ${policy}`));
  }
  await repository.commit("rotate by the clock");
}

async function edit(pattern: string, change: (text: string) => string): Promise<void> {
  const files = (
    await repository.git("ls-files", "--others", "--cached", "--exclude-standard", pattern)
  ).split("\n");
  for (const path of files.filter((line) => line !== "")) {
    const file = join(repository.folder, path);
    await writeFile(file, change(await readFile(file, "utf8")));
  }
}

async function rotations(): Promise<readonly string[]> {
  const calls = await repository.calls();
  return calls
    .filter((argv) => argv[0] === "auth" && argv[1] === "rotate")
    .map((argv) => argv.slice(2).join(" "));
}

describe("automatic mode", () => {
  it("is planned with its schedule, started once, and watched to its end", async () => {
    await automatic("1h");
    const planned = await repository.capstan("plan");
    expect(planned.exit).toBe(2);
    const text = planned.stdout.replaceAll(/\s+/g, " ");
    expect(text).toContain("update_clients after 20m, update_servers after 40m, standby after 1h");
    expect(text).toContain("looks at no component");
    const unapproved = await repository.capstan("apply", "--auto-approve");
    expect(unapproved.exit).toBe(3);
    expect(await rotations()).toEqual([]);

    const before = await repository.keys();
    expect((await repository.must(...APPLY)).exit).toBe(0);
    expect(await rotations()).toEqual(["--type=host --grace-period=1h"]);
    const after = await repository.keys();
    expect(after.active).not.toEqual(before.active);
    expect(after.trusted).toEqual([]);
  });

  it("ends in a rollback before the old CA is dropped when a node is stuck", async () => {
    await automatic("10h");
    const before = await repository.keys();
    await repository.must("sandbox", "fault", "node2", "stuck");
    const applied = await repository.capstan(...APPLY);
    expect(applied.exit).toBe(4);
    expect(applied.stderr).toContain("node/node2");
    expect(await repository.keys()).toEqual(before);
    expect((await rotations()).slice(1)).toEqual([
      "--manual --type=host --phase=rollback",
      "--manual --type=host --phase=standby",
    ]);
  });

  it("is taken into manual hands instead where the policy halts", async () => {
    await automatic("10h", "halt");
    await repository.must("sandbox", "fault", "node2", "stuck");
    const applied = await repository.capstan(...APPLY);
    expect(applied.exit).toBe(3);
    expect(applied.stderr.replaceAll(/\s+/g, " ")).toContain("taken out of automatic mode");
    expect((await rotations()).slice(1)).toEqual(["--manual --type=host --phase=update_clients"]);
    const [host] = (await repository.status()).clusters[0]?.authorities ?? [];
    expect([host?.mode, host?.phase]).toEqual(["manual", "update_clients"]);
  });
});
