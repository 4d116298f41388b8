import type { ResourceRules } from "../../profile/resource-rules.ts";
import { CONNECTION } from "./connection.ts";
import { checkInventory } from "./inventory.ts";
import { checkRotations } from "./rotations.ts";

/** What Talos alone knows of resources. */
export const RESOURCE_RULES: ResourceRules = {
  connection: CONNECTION,
  checkConnection: checkInventory,
  checkCluster: checkRotations,
  sealsItself: {
    message:
      "spec.backup.recipients is for Teleport; on Talos spec.talos.recipients are whom the old key is sealed for",
    suggestion: "remove it, or give a command that backs up the secrets bundle",
  },
  overridableTypes: [],
  whyNotAutomatic: () => null,
  // What Talos calls `kind` stands beside an `apiVersion`.
  otherKinds: [],
  notes: {
    connection: [
      { field: "talosctl", text: "executable and leading arguments", where: "beside" },
      { field: "kubectl", text: "the same, for the Kubernetes CA", where: "beside" },
      {
        field: "control_planes",
        text: "Every machine by its address: discovery may forget one, or give a shared address.",
        where: "above",
      },
      {
        field: "clients",
        text: "Written for every phase of a rotation; keep them out of git.",
        where: "above",
      },
      { field: "recipients", text: "Who can open the CA keys that capstan seals.", where: "above" },
    ],
    activeKeys: "Who may sign: SHA-256 of the CA's public key.",
    next: "Talos makes no CA itself: the one to come. Its key is sealed with age.",
  },
};
