import type { RunEvent } from "../apply/event.ts";
import { failingGuards } from "../planner/startable.ts";
import type { NotifyEvent } from "../resources/model/desired.ts";
import { stepTitle } from "../rotation/plan-steps.ts";

/** What the notify command reads on its standard input: names are a contract. */
export interface Notice {
  readonly format_version: "1.0";
  readonly event: NotifyEvent;
  /** ISO 8601. */
  readonly at: string;
  /** `null`: no cluster was reached. */
  readonly cluster: string | null;
  readonly rotation: string | null;
  readonly commit: string | null;
  /** A sentence. */
  readonly message: string;
}

/** What is told before anybody knows the commit. */
export type UnboundNotice = Omit<Notice, "format_version" | "commit">;

/** Makes notices of the events of one run, in their order. A roll-back is told when it was seen to be over. */
export class Notices {
  /** By cluster, the rotation that events were about last. */
  readonly #rotations = new Map<string, string>();
  #clusters: readonly string[] = [];

  of(event: RunEvent): readonly UnboundNotice[] {
    const { at } = event;
    switch (event.type) {
      case "plan":
        this.#clusters = event.plan.clusters.map(({ name }) => name);
        return [];
      case "step-started":
      case "rollback-started":
      case "step-failed":
        this.#rotations.set(event.cluster, event.rotation);
        return [];
      case "blocked": {
        const { cluster, rotation, step } = event;
        this.#rotations.set(cluster, rotation);
        const guards = failingGuards(step);
        const [finding] = guards.flatMap(({ findings }) => findings);
        const why = finding === undefined ? "" : `: ${finding.subject} ${finding.message}`;
        const by =
          guards.length === 0
            ? "waits for a person"
            : `is blocked by ${guards.map(({ id }) => id).join(", ")}`;
        return [{ event: "blocked", at, cluster, rotation, message: `${stepTitle(step)} ${by}${why}` }];
      }
      case "step-verified": {
        const { cluster, rotation, step } = event;
        this.#rotations.set(cluster, rotation);
        if (step.to !== "standby" || step.from === "rollback") return [];
        return [{ event: "finished", at, cluster, rotation, message: `${step.authority} is rotated` }];
      }
      case "cluster-finished":
        return this.#ended(event.outcome, { at, cluster: event.cluster, message: event.message });
      case "finished": {
        const [only = null] = this.#clusters;
        // Of several, each has told its end.
        return this.#clusters.length > 1
          ? []
          : this.#ended(event.outcome, { at, cluster: only, message: event.message });
      }
      default:
        return [];
    }
  }

  #ended(
    outcome: Extract<RunEvent, { readonly type: "finished" }>["outcome"],
    { at, cluster, message }: Pick<UnboundNotice, "at" | "cluster" | "message">,
  ): readonly UnboundNotice[] {
    const rotation = cluster === null ? null : (this.#rotations.get(cluster) ?? null);
    const told = { at, cluster, rotation, message };
    switch (outcome) {
      case "rolled-back":
        return [{ event: "rolled_back", ...told }];
      case "rollback-unfinished":
        return [{ event: "blocked", ...told }];
      case "failed":
        return [{ event: "failed", ...told }];
      case "nothing-to-do":
      case "applied":
      case "blocked":
      case "interrupted":
      case "locked":
      case "stale":
        return [];
    }
  }
}
