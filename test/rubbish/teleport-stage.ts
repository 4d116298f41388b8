import { makePlan } from "../../src/planner/planner.ts";
import { openPlatform } from "../../src/platforms/open.ts";
import type { Platform } from "../../src/platforms/platform.ts";
import type { RotationResource } from "../../src/resources/model/desired.ts";
import { FORWARD, type Phase } from "../../src/rotation/phase.ts";
import type { Plan } from "../../src/rotation/plan.ts";
import { type ClusterRecord, emptyRecord } from "../../src/rotation/record.ts";
import { readOverrides } from "../../src/teleport/overrides/read-cluster.ts";
import { CLUSTER, cluster, rotation } from "../world/host-rotation.ts";
import { SandboxWorld } from "../world/sandbox.ts";
import { RecordedReplies } from "./recorded-replies.ts";

/** A moment of a rotation in which its next step is ready, with all that was read for it: it can be planned from anew. */
export class TeleportStage {
  readonly next: Phase;
  readonly replies: RecordedReplies;
  readonly record: ClusterRecord;
  readonly #world: SandboxWorld;
  readonly #wanted: RotationResource;
  readonly #platform: Platform;
  readonly #now: number;

  private constructor(world: SandboxWorld, wanted: RotationResource, record: ClusterRecord) {
    this.next = wanted.phase;
    this.record = record;
    this.#world = world;
    this.#wanted = wanted;
    this.#now = world.clock.now();
    this.replies = new RecordedReplies(async (argv) => {
      const { exit, stdout, stderr } = await world.teleport.tctl(...argv.slice(1));
      return { stdout, stderr, exitCode: exit };
    });
    const { runner } = this.replies;
    this.#platform = openPlatform(cluster(), {
      runner,
      now: () => new Date(this.#now),
      overrides: "possible",
    });
  }

  /** A walk of a host CA through phases, with a stage in each of them. */
  static async walk(
    phases: readonly Phase[],
  ): Promise<{ readonly stages: readonly TeleportStage[]; stop(): Promise<void> }> {
    const world = await SandboxWorld.start({ release: "18" }, { phaseTimeoutMs: 600_000 });
    const { active } = await world.keys("host");
    const at = (phase: Phase) => {
      const authorities = [{ type: "host", retire: active }];
      return rotation(phase, { authorities, contentHash: `content-${phase}` });
    };
    const stages: TeleportStage[] = [];
    for (const phase of phases) {
      await world.apply([at(phase)]);
      await world.teleport.pass(60);
      const stage = new TeleportStage(
        world,
        at(FORWARD[FORWARD.indexOf(phase) + 1] ?? "standby"),
        await world.store.load(CLUSTER),
      );
      await stage.plan();
      stages.push(stage);
    }
    return { stages, stop: async () => world.stop() };
  }

  /** From what was read, whatever it was; throws what cannot be read. */
  async plan(record: ClusterRecord = this.record): Promise<Plan> {
    const seen = await this.#platform.observe({ components: "all" });
    return makePlan({
      desired: this.#world.desired([this.#wanted]),
      observations: [seen],
      overrides: await readOverrides([], [seen]),
      records: [seen.cluster === record.cluster ? record : emptyRecord(seen.cluster)],
      commit: null,
      now: this.#now,
    });
  }
}

/** Whether apply would take the next step. */
export function isReady(plan: Plan): boolean {
  const steps = plan.clusters.flatMap(({ rotations }) => rotations.flatMap((one) => one.steps.slice(0, 1)));
  return steps.length > 0 && steps.every(({ guards }) => guards.every(({ outcome }) => outcome === "pass"));
}
