import { guardsOf } from "../../src/guards/chain.ts";
import type { PlatformProfile } from "../../src/profile/profile.ts";
import { PROFILES } from "../../src/profiles.ts";
import { cell } from "./cell.ts";

/** The page of all guards, from the guards. */
export function guardsPage(): string {
  const profiles = Object.values<PlatformProfile>(PROFILES);
  const ids = [...new Set(profiles.flatMap((profile) => guardsOf(profile).map(({ id }) => id)))];
  const rows = ids.map((id) => {
    const having = profiles.filter((profile) => guardsOf(profile).some((guard) => guard.id === id));
    const guard = having.flatMap((profile) => guardsOf(profile)).find((one) => one.id === id);
    const where = having.length === profiles.length ? "all" : having.map(({ title }) => title).join(", ");
    return `| \`${id}\` | ${cell(guard?.refuses ?? "")} | ${where} | ${guard?.waivable === true ? "yes" : "no"} |`;
  });
  return [
    "# Guards",
    "A guard refuses a step. It passes, fails with findings, or does not know; not knowing blocks. `capstan explain GUARD` says more of one.",
    ["| guard | refuses | on | can be waived |", "|---|---|---|---|", ...rows].join("\n"),
  ].join("\n\n");
}
