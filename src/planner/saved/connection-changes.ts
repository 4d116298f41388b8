import { DEFAULT_REPOSITORY } from "../../resources/model/default-repository.ts";
import type { ClusterResource, DesiredState, RepositoryResource } from "../../resources/model/desired.ts";
import type { Does } from "../../resources/model/way-out.ts";
import {
  sameConsumer,
  sameValue,
  type WayOut,
  waysOfCluster,
  waysOfConsumer,
  waysOfRepository,
} from "../../resources/model/ways-out.ts";
import type { ConnectionChange } from "../../rotation/plan.ts";

/**
 * What a change in git would make capstan run, dial, read or write from the merge on, as what it is. It is told before
 * everything else, and as it is written: never what a variable holds.
 */
export function connectionChanges(
  was: { readonly desired: DesiredState; readonly repository: RepositoryResource },
  is: { readonly desired: DesiredState; readonly repository: RepositoryResource },
): readonly ConnectionChange[] {
  const clusters = is.desired.clusters.flatMap((cluster) => {
    const before = was.desired.clusters.find(({ name }) => name === cluster.name);
    return clusterChanges(before, cluster);
  });
  const consumers = is.desired.authorities.flatMap((authority) => {
    const before = was.desired.authorities.find(
      ({ cluster, type }) => cluster === authority.cluster && type === authority.type,
    );
    return authority.trustConsumers.flatMap((consumer) => {
      const same = before === undefined ? undefined : sameConsumer(before, consumer);
      const subject = `${authority.cluster} ${authority.type} consumer ${consumer.name}`;
      return changes(subject, same === undefined ? [] : waysOfConsumer(same), waysOfConsumer(consumer));
    });
  });
  const repository = [
    ...changes("the repository", waysOfRepository(was.repository), waysOfRepository(is.repository)),
    ...lists(was.repository, is.repository),
  ];
  return [...clusters, ...consumers, ...repository];
}

function clusterChanges(was: ClusterResource | undefined, is: ClusterResource): readonly ConnectionChange[] {
  return changes(is.name, was === undefined ? [] : waysOfCluster(was), waysOfCluster(is));
}

/** What comes anew; where a single way takes the place of another, what that was. */
function changes(
  subject: string,
  was: readonly WayOut[],
  is: readonly WayOut[],
): readonly ConnectionChange[] {
  const lost = [...new Set(was.map(({ field }) => field))].filter(
    (field) => !is.some((way) => way.field === field),
  );
  const fresh = is.filter(
    (way) =>
      (way.value !== null || was.some(({ field }) => field === way.field)) &&
      !was.some(
        (other) =>
          other.field === way.field && sameValue(other.value, way.value) && other.written === way.written,
      ),
  );
  return [
    ...fresh.map((way) => {
      const before = was.filter(({ field, value }) => field === way.field && value !== null);
      const from = before.map(({ written }) => written).join(", ");
      return change(subject, way.field, way.does, from, way.value === null ? null : way.written);
    }),
    ...was
      .filter(({ field, value }) => lost.includes(field) && value !== null)
      .map(({ field, does, written }) => change(subject, field, does, written, null)),
  ];
}

function change(
  subject: string,
  field: string,
  does: Does,
  from: string,
  to: string | null,
): ConnectionChange {
  const was = from === "" ? null : from;
  const what = to === null ? `${NOT_ANY_MORE[does]}: ${was}` : `${ANOTHER[does]}: ${to}`;
  const instead = to === null || was === null ? "" : `, not ${was}`;
  return { subject, field, does, from: was, to, message: `${subject} ${what}${instead} (${field})` };
}

const ANOTHER: Readonly<Record<Does, string>> = {
  runs: "runs another executable",
  dials: "dials another address",
  reads: "reads another file or context",
  writes: "writes another file",
  "seals for": "seals keys for somebody else",
};

const NOT_ANY_MORE: Readonly<Record<Does, string>> = {
  runs: "no longer runs",
  dials: "no longer dials",
  reads: "no longer reads",
  writes: "no longer writes",
  "seals for": "no longer seals keys for",
};

/** What pull requests to come may have run and dialled before they are merged. */
function lists(was: RepositoryResource, is: RepositoryResource): readonly ConnectionChange[] {
  const executables = is.executables
    .filter((argv) => !was.executables.some((other) => sameValue(argv, other)))
    .map((argv) => listed("executables", "runs", "run", argv.join(" ")));
  const addresses = is.addresses
    .filter((address) => !was.addresses.includes(address))
    .map((address) => listed("addresses", "dials", "dial", address));
  return [...executables, ...addresses];
}

function listed(field: string, does: Does, verb: string, to: string): ConnectionChange {
  const message = `the repository lets pull requests to come ${verb} before they are merged: ${to} (spec.${field})`;
  return { subject: "the repository", field: `spec.${field}`, does, from: null, to, message };
}

/** Nothing is trusted, as where there is no base yet. */
export const NO_BASE = {
  desired: { clusters: [], authorities: [], rotations: [], overrides: [] },
  repository: DEFAULT_REPOSITORY,
} as const;
