import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { GuardVerdict, Plan } from "../../src/rotation/plan.ts";
import { TalosWorld } from "./world.ts";

const SMALL = { controlPlanes: 1, workers: 1 } as const;

/** Of a person: its keys may be nowhere else. */
const FLAWED = "context: theirs\ncontexts:\n    theirs: {ca: AAAA, key: 'KEY-OF-SOMEBODY\n";
const THEIRS = "apiVersion: v1\nkind: Config\nusers: [{ name: me, user: { token: TOKEN-OF-SOMEBODY } }]\n";

function credentials(plan: Plan): GuardVerdict | undefined {
  const step = plan.clusters[0]?.rotations[0]?.steps[0];
  return step?.guards.find(({ id }) => id === "credentials");
}

describe.each([
  ["talos", "talosconfig", FLAWED],
  ["kubernetes", "kubeconfig", THEIRS],
] as const)("files that are written: the client file of a %s rotation", (type, field, text) => {
  it("one that cannot be written blocks the plan, and is refused before the first machine is touched", async () => {
    const world = await TalosWorld.start(type, SMALL);
    const file = world.talos.clients[field] ?? "";
    const desired = world.desired("init");
    expect(credentials(await world.plan(desired))?.outcome).toBe("pass");
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);

    const plan = await world.plan(desired);
    expect(plan.outcome).toBe("blocked");
    expect(credentials(plan)).toMatchObject({
      outcome: "fail",
      findings: [
        { subject: `file/${field}`, remedy: expect.stringContaining(`spec.talos.clients.${field}`) },
      ],
    });
    expect((await world.apply(desired)).outcome).toBe("blocked");

    // The guards judged what was seen before; the file may have become another one since.
    const reply = await world
      .platform(desired)
      .transition({ authority: type, to: "init", progress: () => {} });
    expect(reply).toMatchObject({
      accepted: false,
      failure: { code: "refused", hint: expect.stringContaining("nothing was changed") },
    });
    expect(world.applies).toBe(0);
    expect(new Set(world.states())).toEqual(new Set(["O"]));
    expect(await readFile(file, "utf8")).toBe(text);
    expect(world.printed.join("")).not.toMatch(/(KEY|TOKEN)-OF-SOMEBODY/);
  });

  it("a path that is not capstan's is refused alike, though its folder is there", async () => {
    const world = await TalosWorld.start(type, SMALL);
    const file = join(dirname(world.test.running.info.directory), `capstan-not-its-own-${process.pid}`);
    world.resource = {
      ...world.resource,
      connection: { ...world.talos, clients: { ...world.talos.clients, [field]: file } },
    };
    const desired = world.desired("init");
    expect(credentials(await world.plan(desired))).toMatchObject({
      outcome: "fail",
      findings: [{ subject: `file/${field}`, message: expect.stringContaining("outside of the folders") }],
    });
    expect((await world.apply(desired)).outcome).toBe("blocked");
    expect(world.applies).toBe(0);
    await expect(readFile(file)).rejects.toThrow("ENOENT");
  });

  it("the plan names the one that apply will write", async () => {
    const world = await TalosWorld.start(type, SMALL);
    const { notes } = (await world.plan(world.desired("init"))).clusters[0]?.rotations[0] ?? { notes: [] };
    expect(notes.filter((note) => note.includes(`spec.talos.clients.${field}`))).toEqual([
      expect.stringMatching(/^apply writes .+ in every phase$/),
    ]);
  });
});
