import { stringify } from "yaml";
import { branch, isTree, text } from "../values.ts";
import { remembered } from "./remembered.ts";

/** How `talosctl get` prints resources (TA 3.1). */
export interface PrintedResource {
  /** The address that was asked. */
  readonly node: string;
  readonly metadata: unknown;
  readonly spec: unknown;
}

type OutputMode = "json" | "yaml" | "table";

export function outputMode(value: string): OutputMode {
  if (value === "json" || value === "yaml" || value === "table") return value;
  throw new Error(`output format ${JSON.stringify(value)} is not supported`);
}

export function printResources(resources: readonly PrintedResource[], mode: OutputMode): string {
  if (mode === "json") return resources.map((one) => `${sortedJson(one)}\n`).join("");
  if (mode === "yaml") {
    return resources.map((one) => yamlOf(JSON.stringify(one))).join("---\n");
  }
  return table(resources);
}

/** Whoever waits for a machine is shown the same again and again. */
const yamlOf = remembered((json) => stringify(JSON.parse(json), { indent: 4, lineWidth: 0 }));

/** Go's `json.MarshalIndent` of maps: keys in order, four spaces, HTML characters escaped. */
export function sortedJson(value: unknown, indent = 4): string {
  return JSON.stringify(sorted(value), null, indent).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isTree(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

function table(resources: readonly PrintedResource[]): string {
  const rows = resources.map(({ node, metadata }) => {
    const { namespace, type, id, version } = branch(metadata);
    return [node, text(namespace), text(type).split(".")[0] ?? "", text(id), String(version)];
  });
  return columns([["NODE", "NAMESPACE", "TYPE", "ID", "VERSION"], ...rows]);
}

/** text/tabwriter with three spaces. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 3))
          .join("")
          .trimEnd()}\n`,
    )
    .join("");
}
