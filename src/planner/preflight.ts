import { judgeAll } from "../guards/chain.ts";
import type { ClusterResource } from "../resources/model/desired.ts";
import type { ClusterObservation } from "../rotation/observation.ts";
import { type ClusterRecord, openRotation } from "../rotation/record.ts";

/** One question that should be answered before anybody rotates anything. */
export interface Check {
  readonly name: string;
  readonly outcome: "pass" | "fail" | "unknown";
  readonly message: string;
  readonly remedy: string | null;
}

/** A row that was announced later than this in our future means that the clocks differ. */
const CLOCK_TOLERANCE_MS = 60_000;
/** How long a presence row lives after an announcement (reference teleport-rotation 3.3). */
const ROW_LIFE_MS = 10 * 60_000;

/** Whether a cluster is in a state from which a rotation could start: versions, credentials, permissions, clock. */
export function preflight(
  cluster: ClusterResource,
  observation: ClusterObservation,
  now: number,
): readonly Check[] {
  const { versions, authorities, components, credentials, unread } = observation;
  if (observation.platform === "talos") return talosPreflight(cluster, observation, now);
  const host = authorities.find(({ type }) => type === "host");
  const verdicts =
    host === undefined
      ? []
      : judgeAll({
          cluster,
          observation,
          authority: host,
          rotation: null,
          record: undefined,
          consumers: [],
          edge: { from: "standby", to: "init" },
          now,
        });
  const guard = (id: string) => verdicts.find((verdict) => verdict.id === id);
  return [
    { name: "authorities", outcome: "pass", message: `${authorities.length} CAs can be read`, remedy: null },
    fromGuard(
      "version",
      guard("version"),
      `client ${versions.client}, cluster ${versions.server ?? "unknown"}`,
    ),
    fromGuard(
      "credentials",
      guard("credentials"),
      credentials.source === "ambient"
        ? "what the executable finds by itself"
        : `${credentials.path}, until ${credentials.notAfter}`,
    ),
    unread.length === 0
      ? {
          name: "permissions",
          outcome: "pass",
          message: `${components.length} components can be read`,
          remedy: null,
        }
      : {
          name: "permissions",
          outcome: "unknown",
          message: unread.map(({ what, problem }) => `${what}: ${problem}`).join("; "),
          remedy: "give capstan's role `list` and `read` on these kinds, with wildcard labels",
        },
    clock(observation, now),
  ];
}

/** A rotation that the record here does not know of can only be judged by less: its roster and its times are lost. */
export function recordCheck({ authorities }: ClusterObservation, record: ClusterRecord): Check {
  const name = "record";
  const lost = authorities.filter(
    ({ type, rotation }) => rotation.state === "in_progress" && openRotation(record, type) === undefined,
  );
  if (lost.length === 0) {
    const known = record.rotations.filter(({ ended_at }) => ended_at === null).length;
    const message = known === 0 ? "no rotation is under way" : "knows every rotation that is under way";
    return { name, outcome: "pass", message, remedy: null };
  }
  return {
    name,
    outcome: "unknown",
    message: `no record here of what is under way: ${lost.map(({ type, rotation }) => `${type} in ${rotation.phase}`).join(", ")}`,
    remedy:
      "records are kept below .capstan in the clone that started it, or in the git remote (`record: refs`): go on from there. Without one, who was there before init and since when it runs stay unknown",
  };
}

/** Every guard that would stand in the way of a first step, one line each. */
function talosPreflight(
  cluster: ClusterResource,
  observation: ClusterObservation,
  now: number,
): readonly Check[] {
  const { authorities, versions, talos } = observation;
  const authority = authorities.find(({ type }) => type === "kubernetes");
  if (authority === undefined) return [];
  const verdicts = judgeAll({
    cluster,
    observation,
    authority,
    rotation: null,
    record: undefined,
    consumers: [],
    edge: { from: "standby", to: "init" },
    now,
  });
  const machines = talos?.machines.length ?? 0;
  return [
    { name: "authorities", outcome: "pass", message: `${authorities.length} CAs can be read`, remedy: null },
    ...verdicts
      // Before a rotation is declared there are no keys to be kept.
      .filter(({ id }) => id !== "backup" && id !== "phase-order" && id !== "exclusive")
      .map((verdict) =>
        fromGuard(
          verdict.id,
          verdict,
          verdict.id === "version"
            ? `client ${versions.client}, cluster ${versions.server}`
            : `${machines} machines`,
        ),
      ),
  ];
}

function fromGuard(
  name: string,
  verdict: ReturnType<typeof judgeAll>[number] | undefined,
  fine: string,
): Check {
  const [finding] = verdict?.findings ?? [];
  if (verdict === undefined || finding === undefined)
    return { name, outcome: "pass", message: fine, remedy: null };
  return {
    name,
    outcome: verdict.outcome,
    message: `${finding.subject} ${finding.message}`,
    remedy: finding.remedy,
  };
}

/** The server's clock shows only in what it stamps: no row can have been announced in the future. */
function clock({ components }: ClusterObservation, now: number): Check {
  const announced = components.flatMap(({ expires }) =>
    expires === null ? [] : [Date.parse(expires) - ROW_LIFE_MS],
  );
  if (announced.length === 0) {
    return {
      name: "clock",
      outcome: "unknown",
      message: "nothing to compare with",
      remedy: "compare by hand",
    };
  }
  const aheadMs = announced.reduce((latest, time) => Math.max(latest, time), 0) - now;
  if (aheadMs <= CLOCK_TOLERANCE_MS) {
    return { name: "clock", outcome: "pass", message: "not behind the cluster's", remedy: null };
  }
  return {
    name: "clock",
    outcome: "fail",
    message: `is ${Math.round(aheadMs / 1000)} s behind the cluster's`,
    remedy: "synchronise the clock of this machine; ages and deadlines would be wrong",
  };
}
