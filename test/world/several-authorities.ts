import type {
  ObserveScope,
  Platform,
  TransitionReply,
  TransitionRequest,
} from "../../src/platforms/platform.ts";
import type { ClusterObservation } from "../../src/profile/profile.ts";
import type { AuthorityKey, Fingerprint } from "../../src/rotation/observation.ts";
import { OLD } from "./host-rotation.ts";
import { type ModelClock, ModelCluster } from "./model-cluster.ts";

/** A model cluster with more CAs than the host CA: each is a model of its own, under another name and with its own keys. */
export class SeveralAuthorities implements Platform {
  readonly host: ModelCluster;
  readonly others: ReadonlyMap<string, ModelCluster>;

  constructor(clock: ModelClock, host: ModelCluster, others: readonly string[]) {
    this.host = host;
    this.others = new Map(others.map((type) => [type, new ModelCluster(clock)]));
  }

  async observe(scope: ObserveScope): Promise<ClusterObservation> {
    const observation = await this.host.observe(scope);
    const more = await Promise.all(
      [...this.others].map(async ([type, model]) => {
        const [live] = (await model.observe({ components: "all" })).authorities;
        if (live === undefined) throw new Error("a model cluster without a CA");
        return {
          ...live,
          type,
          active: live.active.map((key) => ofType(type, key)),
          trusted: live.trusted.map((key) => ofType(type, key)),
        };
      }),
    );
    return { ...observation, authorities: [...observation.authorities, ...more] };
  }

  async transition(request: TransitionRequest): Promise<TransitionReply> {
    return await (this.others.get(request.authority) ?? this.host).transition(request);
  }
}

/** The key that signs for a CA before its first rotation. */
export function oldKey(type: string): Fingerprint {
  return type === "host" ? OLD : renamed(type, OLD);
}

function ofType(type: string, key: AuthorityKey): AuthorityKey {
  return { ...key, fingerprint: renamed(type, key.fingerprint) };
}

function renamed(type: string, fingerprint: Fingerprint): Fingerprint {
  const mark = Buffer.from(type).toString("hex").slice(0, 12).padEnd(12, "0");
  return `sha256:${mark}${fingerprint.slice("sha256:".length + mark.length)}`;
}
