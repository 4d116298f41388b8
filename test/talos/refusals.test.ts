import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/sandbox/clock.ts";
import { TalosWorld } from "./world.ts";

/** Three, and with `npm run soak` many. */
const SEEDS = Array.from({ length: Number(process.env["CAPSTAN_SEEDS"] ?? 3) }, (_, index) => index + 1);
const LAYOUTS = [
  { talos: "1.13", layout: "legacy" },
  { talos: "1.14", layout: "document" },
] as const;

/** What a refused client may read, as `talosctl` printed it (fixtures/recordings/talos). */
const TEXTS =
  /tls: unknown certificate authority|write: broken pipe|write: connection reset by peer|preface: EOF/;

function refusals(world: TalosWorld): readonly string[] {
  return world.calls.flatMap(({ stderr }) => TEXTS.exec(stderr)?.[0] ?? []);
}

describe.each(LAYOUTS)("a refusal has several texts ($talos, $layout layout)", (options) => {
  it.each(SEEDS)(
    "seed %i: the end of a rotation of the talos CA is proven at the first apply",
    async (seed) => {
      const world = await TalosWorld.start("talos", { ...options, random: seededRandom(seed) });
      // Insists that every apply ends as applied.
      await world.walk("standby");
      expect(world.states()).toEqual(["N", "N", "N", "N", "N"]);
      expect(new Set(refusals(world)).size).toBeGreaterThan(1);
      expect((await world.plan(world.desired("standby"))).outcome).toBe("no_changes");
    },
  );

  it.each(SEEDS.length > 3 ? SEEDS : SEEDS.slice(0, 1))(
    "seed %i: and of one of the kubernetes CA",
    async (seed) => {
      const world = await TalosWorld.start("kubernetes", { ...options, random: seededRandom(seed) });
      await world.walk("standby");
      expect(world.states()).toEqual(["N", "N", "N", "N", "N"]);
    },
  );

  it.each(SEEDS)(
    "seed %i: the way back drops the new CA on every machine, through one endpoint for all",
    async (seed) => {
      const world = await TalosWorld.start("talos", {
        ...options,
        controlPlanes: 2,
        workers: 1,
        random: seededRandom(seed),
      });
      world.through([world.test.endpoint]);
      const first = world.test.running.machines.map(({ store }) => store.active);
      await world.walk("update_servers");
      await world.walk("rollback");
      expect(world.test.running.machines.map(({ store }) => store.active)).toEqual(first);
    },
  );
});

describe("a refusal is proven against a control", () => {
  it("not by a machine that cuts off everybody", async () => {
    const world = await TalosWorld.start("talos", { controlPlanes: 1, workers: 1 });
    await world.walk("update_servers");
    world.resource = { ...world.resource, policy: { ...world.resource.policy, phaseTimeoutMs: 1500 } };
    const [, worker = ""] = world.test.nodes;
    // Once the worker has been shown to accept the new CA, it cuts off everybody: of the old CA's client that shows
    // nothing, as the one that must be answered is not.
    let shown = false;
    const moved = () => world.test.running.machine(worker).store.config.talos.accepted.length === 0;
    world.answerInstead = ({ argv }) => {
      if (!argv.includes("version") || argv[argv.indexOf("--nodes") + 1] !== worker || !moved()) return null;
      const isForwarded = argv[argv.indexOf("--endpoints") + 1] !== worker;
      if (!shown) {
        shown = isForwarded;
        return null;
      }
      return "rpc error: code = Unavailable desc = write tcp 127.0.0.1:4000->127.0.0.1:50000: write: broken pipe";
    };
    await expect(world.apply(world.desired("standby"))).rejects.toThrow(
      `a client of this stage is refused by ${worker}`,
    );
    world.answerInstead = null;
    expect((await world.apply(world.desired("standby"))).outcome).toBe("applied");
  });
});
