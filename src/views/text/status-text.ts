import { profileOf } from "../../profiles.ts";
import type { Fingerprint } from "../../rotation/observation.ts";
import { shortener } from "../fingerprints.ts";
import { harmlessValue } from "../harmless.ts";
import type { AuthorityStatus, KeyStatus, KindStatus, OverrideStatus, Status } from "../status.ts";
import { consumersText } from "./checklist-text.ts";
import { harmless, paragraph, table } from "./layout.ts";
import { overrideFindingText } from "./override-text.ts";
import type { Paint } from "./paint.ts";

const BEHIND_SHOWN = 10;

/** The live state for people. Ends with a line feed. */
export function statusText(seen: Status, paint: Paint): string {
  const status = harmlessValue(seen);
  const keys = status.clusters.flatMap(({ authorities }) =>
    authorities.flatMap(({ active_keys, trusted_keys }) => [...active_keys, ...trusted_keys]),
  );
  const shorten = shortener(keys.map(({ fingerprint }) => fingerprint as Fingerprint));
  return status.clusters.map((cluster) => clusterText(cluster, shorten, paint)).join("\n");
}

type Shorten = (fingerprint: Fingerprint) => string;

function clusterText(cluster: Status["clusters"][number], shorten: Shorten, paint: Paint): string {
  const { client, server } = cluster.versions;
  const profile = profileOf(cluster.platform);
  const lines = [
    `${paint("strong", harmless(cluster.name))} (${cluster.platform})  cluster ${server ?? "unknown"}, client ${client}`,
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
    lines.push(paragraph(`${paint("bad", "unknown")} ${what}: ${harmless(problem)}`, "  ", "    "));
  }
  for (const { name, last_heartbeat } of cluster.remote_clusters) {
    lines.push(`  remote cluster ${harmless(name)}, last heartbeat ${last_heartbeat ?? "never"}`);
  }
  for (const { name, standing, desired_phase } of cluster.rotations) {
    lines.push(`  rotation ${harmless(name)}: ${standing.replaceAll("_", " ")}, git wants ${desired_phase}`);
  }
  for (const override of cluster.overrides) lines.push(...overrideLines(override, paint));
  for (const { id, subject, message } of cluster.drift) {
    lines.push(paragraph(`${paint("warn", id)}: ${harmless(`${subject} ${message}`)}`, "  ", "    "));
  }
  return `${lines.join("\n").trimEnd()}\n`;
}

function overrideLines(override: OverrideStatus, paint: Paint): readonly string[] {
  const { authority, row, situation, entries, findings } = override;
  return [
    paragraph(`override ${harmless(authority)}: ${row}, ${situation}`, "  ", "    "),
    ...entries.map(
      ({ key_hash, state, issuer, not_after }) =>
        `    ${key_hash.slice(0, 16)}… ${state}${issuer === null ? "" : `, by ${harmless(issuer)}, until ${not_after?.slice(0, 10)}`}`,
    ),
    ...findings.map((finding) => overrideFindingText(finding, paint)),
  ];
}

function authorityRow(authority: AuthorityStatus, shorten: Shorten, paint: Paint): readonly string[] {
  const auto = authority.mode === "auto" ? " (auto!)" : "";
  const active = identifying(authority.active_keys);
  const [first] = active;
  return [
    harmless(authority.type),
    authority.state === "standby"
      ? authority.phase
      : paint(
          "accent",
          `${authority.phase}${authority.towards === null ? "" : ` → ${authority.towards}`}${auto}`,
        ),
    list(active, shorten),
    list(identifying(authority.trusted_keys), shorten),
    first?.not_before?.slice(0, 10) ?? "",
    first?.not_after?.slice(0, 10) ?? "",
  ];
}

/** The protocol that names the CA: TLS where there is one, else SSH, else JWT. */
function identifying(keys: readonly KeyStatus[]): readonly KeyStatus[] {
  for (const protocol of ["tls", "ssh", "jwt"]) {
    const found = keys.filter((key) => key.protocol === protocol);
    if (found.length > 0) return found;
  }
  return [];
}

function list(keys: readonly KeyStatus[], shorten: Shorten): string {
  return keys.map(({ fingerprint }) => shorten(fingerprint as Fingerprint)).join(" ");
}

function kindText(status: KindStatus, paint: Paint): string {
  const { kind, total, following, not_reporting, behind, unread } = status;
  if (unread !== undefined) {
    const problem = `${paint("bad", "could not be read")}: ${harmless(unread)}`;
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
    .map(({ subject, message }) => paragraph(harmless(`${subject} ${message}`), "      ", "        "));
  const more = behind.length > BEHIND_SHOWN ? [`      and ${behind.length - BEHIND_SHOWN} more`] : [];
  return [head, ...named, ...more].join("\n");
}
