import type { ClusterObservation, PlatformProfile } from "../../profile/profile.ts";
import { type Fingerprint, namingKeys } from "../../rotation/observation.ts";
import type { ClusterPlan, Plan } from "../../rotation/plan.ts";
import { writtenDate } from "../../written-date.ts";
import { aboutText } from "../facts/about-words.ts";
import { TABLE_ABOVE } from "../facts/fleet-rows.ts";
import { orderWords } from "../facts/order-words.ts";
import { nothingToDoText } from "../facts/verdict-words.ts";
import { shortener, shortHash } from "../fingerprints.ts";
import { harmlessLine, harmlessValue } from "../harmless.ts";
import {
  type AuthorityStatus,
  type ClusterStatus,
  clusterStatus,
  type KeyStatus,
  type KindStatus,
  type OverrideStatus,
} from "../live-status.ts";
import { consumersText } from "./checklist-text.ts";
import { paragraph, table } from "./columns.ts";
import { fleetText } from "./fleet-table.ts";
import { overrideFindingText } from "./override-text.ts";
import type { Paint } from "./paint.ts";

const BEHIND_SHOWN = 10;

/**
 * The live state for people, in the words of each cluster's platform. `now` in milliseconds since the epoch. Ends with
 * a line feed.
 */
export function liveStatusText(
  observations: readonly ClusterObservation[],
  plan: Plan,
  now: number,
  paint: Paint,
): string {
  if (observations.length + plan.clusters.length === 0) return `${paragraph(nothingToDoText([]), "")}\n`;
  const clusters = observations.map((observation) => ({
    status: harmlessValue(clusterStatus(observation, plan, now)),
    profile: observation.profile,
  }));
  const shorten = shortener(
    clusters.flatMap(({ status }) =>
      status.authorities.flatMap(({ active_keys, trusted_keys }) =>
        [...active_keys, ...trusted_keys].map(({ fingerprint }) => fingerprint as Fingerprint),
      ),
    ),
  );
  if (plan.clusters.length > TABLE_ABOVE) {
    const tell = (cluster: ClusterPlan) => {
      const known = clusters.find(({ status }) => status.name === cluster.name);
      return known === undefined
        ? problemText(cluster, paint)
        : clusterText(known.status, known.profile, shorten, paint);
    };
    return fleetText(harmlessValue(plan.clusters), "", paint, tell).join("\n");
  }
  return [
    ...clusters.map(({ status, profile }) => clusterText(status, profile, shorten, paint)),
    ...plan.clusters.flatMap((cluster) => (cluster.problem === null ? [] : [problemText(cluster, paint)])),
  ].join("\n");
}

/** Of a cluster that could not be read. */
function problemText(cluster: ClusterPlan, paint: Paint): string {
  const { name, platform, problem } = cluster;
  const order = orderWords(cluster).map((words) => `${paragraph(harmlessLine(words), "  ", "    ")}\n`);
  const said = `${problem?.message} → ${problem?.remedy}`;
  const head = `${paint("strong", harmlessLine(name))} (${harmlessLine(platform)})`;
  return `${head}\n${order.join("")}\n${paragraph(`${paint("bad", "unknown")} ${harmlessLine(said)}`, "  ", "    ")}\n`;
}

type Shorten = (fingerprint: Fingerprint) => string;

