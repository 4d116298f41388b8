import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ASKED, type Call, printed, recordings } from "./tctl.ts";

/** The edges of a host rotation that the row walks; the last one has two looks of its own. */
export const PHASES = ["init", "update_clients", "update_servers"] as const;
type Phase = (typeof PHASES)[number];

/** What is recorded of the CA itself in each phase; in the listings only the name of the phase is another. */
const MOVED: Readonly<Record<Phase, string>> = {
  init: "host init +2s",
  update_clients: "host update_clients +2s",
  update_servers: "host update_servers +3s",
};
const OF_THE_CA: readonly Call[] = ["status", "get cert_authority --format=json"];

/** When each listing showed that its rows had followed into init. */
const FOLLOWED: Readonly<Partial<Record<Call, string>>> = {
  "get nodes --format=json": "host init +5s",
  "get db_servers --format=json": "host init +5s",
  "get kube_servers --format=json": "host init +5s",
  "get proxies --format=json": "host init +7s",
  "get auth_servers --format=json": "host init +7s",
  "get app_servers --format=json": "host init",
  "get windows_desktop_service --format=json": "host init",
};

/** Listings whose rows carry a phase. */
export const LISTINGS = Object.keys(FOLLOWED) as readonly Call[];

/** An executable that plays a cluster through a rotation, and how it is put back to its beginning. */
export interface RotatingTctl {
  readonly tctl: string;
  /** A line for each call since the last `reset`. */
  readonly calls: string;
  readonly reset: () => Promise<void>;
}

/**
 * An executable called `tctl` whose cluster can be rotated. All listings that lag follow `lagMs` after a transition, and
 * the others with it.
 */
export async function writeRotatingTctl(
  folder: string,
  {
    cluster = "acme.cluster",
    lagMs,
    lagging = LISTINGS,
  }: { readonly cluster?: string; readonly lagMs: number; readonly lagging?: readonly Call[] },
): Promise<RotatingTctl> {
  const recorded = await recordings();
  const calls = Object.entries(ASKED) as readonly (readonly [Call, string])[];
  const stages = ["fresh", ...PHASES.flatMap((phase) => [`${phase}-moved`, `${phase}-followed`])];
  let before: Phase | null = null;
  for (const stage of stages) {
    const own = join(folder, "stages", stage);
    await mkdir(own, { recursive: true });
    const phase = PHASES.find((one) => stage.startsWith(`${one}-`)) ?? null;
    for (const [index, [call, known]] of calls.entries()) {
      const followed = FOLLOWED[call];
      const lags = stage.endsWith("-moved") && lagging.includes(call);
      const shows: Phase | null = lags ? before : phase;
      const text =
        followed === undefined || shows === null
          ? printed(recorded, phase !== null && OF_THE_CA.includes(call) ? MOVED[phase] : "fresh", known)
          : printed(recorded, followed, known).replaceAll(/"phase": "\w+"/g, `"phase": "${shows}"`);
      await writeFile(join(own, `${index}.txt`), text.replaceAll("acme.cluster", cluster));
    }
    if (stage.endsWith("-followed")) before = phase;
  }
  const cases = calls.map(([call], index) => `  *"${call}") exec cat "$at/stages/$stage/${index}.txt" ;;`);
  const tctl = join(folder, "tctl");
  await writeFile(
    tctl,
    `#!/bin/sh
at='${folder}'
echo "$*" >> "$at/calls"
read -r stage < "$at/stage"
case "$*" in
  *"auth rotate"*)
    phase=\${*##*--phase=}
    echo "$phase-moved" > "$at/stage"
    (sleep ${lagMs / 1000}; echo "$phase-followed" > "$at/stage.next"; mv "$at/stage.next" "$at/stage") >/dev/null 2>&1 &
    echo "Updated rotation phase to \\"$phase\\". To check status use 'tctl status'" ;;
${cases.join("\n")}
  *) echo "ERROR: unexpected: $*" >&2; exit 1 ;;
esac
`,
    { mode: 0o755 },
  );
  const reset = async () => {
    await writeFile(join(folder, "stage"), "fresh\n");
    await rm(join(folder, "calls"), { force: true });
  };
  await reset();
  return { tctl, calls: join(folder, "calls"), reset };
}
