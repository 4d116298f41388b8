import { parseAllDocuments, stringify } from "yaml";
import { makePlan } from "../../src/planner/planner.ts";
import type { Platform } from "../../src/platforms/platform.ts";
import type { DesiredState } from "../../src/resources/model/desired.ts";
import type { Plan } from "../../src/rotation/plan.ts";
import type { ClusterRecord } from "../../src/rotation/record.ts";
import { TalosWorld } from "../talos/world.ts";
import { RecordedReplies } from "./recorded-replies.ts";

/** A Talos cluster in init whose next step is ready, with all that was read for it: it can be planned from anew. */
export class TalosStage {
  readonly replies: RecordedReplies;
  readonly #platform: Platform;
  readonly #desired: DesiredState;
  readonly #record: ClusterRecord;
  readonly #now = Date.now();

  private constructor(world: TalosWorld, record: ClusterRecord) {
    const real = world.runner();
    this.#desired = world.desired("update_clients");
    this.#record = record;
    this.replies = new RecordedReplies(async (argv) => await real.run({ argv, timeoutMs: 600_000 }));
    this.#platform = world.platform(this.#desired, this.replies.runner);
  }

  static async begin(): Promise<TalosStage> {
    const world = await TalosWorld.start("talos", { controlPlanes: 1, workers: 1 });
    await world.walk("init");
    const stage = new TalosStage(world, await world.store.load(world.resource.name));
    await stage.plan();
    return stage;
  }

  async plan(): Promise<Plan> {
    return makePlan({
      desired: this.#desired,
      observations: [await this.#platform.observe({ components: "all" })],
      records: [this.#record],
      commit: null,
      now: this.#now,
    });
  }

  /** Calls that print the configuration of a machine. */
  get machines(): readonly string[] {
    return this.replies.calls.filter((call) => call.includes("get machineconfig"));
  }

  configurationOf(call: string): string {
    return String(parseAllDocuments(this.replies.stdoutOf(call))[0]?.toJS().spec);
  }

  /** What that call would print of another configuration. */
  reply(call: string, configuration: string): string {
    const resource: object = parseAllDocuments(this.replies.stdoutOf(call))[0]?.toJS();
    return stringify({ ...resource, spec: configuration });
  }
}
