import { isAlias, isMap, isScalar, isSeq, type Node, visit } from "yaml";
import { type ConfigDocument, child, NAMES, type Place } from "../machine-config.ts";
import { problemAt } from "./source-text.ts";

/** Throws an `EditProblem` where a value stands behind an alias or a merge: it is somebody else's, too. */
export function insistOnPlace(text: string, { map, layout, document }: Place): void {
  const names = NAMES[layout];
  const issuing = map.get(names.issuing, true);
  const touched = [map, issuing, map.get(names.accepted, true)];
  if (isMap(issuing)) touched.push(issuing.get(names.certificate, true), issuing.get("key", true));
  for (const [node, name] of [
    [map, names.issuing],
    [map, names.accepted],
    [issuing, names.certificate],
    [issuing, "key"],
  ] as const) {
    if (!isMap(node)) continue;
    if (!node.has(name) && child(node, name, document) !== undefined) {
      throw problemAt(text, node, `merges ${name} in with "<<"`, `write ${name} out where it is used`);
    }
  }
  for (const node of touched) {
    if (isAlias(node)) {
      const what = `takes a CA from elsewhere with an alias (*${node.source})`;
      throw problemAt(text, node, what, "write the value out where it is used");
    }
    const anchor = (isScalar(node) || isMap(node) || isSeq(node)) && node.anchor;
    const user = typeof anchor === "string" ? userOf(document, anchor) : null;
    if (user !== null) {
      const what = `uses with an alias (*${anchor}) what is to be changed for the CA alone`;
      throw problemAt(text, user, what, "write the value out there");
    }
  }
}

function userOf(document: ConfigDocument, anchor: string): Node | null {
  let found: Node | null = null;
  visit(document, {
    Alias(_, alias) {
      if (alias.source !== anchor) return undefined;
      found = alias;
      return visit.BREAK;
    },
  });
  return found;
}
