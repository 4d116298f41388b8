import { dirname } from "node:path";
import { Failure } from "../failure.ts";
import { readForeignFile } from "../process/foreign-file.ts";
import { namedByFlag, writeTarget } from "../process/written-file.ts";
import type { ClusterObservation } from "../profile/profile.ts";
import { profileOf } from "../profiles.ts";
import { observations as isObservations } from "../resources/read/compiled/observations.js";
import { parseForeignJson } from "../resources/read/foreign-json.ts";
import { valueWithoutSecrets } from "../secrets.ts";
import { jsonText } from "../views/json/json-text.ts";

/** What `--observations FILE` holds: public facts only, so that a plan can be made where no credential is. */
interface ObservationsFile {
  readonly format_version: "1.0";
  readonly observations: readonly WrittenObservation[];
}

/** The name of its profile stands for it, and the facts of the platform alone stand under that name. */
type WrittenObservation = Omit<ClusterObservation, "profile" | "facts" | "rows"> & {
  readonly platform: string;
  readonly [platform: string]: unknown;
};

function written({
  cluster,
  profile,
  components,
  facts,
  rows: _learnt,
  ...rest
}: ClusterObservation): WrittenObservation {
  const { name } = profile;
  return {
    cluster,
    platform: name,
    ...rest,
    components: [...components],
    ...(facts === undefined ? {} : { [name]: facts }),
  };
}

function understood({ platform, ...written }: WrittenObservation): ClusterObservation {
  const profile = profileOf(platform);
  const { [profile.name]: facts, ...rest } = written;
  return { ...rest, profile, ...(facts === undefined ? {} : { facts }) } as ClusterObservation;
}

/** The observations in a file, `null` when there is no such file yet. */
export async function readObservations(path: string): Promise<readonly ClusterObservation[] | null> {
  let text: string;
  try {
    text = await readForeignFile(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return null;
    throw new Failure("usage", `cannot read ${path}: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  const value = parse(text, path);
  if (!isObservations(value)) {
    const [error] = isObservations.errors ?? [];
    throw unreadable(path, `${error?.instancePath || "/"} ${error?.message ?? "is something else"}`);
  }
  return (value as ObservationsFile).observations.map(understood);
}

/** Those of the clusters that are asked for; a cluster that nobody looked at is not one without changes. */
export function observationsOf(
  clusters: readonly { readonly name: string }[],
  saved: readonly ClusterObservation[],
  path: string,
): readonly ClusterObservation[] {
  const missing = clusters.filter(({ name }) => !saved.some(({ cluster }) => cluster === name));
  if (missing.length > 0) {
    const has = saved.map(({ cluster }) => cluster).join(", ");
    throw new Failure(
      "usage",
      `${path} has no observation of ${missing.map(({ name }) => name).join(", ")}; it has ${has === "" ? "none at all" : has}`,
      {
        hint: "choose what is planned with --cluster, or let `plan --observations` write a new file",
      },
    );
  }
  return saved.filter(({ cluster }) => clusters.some(({ name }) => name === cluster));
}

/** Writes what was observed to a new file, without secrets. */
export async function writeObservations(
  path: string,
  observations: readonly ClusterObservation[],
): Promise<void> {
  const file: ObservationsFile = {
    format_version: "1.0",
    observations: observations.map(written),
  };
  const text = jsonText(valueWithoutSecrets(file));
  await writeTarget(namedByFlag(dirname(path), path), { bytes: `${text}\n`, fresh: true });
}

function parse(text: string, path: string): unknown {
  try {
    return parseForeignJson(text);
  } catch {
    throw unreadable(path, "it is not JSON");
  }
}

function unreadable(path: string, why: string): Failure {
  return new Failure("usage", `${path} does not hold observations: ${why}`, {
    hint: "name a file that does not exist to save observations, or one that `plan --observations` wrote",
  });
}
