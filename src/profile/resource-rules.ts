import type { Fields } from "../foreign-value.ts";
import type { Connection } from "../resources/model/desired.ts";
import type { ConnectionWay } from "../resources/model/way-out.ts";
import type { WrittenResource } from "./written-resource.ts";

/**
 * What only one platform knows of resources. Its connection is the field of `spec` of a cluster resource that has the
 * platform's name; a connection that is handed in is always one that this platform has made.
 */
export interface ResourceRules {
  readonly connection: ConnectionRules;
  /**
   * Complains of the connection of a cluster resource, which may be of another platform: `substituted` is the field
   * with the environment's variables put in, whose values are not printed.
   */
  checkConnection(cluster: WrittenResource, substituted: unknown): void;
  /** Complains of the resources of one cluster of this platform, which it knows all of. */
  checkCluster(cluster: WrittenResource, resources: readonly WrittenResource[], now: Date): void;
  /** Why nobody needs `spec.backup.recipients`; `null` where capstan can seal the full state of the CAs. */
  readonly sealsItself: { readonly message: string; readonly suggestion: string } | null;
  /** CA types whose certificates an external CA may sign. */
  readonly overridableTypes: readonly string[];
  /** Why no clock can move a CA, as a clause; `null` where one may. */
  whyNotAutomatic(type: string): string | null;
  /** Kinds of resources of the platform itself that may stand beside capstan's, and are none of its business. */
  readonly otherKinds: readonly string[];
  /** Comments in YAML that capstan writes. */
  readonly notes: ResourceNotes;
}

/** From YAML to a connection, and back. */
export interface ConnectionRules {
  /**
   * Of a field that its schema accepts; `undefined` when the resource has none, and `null` when it cannot do without.
   * `at` gives the place of a path, absolute or as it is written.
   */
  read(field: unknown, at: (path: string) => string): Connection | null;
  /** The field to be written, by the names of YAML; what is `null` is left out. */
  fields(connection: Connection): Fields;
  /** By which of its fields capstan runs, dials, reads or writes something. */
  readonly ways: readonly ConnectionWay[];
  /** Fields that hold age recipients. */
  readonly recipients: readonly string[];
  /** The same, where executables are started in another folder: `at` gives the place of a path. */
  startedElsewhere(connection: Connection, at: (path: string) => string): Connection;
}

/** What a first reader of new resources needs to know. */
interface ResourceNotes {
  readonly connection: readonly FieldNote[];
  /** Of `active_keys`. */
  readonly activeKeys: string;
  /** Of `next`, the CA to come; `null` where the platform makes it. */
  readonly next: string | null;
}

/** `above` the field of a connection, or `beside` its value. */
interface FieldNote {
  readonly field: string;
  readonly text: string;
  readonly where: "above" | "beside";
}
