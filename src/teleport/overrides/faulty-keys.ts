import type { KeyHash } from "../../x509/spki.ts";
import type { CaOverride } from "./ca-override.ts";
import { checkEntry } from "./entry-rules.ts";
import { hasErrors } from "./override-finding.ts";

/** The keys whose live entry is in force, or would be, and would let people down (row U4). */
export function faultyKeys(live: CaOverride, now: number): ReadonlySet<KeyHash> {
  return new Set(
    [...live.entries.values()].flatMap((entry) => {
      const own = live.findings.filter(({ where }) => where.startsWith(entry.where));
      return entry.state === "enabled" && hasErrors([...own, ...checkEntry(entry, live.type, now)])
        ? [entry.keyHash]
        : [];
    }),
  );
}
