import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readAuthority } from "../src/platforms/teleport/authority.ts";
import { recordFile } from "../src/record/older-records.ts";
import { recordText } from "../src/record/texts.ts";
import { keysBeside } from "../src/rotation/introduced-keys.ts";
import type { RosterMember, RotationRecord } from "../src/rotation/record.ts";
import { nodeId, writeNodes } from "./nodes.ts";
import { authoritiesText, clusterText, commitFiles, RETIRED, rotationText } from "./repository.ts";
import { type Moment, printed, recordings, writeTctl } from "./tctl.ts";

const CLUSTER = "acme.cluster";
const AUTHORITIES = "get cert_authority --format=json";

/** A cluster of so many nodes at rest, or in the middle of a rotation of its host CA with all of them on the roster. */
export async function largeCluster(
  folder: string,
  nodes: number,
  moment: Moment,
): Promise<{ readonly repository: string; readonly listing: string; readonly record: string }> {
  const listing = join(folder, "nodes.json");
  const repository = join(folder, "repository");
  const record = recordFile(join(repository, ".capstan"), CLUSTER);
  const rotates = moment !== "fresh";
  const live = await hostAuthority(moment);
  await writeNodes(listing, nodes, {
    phase: rotates ? live.rotation.phase : null,
    currentId: live.rotation.currentId ?? "",
  });
  const answers = { "get nodes --format=json": { file: listing } } as const;
  const tctl = await writeTctl(folder, { moment, answers });
  await commitFiles(repository, {
    ".gitignore": ".capstan/\n",
    "cluster.yaml": clusterText(CLUSTER, tctl),
    "authorities.yaml": authoritiesText(CLUSTER),
    "rotation.yaml": rotationText(CLUSTER, rotates ? "update_clients" : "init"),
  });
  if (!rotates) return { repository, listing, record };
  const roster: RosterMember[] = Array.from({ length: nodes }, (_, index) => ({
    kind: "node",
    id: nodeId(index),
    name: `node-${index}.example.com`,
  }));
  const at = live.rotation.started ?? "";
  const rotation: RotationRecord = {
    name: "host-2026-11",
    authority: "host",
    state: "open",
    current_id: live.rotation.currentId,
    previous_id: null,
    retire: [RETIRED],
    introduced: keysBeside([RETIRED], live),
    started_at: at,
    ended_at: null,
    roster,
    phases: [{ phase: live.rotation.phase, since: at, verified_at: null }],
    requested: null,
    contents: [],
    reason: null,
  };
  await mkdir(join(repository, ".capstan/record"), { recursive: true });
  await writeFile(record, recordText({ format_version: "1.0", cluster: CLUSTER, rotations: [rotation] }));
  return { repository, listing, record };
}

async function hostAuthority(moment: Moment) {
  const [host] = JSON.parse(printed(await recordings(), moment, AUTHORITIES));
  return await readAuthority(host);
}
