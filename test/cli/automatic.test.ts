import "../world/in-process.ts";
import { afterEach, describe, expect, it } from "vitest";
import { Repository } from "../world/repository.ts";

let repository: Repository;
afterEach(async () => repository.remove());

/** A rotation of the host CA that git wants the platform to walk by itself. */
async function automatic(gracePeriod: string): Promise<void> {
  repository = await Repository.withSandbox();
  await repository.must("rotate", "start", "host");
  await repository.edit("*/rotations/*.yaml", (text) =>
    text.replace(/phase: init.*/, `phase: standby\n  mode: auto\n  grace_period: ${gracePeriod}`),
  );
  await repository.commit("rotate by the clock");
}

async function rotations(): Promise<readonly string[]> {
  const calls = await repository.calls();
  return calls
    .filter((argv) => argv[0] === "auth" && argv[1] === "rotate")
    .map((argv) => argv.slice(2).join(" "));
}

describe("automatic mode", () => {
  it("is planned with its schedule, and not started without approval for its end", async () => {
    await automatic("1h");
    const planned = await repository.capstan("plan");
    expect(planned.exit).toBe(2);
    const text = planned.stdout.replaceAll(/\s+/g, " ");
    expect(text).toContain("update_clients after 20m, update_servers after 40m, standby after 1h");
    expect(text).toContain("looks at no component");
    const unapproved = await repository.capstan("apply", "--auto-approve");
    expect(unapproved.exit).toBe(3);
    expect(await rotations()).toEqual([]);
  });
});
