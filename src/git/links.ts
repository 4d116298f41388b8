import { CONTAINS, cannotBeFollowed, LEAVES, LOOPS } from "../resources/read/link-complaints.ts";
import type { Complaint } from "../resources/read/source-file.ts";
import type { TreeEntry } from "./tree-entries.ts";

/** Where a path of a commit ends. */
export type Followed =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "problem"; readonly complaint: Complaint };

/** It leads to nothing in the commit. */
export const DANGLES: Complaint = cannotBeFollowed("its target is not in the commit");

/** As many as Linux follows (path_resolution(7)). */
const LINKS = 40;

/** Where a path leads when every link on the way is followed, as far as it stays in the folder. */
export function followLinks(
  path: string,
  entries: ReadonlyMap<string, TreeEntry>,
  targetOf: (link: TreeEntry) => string,
): Followed {
  let steps = 0;
  let rest = path.split("/").filter((part) => part !== "" && part !== ".");
  let at: string[] = [];
  while (rest.length > 0) {
    const [part = "", ...others] = rest;
    rest = others;
    if (part === "..") {
      if (at.length === 0) return problem(LEAVES);
      at = at.slice(0, -1);
      continue;
    }
    at = [...at, part];
    const entry = entries.get(at.join("/"));
    if (entry?.kind !== "link") continue;
    steps += 1;
    if (steps > LINKS) return problem(LOOPS);
    const target = targetOf(entry);
    if (target.startsWith("/")) return problem(LEAVES);
    at = at.slice(0, -1);
    rest = [...target.split("/").filter((step) => step !== "" && step !== "."), ...rest];
  }
  const end = at.join("/");
  if (end === "" || path.startsWith(`${end}/`)) return problem(CONTAINS);
  const isThere = entries.has(end) || [...entries.keys()].some((key) => key.startsWith(`${end}/`));
  return isThere ? { kind: "path", path: end } : problem(DANGLES);
}

function problem(complaint: Complaint): Followed {
  return { kind: "problem", complaint };
}
