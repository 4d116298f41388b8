import { parse, resolve } from "node:path";
import type { ValuesOf } from "../flag.ts";
import { waysThroughBase } from "../planner/trust.ts";
import { profileOf } from "../profiles.ts";
import type { ClusterResource } from "../resources/model/desired.ts";
import { writtenDate } from "../written-date.ts";
import type { TrustedSide } from "./base.ts";
import { changedContentOf } from "./changed-content.ts";
import type { CommonOptions } from "./commands/common-flags.ts";
import type { PLAN } from "./commands/plan-rows.ts";
import { createMeter } from "./meter.ts";
import { observationsOf, readObservations, writeObservations } from "./observations-file.ts";
import { type Observed, observeEach } from "./observe.ts";
import { nothingUntrusted, openPlatforms } from "./open-clusters.ts";
import type { Terminal } from "./terminal.ts";
import type { Workspace } from "./workspace.ts";

/** What was typed that matters here. */
type LookOptions = CommonOptions & Pick<ValuesOf<typeof PLAN.flags>, "observations">;

/** From the clusters, or from a file of an earlier look; a file that is not there yet is written. */
export async function observationsFor(
  terminal: Terminal,
  workspace: Workspace,
  trusted: TrustedSide | null,
  options: LookOptions,
): Promise<Observed> {
  const file = options.observations === undefined ? null : resolve(terminal.cwd, options.observations);
  const saved = file === null ? null : await readObservations(file);
  if (saved !== null) {
    for (const { cluster, observedAt } of saved) {
      terminal.stderr.write(`${cluster} as it was observed on ${writtenDate(observedAt)}\n`);
    }
    return {
      observations: observationsOf(workspace.clusters, saved, options.observations ?? ""),
      unread: [],
    };
  }
  const observed = await observeThrough(terminal, workspace, trusted, options);
  if (file !== null) await writeObservations(file, observed.observations);
  return observed;
}

/** Through the connections of the base, where there is one: what the head says of them was not reviewed yet. */
async function observeThrough(
  terminal: Terminal,
  workspace: Workspace,
  trusted: TrustedSide | null,
  options: LookOptions,
): Promise<Observed> {
  const { signal } = new AbortController();
  const meter = createMeter(terminal, options);
  if (trusted === null)
    return await observeEach(
      openPlatforms(workspace, terminal, options, signal, { ...nothingUntrusted(), meter }),
      workspace,
      { meter },
    );
  const { desired, folder } = workspace;
  const changed = await changedContentOf(
    trusted.git,
    trusted.changes,
    [terminal.cwd, folder],
    [trusted, { desired }],
  );
  const { untrusted, unasked, ...through } = waysThroughBase(desired, trusted, changed);
  const names = new Set(workspace.clusters.map(({ name }) => name));
  const clusters = trusted.changes.others
    ? through.desired.clusters.map((cluster) => startedElsewhere(cluster, terminal.cwd))
    : through.desired.clusters;
  const selected = clusters.filter(({ name }) => names.has(name));
  const readable = {
    ...workspace,
    desired: { ...through.desired, clusters },
    clusters: selected.filter(({ name }) => !untrusted.has(name)),
  };
  // A tool that looks for files where it is started finds none of the pull request.
  const cwd = trusted.changes.others ? { cwd: parse(folder).root } : {};
  const platforms = openPlatforms(readable, terminal, options, signal, { untrusted, unasked, meter, ...cwd });
  const observed = await observeEach(platforms, readable, { meter });
  const unread = selected.flatMap(({ name, platform }) => {
    const problem = untrusted.get(name);
    return problem === undefined ? [] : [{ name, platform, problem }];
  });
  return { ...observed, unread: [...observed.unread, ...unread] };
}

/** What is named from where capstan was started is still found there. */
function startedElsewhere(cluster: ClusterResource, cwd: string): ClusterResource {
  const { platform, connection } = cluster;
  if (connection === null) return cluster;
  const rules = profileOf(platform).resources.connection;
  return {
    ...cluster,
    connection: rules.startedElsewhere(connection, (path) => resolve(cwd, path)),
  };
}
