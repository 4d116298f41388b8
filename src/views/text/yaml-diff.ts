import { createTwoFilesPatch } from "diff";

/** Texts by path. */
export type Files = ReadonlyMap<string, string>;

/** What changed between two states of the repository's resources, as one unified diff; empty when nothing did. */
export function yamlDiff(before: Files, after: Files): string {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths
    .filter((path) => before.get(path) !== after.get(path))
    .map((path) => patch(path, before.get(path), after.get(path)))
    .join("");
}

function patch(path: string, before: string | undefined, after: string | undefined): string {
  const from = before === undefined ? "/dev/null" : `a/${path}`;
  const to = after === undefined ? "/dev/null" : `b/${path}`;
  const text = createTwoFilesPatch(from, to, before ?? "", after ?? "", undefined, undefined, { context: 3 });
  // The library's own headline says nothing that the two file names do not.
  return text.replace(/^=+\n/, "");
}
