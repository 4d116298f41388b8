import { NO_CLOCK } from "../profile/clock.ts";
import { usualKeysAfter } from "../profile/key-rules.ts";
import type { ClusterObservation, PlatformProfile } from "../profile/profile.ts";
import type { Drift } from "../rotation/plan.ts";
import { AUTHORITY_TYPES } from "./authority-types.ts";
import { CHECK_KINDS } from "./check-kinds.ts";
import { CHECKLIST } from "./checklist.ts";
import { COMPONENT_KINDS } from "./component-kinds.ts";
import { talosFacts } from "./facts.ts";
import { backup } from "./guards/backup.ts";
import { clocks } from "./guards/clocks.ts";
import { configEdits } from "./guards/config-edits.ts";
import { credentials } from "./guards/credentials.ts";
import { foreignCas } from "./guards/foreign-cas.ts";
import { inventory } from "./guards/inventory.ts";
import { kubernetesHealth } from "./guards/kubernetes-health.ts";
import { machineStates } from "./guards/machine-states.ts";
import { omni } from "./guards/omni.ts";
import { pendingConfig } from "./guards/pending-config.ts";
import { version } from "./guards/version.ts";
import { keptKeys } from "./kept-keys.ts";
import { notesOn } from "./notes.ts";
import { PREFLIGHT } from "./preflight.ts";
import { RESOURCE_RULES } from "./resources/rules.ts";
import { WORDS } from "./wording.ts";

/** Talos, as the core sees it (reference talos-rotation): it has no phases of its own, capstan moves the machines. */
export const TALOS: PlatformProfile = {
  name: "talos",
  title: "Talos",
  types: AUTHORITY_TYPES,
  unknownType: (name) => ({
    name,
    signs: "nobody here knows what",
    reportedByComponents: false,
    signsFromInit: true,
  }),
  componentKinds: COMPONENT_KINDS,
  presence: null,
  otherListings: [],
  keyRules: {
    // The new key signs only once servers are swapped (reference talos-rotation 2.2).
    after: (edge) => (edge.to === "update_clients" ? "old-signs-new-trusted" : usualKeysAfter(edge)),
    endOfRollback: () => "new-key-goes",
    growsInInit: () => false,
  },
  // Both CAs are in the one configuration of a machine: never both at once (reference talos-rotation 2.5).
  limit: {
    atMost: { rotations: 1, reason: "both CAs of a Talos cluster never rotate at once" },
    together: [],
  },
  clock: NO_CLOCK,
  guards: [
    omni,
    inventory,
    machineStates,
    foreignCas,
    pendingConfig,
    configEdits,
    clocks,
    kubernetesHealth,
    backup,
    credentials,
    version,
  ],
  words: WORDS,
  resources: RESOURCE_RULES,
  checklist: CHECKLIST,
  checkKinds: CHECK_KINDS,
  overrides: null,
  preflight: PREFLIGHT,
  notes: notesOn,
  drift: duplicates,
  subjects: (observation) =>
    (talosFacts(observation)?.machines ?? []).map(({ address }) => ({
      kind: "machine",
      subject: `machine/${address}`,
    })),
  keysInRecord: (record, type) =>
    keptKeys(record)
      .filter(({ authority }) => authority === type)
      .flatMap(({ old, next }) => [old, next]),
};

/** Left by hands or by `talosctl rotate-ca`, which appends: harmless, and put in order by the next change. */
function duplicates(observation: ClusterObservation): readonly Drift[] {
  return (talosFacts(observation)?.machines ?? []).flatMap(({ address, found }) =>
    (found?.duplicates ?? []).map((type) => ({
      id: "duplicate-ca",
      subject: `machine/${address}`,
      message: `names a ${type} CA twice: as the one that signs, or more than once among the accepted ones`,
      remedy: "nothing to do: the next step of a rotation writes it once",
      blocks: false,
    })),
  );
}
