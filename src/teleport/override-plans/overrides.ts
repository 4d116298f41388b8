import type { ClusterObservation, Overrides } from "../../profile/profile.ts";
import { fingerprintOfHash } from "../../x509/spki.ts";
import { overriddenKeys } from "../guards/overrides.ts";
import { entryStatesOf } from "../overrides/ca-override.ts";
import { overrideDiagnostics } from "../overrides/diagnostics.ts";
import { type OverrideReading, readOverrides } from "../overrides/read-cluster.ts";
import { readOverride } from "../overrides/read-resource.ts";
import { sessionsIn } from "../overrides/session-events.ts";
import { overrideEnds } from "./override-ends.ts";
import { planOverrides } from "./plan-overrides.ts";

/** Certificate authority overrides of Teleport, as the core asks for them (reference teleport-overrides). */
export const OVERRIDES: Overrides = {
  read: async (resources, observation) =>
    (await readOverrides(resources, [observation])).get(observation.cluster),
  plan: (reading, input) => {
    const { plans, outlooks } = planOverrides(readingOf(reading), input);
    return { plans, outlook: outlooks };
  },
  overriddenKeys: overriddenNow,
  liveDocument: (reading, type) => readingOf(reading).pairs.get(type)?.document ?? null,
  diagnose: overrideDiagnostics,
  chains: chainsNow,
  sessionsIn,
  ends: (reading) => overrideEnds(readingOf(reading)),
};

/** Only `read` makes one, and only for a cluster of this platform. */
function readingOf(reading: unknown): OverrideReading {
  return reading as OverrideReading;
}

async function overriddenNow(observation: ClusterObservation, type: string) {
  if (observation.overrides?.state !== "listed") return null;
  const reading = (await readOverrides([], [observation])).get(observation.cluster);
  const live = reading?.pairs.get(type)?.live;
  return live === undefined ? [] : overriddenKeys({ entries: entryStatesOf(live) });
}

/** Of the entries that are enabled: what a client meets in place of the CA's own certificate. */
async function chainsNow({ overrides }: ClusterObservation, type: string) {
  const documents = overrides?.state === "listed" ? overrides.documents : [];
  const read = await Promise.all(documents.map(readOverride));
  const enabled = read
    .filter((override) => override.type === type)
    .flatMap((override) => [...override.entries.values()])
    .filter(({ state }) => state === "enabled");
  return new Map(
    enabled.map(({ keyHash, certificate, chain }) => {
      const all = certificate === null ? chain : [certificate, ...chain];
      return [fingerprintOfHash(keyHash), all.map(({ pem }) => pem)] as const;
    }),
  );
}
