import { loadEach } from "../record/load-each.ts";
import type { RecordStore } from "../record/store.ts";
import type { ClusterResource, Diagnostic, RotationResource } from "../resources/model/desired.ts";
import type { LoadResult } from "../resources/read/load.ts";
import type { Fingerprint } from "../rotation/observation.ts";
import { type PinMoment, type Pins, pinProblems, UNREAD_REMEDY } from "../rotation/pins.ts";
import type { ClusterRecord } from "../rotation/record.ts";
import { findPinFiles } from "./pin-files.ts";

/**
 * Files that list too few or too many CA pins, as far as git and the record can tell: warnings, as the guard `pins`
 * judges by what is live.
 */
export async function checkPins(
  folder: string,
  { state, files }: LoadResult,
  store: Pick<RecordStore, "load">,
): Promise<readonly Diagnostic[]> {
  const resources = new Set(files.map(({ path }) => path));
  const names = state.clusters.map(({ name }) => name);
  const { records } = await loadEach(store, names);
  const found = await Promise.all(
    state.clusters.map(async (cluster) => {
      const record = records.find((one) => one.cluster === cluster.name);
      if (record === undefined) return [];
      const checks = state.rotations
        .filter((rotation) => rotation.cluster === cluster.name)
        .flatMap((rotation) => pinsOf(rotation, record));
      return await Promise.all(checks.map((check) => problemsOf(folder, cluster, check, resources)));
    }),
  );
  return found.flat(2);
}

interface Check {
  readonly pins: Pins;
  readonly moment: PinMoment;
}

/** Nothing can be said before the new key is known, or while the end of the rotation is only asked for. */
function pinsOf({ name, authorities }: RotationResource, record: ClusterRecord): readonly Check[] {
  const host = authorities.find(({ type }) => type === "host");
  const memory = record.rotations.findLast((entry) => entry.name === name && entry.authority === "host");
  if (host === undefined || memory === undefined || memory.introduced.length === 0) return [];
  const pins: Pins = { old: host.retire, new: memory.introduced };
  if (memory.state === "open" && memory.phases.at(-1)?.phase !== "standby")
    return [{ pins, moment: "during" }];
  return memory.state === "finished" ? [{ pins, moment: "after" }] : [];
}

async function problemsOf(
  folder: string,
  { policy }: ClusterResource,
  { pins, moment }: Check,
  resources: ReadonlySet<string>,
): Promise<readonly Diagnostic[]> {
  const known = new Set<Fingerprint>([...pins.old, ...pins.new]);
  const { files, unread } = await findPinFiles(folder, policy.pinFiles, known, resources);
  const unknown = unread.map(({ file, problem }) => ({
    file,
    line: 1,
    message: `${problem}: whether it lists a CA pin is unknown`,
    remedy: UNREAD_REMEDY,
  }));
  return [...pinProblems(files, pins, moment), ...unknown].map(({ file, line, message, remedy }) => ({
    severity: "warning",
    file,
    line,
    column: 1,
    message,
    excerpt: null,
    suggestion: remedy,
  }));
}