function clusterText(
  cluster: ClusterStatus,
  profile: PlatformProfile,
  shorten: Shorten,
  paint: Paint,
): string {
  const { client, server } = cluster.versions ?? { client: "unknown", server: null };
  const lines = [
    `${paint("strong", harmlessLine(cluster.name))} (${cluster.platform})  cluster ${server ?? "unknown"}, client ${client}`,
    ...orderWords({ ...cluster, rotations: [] }).map((words) => paragraph(harmlessLine(words), "  ", "    ")),
    "",
    table(
      [
        ["authority", "phase", "signs with", "trusts too", "signing since", "until"].map((head) =>
          paint("dim", head),
        ),
        ...cluster.authorities.map((authority) => authorityRow(authority, shorten, paint)),
      ],
      "  ",
    ),
    "",
  ];
  if (cluster.components.length > 0) {
    lines.push(`  ${paint("dim", profile.words.components)}`);
    for (const kind of cluster.components) lines.push(kindText(kind, paint));
    lines.push("");
  }
  if (cluster.consumers.length > 0) lines.push(consumersText(cluster.consumers, "  ", paint), "");
  // Of components the row of their kind says so.
  const shown = cluster.components.flatMap(({ kind, unread }) =>
    unread === undefined ? [] : (profile.componentKinds.find((row) => row.kind === kind)?.listing ?? []),
  );
  for (const { what, problem } of cluster.unread.filter((one) => !shown.includes(one.what))) {
    lines.push(paragraph(`${paint("bad", "unknown")} ${what}: ${harmlessLine(problem)}`, "  ", "    "));
  }
  for (const { name, last_heartbeat } of cluster.remote_clusters) {
    const seen = last_heartbeat === null ? "never" : writtenDate(last_heartbeat);
    lines.push(paragraph(`remote cluster ${harmlessLine(name)}, last heartbeat ${seen}`, "  ", "    "));
  }
  for (const { name, standing, desired_phase } of cluster.rotations) {
    const said = `rotation ${harmlessLine(name)}: ${standing.replaceAll("_", " ")}, git wants ${desired_phase}`;
    lines.push(paragraph(said, "  ", "    "));
  }
  for (const override of cluster.overrides) lines.push(...overrideLines(override, paint));
  for (const drift of cluster.drift) {
    const said = harmlessLine(`${aboutText(drift)} (${drift.id})`);
    lines.push(paragraph(`${paint("warn", "notice")} ${said}`, "  ", "    "));
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

function overrideLines(override: OverrideStatus, paint: Paint): readonly string[] {
  const { authority, situation, entries, findings } = override;
  return [
    paragraph(`override of ${harmlessLine(authority)}: ${situation}`, "  ", "    "),
    ...entries.map(({ key_hash, state, issuer, not_after }) => {
      const by = issuer === null ? "" : `, by ${harmlessLine(issuer)}, until ${writtenDate(not_after ?? "")}`;
      return paragraph(`${shortHash(key_hash)} ${state}${by}`, "    ", "      ");
    }),
    ...findings.map((finding) => overrideFindingText(finding, paint)),
  ];
}

function authorityRow(authority: AuthorityStatus, shorten: Shorten, paint: Paint): readonly string[] {
  const auto = authority.mode === "auto" ? " (auto!)" : "";
  const active = namingKeys(authority.active_keys);
  const [first] = active;
  return [
    harmlessLine(authority.type),
    authority.state === "standby"
      ? authority.phase
      : paint(
          "accent",
          `${authority.phase}${authority.towards === null ? "" : ` → ${authority.towards}`}${auto}`,
        ),
    list(active, shorten),
    list(namingKeys(authority.trusted_keys), shorten),
    first?.not_before?.slice(0, 10) ?? "",
    first?.not_after?.slice(0, 10) ?? "",
  ];
}

function list(keys: readonly KeyStatus[], shorten: Shorten): string {
  return keys.map(({ fingerprint }) => shorten(fingerprint as Fingerprint)).join(" ");
}

function kindText(status: KindStatus, paint: Paint): string {
  const { kind, total, following, not_reporting, behind, unread } = status;
  if (unread !== undefined) {
    const problem = `${paint("bad", "could not be read")}: ${harmlessLine(unread)}`;
    return paragraph(`${kind.padEnd(24)}${problem}`, "    ", "      ");
  }
  const tone = following === total ? "good" : "warn";
  const counts = [
    ...(total > 0 ? [paint(tone, `${following}/${total}`)] : []),
    ...(not_reporting > 0 ? [paint("dim", `${not_reporting} without a report`)] : []),
  ];
  const head = `    ${kind.padEnd(24)}${counts.join(", ")}`;
  const named = behind
    .slice(0, BEHIND_SHOWN)
    .map((one) => paragraph(harmlessLine(aboutText(one)), "      ", "        "));
  const more = behind.length > BEHIND_SHOWN ? [`      and ${behind.length - BEHIND_SHOWN} more`] : [];
  return [head, ...named, ...more].join("\n");
}
