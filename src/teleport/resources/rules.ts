import { listAt, nameOf, valueAt } from "../../foreign-value.ts";
import type { ResourceRules } from "../../profile/resource-rules.ts";
import type { WrittenResource } from "../../profile/written-resource.ts";
import { shorten } from "../../resources/model/shorten.ts";
import { OVERRIDABLE_TYPES } from "../overrides/ca-override.ts";
import { CONNECTION } from "./connection.ts";
import { OTHER_KINDS } from "./other-kinds.ts";

/** What Teleport alone knows of resources. */
export const RESOURCE_RULES: ResourceRules = {
  connection: CONNECTION,
  // What its schema accepts can be tried.
  checkConnection: () => {},
  checkCluster(cluster, resources) {
    for (const resource of resources) if (resource.kind === "ca_rotation") noNext(cluster, resource);
  },
  sealsItself: null,
  overridableTypes: OVERRIDABLE_TYPES,
  whyNotAutomatic: (type) =>
    type === "db" || type === "db_client" ? "databases have to be told between its phases" : null,
  otherKinds: OTHER_KINDS,
  notes: {
    connection: [{ field: "tctl", text: "executable and leading arguments", where: "beside" }],
    activeKeys: "Who may sign: SHA-256 of the public key, which is Teleport's CA pin.",
    next: null,
  },
};

function noNext(cluster: WrittenResource, rotation: WrittenResource): void {
  for (const index of listAt(rotation.value, ["spec", "authorities"]).keys()) {
    const path = ["spec", "authorities", index, "next"];
    if (valueAt(rotation.value, path) === undefined) continue;
    const name = shorten(String(valueAt(cluster.value, ["metadata", "name"])));
    const message = `${nameOf(path)}: "${name}" is a Teleport cluster, which makes the new key itself`;
    rotation.report(path, message, "remove it", "key");
  }
}
