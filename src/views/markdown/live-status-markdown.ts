import type { Fingerprint } from "../../rotation/observation.ts";
import { orderWords } from "../facts/order-words.ts";
import { nothingToDoText } from "../facts/verdict-words.ts";
import { shortener } from "../fingerprints.ts";
import type { AuthorityStatus, ClusterStatus, LiveStatus } from "../live-status.ts";
import { cell, code, prose } from "./inline.ts";

/** What is live, as tables. Ends with a line feed. */
export function liveStatusMarkdown({ clusters }: LiveStatus): string {
  if (clusters.length === 0) return `${prose(nothingToDoText([]))}\n`;
  return clusters.map(clusterMarkdown).join("\n");
}

function clusterMarkdown(cluster: ClusterStatus): string {
  const { name, problem } = cluster;
  if (problem !== null)
    return `## ${code(name)}\n\n- **unknown** ${prose(problem.message)}: ${prose(problem.remedy)}\n`;
  const keys = cluster.authorities.flatMap(({ active_keys, trusted_keys }) => [
    ...active_keys,
    ...trusted_keys,
  ]);
  const shorten = shortener(keys.map(({ fingerprint }) => fingerprint as Fingerprint));
  const names = (all: AuthorityStatus["active_keys"]) =>
    [...new Set(all.map(({ fingerprint }) => shorten(fingerprint as Fingerprint)))].map(cell).join(" ");
  const rows = cluster.authorities.map(
    ({ type, phase, active_keys, trusted_keys }) =>
      `| ${cell(type)} | ${cell(phase)} | ${names(active_keys)} | ${names(trusted_keys)} |\n`,
  );
  const lists = [
    ...orderWords({ ...cluster, rotations: [] }).map((words) => `- ${prose(words)}\n`),
    ...cluster.components
      .filter(({ following, total }) => following < total)
      .map(({ kind, following, total }) => `- ${code(kind)}: ${following} of ${total} follow\n`),
    ...cluster.unread.map(({ what, problem }) => `- **unknown** ${prose(what)}: ${prose(problem)}\n`),
    ...cluster.drift.map(({ id, subject, message }) => `- ${code(subject)}: ${prose(message)} (${id})\n`),
  ];
  const table = `| authority | phase | signs with | trusts too |\n|---|---|---|---|\n${rows.join("")}`;
  return `## ${code(cluster.name)}\n\n${table}${lists.length === 0 ? "" : `\n${lists.join("")}`}`;
}
