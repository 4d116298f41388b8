import { artifact, work } from "./entry.ts";
import type { ChecklistStep } from "./step.ts";

/** A type that capstan does not know: who trusts it is unknown, and unknown is work. */
export function stepsOfUnknownType(type: string): readonly ChecklistStep[] {
  return work(type, {
    init: {
      "find-consumers": {
        what: `Find out who trusts the ${type} CA, and make them trust the new one next to the old one.`,
        why: "capstan does not know this CA type, so it cannot say what breaks.",
        verify: "The platform's documentation for this type was read, and what it asks for is done.",
        helps: [artifact("manifest.json")],
      },
    },
    update_clients: {
      "test-consumers": {
        what: `Use everything that depends on the ${type} CA.`,
        why: "Certificates and tokens come from the new CA now. A rollback restores access at once.",
        verify: "All of it works.",
      },
    },
    rollback: {
      "remove-new": {
        what: `Remove the new ${type} CA where it was added.`,
        why: "The new CA is discarded at standby and must not stay trusted.",
        verify: "Nothing trusts the new CA any more.",
        helps: [artifact("manifest.json")],
      },
    },
    standby: {
      "remove-old": {
        what: `Remove the old ${type} CA where it is still trusted.`,
        why: "The old key is retired and must not be accepted any more.",
        verify: "Nothing trusts the old CA any more.",
        helps: [artifact("manifest.json")],
      },
    },
  });
}
